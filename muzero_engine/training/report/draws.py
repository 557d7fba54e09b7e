"""How often positions are drawn to learn from, as the records of a run tell it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.report.words import GAME_WORDS, words_of

Draws = list[tuple[float, float]]  # (games when a position came in, mean number of its draws)


def times_drawn(records: Sequence[CycleRecord]) -> tuple[Draws, Draws]:
    """Return the draws of positions that have left the window, and of those that are still drawn from it.

    On average a cycle draws every position of its window equally often: its batches' positions over those of the
    window. Positions of a board game come in when it ends, but for the games held out: how many that are is seen at the
    beginning, when the window is all that came in. Steps of an environment come in at once. Cycles that are left out,
    as in a bundle's history, are taken to be alike.
    """
    if not records:
        return [], []
    came_in = [float(record.plies) for record in records]
    if words_of(records) is GAME_WORDS:
        came_in = list(itertools.accumulate(_came_in(records)))
    shares = (record.replay_plies / plies for plies, record in zip(came_in, records, strict=True) if plies)
    kept = min(1.0, max(shares, default=1.0))
    begins = (plies - record.replay_plies / kept for plies, record in zip(came_in, records, strict=True))
    cycles = [record.cycle for record in records]
    each = range(cycles[0], cycles[-1] + 1)
    drawn = np.interp(each, cycles, list(itertools.accumulate(_drawn(records))))
    oldest = list(itertools.accumulate(np.interp(each, cycles, list(begins)), max))  # in each cycle's window
    left: Draws = []
    there: Draws = []
    for plies, record in zip(came_in, records, strict=True):
        i = record.cycle - cycles[0]
        gone = bisect_left(oldest, plies, lo=i + 1)
        points = left if gone < len(oldest) else there
        points.append((float(record.games), float(drawn[gone - 1] - drawn[i])))
    return left, there


def _drawn(records: Sequence[CycleRecord]) -> Iterator[float]:
    """Yield how often a position of the window was drawn since the record before."""
    step = None
    for record in records:
        steps = 0 if record.learn is None else record.learn.steps
        cycles = 1.0 if step is None or not steps else (record.step - step) / steps
        yield cycles * record.positions / max(record.replay_plies, 1)
        step = record.step


def _came_in(records: Sequence[CycleRecord]) -> Iterator[float]:
    """Yield how many positions the games that ended since the record before had."""
    games, length = None, 0.0
    for record in records:
        length = record.play.length or length
        yield length * (record.play.games if games is None else record.games - games)
        games = record.games
