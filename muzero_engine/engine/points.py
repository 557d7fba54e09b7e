"""Points ahead, as analysis reports them: what the winning rate means in points, by how open the board is.

There is no score head. What the ownership of the root adds up to, komi counted, is a poor score for a network that was
trained to win by half a point: it may contradict the winning rate. So the lead is made from the winning rate, which the
search knows best, and agrees with it in sign and in size: the final score is taken to be spread around the lead by a
logistic distribution, and the lead is where that puts the chance to win,

    lead = s ln(p / (1 - p)),  s = deviation * sqrt(3) / pi,

with a deviation of sqrt(sum(1 - o^2)) points for ownership o (each point of the board somebody's or the other's, one
independent of another): about the side of the board in the beginning, little in the end. Where a game is as good as
decided (beyond `DECIDED` in value) the winning rate says little about the size; the lead goes over to what the
ownership adds up to, as far as that says more in the same direction. A lead grows with the winning rate everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from muzero_engine.engine.report import SearchInfo
from muzero_engine.games.base import Position, WithKomi

CERTAIN = 0.999  # a winning rate beyond this says no more
DECIDED = 0.8
LEAST_DEVIATION = 0.5  # points


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """What turns values at a root into points; the view of the root's mover."""

    owned: float  # points ahead by the ownership
    deviation: float  # of the final score, in points

    def lead(self, value: float) -> float:
        """Return the points ahead at a value in [-1, 1]; 0 at 0, and it has the sign of the value."""
        rate = min(max((value + 1.0) / 2.0, 1.0 - CERTAIN), CERTAIN)
        lead = self.deviation * math.sqrt(3.0) / math.pi * math.log(rate / (1.0 - rate))
        decided = max(0.0, abs(value) - DECIDED) / (1.0 - DECIDED)
        further = max(0.0, math.copysign(self.owned, self.owned * value) - abs(lead))
        return lead + math.copysign(min(decided, 1.0) * further, value)


def score_model(info: SearchInfo, position: Position) -> ScoreModel:
    """Return the model of a root; without ownership the deviation is the side of the board."""
    if info.ownership is None:
        return ScoreModel(0.0, math.sqrt(position.shape[0] * position.shape[1]))
    owned = info.ownership.astype(np.float64)
    komi = position.komi if isinstance(position, WithKomi) else 0.0
    komi = komi if position.mover == 1 else -komi
    deviation = math.sqrt(max(float((1.0 - owned * owned).sum()), LEAST_DEVIATION**2))
    return ScoreModel(float(owned.sum()) + komi, deviation)
