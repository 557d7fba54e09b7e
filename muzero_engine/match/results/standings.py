"""`Standings`: who is how strong after the games played so far, as tables, pictures and the page show it."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from muzero_engine.match.results.statistics import HeadToHead, RatedGame, WinDrawLoss
from muzero_engine.ratings import PlayerRating, Ratings, Results, fit_ratings


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


def count_results(games: Iterable[RatedGame]) -> list[Results]:
    """Return the results of each two players, for each of them moving first; in the order in which they first met."""
    counts: dict[tuple[str, str], list[int]] = {}
    for game in games:
        counts.setdefault((game.first, game.second), [0, 0, 0])[round(2 * game.points)] += 1
    return [Results(*names, wins, draws, losses) for names, (losses, draws, wins) in counts.items()]


def make_standings(
    games: Sequence[RatedGame], players: Sequence[str], anchors: Mapping[str, float] | None = None
) -> Standings:
    """Return ratings and results of `players`, in games among them.

    `anchors` gives ratings to hold fixed; without it the first player has 0. Players without a game are listed, too.
    """
    fixed = {name: elo for name, elo in (anchors or {}).items() if name in players} or {players[0]: 0.0}
    fit = fit_ratings(count_results(_among(games, players)), fixed, advantage=True)
    return rated_standings(games, players, fit, fixed)


def rated_standings(
    games: Sequence[RatedGame], players: Sequence[str], ratings: Ratings, fixed: Container[str]
) -> Standings:
    """Do as `make_standings`, with ratings from elsewhere, of which those in `fixed` were given."""
    games = _among(games, players)
    results = count_results(games)
    cross = {}
    for name, other in itertools.combinations(players, 2):
        if (head_to_head := HeadToHead.of(games, name, other)).games:
            cross[name, other] = head_to_head
            cross[other, name] = HeadToHead.of(games, other, name)
    rows = [
        Standing(name, ratings.players.get(name), name in fixed, _sum(cross[pair] for pair in cross if pair[0] == name))
        for name in dict.fromkeys(players)
    ]
    rows.sort(key=lambda row: (row.rating is None, -(row.rating.elo if row.rating else 0.0)))
    first = WinDrawLoss(
        wins=int(sum(result.wins for result in results)),
        draws=int(sum(result.draws for result in results)),
        losses=int(sum(result.losses for result in results)),
    )
    return Standings(tuple(rows), cross, ratings.advantage, first)


def _among(games: Sequence[RatedGame], players: Sequence[str]) -> list[RatedGame]:
    return [game for game in games if game.first in players and game.second in players]


def _sum(parts: Iterable[WinDrawLoss]) -> WinDrawLoss:
    wins = draws = losses = 0
    for part in parts:
        wins, draws, losses = wins + part.wins, draws + part.draws, losses + part.losses
    return WinDrawLoss(wins=wins, draws=draws, losses=losses)
