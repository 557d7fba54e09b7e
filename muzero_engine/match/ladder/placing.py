"""Where an engine stands on a ladder, and whom it should meet next to find out.

The ratings of a ladder's table are taken as what they are, results of small matches: between each two neighbours as
many games are supposed as give the step between them a standard deviation of `STEP_ERROR`. These and the games that
were really played go into one fit with the fixed ratings held, so that opponents move where the games put them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from muzero_engine.match.ladder.opponents import Ladder, Opponent
from muzero_engine.match.results.standings import count_results
from muzero_engine.match.results.statistics import RatedGame
from muzero_engine.ratings import NATURAL, PlayerRating, Ratings, Results, expected_score, fit_ratings

STEP_ERROR = 75.0  # Elo, of the step between neighbours of the table
SPREAD = 8.0  # games; the larger, the more unequally games are shared out among opponents at first
FREE_WORTH = 0.5  # what a game against an opponent whose rating moves is worth, beside one that is fixed
SHARING = 1.5  # games are shared out in proportion to this power of what they tell


@dataclass(frozen=True, slots=True)
class Placing:
    """An engine on a ladder. Both errors are half-widths of 95% intervals."""

    rating: PlayerRating  # its error holds the uncertainty of the opponents' ratings as well
    own_error: float  # that of the engine's games alone, were the opponents' ratings exact
    ratings: Ratings  # of all players


def table_results(opponents: Sequence[Opponent]) -> list[Results]:
    """Return the table of a ladder as results of matches between neighbours; none between two that are fixed."""
    results = []
    for lower, upper in itertools.pairwise(sorted(opponents, key=lambda opponent: opponent.rating)):
        if lower.fixed and upper.fixed:
            continue
        score = expected_score(upper.rating - lower.rating)
        games = 1.0 / ((STEP_ERROR * NATURAL) ** 2 * score * (1.0 - score))
        results.append(Results(upper.name, lower.name, games * score, 0.0, games * (1.0 - score), moved_first=False))
    return results


def place(ladder: Ladder, games: Sequence[RatedGame], engine: str) -> Placing | None:
    """Return where `engine` stands after these games, those among its opponents included; None without one of it."""
    ratings = _fit(ladder, games)
    if engine not in ratings.players:
        return None
    held = {name: rating.elo for name, rating in ratings.players.items() if name != engine}
    own = fit_ratings(count_results(game for game in games if engine in (game.first, game.second)), held)
    return Placing(ratings.players[engine], own.players[engine].error, ratings)


def _fit(ladder: Ladder, games: Sequence[RatedGame]) -> Ratings:
    fixed = {opponent.name: opponent.rating for opponent in ladder.opponents if opponent.fixed}
    handicapped = {opponent.name for opponent in ladder.opponents if opponent.handicap}
    results = [  # with stones on the board nothing is learnt about moving first
        replace(result, moved_first=False) if handicapped & {result.first, result.second} else result
        for result in count_results(games)
    ]
    return fit_ratings([*results, *table_results(ladder.opponents)], fixed, advantage=True)


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
    ratings = _fit(ladder, games)
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
