"""Results of games without the games."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from muzero_engine.ratings import expected_score


@dataclass(frozen=True, slots=True)
class Score:
    """What statistics read of a game record."""

    first: str
    second: str
    pair: int
    points: float


def round_robin(strengths: Mapping[str, float], pairs: int, *, draws: float = 0.3, seed: int = 0) -> list[Score]:
    """Let every player meet every other `pairs` times with either colour; `draws` is the share between equals."""
    rng = np.random.default_rng(seed)
    games = []
    for name, other in itertools.combinations(strengths, 2):
        for pair in range(pairs):
            for first, second in ((name, other), (other, name)):
                win = expected_score(strengths[first] - strengths[second] + 30.0)
                drawn = 2.0 * draws * min(win, 1.0 - win)
                chance = rng.random()
                points = 0.5 if chance < drawn else float(chance < drawn + win - drawn / 2.0)
                games.append(Score(first, second, pair, points))
    return games
