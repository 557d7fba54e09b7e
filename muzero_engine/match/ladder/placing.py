"""Where an engine stands on a ladder, and whom it should meet next to find out.

The steps of a ladder come from games between its rungs (`rungs.py`). Where these do not tell the step between two
neighbours of the table to `STEP_ERROR` or better, it is as large as the table says: as many games are supposed as give
it that standard deviation. These and the engine's own games go into one fit, so that opponents move where the games put
them.

Only differences can be measured: where the scale is held (`Opponent.fixed`) is a convention. A rating has two
intervals: `own_error` places the engine within its opponents, and is that of its own games; the error of `rating` is
that on the scale, and holds the uncertainty of the steps that lead to where it is held as well.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from muzero_engine.match.ladder.opponents import Ladder, Opponent
from muzero_engine.match.ladder.rungs import Rungs, shipped_rungs
from muzero_engine.match.results.statistics import RatedGame, Tally
from muzero_engine.ratings import NATURAL, NORMAL_95, PlayerRating, Ratings, Results, expected_score, fit_ratings

STEP_ERROR = 75.0  # Elo, of the step between neighbours of the table
SPREAD = 8.0  # games; the larger, the more unequally games are shared out among opponents at first
FREE_WORTH = 0.5  # what a game against an opponent whose rating moves is worth, beside one that is fixed
SHARING = 1.5  # games are shared out in proportion to this power of what they tell


@dataclass(frozen=True, slots=True)
class Placing:
    """An engine on a ladder. Both errors are half-widths of 95% intervals."""

    rating: PlayerRating  # its error is that on the scale: of its own games and of the steps to where it is held
    own_error: float  # that within the opponents: of its own games alone
    ratings: Ratings  # of all players


def rung_results(ladder: Ladder, rungs: Rungs | None = None) -> list[Results]:
    """Return the games between the rungs of a ladder, and supposed ones where these do not tell a step.

    `rungs` are by default those that came along. Colours are not told: each opening was played with both.
    """
    return list(_shipped_results(ladder)) if rungs is None else _rung_results(ladder, rungs)


@cache
def _shipped_results(ladder: Ladder) -> tuple[Results, ...]:
    return tuple(_rung_results(ladder, shipped_rungs(ladder.label)))


def _rung_results(ladder: Ladder, rungs: Rungs) -> list[Results]:
    results = [
        Results(match.upper, match.lower, match.wins, match.draws, match.losses, moved_first=False)
        for match in rungs.usable(ladder)
    ]
    known = _measured(ladder, results)
    supposed = [
        _supposed(lower, upper)
        for lower, upper in itertools.pairwise(sorted(ladder.opponents, key=lambda opponent: opponent.rating))
        if not (lower.fixed and upper.fixed) and known(lower.name, upper.name) > NORMAL_95 * STEP_ERROR
    ]
    return [*results, *supposed]


def _measured(ladder: Ladder, results: Sequence[Results]) -> Callable[[str, str], float]:
    """Return how well games alone tell the step between two players: its 95% interval, Elo, infinite without a chain
    of games from one to the other (ratings that are fixed are a chain, too)."""
    groups: dict[str, str] = {}  # a player's group goes by the name of one of its players

    def group(name: str) -> str:
        while (above := groups.get(name, name)) != name:
            name = above
        return name

    fixed = _fixed(ladder)
    first = next(iter(fixed))
    for name, other in [(first, name) for name in fixed] + [(one.first, one.second) for one in results]:
        groups[group(other)] = group(name)
    held = {group(name): 0.0 for one in results for name in (one.first, one.second) if group(name) != group(first)}
    fit = fit_ratings(results, fixed | held)  # each group on a scale of its own

    def known(name: str, other: str) -> float:
        joined = group(name) == group(other) and {name, other} <= fit.players.keys()
        return fit.difference(name, other).error if joined else math.inf

    return known


def _supposed(lower: Opponent, upper: Opponent) -> Results:
    score = expected_score(upper.rating - lower.rating)
    games = 1.0 / ((STEP_ERROR * NATURAL) ** 2 * score * (1.0 - score))
    return Results(upper.name, lower.name, games * score, 0.0, games * (1.0 - score), moved_first=False)


def rung_ratings(ladder: Ladder, rungs: Rungs | None = None) -> Ratings:
    """Return the ratings of a ladder's rungs, and of all that met them, on its scale; `rungs` as in `rung_results`."""
    return _on_scale(ladder, rung_results(ladder, rungs))


def rung_games(ladder: Ladder, rungs: Rungs | None = None) -> Mapping[str, int]:
    """Return how many games each rung that met others has with them; `rungs` as in `rung_results`."""
    rungs = shipped_rungs(ladder.label) if rungs is None else rungs
    games: dict[str, int] = {}
    for match in rungs.usable(ladder):
        for name in (match.upper, match.lower):
            games[name] = games.get(name, 0) + match.games
    return games


def place(ladder: Ladder, games: Sequence[RatedGame], engine: str, rungs: Rungs | None = None) -> Placing | None:
    """Return where `engine` stands after these games, those among its opponents included; None without one of it.

    `rungs` as in `rung_results`.
    """
    return place_results(ladder, _results(ladder, games), engine, rungs)


def place_results(
    ladder: Ladder, results: Sequence[Results], engine: str, rungs: Rungs | None = None
) -> Placing | None:
    """Do as `place` with games that were counted."""
    ratings = _on_scale(ladder, [*results, *rung_results(ladder, rungs)])
    if engine not in ratings.players:
        return None
    held = {name: rating.elo for name, rating in ratings.players.items() if name != engine}
    own = fit_ratings([result for result in results if engine in (result.first, result.second)], held)
    return Placing(ratings.players[engine], own.players[engine].error, ratings)


def _results(ladder: Ladder, games: Sequence[RatedGame]) -> list[Results]:
    """Count games. With stones on the board nothing is learnt about moving first."""
    handicapped = {opponent.name for opponent in ladder.opponents if opponent.handicap}
    return [
        replace(result, moved_first=False) if handicapped & {result.first, result.second} else result
        for result in Tally(games).results()
    ]


def _on_scale(ladder: Ladder, results: Sequence[Results]) -> Ratings:
    return fit_ratings(results, _fixed(ladder), advantage=True)


def _fixed(ladder: Ladder) -> dict[str, float]:
    return {opponent.name: opponent.rating for opponent in ladder.opponents if opponent.fixed}


def next_opponent(
    ladder: Ladder,
    available: Sequence[str],
    games: Sequence[RatedGame],
    engine: str,
    *,
    planned: Mapping[str, int] | None = None,
    start: float | None = None,
) -> str:
    """Return which of the opponents `available` (at least one) the engine should meet next.

    The one whose games tell most, that is with a score near 50%, fixed ratings before others, shared out so that none
    gets nearly all of them; `planned` games count as met. Before the first game that is the one nearest to the rating
    `start`, by default the one in the middle.
    """
    present = [opponent for opponent in ladder.opponents if opponent.name in set(available)]
    ratings = _on_scale(ladder, [*_results(ladder, games), *rung_results(ladder)])
    if engine not in ratings.players:
        first = present[len(present) // 2] if start is None else min(present, key=lambda one: abs(one.rating - start))
        return first.name
    met = games_against(games, engine)

    def worth(opponent: Opponent) -> float:
        score = expected_score(ratings.elo(engine) - ratings.elo(opponent.name))
        information = score * (1.0 - score) * (1.0 if opponent.fixed else FREE_WORTH)
        count = met.get(opponent.name, 0) + (planned or {}).get(opponent.name, 0)
        return math.pow(information, SHARING) / (count + SPREAD)

    return max(present, key=worth).name


def games_against(games: Sequence[RatedGame], engine: str) -> Mapping[str, int]:
    """Return how many games the engine played against each opponent."""
    met: dict[str, int] = {}
    for game in games:
        if engine in (game.first, game.second):
            other = game.second if game.first == engine else game.first
            met[other] = met.get(other, 0) + 1
    return met
