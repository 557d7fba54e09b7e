"""Othello's actions: square = row * 8 + column, the same for both players, and one pass.

row 0 is the top row (Othello players call it 1), column 0 is the left one (a): a1 is the corner at the top left.

  a  b  c  d  e  f  g  h
1  0  1  2  3  4  5  6  7          start: x on e4 and d5, o on d4 and e5
2  8  9 10 11 12 13 14 15          first moves of black (x): d3, c4, f5, e6
3 16 17 18 19 20 21 22 23
4 24 25 26 27 28 29 30 31          a1 = 0, h1 = 7, d3 = 19, f5 = 37, a8 = 56, h8 = 63
5 32 33 34 35 36 37 38 39
6 40 41 42 43 44 45 46 47          action 0..63: a disc on that square
7 48 49 50 51 52 53 54 55          action 64: pass, legal only for who cannot place a disc
8 56 57 58 59 60 61 62 63
"""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import ActionTable, Ints, Shape, Symmetry
from muzero_engine.games.encoding import square_permutation

SQUARE_NAMES = tuple(f"{column}{row}" for row in "12345678" for column in "abcdefgh")
PASS = 64
PASS_TEXT = "pass"
ACTION_NAMES = (*SQUARE_NAMES, PASS_TEXT)  # of each action


def action_table(shape: Shape) -> ActionTable:
    """Return what g sees of each action: the square of the disc; nothing for a pass."""
    to_square = np.append(np.arange(shape[0] * shape[1], dtype=np.int64), -1)
    nowhere = np.full_like(to_square, -1)
    return ActionTable(from_square=nowhere, to_square=to_square, kind=nowhere.copy(), kinds=0)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return int64[65]: the new index of each action under a symmetry; pass stays pass."""
    return np.array([*square_permutation(symmetry, shape), PASS], dtype=np.int64)
