"""Chess actions: index <-> move, in the mover's frame (8 x 8 x 73 as in AlphaZero, Silver et al. 2018, table S2).

    action = plane * 64 + from_square        from_square = row * 8 + column

Row 0 is the mover's own first rank (rank 1 for white, rank 8 for black), column 0 is always the a-file: black's board
is mirrored, not rotated. With python-chess's numbers (a1 = 0, h8 = 63) the frame's square is `square` for white and
`square ^ 56` for black.

    row 7 | 56 57 58 59 60 61 62 63        planes  0..55  direction * 7 + (distance - 1), the moves of a queen
    row 6 | 48 49 50 51 52 53 54 55                       direction 0 N, 1 NE, 2 E, 3 SE, 4 S, 5 SW, 6 W, 7 NW
      ... | ...                                    56..63  the knight's moves, clockwise from NNE
    row 1 |  8  9 10 11 12 13 14 15                64..72  64 + piece * 3 + (column step + 1), underpromotions
    row 0 |  0  1  2  3  4  5  6  7                        piece 0 knight, 1 bishop, 2 rook; column step -1, 0, +1
            a  b  c  d  e  f  g  h

- A pawn that reaches row 7 by a plane below 56 becomes a queen.
- Castling is "king takes own rook" (e1h1, e1a1), in standard chess as in Chess960: one encoding, never ambiguous.
- Actions that leave the board, and underpromotions from a row other than 6, mean nothing; their table entries are -1.
"""

from __future__ import annotations

import chess
import numpy as np

from muzero_engine.games.base import ActionTable, Ints, Shape, Symmetry
from muzero_engine.games.encoding import square_permutation

ACTION_PLANES = 73
UNDERPROMOTIONS = (chess.KNIGHT, chess.BISHOP, chess.ROOK)  # `ActionTable.kind` 0, 1, 2

_FIRST_UNDERPROMOTION = 64
_DIRECTIONS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))  # (row step, column step)
_KNIGHT_STEPS = ((2, 1), (1, 2), (-1, 2), (-2, 1), (-2, -1), (-1, -2), (1, -2), (2, -1))
_STEPS = (
    *((rows * n, columns * n) for rows, columns in _DIRECTIONS for n in range(1, 8)),
    *_KNIGHT_STEPS,
    *((1, column) for _ in UNDERPROMOTIONS for column in (-1, 0, 1)),
)  # of each plane


def _build_table() -> ActionTable:
    plane, square = np.divmod(np.arange(ACTION_PLANES * 64), 64)
    steps = np.array(_STEPS)[plane]
    row, column = square // 8 + steps[:, 0], square % 8 + steps[:, 1]
    promotes = plane >= _FIRST_UNDERPROMOTION
    valid = (row >= 0) & (row < 8) & (column >= 0) & (column < 8) & (~promotes | (square // 8 == 6))
    return ActionTable(
        from_square=np.where(valid, square, -1),
        to_square=np.where(valid, row * 8 + column, -1),
        kind=np.where(valid & promotes, (plane - _FIRST_UNDERPROMOTION) // 3, -1),
        kinds=len(UNDERPROMOTIONS),
    )


_TABLE = _build_table()
_FROM: list[int] = _TABLE.from_square.tolist()
_TO: list[int] = _TABLE.to_square.tolist()


def _build_index() -> list[int]:
    """Return the action of each `from_square * 64 + to_square` but underpromotions; -1 where no piece moves so."""
    index = np.full(64 * 64, -1)
    plain = np.flatnonzero((_TABLE.from_square >= 0) & (_TABLE.kind < 0))
    index[_TABLE.from_square[plain] * 64 + _TABLE.to_square[plain]] = plain
    indices: list[int] = index.tolist()
    return indices


_INDEX = _build_index()


def action_table(shape: Shape) -> ActionTable:
    """Return the meaning of each of the 4672 actions (`shape` is (8, 8))."""
    return _TABLE


def flip_of(turn: chess.Color) -> int:
    """Return what turns python-chess's squares into the mover's frame and back, by XOR: 0 for white, 56 for black."""
    return 0 if turn else 56


def action_of(move: chess.Move, turn: chess.Color) -> int:
    """Return the action of a pseudo-legal move of the side `turn`; castling must be given as king takes rook."""
    flip = flip_of(turn)
    from_square, to_square, promotion = move.from_square ^ flip, move.to_square ^ flip, move.promotion
    if promotion is None or promotion == chess.QUEEN:
        return _INDEX[from_square * 64 + to_square]
    plane = _FIRST_UNDERPROMOTION + (promotion - chess.KNIGHT) * 3 + to_square % 8 - from_square % 8 + 1
    return plane * 64 + from_square


def move_of(action: int, board: chess.Board) -> chess.Move | None:
    """Return the move an action means on this board, castling as king takes rook; legality is not checked.

    None where the action leaves the board or is out of range.
    """
    if not 0 <= action < len(_FROM) or _FROM[action] < 0:
        return None
    flip = flip_of(board.turn)
    from_square, to_square = _FROM[action] ^ flip, _TO[action] ^ flip
    plane = action // 64
    if plane >= _FIRST_UNDERPROMOTION:
        return chess.Move(from_square, to_square, UNDERPROMOTIONS[(plane - _FIRST_UNDERPROMOTION) // 3])
    if to_square ^ flip >= 56 and board.pawns & chess.BB_SQUARES[from_square]:
        return chess.Move(from_square, to_square, chess.QUEEN)
    return chess.Move(from_square, to_square)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return int64[4672]: the new index of each action under IDENTITY or FLIP_COLUMNS. Raises ValueError for the
    others.

    Reversing columns maps legal moves to legal moves wherever neither side may castle. No other symmetry keeps the
    direction of the pawns, so no other has a meaning for the underpromotions.
    """
    if symmetry not in (Symmetry.IDENTITY, Symmetry.FLIP_COLUMNS):
        raise ValueError(f"chess actions have no symmetry {symmetry.name}: pawns only go forward")
    sign = -1 if symmetry is Symmetry.FLIP_COLUMNS else 1
    kinds = [max(-1, (plane - _FIRST_UNDERPROMOTION) // 3) for plane in range(ACTION_PLANES)]
    meanings = [(kind, *step) for kind, step in zip(kinds, _STEPS, strict=True)]
    planes = np.array([meanings.index((kind, rows, sign * columns)) for kind, rows, columns in meanings])
    squares = np.array(square_permutation(symmetry, shape))
    permutation: Ints = (planes[:, None] * 64 + squares[None, :]).reshape(-1)
    return permutation
