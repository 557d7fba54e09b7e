"""Connect Four's actions: the square on which the disc comes to rest, row * 7 + column; people write the column.

       a  b  c  d  e  f  g
       0  1  2  3  4  5  6      row 0 is the top row
       7  8  9 10 11 12 13
      14 15 16 17 18 19 20
      21 22 23 24 25 26 27
      28 29 30 31 32 33 34
      35 36 37 38 39 40 41      the first disc falls on one of these: "d" is action 38

Both players have the same actions: the board does not turn between them.
"""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import ActionTable, Ints, Shape, Symmetry

ROWS, COLUMNS = 6, 7
SQUARES = ROWS * COLUMNS
COLUMN_NAMES = "abcdefg"


def action_table(shape: Shape) -> ActionTable:
    """Return what the network sees of each action: the square where the disc comes to rest."""
    squares = np.arange(SQUARES, dtype=np.int64)
    nothing = np.full(SQUARES, -1, dtype=np.int64)
    return ActionTable(from_square=nothing, to_square=squares, kind=nothing.copy(), kinds=0)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return int64[42]: where each action goes. Left and right may be swapped; the rules have no other symmetry."""
    squares = np.arange(SQUARES, dtype=np.int64)
    if symmetry is Symmetry.FLIP_COLUMNS:
        return squares.reshape(ROWS, COLUMNS)[:, ::-1].reshape(-1)
    return squares
