"""Tic-tac-toe's actions: action = square = row * 3 + column, the same for both players.

3 | 6 7 8
2 | 3 4 5
1 | 0 1 2
    a b c
"""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import ActionTable, Ints, Shape, Symmetry
from muzero_engine.games.encoding import square_permutation

SQUARE_NAMES = tuple(f"{column}{row}" for row in "123" for column in "abc")


def action_table(shape: Shape) -> ActionTable:
    """Return the table, in which every action is its square; there is no square to come from."""
    squares = np.arange(shape[0] * shape[1], dtype=np.int64)
    nowhere = np.full_like(squares, -1)
    return ActionTable(from_square=nowhere, to_square=squares, kind=nowhere, kinds=0)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return int64[9]: the new index of each action under a symmetry."""
    return np.array(square_permutation(symmetry, shape), dtype=np.int64)
