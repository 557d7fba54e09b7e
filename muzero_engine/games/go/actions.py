"""Action index <-> square <-> GTP vertex.

    row 0 is the top row (GTP row H), column 0 is the left one (GTP column A); square = row * W + column.

          A   B   C   D   E                     5 x 5 board
      5   0   1   2   3   4                     action 0..24: a stone on that square
      4   5   6   7   8   9                     action 25 = H * W: pass
      3  10  11  12  13  14
      2  15  16  17  18  19                     A5 = 0, E5 = 4, A1 = 20, E1 = 24
      1  20  21  22  23  24

The order is that of SGF, of ownership lists in analysis output and of printed boards, so none of them needs a flip.
Go does not turn the board between movers: actions are the same for both players.

Vertices skip the letter I, as GTP (version 2, section 2.11) wants: A B C D E F G H J K L M N O P Q R S T.
"""

from __future__ import annotations

import re

import numpy as np

from muzero_engine.games.base import ActionTable, IllegalMove, Ints, Shape, Symmetry
from muzero_engine.games.encoding import square_permutation

COLUMN_LETTERS = "ABCDEFGHJKLMNOPQRST"
PASS_TEXT = "pass"
_VERTEX = re.compile(r"([A-HJ-T])([1-9][0-9]{0,3})", re.ASCII | re.IGNORECASE)


def pass_action(shape: Shape) -> int:
    """Return the index of the pass: the last action."""
    return shape[0] * shape[1]


def vertex_text(action: int, shape: Shape) -> str:
    """Return the GTP vertex of an action ("D4", "pass"). Raises IllegalMove for an index outside 0..H*W."""
    rows, columns = shape
    if not 0 <= action <= rows * columns:
        raise IllegalMove(f"action {action} is outside 0..{rows * columns} of a {rows}x{columns} board")
    if action == rows * columns:
        return PASS_TEXT
    row, column = divmod(action, columns)
    return f"{COLUMN_LETTERS[column]}{rows - row}"


def parse_vertex(text: str, shape: Shape) -> int:
    """Return the action of a GTP vertex, in any case. Raises IllegalMove if it is none of this board."""
    rows, columns = shape
    word = text.strip()
    if word.lower() == PASS_TEXT:
        return rows * columns
    vertex = _VERTEX.fullmatch(word)
    if vertex is None:
        raise IllegalMove(f"{_shown(text)} is no vertex: write a column letter without I and a row, as in D4, or pass")
    column, number = COLUMN_LETTERS.index(vertex[1].upper()), int(vertex[2])
    if column >= columns or number > rows:
        raise IllegalMove(f"{_shown(text)} is outside the board (A1 to {COLUMN_LETTERS[columns - 1]}{rows})")
    return (rows - number) * columns + column


def action_table(shape: Shape) -> ActionTable:
    """Return what g sees of each action: the point played on; nothing for a pass."""
    squares = shape[0] * shape[1]
    nothing = np.full(squares + 1, -1, dtype=np.int64)
    to_square = np.append(np.arange(squares, dtype=np.int64), -1)
    return ActionTable(from_square=nothing, to_square=to_square, kind=nothing.copy(), kinds=0)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return int64[H * W + 1]: the new index of each action under a symmetry; pass stays pass."""
    return np.array([*square_permutation(symmetry, shape), pass_action(shape)], dtype=np.int64)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 20 else text[:20] + "...")
