"""Shogi's squares and its 2187 actions: `action = plane * 81 + to`, in the mover's frame.

Squares. Black's frame (player 0) is the printed diagram: row 0 is rank a, column 0 is file 9,
square = row * 9 + column.

            9  8  7  6  5  4  3  2  1
            0  1  2  3  4  5  6  7  8   a     White (player 1) turns the board by half a turn,
            9 10 11 12 13 14 15 16 17   b     so its square is 80 - square: either player's own camp
           ..                      ..   .     is rows 6 to 8 and its pawns move towards row 0.
           72 73 74 75 76 77 78 79 80   i

Planes, after dlshogi (Yamaoka): the direction of the move and the square it arrives at tell where it came from, because
only the nearest piece on that line can have moved there.

            0 up          1 up left      2 up right     3 left        4 right
            5 down        6 down left    7 down right   8 knight left 9 knight right
           10 to 19  the same with promotion
           20 to 26  drop of a pawn, lance, knight, silver, bishop, rook, gold

Since a slide's origin depends on the position, `action_table` gives as from-square the *nearest* square a move in that
direction can come from, and the plane itself as kind: g sees the direction both as a pattern around the target and as a
constant.

A *key* is cshogi's move without the piece types (15 bits): `to | origin << 7 | promotes << 14`, where squares are
`(file - 1) * 9 + rank - 1` and a drop's origin is 81 + the piece's place in `DROPPED`.
"""

from __future__ import annotations

import re

import numpy as np

from muzero_engine.games.base import ActionTable, IllegalMove, Ints, Shape, Symmetry
from muzero_engine.games.encoding import square_permutation

SIZE = 9
SQUARES = SIZE * SIZE
# (rows, columns) of one step, in the order of the planes
DIRECTIONS = ((-1, 0), (-1, -1), (-1, 1), (0, -1), (0, 1), (1, 0), (1, -1), (1, 1), (-2, -1), (-2, 1))
MIRRORED = (0, 2, 1, 4, 3, 5, 7, 6, 9, 8)  # each direction with left and right exchanged
DROPPED = "PLNSBRG"  # pieces of the drop planes, in cshogi's order of piece types
PROMOTIONS = len(DIRECTIONS)  # the first plane of promoting moves
DROPS = 2 * len(DIRECTIONS)  # the first plane of drops
PLANES = DROPS + len(DROPPED)

KEYS = 1 << 15
USI_MOVE = re.compile(r"(?:([1-9])([a-i])|([PLNSGBR])\*)([1-9])([a-i])(\+?)")


def _native(squares: Ints, player: int) -> Ints:
    """Return cshogi's numbers of squares in the frame of a player."""
    rows, columns = np.divmod(squares if player == 0 else SQUARES - 1 - squares, SIZE)
    natives: Ints = (SIZE - 1 - columns) * SIZE + rows
    return natives


def _actions_of_keys(player: int) -> Ints:
    """Return int64[KEYS]: the action of each key when this player moves, -1 for keys that are no move of any piece."""
    squares = np.arange(SQUARES, dtype=np.int64)
    actions = np.full(KEYS, -1, dtype=np.int64)
    origins, targets = (grid.reshape(-1) for grid in np.meshgrid(squares, squares, indexing="ij"))
    rows, columns = targets // SIZE - origins // SIZE, targets % SIZE - origins % SIZE
    steps = np.maximum(np.abs(rows), np.abs(columns))
    for direction, (row, column) in enumerate(DIRECTIONS):
        reach = np.minimum(steps, 1) if abs(row) == 2 else steps  # a knight jumps once
        on_line = (steps > 0) & (rows == row * reach) & (columns == column * reach)
        keys = _native(targets[on_line], player) | _native(origins[on_line], player) << 7
        actions[keys] = direction * SQUARES + targets[on_line]
        actions[keys | 1 << 14] = (PROMOTIONS + direction) * SQUARES + targets[on_line]
    for piece in range(len(DROPPED)):
        actions[_native(squares, player) | (SQUARES + piece) << 7] = (DROPS + piece) * SQUARES + squares
    actions.flags.writeable = False
    return actions


ACTIONS_OF_KEYS = (_actions_of_keys(0), _actions_of_keys(1))


def key_of_text(text: str) -> int:
    """Return the key of a USI move like `7g7f`, `8h2b+` or `P*5e`. Raises IllegalMove where the text is none."""
    match = USI_MOVE.fullmatch(text)
    if match is None or (match[3] and match[6]):
        raise IllegalMove(f"{text!r} is not a USI move: write one like 7g7f, 8h2b+ or P*5e")
    target = (int(match[4]) - 1) * SIZE + "abcdefghi".index(match[5])
    if match[3]:
        return target | (SQUARES + DROPPED.index(match[3])) << 7
    origin = (int(match[1]) - 1) * SIZE + "abcdefghi".index(match[2])
    return target | origin << 7 | bool(match[6]) << 14


def action_table(shape: Shape) -> ActionTable:
    """Return to-square, nearest from-square (-1 for drops and off the board) and plane of each action."""
    targets = np.tile(np.arange(SQUARES, dtype=np.int64), PLANES)
    origins = np.full(PLANES * SQUARES, -1, dtype=np.int64)
    for plane in range(DROPS):
        row, column = DIRECTIONS[plane % PROMOTIONS]
        squares = np.arange(SQUARES, dtype=np.int64)
        rows, columns = squares // SIZE - row, squares % SIZE - column
        on_board = (rows >= 0) & (rows < SIZE) & (columns >= 0) & (columns < SIZE)
        origins[plane * SQUARES + squares[on_board]] = (rows * SIZE + columns)[on_board]
    kinds = np.repeat(np.arange(PLANES, dtype=np.int64), SQUARES)
    return ActionTable(from_square=origins, to_square=targets, kind=kinds, kinds=PLANES)


def action_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return the new index of each action, int64[2187]. Raises ValueError but for IDENTITY and FLIP_COLUMNS."""
    if symmetry not in (Symmetry.IDENTITY, Symmetry.FLIP_COLUMNS):
        raise ValueError(f"shogi has no symmetry {symmetry.name}")
    planes = np.arange(PLANES, dtype=np.int64)
    if symmetry is Symmetry.FLIP_COLUMNS:
        planes[:PROMOTIONS] = MIRRORED
        planes[PROMOTIONS:DROPS] = planes[:PROMOTIONS] + PROMOTIONS
    squares = np.array(square_permutation(symmetry, shape), dtype=np.int64)
    return (planes[:, None] * SQUARES + squares).reshape(-1)
