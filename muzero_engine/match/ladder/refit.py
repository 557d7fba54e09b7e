"""Rates a bundle anew by the results in its manifest, once more is known of the rungs than when they were played."""

from __future__ import annotations

import re
from dataclasses import dataclass

from muzero_engine.inference.manifest import Manifest, Rating
from muzero_engine.match.ladder.ladder import BadLadder
from muzero_engine.match.ladder.opponents import Ladder
from muzero_engine.match.ladder.placing import Placing, place_results
from muzero_engine.match.ladder.report import HEADINGS, WHOLE, ladder_mark, markdown_table, whole_conditions
from muzero_engine.match.results.statistics import WinDrawLoss
from muzero_engine.match.results.tables import error_text, points_text
from muzero_engine.ratings import Results

ENGINE = "the engine"
COUNTS = re.compile(r"\+(\d+) =(\d+) -(\d+); ")


@dataclass(frozen=True, slots=True)
class Refit:
    """What the results of a manifest come to today."""

    placing: Placing
    ratings: tuple[Rating, ...]  # of the manifest, the whole ladder's anew, then those against each opponent
    table: str  # Markdown


def refit(ladder: Ladder, manifest: Manifest) -> Refit:
    """Return the rating of a bundle by the results in its manifest and the rungs as they are known now.

    Raises BadLadder where the manifest has no results on this ladder, or against an opponent that is not on it.
    """
    mark = ladder_mark(ladder)
    old = [rating for rating in manifest.ratings if rating.conditions.startswith(mark)]
    against = [rating for rating in old if rating.opponent != WHOLE]
    if not against:
        raise BadLadder(f"the manifest has no results on the ladder of {ladder.label}: play without --refit")
    known = {opponent.name for opponent in ladder.opponents}
    if gone := [rating.opponent for rating in against if rating.opponent not in known]:
        raise BadLadder(f"{gone[0]} is not on the ladder of {ladder.label} any more: play anew, without --refit")
    counts: dict[str, WinDrawLoss] = {}
    told = ""  # under which conditions they were played
    for rating in against:
        found = COUNTS.match(rating.conditions, len(mark))
        if found is None:
            raise BadLadder(f"the manifest does not say how many games against {rating.opponent} were won: play anew")
        wins, draws, losses = map(int, found.groups())
        counts[rating.opponent] = WinDrawLoss(wins=wins, draws=draws, losses=losses)
        told = rating.conditions[found.end() :]
    results = [
        Results(ENGINE, name, one.wins, one.draws, one.losses, moved_first=False) for name, one in counts.items()
    ]
    placing = place_results(ladder, results, ENGINE)
    assert placing is not None
    whole = Rating(
        round(placing.rating.elo, 1),
        round(placing.rating.error, 1),
        WHOLE,
        sum(one.games for one in counts.values()),
        whole_conditions(ladder, placing, told),
    )
    return Refit(placing, (whole, *against), _table(ladder, placing, counts))


def _table(ladder: Ladder, placing: Placing, counts: dict[str, WinDrawLoss]) -> str:
    fixed = {opponent.name for opponent in ladder.opponents if opponent.fixed}

    def row(name: str) -> tuple[str, ...]:
        one = counts[name]
        rating = placing.ratings.players[name]
        cells = (one.games, points_text(one), one.wins, one.draws, one.losses)
        return (f"{rating.elo:.0f}", name, error_text(rating, fixed=name in fixed), *map(str, cells))

    names = sorted(counts, key=lambda name: -placing.ratings.elo(name))
    return markdown_table([HEADINGS, *(row(name) for name in names)])
