"""When a search ends by itself: a list of small rules, and it ends as soon as one of them says so.

`stop_rules` chooses the rules for the phase that the search is in; it is asked again when the phase changes. A rule is
asked between two batches of the search, and never before the first. The idea is that of Leela Chess Zero's stoppers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from muzero_engine.engine.control import Phase, Terms
from muzero_engine.engine.time_manager import TimePlan
from muzero_engine.search.search import Search

STUCK_AFTER = 1000  # simulations, and
STUCK_FACTOR = 8  # times the simulations that the main line's last ply took: then no other ply is to be expected
PRUNING_SHARE = 0.1  # of the soft bound: before it, the leads in visits say little
FORGETTING = 0.9  # of a slow batch, with each that follows
MOST = 1 << 20  # simulations in a batch: more than any has
CONTENDER = 3  # a move with fewer than the best one's visits divided by this is no reason to think longer


class Pace:
    """How long a simulation takes, so that the last batch fits into what is left of a bound. Not thread-safe.

    Rules are asked between two batches, and a batch may take 20 ms of a processor that others use as well.
    """

    def __init__(self) -> None:
        self._ms = 0.0  # the slowest of late

    def took(self, simulations: int, ms: float) -> None:
        """Take note of a batch."""
        self._ms = max(ms / simulations, FORGETTING * self._ms)

    def fitting(self, left_ms: float) -> int:
        """Return how many simulations fit into this time, at least 1; any number before the first batch."""
        return MOST if self._ms * MOST <= left_ms or not self._ms else max(1, int(left_ms / self._ms))


class StopRule(Protocol):
    """One reason to end a search."""

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        """Return whether the search ends now; `elapsed_ms` counts from the moment from which the limits do."""
        ...


class LineDepth:
    """The longest main line that a search has had: a depth that never falls. Not thread-safe."""

    def __init__(self) -> None:
        self.plies = 1
        self.reached_after = 0  # simulations

    def update(self, search: Search) -> int:
        """Return the plies of the longest main line, this moment's included."""
        plies = search.line_length()
        if plies > self.plies:
            self.plies, self.reached_after = plies, search.simulations
        return self.plies


@dataclass(frozen=True, slots=True)
class NodeLimit:
    """So many simulations were made."""

    nodes: int

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        return search.simulations >= self.nodes


@dataclass(frozen=True, slots=True)
class DepthLimit:
    """The main line was once so many plies long."""

    plies: int
    depth: LineDepth

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        return self.depth.update(search) >= self.plies


@dataclass(frozen=True, slots=True)
class Stuck:
    """The main line has not grown for so long that it will not reach the depth asked for: the game ends before it (mate
    in all lines, as the model sees them)."""

    depth: LineDepth

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        self.depth.update(search)
        return search.simulations >= max(STUCK_AFTER, STUCK_FACTOR * self.depth.reached_after)


@dataclass(frozen=True, slots=True)
class Settled:
    """The rules alone say what to play, so that no search would change it."""

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class HardTime:
    """The time that this move may take at most is up."""

    hard_ms: float

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        return elapsed_ms >= self.hard_ms


@dataclass(frozen=True, slots=True)
class SoftTime:
    """This move's share of the time is up, and no move that was searched a good deal has a higher value than the one
    that would be played."""

    soft_ms: float

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        if elapsed_ms < self.soft_ms:
            return False
        best, *others = search.root_moves()
        return not any(move.q > best.q for move in others if CONTENDER * move.visits >= best.visits)


@dataclass(frozen=True, slots=True)
class SmartPruning:
    """No other move can catch up in visits before the soft bound (Leela Chess Zero's smart pruning).

    At the pace so far, as many simulations follow as the time left allows; the rule ends the search when `factor` times
    the lead of the most visited move is larger. What a factor of 1 guarantees, if the pace stays: the most visited move
    would still be the most visited at the soft bound. A pUCT root plays that move, so its choice stands. A Gumbel root
    chooses by score among all moves with half as many visits, so its choice may change; but its sequential halving
    spreads visits so evenly that the rule speaks only near the end. Of 200 chess positions at 800 simulations a pUCT
    root left off early in 191, with a quarter of the simulations saved and never another move; a Gumbel root in 123,
    with 1% saved and another move in 4, of a value no lower. On 9x9 (100 positions) no move was another with either.
    """

    soft_ms: float
    factor: float

    def ends(self, search: Search, elapsed_ms: float) -> bool:
        if not PRUNING_SHARE * self.soft_ms <= elapsed_ms < self.soft_ms:
            return False
        remaining = search.simulations * (self.soft_ms - elapsed_ms) / max(elapsed_ms, 1.0)
        return self.factor * search.visit_lead() > remaining


@dataclass(frozen=True, slots=True)
class RootFacts:
    """What the rules of the game, and proofs by them, say about the moves to choose from."""

    moves: int  # how many there are, at least 1
    ending: Mapping[int, float]  # those that end the game, or are proven -> exact value for the mover, +1, 0 or -1

    @property
    def wins(self) -> bool:
        """Return whether one of them wins."""
        return 1.0 in self.ending.values()

    @property
    def over(self) -> bool:
        """Return whether all are known, so that there is nothing behind the root to look for."""
        return len(self.ending) == self.moves

    @property
    def decided(self) -> bool:
        """Return whether no search can change the choice: a win, all known, or no more than one that does not lose."""
        lost = sum(value == -1.0 for value in self.ending.values())
        return self.moves - lost <= 1 or self.wins or self.over


def stop_rules(
    terms: Terms, root: RootFacts, plan: TimePlan | None, *, nodes: int | None, depth: LineDepth, pruning_factor: float
) -> tuple[StopRule, ...]:
    """Return the rules of a search under `terms`.

    `plan` is what `plan_time` makes of their limits; `nodes` bounds the simulations, as the limits and a level
    ask; `pruning_factor` is that of `SmartPruning`, 0 for none. A time that was asked for exactly (`movetime`) is used
    up even where the move is known. A search for a mate in N moves ends when one is known, when the main line has 2N
    plies, or when it is stuck: the model has no proofs.
    """
    rules: list[StopRule] = []
    if nodes is not None:
        rules.append(NodeLimit(nodes))
    if terms.phase is not Phase.COUNTED:
        return tuple(rules)
    limits = terms.limits
    if limits.depth is not None:
        rules += [DepthLimit(limits.depth, depth), Stuck(depth)]
    if limits.mate is not None:
        rules += [DepthLimit(2 * limits.mate, depth), Stuck(depth)]
    if (root.over and (limits.depth or limits.mate)) or (root.wins and limits.mate):
        rules.append(Settled())
    if plan is not None:
        rules += [HardTime(plan.hard_ms), SoftTime(plan.soft_ms)]
        if not plan.exact and root.decided:
            rules.append(Settled())
        if not plan.exact and pruning_factor > 0.0:
            rules.append(SmartPruning(plan.soft_ms, pruning_factor))
    return tuple(rules)
