"""Playing weaker and playing with variety."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove

FULL_ELO = 3000


@dataclass(frozen=True, slots=True)
class StrengthLimit:
    """`nodes` bounds the simulations (None: no bound); `temperature` is at least this much."""

    nodes: int | None
    temperature: float


def strength_limit(options: EngineOptions) -> StrengthLimit:
    """Return what the strength limit means.

    150 Elo a doubling of the simulations from one at 600 Elo on, and a temperature that falls from 2 to 0 over the
    whole range. The scale is a convention, not a measurement: it depends on the weights.
    """
    if not options.limit_strength or options.elo >= FULL_ELO:
        return StrengthLimit(None, 0.0)
    nodes = max(1, round(2.0 ** ((options.elo - 600) / 150)))
    return StrengthLimit(nodes, 2.0 * (FULL_ELO - options.elo) / FULL_ELO)


def sample_move(moves: tuple[RootMove, ...], temperature: float, rng: np.random.Generator) -> int:
    """Return the index of a move drawn with probability proportional to visits ** (1 / temperature).

    A win by the rules is always taken, a loss never if there is another move. Without visits or at temperature 0 it is
    the first.
    """
    if temperature <= 0.0 or moves[0].ends == 1.0 or moves[0].visits == 0:
        return 0
    lost = moves[0].ends == -1.0  # all are, then
    visits = np.array([move.visits if lost or move.ends != -1.0 else 0 for move in moves], dtype=np.float64)
    weights = (visits / visits.max()) ** (1.0 / temperature)
    return int(rng.choice(len(moves), p=weights / weights.sum()))
