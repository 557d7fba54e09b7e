"""Whether levels hold: each of some ratings of a table against an opponent of about that rating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from muzero_engine.games.record import GameRecord
from muzero_engine.inference.levels import LevelSettings, LevelTable
from muzero_engine.match.ladder.calibration import BLOCK, Pairs, joint_fit, level_table, player_name, refuse_faults
from muzero_engine.match.ladder.ladder import Openings
from muzero_engine.match.ladder.opponents import Ladder, Opponent
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.results.statistics import HeadToHead, Interval, estimate
from muzero_engine.ratings import expected_score

CHECKS = 4


@dataclass(frozen=True, slots=True)
class LevelCheck:
    """A level against an opponent of about its rating."""

    elo: float  # of the level
    settings: LevelSettings
    opponent: Opponent  # with its rating in the same fit
    results: HeadToHead | None = None

    @property
    def expected(self) -> float:
        """Return the points a game that the two ratings promise."""
        return expected_score(self.elo - self.opponent.rating)

    @property
    def score(self) -> Interval:
        """Return the points a game, with the 95% interval."""
        found = None if self.results is None else estimate(self.results)
        return Interval(0.5, 0.0, 1.0) if found is None else found.score

    @property
    def holds(self) -> bool:
        """Return whether what the ratings promise is within the interval."""
        return self.score.low <= self.expected <= self.score.high

    @property
    def games(self) -> int:
        return 0 if self.results is None else self.results.games

    def played(self, games: Sequence[GameRecord]) -> LevelCheck:
        """Return the check with its results among these games."""
        return replace(self, results=HeadToHead.of(games, player_name(self.settings), self.opponent.name))


def plan_checks(
    ladder: Ladder, available: Sequence[str], games: Sequence[GameRecord], count: int = CHECKS
) -> list[LevelCheck]:
    """Return checks of the table that these games make, spread over its range.

    A level of the rating of a rung meets that rung. Where none is near, as in a game without a ladder, a level between
    two that were measured meets the nearer of these.
    """
    table = level_table(ladder, games)
    if table is None:
        return []
    ratings = joint_fit(ladder, games)
    known = {} if ratings is None else ratings.players
    rungs = [
        replace(rung, rating=known[rung.name].elo) if rung.name in known else rung
        for rung in ladder.opponents
        if rung.name in set(available)
    ]
    half = (table.highest - table.lowest) / (2 * count)
    checks = []
    for i in range(count):
        wanted = table.lowest + (2 * i + 1) * half
        near = [rung for rung in rungs if abs(rung.rating - wanted) <= half]
        opponent = min(near or _measured(table), key=lambda one: abs(one.rating - wanted))
        elo = opponent.rating if near else wanted
        checks.append(LevelCheck(elo, table.settings(elo), opponent))
    return checks


def _measured(table: LevelTable) -> list[Opponent]:
    return [Opponent(name=player_name(level.settings), rating=level.elo) for level in table.levels]


class CheckGames:
    """Chooses the games of checks. `games` is looked at anew for each block, and grows while they are played."""

    def __init__(
        self, checks: Sequence[LevelCheck], openings: Openings, games: Sequence[GameRecord], wanted: int
    ) -> None:
        """Begin; every check is to have `wanted` games."""
        self._checks = checks
        self._openings = openings
        self._games = games
        self._before = len(games)
        self._wanted = wanted
        self._pairs = Pairs(games)

    def block(self, handed_out: Sequence[GamePlan]) -> list[GamePlan]:
        """Return the next games of a check, none where every one has enough. Raises BadLadder at a fault."""
        refuse_faults(self._games, self._before)

        def count(check: LevelCheck) -> int:
            both = {player_name(check.settings), check.opponent.name}
            out = sum({plan.first, plan.second} == both for plan in handed_out)
            return check.played(self._games).games + out

        check = min(self._checks, key=count)
        pairs = min(BLOCK, -(-(self._wanted - count(check)) // 2))
        return self._pairs.next(player_name(check.settings), check.opponent, self._openings, max(0, pairs))
