"""Games between the rungs of a ladder, from which their ratings come: who meets whom, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from muzero_engine.games.record import GameRecord
from muzero_engine.match.ladder.ladder import FAULTS, Openings, faults, pair_plans
from muzero_engine.match.ladder.opponents import Ladder, Opponent, own_player
from muzero_engine.match.ladder.rungs import RungMatch, RungPlayer, Rungs
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.results.statistics import HeadToHead

LEAST_STEP = 80.0  # Elo; two rungs that are nearer by the table need not meet
USUAL_S = 5.0  # seconds a game, before one was played


@dataclass(frozen=True, slots=True)
class Step:
    """Two rungs that meet, and whose distance is so found."""

    upper: Opponent
    lower: Opponent

    @property
    def names(self) -> tuple[str, str]:
        """Return the names, the stronger one's first."""
        return self.upper.name, self.lower.name


def steps(players: Sequence[Opponent]) -> list[Step]:
    """Return who meets whom: each the nearest by the table that are `LEAST_STEP` stronger and weaker.

    So all are joined by chains of games with steps that are small, but not so small that there are more of them than
    needed. Who has nobody so much stronger meets the strongest of all. Two with handicap stones cannot meet; two whose
    ratings are fixed would tell nothing.
    """
    ordered = sorted(players, key=lambda player: player.rating)
    found = []
    for player in ordered:
        others = [
            other
            for other in ordered
            if not (player.handicap and other.handicap) and not (player.fixed and other.fixed)
        ]
        above = [other for other in others if other.rating >= player.rating + LEAST_STEP]
        below = [other for other in others if other.rating <= player.rating - LEAST_STEP]
        if upper := above[:1] or [other for other in others[-1:] if other.rating > player.rating]:
            found.append(Step(upper[0], player))
        if below:
            found.append(Step(player, below[-1]))
    return list(dict.fromkeys(found))


class RungGames:
    """The games between rungs. `games` is looked at anew for each pair of games."""

    def __init__(self, met: Sequence[Step], games: Sequence[GameRecord], openings: Openings, wanted: int) -> None:
        """Begin: `wanted` games are to be played between the two of each step."""
        self._steps = {step.names: step for step in met}
        self._games = games
        self._openings = openings
        self._wanted = wanted

    def plans(self) -> Iterator[GamePlan]:
        """Return the games that are missing. A program that lost games by its own faults is met no more."""
        yield from self._unfinished()
        pairs = {names: len(group) for names, group in self._pairs().items()}
        number = 1 + max((record.pair for record in self._games), default=-1)
        while (step := self._next_step(pairs)) is not None:
            yield from self._pair(step, number, pairs.get(step.names, 0))
            pairs[step.names] = pairs.get(step.names, 0) + 1
            number += 1

    def _next_step(self, pairs: Mapping[tuple[str, str], int]) -> Step | None:
        """Return the step with the fewest pairs of games, those whose games take longer later: the sum of the steps'
        variances falls fastest where pairs are in proportion to 1 / sqrt(seconds)."""
        lost = faults(self._games)
        open_steps = [
            step
            for names, step in self._steps.items()
            if 2 * pairs.get(names, 0) < self._wanted and all(lost.get(name, 0) < FAULTS for name in names)
        ]
        return min(
            open_steps, key=lambda step: (pairs.get(step.names, 0) + 1) * self._seconds(step) ** 0.5, default=None
        )

    def _seconds(self, step: Step) -> float:
        played = [record.duration_s for record in self._games if {record.first, record.second} == set(step.names)]
        return sum(played) / len(played) if played else USUAL_S

    def _pairs(self) -> dict[tuple[str, str], dict[int, list[GameRecord]]]:
        """Return the games by step and by pair, in their order."""
        found: dict[tuple[str, str], dict[int, list[GameRecord]]] = {}
        for record in sorted(self._games, key=lambda game: game.pair):
            names = (record.first, record.second)
            names = names if names in self._steps else names[::-1]
            found.setdefault(names, {}).setdefault(record.pair, []).append(record)
        return found

    def _unfinished(self) -> Iterator[GamePlan]:
        """Return the games that are missing of pairs that were begun."""
        for names, pairs in self._pairs().items():
            for order, (pair, records) in enumerate(pairs.items()):
                if len(records) == 1 and names in self._steps:
                    yield self._pair(self._steps[names], pair, order)[1 - records[0].game]

    def _pair(self, step: Step, pair: int, order: int) -> list[GamePlan]:
        """Return the games of a pair; `order` says which one between the two it is, and so the opening."""
        free, other = (step.lower, step.upper) if step.upper.handicap else (step.upper, step.lower)
        return [replace(plan, pair=pair) for plan in pair_plans(free.name, other, self._openings, order)]


def counted(
    games: Sequence[GameRecord],
    starts: Mapping[str, str],
    versions: Mapping[str, str],
    *,
    seed: int,
    machine: str,
    command: str,
) -> Rungs:
    """Return the results of these games, without those that a program lost by a fault of its own.

    `starts` says how each player was started (`rungs.start_text`), `versions` what it called itself, where known.
    """
    played = [record for record in games if not record.ending.is_fault]
    matches = []
    for pair in dict.fromkeys(tuple(sorted((record.first, record.second))) for record in played):
        upper, lower = (
            pair if HeadToHead.of(played, *pair).points * 2 >= HeadToHead.of(played, *pair).games else pair[::-1]
        )
        results = HeadToHead.of(played, upper, lower)
        matches.append(
            RungMatch(
                upper=upper,
                lower=lower,
                wins=results.wins,
                draws=results.draws,
                losses=results.losses,
                seed=seed,
                date=max(record.started[:10] for record in played if {record.first, record.second} == {upper, lower}),
                machine=machine,
                command=command,
            )
        )
    met = dict.fromkeys(name for match in matches for name in (match.upper, match.lower))
    return Rungs({name: RungPlayer(starts[name], versions.get(name, "")) for name in met}).merged(
        Rungs(matches=matches)
    )


def own_players(ladder: Ladder, digest: str) -> list[Opponent]:
    """Return this program with the network that came along, at the numbers of simulations that join the rungs."""
    return [own_player(ladder, nodes, rating, digest) for nodes, rating in ladder.own]
