"""Where an engine stands on a ladder, and whom it should meet next to find out.

The steps of a ladder come from games between its rungs (`rungs.py`). Rungs that no chain of such games joins are as
far apart as the table says: between neighbours as many games are supposed as give the step a standard deviation of
`STEP_ERROR`. These and the engine's own games go into one fit with the fixed ratings held, so that a rating's interval
holds what is not known of the opponents, and opponents move where the games put them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from muzero_engine.match.ladder.opponents import Ladder, Opponent
from muzero_engine.match.ladder.rungs import Rungs, shipped_rungs
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


def rung_results(ladder: Ladder, rungs: Rungs | None = None) -> list[Results]:
    """Return the games between the rungs of a ladder, and supposed ones where none join them.

    `rungs` are by default those that came along. Colours are not told: each opening was played with both.
    """
    rungs = shipped_rungs(ladder.label) if rungs is None else rungs
    results = [
        Results(match.upper, match.lower, match.wins, match.draws, match.losses, moved_first=False)
        for match in rungs.usable(ladder)
    ]
    groups: dict[str, str] = {}  # a player's group goes by the name of its first one; fixed ratings are one group

    def group(name: str) -> str:
        while (above := groups.get(name, name)) != name:
            name = above
        return name

    fixed = [opponent.name for opponent in ladder.opponents if opponent.fixed]
    joined = [(fixed[0], name) for name in fixed[1:]] + [(result.first, result.second) for result in results]
    for name, other in joined:
        groups[group(other)] = group(name)
    for lower, upper in itertools.pairwise(sorted(ladder.opponents, key=lambda opponent: opponent.rating)):
        if group(lower.name) != group(upper.name):
            results.append(_supposed(lower, upper))
    return results


def _supposed(lower: Opponent, upper: Opponent) -> Results:
    score = expected_score(upper.rating - lower.rating)
    games = 1.0 / ((STEP_ERROR * NATURAL) ** 2 * score * (1.0 - score))
    return Results(upper.name, lower.name, games * score, 0.0, games * (1.0 - score), moved_first=False)


def rung_ratings(ladder: Ladder, rungs: Rungs | None = None) -> Ratings:
    """Return the ratings of a ladder's rungs, and of all that met them, on its scale; `rungs` as in `rung_results`."""
    return fit_ratings(rung_results(ladder, rungs), _fixed(ladder))


def place(ladder: Ladder, games: Sequence[RatedGame], engine: str) -> Placing | None:
    """Return where `engine` stands after these games, those among its opponents included; None without one of it."""
    ratings = _fit(ladder, games)
    if engine not in ratings.players:
        return None
    held = {name: rating.elo for name, rating in ratings.players.items() if name != engine}
    own = fit_ratings(count_results(game for game in games if engine in (game.first, game.second)), held)
    return Placing(ratings.players[engine], own.players[engine].error, ratings)


def _fit(ladder: Ladder, games: Sequence[RatedGame]) -> Ratings:
    handicapped = {opponent.name for opponent in ladder.opponents if opponent.handicap}
    results = [  # with stones on the board nothing is learnt about moving first
        replace(result, moved_first=False) if handicapped & {result.first, result.second} else result
        for result in count_results(games)
    ]
    return fit_ratings([*results, *rung_results(ladder)], _fixed(ladder), advantage=True)


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
