"""Dead stones at the end of a game between people, who do not capture them: those on points that are the other side's.

As KataGo does it: a chain is dead if the ownership of its points, for its own colour, is below `ALIVE_MEAN` on average
or below `ALIVE_WORST` anywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

ALIVE_MEAN = 0.2
ALIVE_WORST = -0.6


def dead_stones(position: GoPosition, ownership: npt.NDArray[np.float32]) -> list[int]:
    """Return the squares of dead stones, ascending; `ownership` is float32[H, W] in [-1, 1], +1 is the mover's."""
    black = ownership.reshape(-1).astype(np.float64) * (1.0 if position.mover == BLACK else -1.0)
    dead: list[int] = []
    for colour, view in ((BLACK, 1.0), (WHITE, -1.0)):
        for chain in position.chains(colour):
            owned = view * black[list(chain)]
            if owned.mean() < ALIVE_MEAN or owned.min() < ALIVE_WORST:
                dead += chain
    return sorted(dead)


def without(position: GoPosition, dead: list[int]) -> GoPosition:
    """Return the board with these stones taken away, without history."""
    gone = set(dead)
    black, white = ([s for s in position.stones(colour) if s not in gone] for colour in (BLACK, WHITE))
    return GoPosition(position.shape, black=black, white=white, mover=position.mover, komi=position.komi)
