"""Shogi's planes: what one ply contributes to the observation.

A player's 14 planes are its pawns, lances, knights, silvers, bishops, rooks, golds, king, then the promoted pawns,
lances, knights, silvers, bishops, rooks. The three neutral planes are constant: this position (same board, hands and
mover) has been there once before, twice before; the player to move is in check. With eight plies of history the last
one shows a perpetual check coming. Scalars are the pieces in hand, the mover's then the other's, each in the order
pawn, lance, knight, silver, gold, bishop, rook, scaled by how many there are of that piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from muzero_engine.games.base import Bools, FrameLayout, Scalars
from muzero_engine.games.shogi.actions import SIZE, SQUARES

PIECES = 14
ONCE_BEFORE, TWICE_BEFORE, IN_CHECK = range(2 * PIECES, 2 * PIECES + 3)
HAND_LIMITS = (18, 4, 4, 4, 4, 2, 2)

LAYOUT = FrameLayout(
    per_player=PIECES,
    neutral=3,
    history=8,
    scalar_scales=tuple(float(limit) for limit in HAND_LIMITS * 2),
)

WHITE_PIECES = 16  # cshogi numbers black's pieces 1 to 14 and white's 17 to 30
NATIVE_SQUARES = np.arange(SQUARES).reshape(SIZE, SIZE).T[:, ::-1].copy()  # int64[9, 9]: cshogi's number of each square


def _planes_of_pieces() -> Bools:
    """Return bool[28, 31]: in which planes cshogi's piece numbers stand."""
    planes = np.zeros((2 * PIECES, WHITE_PIECES + PIECES + 1), dtype=np.bool_)
    for piece in range(PIECES):
        planes[piece, 1 + piece] = True
        planes[PIECES + piece, WHITE_PIECES + 1 + piece] = True
    return planes


PLANES_OF_PIECES = _planes_of_pieces()


def fill_frame(frame: Bools, pieces: Sequence[int], seen_before: int, in_check: bool) -> None:
    """Write one ply into `bool[frame_planes, 9, 9]`; `pieces` are the 81 of cshogi's `Board.pieces`."""
    frame[: 2 * PIECES] = PLANES_OF_PIECES[:, np.array(pieces, dtype=np.int64)[NATIVE_SQUARES]]
    frame[ONCE_BEFORE] = seen_before >= 1
    frame[TWICE_BEFORE] = seen_before >= 2
    frame[IN_CHECK] = in_check


def hand_scalars(hands: tuple[Sequence[int], Sequence[int]], mover: int) -> Scalars:
    """Return int16[14]: the counts of `Board.pieces_in_hand`, the mover's first."""
    return np.array([*hands[mover], *hands[1 - mover]], dtype=np.int16)
