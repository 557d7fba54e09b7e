"""One search from start to result, in the calling thread. `Engine` runs it in a thread of its own."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from muzero_engine.engine.control import Control, Phase, Terms
from muzero_engine.engine.human_time import human_time_ms, with_human_time
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.mate_helper import MateHelper
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.proofs import RootProofs
from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult, TreePicture
from muzero_engine.engine.stop_rules import LineDepth, Pace, RootFacts, StopRule, stop_rules
from muzero_engine.engine.strength import sample_level_move, sample_move
from muzero_engine.engine.time_manager import TimePlan, plan_time
from muzero_engine.engine.variations import ponder_move, root_moves
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.endings import gives_up
from muzero_engine.inference.levels import LevelSettings
from muzero_engine.search.search import Search

MIN_REPORT_MS = 100.0
LOOK_MS = 20.0  # how often the root is ranked to see whether there is something new to report
MATE_MS = 2_000.0  # after which `go mate` waits for the solver no longer


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
    root_widening: float = 1.0  # see `SearchConfig`
    branches: int = 0  # nodes of the tree that reports show
    level: LevelSettings | None = None  # None: full strength
    plays: bool = True  # the result is a move of a game


class Thinker:
    """Runs a job with a search that is ready. One job a thinker."""

    def __init__(self, job: Job, search: Search, control: Control, helper: MateHelper | None = None) -> None:
        """Make a thinker; `helper` proves mates beside the search, None: nobody does."""
        self._job = job
        self._helper = helper
        self._proofs: RootProofs | None = None
        self._search = search
        self._control = control
        self._position = job.position
        self._begun = time.monotonic()
        self._depth = LineDepth()
        self._hard_ms = math.inf  # from the moment from which the limits count
        self._best: int | None = None
        self._reported_at = 0.0
        self._looked_at = 0.0
        self._reported_depth = 0
        self._shown_depth = 1  # of what the rules go along with: the model imagines moves after the end of a game, too
        options = job.options
        self._persons_luck = _luck(options.seed, job.position, "time")
        self._nodes = _smallest(job.limits.nodes, None if job.level is None else job.level.simulations)

    def run(self) -> SearchResult:
        """Search until the job's limits or the control end it and its result may be told, and return that. Blocks."""
        legal = self._position.legal_actions()
        asked = self._job.limits.root_actions
        if asked is not None:
            allowed = legal[np.isin(legal, np.array(asked, dtype=np.int64))]
            legal = allowed if len(allowed) else legal
        if not len(legal):
            self._control.hold()
            return SearchResult(None, None, self._empty_info())
        considered = set(legal.tolist())
        ending = {a: value for a, value in self._position.ending_actions().items() if a in considered}
        self._search.start(observation(self._position), legal, ending)
        root = RootFacts(len(legal), ending)
        if self._helper is not None and not root.decided:
            self._proofs = RootProofs(self._helper, self._position, self._search)
        try:
            self._search_to_the_end(root)
        finally:
            if self._proofs is not None:
                self._proofs.end()
        info = self._info()
        if self._control.terms.phase is not Phase.COUNTED:
            self._job.on_info(info)
            self._control.hold()
        if self._takes_a_persons_time:
            self._control.wait_until(self._persons_ms(self._clock_plan(self._control.terms)))
        return self._result(info)

    # -- when to stop ----------------------------------------------------------------------------------------------

    def _search_to_the_end(self, root: RootFacts) -> None:
        """Search until a stop rule or `stop` says that it is enough, but one batch at least: a value that rests on a
        search."""
        search = self._search
        terms = self._control.terms
        rules = self._rules(terms, root)
        pace = Pace()
        while True:
            fitting = pace.fitting(self._hard_ms - terms.elapsed_ms)
            begun = time.monotonic()
            done = search.step(
                fitting if self._nodes is None else max(1, min(fitting, self._nodes - search.simulations))
            )
            pace.took(done, 1000.0 * (time.monotonic() - begun))
            self._report_if_due()
            proven = self._proofs is not None and self._proofs.take()
            if proven or self._control.terms is not terms:
                terms = self._control.terms
                root = self._with_proofs(root)
                rules = self._rules(terms, root)
            elapsed = terms.elapsed_ms
            if terms.stopped or any(rule.ends(search, elapsed) for rule in rules):
                if terms.limits.mate is not None and not root.decided:
                    self._wait_for_mate(root)
                return

    def _wait_for_mate(self, root: RootFacts) -> None:
        """Wait until the solver has found the mate that the limits ask for, has nothing more to say, or time is up."""
        while self._proofs is not None and not self._with_proofs(root).decided:
            terms = self._control.terms
            left = min(self._hard_ms, MATE_MS) - terms.elapsed_ms
            if terms.stopped or left <= 0.0 or not self._proofs.wait(min(left, LOOK_MS) / 1000.0):
                return
            self._proofs.take()

    def _with_proofs(self, root: RootFacts) -> RootFacts:
        """Return the facts with all that the search knows by now."""
        return replace(root, ending={m.action: m.ends for m in self._search.root_moves() if m.ends is not None})

    @property
    def _takes_a_persons_time(self) -> bool:
        return self._job.options.human_time and self._job.plays and not self._job.limits.endless

    def _clock_plan(self, terms: Terms) -> TimePlan | None:
        overhead, position = float(self._job.options.move_overhead_ms), self._position
        return plan_time(terms.limits, position.spec, position.shape, position.ply, overhead)

    def _persons_ms(self, plan: TimePlan | None) -> float:
        """Return how long a person takes for the move, the same whenever it is asked for."""
        priors = [move.prior for move in self._search.root_moves()]
        return human_time_ms(priors, self._position.ply, plan, np.random.default_rng(self._persons_luck))

    def _rules(self, terms: Terms, root: RootFacts) -> tuple[StopRule, ...]:
        plan = self._clock_plan(terms)
        if plan is not None and self._takes_a_persons_time:
            plan = with_human_time(plan, self._persons_ms(plan))
        self._hard_ms = math.inf if plan is None or terms.phase is not Phase.COUNTED else plan.hard_ms
        return stop_rules(
            terms,
            root,
            plan,
            nodes=self._nodes,
            depth=self._depth,
            pruning_factor=self._job.options.smart_pruning_factor,
        )

    # -- reports ---------------------------------------------------------------------------------------------------

    def _elapsed_ms(self) -> float:
        return 1000.0 * (time.monotonic() - self._begun)

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
        if self._proofs is not None:
            self._proofs.look_at(best)
        if best != self._best or self._depth.update(self._search) != self._reported_depth:
            self._job.on_info(self._info())

    def _info(self) -> SearchInfo:
        proven = {} if self._proofs is None else self._proofs.lines
        moves = root_moves(self._search, self._position, self._job.lines, proven)
        self._best = moves[0].action
        self._reported_depth = self._depth.update(self._search)
        longest = max(len(move.pv) for move in moves)
        self._shown_depth = max(self._shown_depth, min(self._depth.plies, longest))
        self._reported_at = self._elapsed_ms()
        search = self._search
        return SearchInfo(
            moves=moves,
            nodes=search.simulations,
            elapsed_ms=self._reported_at,
            depth=self._shown_depth,
            seldepth=max(search.seldepth, self._shown_depth),
            hashfull=search.hashfull,
            value=_root_value(search, moves),
            network_value=search.root_result,
            ownership=search.ownership,
            tree=self._tree_picture() if self._job.branches else None,
            network_draw=min(search.root_draw, 1.0 - abs(search.root_result)),
            policy_logits=search.policy_logits,
        )

    def _tree_picture(self) -> TreePicture:
        return TreePicture(tuple(self._search.branches(self._job.branches)), tuple(self._search.rankings()))

    def _empty_info(self) -> SearchInfo:
        outcome = self._position.outcome()
        value = 0.0 if outcome is None else outcome.value(self._position.mover)
        return SearchInfo((), 0, self._elapsed_ms(), 1, 1, 0, value, value, None)

    def _result(self, info: SearchInfo) -> SearchResult:
        moves = self._chosen_first(info)
        if moves is not info.moves:
            info = replace(info, moves=moves)
        self._job.on_info(info)
        return SearchResult(
            action=moves[0].action,
            ponder=ponder_move(self._position, moves[0].pv),
            info=info,
            declare_win=self._position.can_declare_win(),
        )

    def _chosen_first(self, info: SearchInfo) -> tuple[RootMove, ...]:
        """Return the moves, the one that is played first."""
        options, level, moves, ply = self._job.options, self._job.level, info.moves, self._position.ply
        temperature = options.temperature if ply < options.temperature_plies else 0.0
        if level is None and temperature <= 0.0:
            return self._without_giving_up(moves)
        rng = np.random.default_rng(_luck(options.seed, self._position, "move"))
        if level is None:
            chosen = sample_move(moves, temperature, rng)
        else:
            search = self._search
            counted = [replace(move, value=search.utility(move.value, move.draw)) for move in moves]
            chosen = sample_level_move(counted, search.root_value, level, rng)
        if chosen:
            moves = (moves[chosen], *moves[:chosen], *moves[chosen + 1 :])
        return self._without_giving_up(moves)

    def _without_giving_up(self, moves: tuple[RootMove, ...]) -> tuple[RootMove, ...]:
        """Put a pass that throws a won game away (`games.endings`) behind the other moves, if it is the best."""
        best = moves[0]
        if len(moves) > 1 and best.ends is None and gives_up(self._position, best.action, best.value):
            return (*moves[1:], best)
        return moves


def _luck(seed: int, position: Position, purpose: str) -> np.random.SeedSequence:
    """Return what random numbers come of: other ones in each position, so that the games of a match with a fixed seed
    do not draw the same; anything where the seed is 0."""
    if not seed:
        return np.random.SeedSequence()
    where = f"{purpose} {position.ply} {position.text()}"
    return np.random.SeedSequence([seed, zlib.crc32(where.encode())])


def _root_value(search: Search, moves: tuple[RootMove, ...]) -> float:
    """Return `SearchInfo.value`: what the search expects, or what a move that ends the game brings if that is more, or
    if all moves do."""
    expected, result = search.expectation()
    known = [move for move in moves if move.ends is not None]
    best = max(known, key=lambda move: search.utility(move.value, move.draw), default=None)
    if best is None:
        return result
    return best.value if len(known) == len(moves) or search.utility(best.value, best.draw) > expected else result


def _smallest(*bounds: int | None) -> int | None:
    """Return the smallest of the bounds that there are, but at least 1; None where there is none."""
    return max(1, min(present)) if (present := [bound for bound in bounds if bound is not None]) else None
