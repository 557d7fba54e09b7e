"""Who plays whom, with which opening, in which order: from the settings alone, so that it can be made again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.settings.match_settings import MatchFormat, MatchSettings


def pairings(settings: MatchSettings) -> list[tuple[str, str]]:
    """Return all that meet."""
    names = [engine.name for engine in settings.engines]
    if settings.format is MatchFormat.GAUNTLET:
        return [(names[0], other) for other in names[1:]]
    return list(itertools.combinations(names, 2))


def schedule(settings: MatchSettings, openings: Sequence[Opening]) -> Iterator[GamePlan]:
    """Return all games. In each round every pairing plays one opening, the same for all, twice with sides exchanged.

    More rounds leave the first ones as they are. Where there are fewer openings than rounds, they come round again.
    """
    met = pairings(settings)
    for pair in range(settings.pairs * len(met)):
        opening = openings[(pair // len(met)) % len(openings)]
        names = met[pair % len(met)]
        for game in (0, 1):
            yield GamePlan(first=names[game], second=names[1 - game], opening=opening, pair=pair, game=game)
