"""Chess planes: what one ply contributes to an observation (`FrameLayout`), as `bool[14, 8, 8]` in white's frame.

    0..5    white's pawns, knights, bishops, rooks, queens, king
    6..11   black's
    12      all ones if the position occurred before in this game (one more repetition ends the game)
    13      the square behind a pawn that may legally be taken en passant now

Row 0 is rank 1, column 0 the a-file. AlphaZero has two repetition planes; here the third occurrence ends the game, so
that the second plane could only ever be set in a finished game. Scalars (newest ply, mover's view): the right to castle
of the mover on the king's side and the queen's side, the same of the opponent (0 or 1; in Chess960 the sides are those
of the rook as seen from the king), and plies since the last capture or pawn move, at most 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import chess
import numpy as np

from muzero_engine.games.base import Bools, FrameLayout, Scalars

LAYOUT = FrameLayout(per_player=6, neutral=2, history=8, scalar_scales=(1.0, 1.0, 1.0, 1.0, 100.0))

_ALL_SQUARES = (1 << 64) - 1


class Key(NamedTuple):
    """What must be equal for two positions to be the same (FIDE Laws of Chess, 9.2): bitboards, rights and mover.

    `en_passant` is the target square only where such a capture is legal, as the law says.
    """

    pawns: int
    knights: int
    bishops: int
    rooks: int
    queens: int
    kings: int
    white: int
    black: int
    castling: int
    en_passant: int
    turn: chess.Color


def key_of(board: chess.Board) -> Key:
    """Return the key of a board whose castling rights are clean."""
    en_passant = 0
    if board.ep_square is not None and board.has_legal_en_passant():
        en_passant = chess.BB_SQUARES[board.ep_square]
    return Key(
        board.pawns,
        board.knights,
        board.bishops,
        board.rooks,
        board.queens,
        board.kings,
        board.occupied_co[chess.WHITE],
        board.occupied_co[chess.BLACK],
        board.castling_rights,
        en_passant,
        board.turn,
    )


def frames_of(plies: Sequence[tuple[Key, int]], count: int) -> Bools:
    """Return bool[count, 14, 8, 8] from (key, occurrences so far) of plies, newest first; zeros behind the last."""
    bits = np.zeros((count, LAYOUT.frame_planes), dtype="<u8")
    if plies:
        n = len(plies)
        boards = np.array([key[:8] for key, _ in plies], dtype=np.uint64)
        bits[:n, 0:6] = boards[:, :6] & boards[:, 6:7]
        bits[:n, 6:12] = boards[:, :6] & boards[:, 7:8]
        bits[:n, 12] = [_ALL_SQUARES if occurrences > 1 else 0 for _, occurrences in plies]
        bits[:n, 13] = [key.en_passant for key, _ in plies]
    squares = np.unpackbits(bits.view(np.uint8), bitorder="little")
    return squares.view(np.bool_).reshape(count, LAYOUT.frame_planes, 8, 8)


def castling_sides(rights: int, king: int, backrank: int) -> tuple[bool, bool]:
    """Return whether a right to castle is left on the king's side and on the queen's side of the king (a bitboard)."""
    own = rights & backrank
    return own > king, bool(own & (king - 1))


def scalars_of(board: chess.Board) -> Scalars:
    """Return int16[5] of a board, mover's view."""
    sides: list[int] = []
    for color in (board.turn, not board.turn):
        backrank = chess.BB_RANK_1 if color else chess.BB_RANK_8
        sides += castling_sides(board.castling_rights, board.kings & board.occupied_co[color], backrank)
    return np.array([*sides, min(board.halfmove_clock, 100)], dtype=np.int16)
