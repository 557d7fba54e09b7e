"""One search from start to result, in the calling thread. `Engine` runs it in a thread of its own."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.lines import ponder_move, root_moves
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.engine.strength import handicap, sample_move
from muzero_engine.engine.time_manager import TimePlan, plan_time
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.endings import gives_up
from muzero_engine.search.search import Search

MIN_REPORT_MS = 100.0
LOOK_MS = 20.0  # how often the root is ranked to see whether there is something new to report


@dataclass(frozen=True, slots=True)
class Job:
    """What one `go` asks for."""

    position: Position
    limits: Limits
    options: EngineOptions
    on_info: Callable[[SearchInfo], None]
    on_done: Callable[[SearchResult], None]
    info_interval_ms: float
    lines: int  # root moves that get a variation in every report; the others get their move


class Control:
    """How another thread reaches into a running search: stop it, or let its limits count from now on."""

    def __init__(self, pondering: bool) -> None:
        self._changed = threading.Condition()
        self._stopped = False
        self._pondering = pondering
        self._started = time.monotonic()
        self._clock: Clock | None = None

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def ponderhit(self, clock: Clock | None) -> None:
        with self._changed:
            if self._pondering:
                self._pondering = False
                self._started = time.monotonic()
                self._clock = clock
                self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def pondering(self) -> bool:
        return self._pondering

    @property
    def clock(self) -> Clock | None:
        """The clock that came with `ponderhit`, if one did."""
        return self._clock

    @property
    def limit_ms(self) -> float:
        """Milliseconds since the limits count."""
        return 1000.0 * (time.monotonic() - self._started)

    def hold(self, endless: bool) -> None:
        """Blocks a finished search until its result may be told: after `stop`, or `ponderhit` unless it is endless."""
        with self._changed:
            while not self._stopped and (self._pondering or (endless and self._clock is None)):
                self._changed.wait()


@contextlib.contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """No cyclic garbage collection inside, and none of what is alive at the end.

    A tree has millions of small objects and no cycles; a collection that visits them all takes 0.7 s for a million
    nodes, in which no `stop` would be obeyed. Reference counts free the tree all the same.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.freeze()
            gc.enable()


class Thinker:
    """Runs a job with a search that is ready. One job a thinker."""

    def __init__(self, job: Job, search: Search, control: Control) -> None:
        self._job = job
        self._search = search
        self._control = control
        self._position = job.position
        self._begun = time.monotonic()
        self._depth = 1
        self._best: int | None = None
        self._reported_at = 0.0
        self._looked_at = 0.0
        self._reported_depth = 0
        self._handicap = handicap(job.options)
        self._plan: TimePlan | None = None
        self._planned_for: Clock | None = None
        self._make_plan(job.limits.clock)

    def run(self) -> SearchResult:
        """Blocks until the job's limits, or the control, end the search and its result may be told."""
        legal = self._position.legal_actions()
        wanted = self._job.limits.root_actions
        if wanted is not None:
            allowed = legal[np.isin(legal, np.array(wanted, dtype=np.int64))]
            legal = allowed if len(allowed) else legal
        if not len(legal):
            self._control.hold(self._job.limits.endless)
            return SearchResult(None, None, self._empty_info())
        considered = set(legal.tolist())
        ending = {a: value for a, value in self._position.ending_actions().items() if a in considered}
        with garbage_collection_paused():
            self._search.start(observation(self._position), legal, ending)
            while not self._finished(len(legal), ending):
                self._search.step(self._budget())
                self._report_if_due()
        info = self._info()
        if self._control.pondering or self._endless():
            self._job.on_info(info)
            self._control.hold(self._job.limits.endless)
        return self._result(info)

    def _endless(self) -> bool:
        """Whether only `stop` ends the search: a clock that came with `ponderhit` is a limit too."""
        return self._job.limits.endless and self._control.clock is None

    # -- when to stop ----------------------------------------------------------------------------------------------

    def _make_plan(self, clock: Clock | None) -> None:
        job = self._job
        limits = job.limits
        if clock is not None and clock is not limits.clock:
            limits = Limits(clock=clock, nodes=limits.nodes, depth=limits.depth)
        spec = self._position.spec
        self._planned_for = clock
        self._plan = plan_time(
            limits, spec, self._position.shape, self._position.ply, float(job.options.move_overhead_ms)
        )

    def _nodes(self) -> int | None:
        bounds = [n for n in (self._job.limits.nodes, self._handicap.nodes) if n is not None]
        return max(1, min(bounds)) if bounds else None

    def _budget(self) -> int:
        nodes = self._nodes()
        return 1 << 20 if nodes is None else max(1, nodes - self._search.simulations)

    def _finished(self, legal: int, ending: dict[int, float]) -> bool:
        control, limits = self._control, self._job.limits
        done = self._search.simulations
        if not done:
            return False  # one batch at least: a value that rests on a search
        if control.stopped:
            return True
        if control.clock is not None and control.clock is not self._planned_for:
            self._make_plan(control.clock)
        nodes = self._nodes()
        if nodes is not None and done >= nodes:
            return True
        if control.pondering or self._endless():
            return False
        if limits.depth is not None and self._update_depth() >= limits.depth:
            return True
        if limits.mate is not None and 1.0 in ending.values():
            return True
        plan = self._plan
        if plan is None:
            return False
        if not plan.exact and (legal == 1 or 1.0 in ending.values()):
            return True
        elapsed = control.limit_ms
        if elapsed >= plan.hard_ms:
            return True
        if elapsed >= plan.soft_ms:
            return not self._unsettled()
        return not plan.exact and self._decided(elapsed, plan.soft_ms)

    def _decided(self, elapsed: float, soft_ms: float) -> bool:
        """Whether no other move can catch up in visits within the soft bound (Leela's smart pruning)."""
        factor = self._job.options.smart_pruning_factor
        if factor <= 0.0 or elapsed < 0.1 * soft_ms:
            return False
        remaining = self._search.simulations * (soft_ms - elapsed) / max(elapsed, 1.0)
        return factor * self._search.visit_lead() > remaining

    def _unsettled(self) -> bool:
        """Whether a move that was searched a good deal has a higher value than the one that would be played."""
        moves = self._search.root_moves()
        best = moves[0]
        return any(move.q > best.q for move in moves[1:] if 3 * move.visits >= best.visits)

    # -- reports ---------------------------------------------------------------------------------------------------

    def _elapsed_ms(self) -> float:
        return 1000.0 * (time.monotonic() - self._begun)

    def _update_depth(self) -> int:
        self._depth = max(self._depth, self._search.line_length())
        return self._depth

    def _report_if_due(self) -> None:
        now = self._elapsed_ms()
        silence = now - self._reported_at
        if silence >= self._job.info_interval_ms:
            self._job.on_info(self._info())
            return
        if silence < MIN_REPORT_MS or now - self._looked_at < LOOK_MS:
            return
        self._looked_at = now
        best = self._search.root_moves()[0].action
        if best != self._best or self._update_depth() != self._reported_depth:
            self._job.on_info(self._info())

    def _info(self) -> SearchInfo:
        moves = root_moves(self._search, self._position, self._job.lines)
        self._best = moves[0].action
        self._reported_depth = self._update_depth()
        self._reported_at = self._elapsed_ms()
        search = self._search
        return SearchInfo(
            moves=moves,
            nodes=search.simulations,
            elapsed_ms=self._reported_at,
            depth=self._depth,
            seldepth=max(search.seldepth, self._depth),
            hashfull=search.hashfull,
            value=max(-1.0, min(1.0, search.value)),
            ownership=search.ownership,
        )

    def _empty_info(self) -> SearchInfo:
        outcome = self._position.outcome()
        value = 0.0 if outcome is None else outcome.value(self._position.mover)
        return SearchInfo((), 0, self._elapsed_ms(), 1, 1, 0, value, None)

    def _result(self, info: SearchInfo) -> SearchResult:
        moves = self._chosen_first(info.moves)
        if moves is not info.moves:
            info = _with_moves(info, moves)
        self._job.on_info(info)
        return SearchResult(
            action=moves[0].action,
            ponder=ponder_move(self._position, moves[0].pv),
            info=info,
            declare_win=self._position.can_declare_win(),
        )

    def _chosen_first(self, moves: tuple[RootMove, ...]) -> tuple[RootMove, ...]:
        options = self._job.options
        temperature = options.temperature if self._position.ply < options.temperature_plies else 0.0
        temperature = max(temperature, self._handicap.temperature)
        if temperature <= 0.0:
            return self._without_giving_up(moves)
        seed = [options.seed, self._position.ply] if options.seed else None
        chosen = sample_move(moves, temperature, np.random.default_rng(seed))
        if chosen:
            moves = (moves[chosen], *moves[:chosen], *moves[chosen + 1 :])
        return self._without_giving_up(moves)

    def _without_giving_up(self, moves: tuple[RootMove, ...]) -> tuple[RootMove, ...]:
        """Not a pass as the move that throws a won game away (`games.endings`)."""
        best = moves[0]
        if len(moves) > 1 and best.ends is None and gives_up(self._position, best.action, best.value):
            return (*moves[1:], best)
        return moves


def _with_moves(info: SearchInfo, moves: tuple[RootMove, ...]) -> SearchInfo:
    return SearchInfo(
        moves, info.nodes, info.elapsed_ms, info.depth, info.seldepth, info.hashfull, info.value, info.ownership
    )
