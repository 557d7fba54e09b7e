"""Elo of players that met in pairs: the joint maximum likelihood of the Bradley-Terry model, draws as half a win.

Bradley and Terry 1952; the iteration is the minorisation of Hunter 2004, "MM algorithms for generalized Bradley-Terry
models", equation 3. Each pair that met gets one drawn game more, so that a player without a point stays finite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SCALE = 400.0 / np.log(10.0)  # Elo of one unit of log strength
PRIOR_GAMES = 1.0  # drawn games added to each pair that met
ITERATIONS = 20_000
TOLERANCE = 1e-7  # of log strength, largest change of one iteration


@dataclass(frozen=True, slots=True)
class PairScore:
    """All games between two players. `wins` and `losses` are those of the first."""

    first: str
    second: str
    wins: int
    draws: int
    losses: int


def fit_elo(scores: list[PairScore], anchor: str, *, prior_games: float = PRIOR_GAMES) -> Mapping[str, float]:
    """Elo of every player that is connected with `anchor` by games; the anchor has 0.

    A player without any chain of games to the anchor has no rating and is left out.
    """
    names = _connected(scores, anchor)
    index = {name: i for i, name in enumerate(names)}
    points = np.zeros(len(names))
    games = np.zeros((len(names), len(names)))
    met: set[tuple[int, int]] = set()
    for score in scores:
        if score.first not in index:
            continue
        i, j = index[score.first], index[score.second]
        extra = 0.0 if (min(i, j), max(i, j)) in met else prior_games
        met.add((min(i, j), max(i, j)))
        points[i] += score.wins + 0.5 * (score.draws + extra)
        points[j] += score.losses + 0.5 * (score.draws + extra)
        games[i, j] += score.wins + score.draws + score.losses + extra
        games[j, i] = games[i, j]
    logs = np.zeros(len(names))
    if len(names) > 1:
        for _ in range(ITERATIONS):
            strength = np.exp(logs)
            rate = (games / (strength[:, None] + strength[None, :])).sum(axis=1)
            new = np.log(points / rate)
            new -= new[0]
            change = float(np.abs(new - logs).max())
            logs = new
            if change < TOLERANCE:
                break
    return {name: float(SCALE * value) for name, value in zip(names, logs, strict=True)}


def expected_score(elo: float) -> float:
    """Expected points of a player that is `elo` stronger, in [0, 1]."""
    return float(1.0 / (1.0 + 10.0 ** (-elo / 400.0)))


def _connected(scores: list[PairScore], anchor: str) -> list[str]:
    """The players reached from the anchor by games, the anchor first."""
    found = [anchor]
    for name in found:
        for score in scores:
            if name in (score.first, score.second):
                other = score.second if name == score.first else score.first
                if other not in found:
                    found.append(other)
    return found
