"""`Standings`: who is how strong after the games played so far, as tables, pictures and the page show it."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from muzero_engine.match.results.statistics import HeadToHead, Tally, WinDrawLoss
from muzero_engine.ratings import PlayerRating, Ratings, fit_ratings


@dataclass(frozen=True, slots=True)
class Standing:
    """A player and all its games."""

    name: str
    rating: PlayerRating | None  # None: no chain of games leads to the player that holds the scale
    fixed: bool  # whether the rating was given
    total: WinDrawLoss


@dataclass(frozen=True, slots=True)
class Standings:
    """All players, the strongest first, those without a rating last."""

    players: tuple[Standing, ...]
    cross: Mapping[tuple[str, str], HeadToHead]  # the first name's results against the second, of those that met
    advantage: PlayerRating  # Elo of moving first
    first: WinDrawLoss  # of those who moved first

    @property
    def games(self) -> int:
        return self.first.games


def make_standings(tally: Tally, players: Sequence[str], anchors: Mapping[str, float] | None = None) -> Standings:
    """Return ratings and results of `players`, in games among them.

    `anchors` gives ratings to hold fixed; without it the first player has 0. Players without a game are listed, too.
    """
    fixed = {name: elo for name, elo in (anchors or {}).items() if name in players} or {players[0]: 0.0}
    return rated_standings(tally, players, fit_ratings(tally.results(players), fixed, advantage=True), fixed)


def rated_standings(tally: Tally, players: Sequence[str], ratings: Ratings, fixed: Container[str]) -> Standings:
    """Do as `make_standings`, with ratings from elsewhere, of which those in `fixed` were given."""
    results = tally.results(players)
    cross = {
        names: head_to_head
        for pair in itertools.combinations(players, 2)
        for names in (pair, pair[::-1])
        if (head_to_head := tally.between(*names)).games
    }
    rows = []
    for name in dict.fromkeys(players):
        total = _sum(cross[name, other] for other in players if (name, other) in cross)
        rows.append(Standing(name, ratings.players.get(name), name in fixed, total))
    rows.sort(key=lambda row: (row.rating is None, -(row.rating.elo if row.rating else 0.0)))
    first = WinDrawLoss(
        wins=int(sum(result.wins for result in results)),
        draws=int(sum(result.draws for result in results)),
        losses=int(sum(result.losses for result in results)),
    )
    return Standings(tuple(rows), cross, ratings.advantage, first)


def _sum(parts: Iterable[WinDrawLoss]) -> WinDrawLoss:
    wins = draws = losses = 0
    for part in parts:
        wins, draws, losses = wins + part.wins, draws + part.draws, losses + part.losses
    return WinDrawLoss(wins=wins, draws=draws, losses=losses)
