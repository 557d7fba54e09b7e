"""The engine: position + limits -> search thread -> reports and one result. Knows no protocol.

Which thread touches what. There are two: the session's, which calls every method of `Engine`, and while a search runs
the search's, which `go` starts.

- The session's thread owns the options, the control of the running search and the counters of lost turns of the game at
  hand; `go` hands the search's thread what it needs of them. It reaches into a running search through `Control` alone.
- The search's thread owns the position (a copy), the model, the batch sizes and the tree, from `go` until it sets
  `_finish`, its last act; `prepare` uses them only once that has come. `close`, which does not wait for ever, merely
  drops the engine's references.
- `_error` is written by the search's thread before `on_done`, and read in `on_done` or after `wait`.

Values that cross are immutable (`Limits`, `EngineOptions`, `SearchInfo`, `SearchResult`), but for the functions
`on_info` and `on_done`, which run in the search's thread.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from muzero_engine.arrays import Floats
from muzero_engine.engine.batches import FIXED_BATCH, Batches, BatchTuner
from muzero_engine.engine.control import Control, Finish, Phase
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.mate_helper import MateHelper
from muzero_engine.engine.memory import obtainable_mb
from muzero_engine.engine.notices import ON_A_CLOCK, Notices, missing_threads
from muzero_engine.engine.options import BadOption, EngineOptions
from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.engine.resigning import LostTurns
from muzero_engine.engine.strength import Levels, limited
from muzero_engine.engine.thinking import Job, Thinker
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.inference.levels import LevelSettings
from muzero_engine.inference.session import obtainable_threads
from muzero_engine.model import InitialOutput, Model
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.search import Search

ModelLoader = Callable[[EngineOptions], Model]
LevelReader = Callable[[EngineOptions], Levels]

SEEN_TOGETHER = 16  # positions that nobody searches
SEARCH_THREAD = "search"
CLOSE_SECONDS = 5.0
END_SECONDS = 2.0  # that searches have at the end of the process

_ENGINES: weakref.WeakSet[Engine] = weakref.WeakSet()


@atexit.register
def end_searches() -> None:
    """End the searches that a second Ctrl-C, say, has left: native code that comes back while Python is taken down ends
    the process with an error."""
    engines = tuple(_ENGINES)
    for engine in engines:
        engine.stop()
    end = time.monotonic() + END_SECONDS
    for engine in engines:
        engine.wait(max(0.0, end - time.monotonic()))


class Engine:
    """One thread calls it (the session's); only `prepare`, `wait` and `close` take longer than a moment, and `go` where
    it must first stop another search.

    `load_model` makes the model for options; it is called by `prepare` or the first `go`, and again when an option that
    concerns the model changed. `tune_batch` says how many leaves to evaluate at once where the options leave it open;
    without it, and in searches that only `nodes` or `depth` bound, the batch is fixed: the same seed, nodes and threads
    give the same move on every run. `game` is the name of the game whose `MateSolver`, if it has one, proves mates
    beside the other searches, in a process of its own (`mate_helper`). `read_levels` says which levels the weights of
    the options have; it is asked where one is wanted. A level is played with the fixed batch too, and holds for no
    search that only `stop` ends.
    """

    def __init__(
        self,
        load_model: ModelLoader,
        options: EngineOptions | None = None,
        tune_batch: BatchTuner | None = None,
        game: str | None = None,
        read_levels: LevelReader | None = None,
    ) -> None:
        self._load_model = load_model
        self._read_levels = read_levels
        self._game = game
        self._mate_helper: MateHelper | None = None
        self._options = options or EngineOptions()
        self._model: Model | None = None
        self._model_key: tuple[object, ...] = ()
        self._loaded_for: EngineOptions | None = None  # what the model was loaded for, None: there is none
        self._batches = Batches(tune_batch)
        self._search: Search | None = None
        self._search_config: SearchConfig | None = None
        self._control: Control | None = None
        self._finish = Finish()  # of the last search
        self._finish.set()
        self._lost_turns = LostTurns()
        self._error: str | None = None
        self._notices = Notices()
        self._obtainable_mb: dict[int, int] = {}  # by what was asked for
        _ENGINES.add(self)

    @property
    def options(self) -> EngineOptions:
        return self._options

    def configure(self, options: EngineOptions) -> None:
        """Set the options for the next search; a running one is not disturbed."""
        self._options = options

    def prepare(self, shape: Shape) -> None:
        """Load the model, tune the batch size and warm up for this board. Blocks up to seconds.

        Does nothing during a search. Raises ValueError or RuntimeError with one clear line.
        """
        if self._finish.come:
            helper = self.mate_helper() if self._options.mate_search else None
            if helper is not None:
                helper.start()  # it starts while the model is loaded
            model = self._ready_model(self._options)
            if helper is not None:
                helper.wait_ready()  # what is measured next is measured alone
            if not limited(self._options):
                self._batches.of(model, shape)
            self._hash_mb(self._options)

    def mate_helper(self) -> MateHelper | None:
        """Return what proves mates of the game that is played, None where nobody does; it has no process yet, maybe.

        For the session while no search runs.
        """
        if self._mate_helper is None and self._game is not None:
            game = load_game(self._game)
            self._mate_helper = None if game.mates is None else MateHelper(game)
        return self._mate_helper

    def check(self, options: EngineOptions) -> None:
        """Raise BadOption where options ask for a level that their weights do not have."""
        if limited(options) or options.elo is not None:
            self.levels(options).check(options)

    def levels(self, options: EngineOptions) -> Levels:
        """Return the levels of the weights that these options ask for."""
        return Levels() if self._read_levels is None else self._read_levels(options)

    @property
    def stale(self) -> bool:
        """Return whether the options ask for another network than the one that is loaded: `prepare` would load it."""
        return self._model is not None and self._model_key != _model_key(self._options)

    @property
    def notice(self) -> str | None:
        """Return one line on what is not as the options ask; None where all is."""
        helper = None if self._mate_helper is None else self._mate_helper.notice
        return replace(self._notices, threads=missing_threads(self._options), mates=helper).line()

    def forget(self) -> None:
        """Give the memory of the last search back. Nothing of it is used in the next one anyway."""
        if self._finish.come:
            self._search = None

    def new_game(self) -> None:
        """Forget what belongs to a game (the resign counters). A search that still runs counts for the old one."""
        self._lost_turns = LostTurns()

    def go(
        self,
        position: Position,
        limits: Limits,
        *,
        on_info: Callable[[SearchInfo], None],
        on_done: Callable[[SearchResult], None],
        info_interval_ms: float | None = None,
        lines: int | None = None,
        root_widening: float = 1.0,
        branches: int = 0,
        plays: bool = True,
    ) -> None:
        """Start a search of a copy of `position`; a search still running is stopped first and gives its result.

        `on_info` and `on_done` are called from the search thread: infos at least every `info_interval_ms` (default:
        the option) and when the best move or the depth changes (not closer than 100 ms), and one right before
        `on_done`. The best `lines` moves (default: the option `multipv`) come with a variation, the others with their
        move alone. A `root_widening` above 1 spreads the search over more moves, for analysis: the policy's temperature
        at the root is so many times as high. Reports show so many `branches` of the tree. A result that is no move of a
        game, as not `plays` says, is no turn to resign at and takes no person's time. `on_done` is called exactly once
        per `go`. A model that cannot be loaded, or fails, gives a result all the same (the first legal move) and the
        reason in `error`.
        """
        self.stop()
        self.wait()
        options = self._options
        interval = float(options.info_interval_ms) if info_interval_ms is None else info_interval_ms
        job = Job(
            position.copy(),
            limits,
            options,
            on_info,
            on_done,
            interval,
            lines or options.multipv,
            root_widening,
            branches,
            None if limits.endless else self._level(options, position.shape),
            plays,
        )
        control = Control(limits)
        self._control = control
        self._finish = finish = Finish()
        arguments = (job, control, self._lost_turns, finish)
        thread = threading.Thread(target=self._run, args=arguments, name=SEARCH_THREAD, daemon=True)
        try:
            thread.start()
        except Exception:  # the system has no thread left, and nobody else would ever set it
            finish.set()
            raise

    def _level(self, options: EngineOptions, board: Shape) -> LevelSettings | None:
        """Return how the options want to be played; full strength (None), and a notice, where these weights cannot."""
        self._notices.level = None
        if not limited(options):
            return None
        levels = self.levels(options)
        self._notices.level = None if options.level_settings else levels.measured_elsewhere(board)
        try:
            return levels.settings(options)
        except BadOption as error:
            self._notices.level = f"playing at full strength: {error}"
            return None

    @property
    def searching(self) -> bool:
        """Return whether a `go` still owes its `on_done` (pondering and held-back infinite searches included)."""
        return not self._finish.come

    @property
    def error(self) -> str | None:
        """Return one line on why the last search had no model, or None."""
        return self._error

    def ownership(self, positions: Sequence[Position]) -> list[Floats | None]:
        """Return whose each point of each position will be, as the network sees it: float32[H, W], its mover's view.

        None where the network does not say. The positions have one shape, and the model is loaded. For `on_info` and
        `on_done`, or while no search runs.
        """
        owned: list[Floats | None] = []
        for out in self._seen(positions):
            owned += [None] * len(out.value) if out.ownership is None else list(out.ownership)
        return owned

    def values(self, positions: Sequence[Position]) -> list[float]:
        """Return the network's value of each position, its mover's view, in [-1, 1], without a search.

        The rest as `ownership` has it.
        """
        return [value for out in self._seen(positions) for value in out.value.tolist()]

    def _seen(self, positions: Sequence[Position]) -> Iterator[InitialOutput]:
        assert self._model is not None
        for first in range(0, len(positions), SEEN_TOGETHER):
            batch = positions[first : first + SEEN_TOGETHER]
            yield self._model.initial_inference(np.stack([observation(position) for position in batch]))

    def stop(self) -> None:
        """End the running search: its `on_done` follows within 50 ms. Nothing happens without one.

        A search that still loads its model, because `prepare` did not, first does so and then searches one batch: the
        move that is due shall rest on something.
        """
        if self._control is not None:
            self._control.stop()

    def ponderhit(self, clock: Clock | None = None) -> None:
        """Say that the pondered move was played: the limits of `go` count from now on (with this clock if given)."""
        if self._control is not None:
            self._control.ponderhit(clock)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no search runs; return False when `timeout` seconds passed first."""
        return self._finish.wait(timeout)

    def close(self) -> None:
        """Stop, wait for the result to be delivered, and free the model."""
        self.stop()
        self.wait(CLOSE_SECONDS)
        self._model = None
        self._search = None
        if self._mate_helper is not None:
            self._mate_helper.close()

    # -- the search thread -----------------------------------------------------------------------------------------

    def _run(self, job: Job, control: Control, lost_turns: LostTurns, finish: Finish) -> None:
        try:
            result = self._searched(job, control)
            counts = job.plays and control.terms.phase is Phase.COUNTED and result.info.nodes > 0
            resign = counts and lost_turns.resigns(job.position, result, job.options)
            job.on_done(replace(result, resign=resign))
        finally:
            finish.set()

    def _searched(self, job: Job, control: Control) -> SearchResult:
        """Return the result; nothing of the network is held when others hear of it."""
        try:
            search = self._ready_search(job, control)
            self._error = None
            return Thinker(job, search, control, self._helper_for(job)).run()
        except Exception as error:  # a protocol must answer whatever the model or its runtime does
            self._error = _first_line(error)
            return self._without_model(job, control)

    def _ready_model(self, options: EngineOptions, *, on_a_clock: bool = False) -> Model:
        """Return the model of these options; on a clock, which loading would use up, the one that there is, if any."""
        key = _model_key(options)
        model = self._model
        waits = model is not None and key != self._model_key and on_a_clock
        self._notices.waiting = ON_A_CLOCK if waits else None
        if model is None or (key != self._model_key and not waits):
            self._notices.network = None
            before, self._loaded_for = self._loaded_for, None
            self._model = self._search = model = None  # two at once may be more than the memory holds
            self._batches.forget()
            try:
                model = self._load_model(options)
            except Exception as error:
                if before is None:
                    raise
                options, model = before, self._load_model(before)
                self._notices.network = f"{_first_line(error)}: playing on with the network from before"
            self._model, self._model_key, self._loaded_for = model, key, options
        return model

    def _helper_for(self, job: Job) -> MateHelper | None:
        """Return who proves mates beside a search: nobody where the result must not depend on the machine's speed, nor
        where the engine is to be weaker than it is."""
        limits = job.limits
        timed = limits.clock is not None or limits.move_time_ms is not None or limits.endless
        asked = timed or limits.mate is not None
        return self.mate_helper() if asked and job.options.mate_search and job.level is None else None

    def _ready_search(self, job: Job, control: Control) -> Search:
        options, limits = job.options, job.limits
        on_a_clock = limits.clock is not None or limits.move_time_ms is not None
        model = self._ready_model(options, on_a_clock=on_a_clock)
        timed = (on_a_clock or limits.endless) and job.level is None

        def stopped() -> bool:
            return control.terms.stopped

        tunes = job.level is None and not stopped()
        seconds = control.terms.limits.to_prepare_ms / 1000.0
        tuned = self._batches.of(model, job.position.shape, seconds, stopped) if tunes else FIXED_BATCH
        batch = options.minibatch_size or (tuned if timed else FIXED_BATCH)
        drawn = options.draw_value_white if job.position.mover else options.draw_value_black
        config = SearchConfig(
            root_policy=RootPolicy(options.root_search),
            c1=options.c_puct,
            fpu_reduction=options.fpu_reduction,
            policy_temperature=options.policy_temperature,
            root_widening=job.root_widening,
            batch_size=batch if job.level is None else FIXED_BATCH,
            draw_value=drawn / 500.0 - 1.0,
            memory_mb=self._hash_mb(options),
        )
        search = self._search
        if search is None or config != self._search_config:
            self._search = search = None  # its memory is free before another takes as much
            search = Search(model, config)
            self._search, self._search_config = search, config
        return search

    def _hash_mb(self, options: EngineOptions) -> int:
        asked = options.hash_mb
        if asked not in self._obtainable_mb:
            self._obtainable_mb[asked] = obtainable_mb(asked)
        mb = self._obtainable_mb[asked]
        hash_text = f"a hash of {asked} MB cannot be had here: searching with {mb} MB"
        self._notices.hash = hash_text if mb < asked else None
        return mb

    def _without_model(self, job: Job, control: Control) -> SearchResult:
        """Return the first legal move, when there is nothing to search with."""
        control.hold()
        legal = job.position.legal_actions().tolist()
        allowed = [a for a in legal if job.limits.root_actions is None or a in job.limits.root_actions] or legal
        moves = tuple(RootMove(a, 0, 0.0, 0.0, 1.0 / len(allowed), -1.0, (a,)) for a in allowed)
        info = SearchInfo(moves, 0, 0.0, 1, 1, 0, 0.0, 0.0, None)
        job.on_info(info)
        return SearchResult(allowed[0] if allowed else None, None, info)


def _first_line(error: Exception) -> str:
    """Return the first line of what is wrong."""
    text = f"{error}".strip()
    return text.splitlines()[0] if text else type(error).__name__


def _model_key(options: EngineOptions) -> tuple[object, ...]:
    """Return what another model is loaded for when it changes."""
    return options.weights, options.backend, options.precision, obtainable_threads(options.threads)
