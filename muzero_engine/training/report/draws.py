"""How often positions are drawn to learn from, as the records of a run tell it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence

from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.report.words import GAME_WORDS, words_of

Draws = list[tuple[float, float]]  # (games when a position came in, mean number of its draws)


def times_drawn(records: Sequence[CycleRecord]) -> tuple[Draws, Draws]:
    """Return the draws of positions that have left the window, and of those that are still drawn from it.

    On average a cycle draws every position of its window equally often: its batches' positions over those of the
    window. Positions of a board game come in when it ends, but for the games held out: how many that are is seen at the
    beginning, when the window is all that came in. Steps of an environment come in at once.
    """
    each = (record.positions / max(record.replay_plies, 1) for record in records)
    drawn = list(itertools.accumulate(each))
    came: list[float] = [record.plies for record in records]
    if words_of(records) is GAME_WORDS:
        came = list(itertools.accumulate(record.play.games * (record.play.length or 0.0) for record in records))
    kept = max((record.replay_plies / plies for plies, record in zip(came, records, strict=True) if plies), default=1.0)
    begins = (plies - record.replay_plies / kept for plies, record in zip(came, records, strict=True))
    oldest = list(itertools.accumulate(begins, max))  # in each cycle's window
    left: Draws = []
    there: Draws = []
    for i, record in enumerate(records):
        gone = bisect_left(oldest, came[i], lo=i + 1)
        points = left if gone < len(records) else there
        points.append((float(record.games), drawn[gone - 1] - drawn[i]))
    return left, there
