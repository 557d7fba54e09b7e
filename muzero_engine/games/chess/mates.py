"""Mates in one, found without playing every move: most moves cannot give check, and few that can give mate."""

from __future__ import annotations

from collections.abc import Mapping

import chess
from chess import BB_DIAG_ATTACKS, BB_DIAG_MASKS, BB_FILE_ATTACKS, BB_FILE_MASKS, BB_RANK_ATTACKS, BB_RANK_MASKS


def mating_actions(board: chess.Board, legal: Mapping[int, chess.Move]) -> list[int]:
    """Return the keys of `legal`, all legal moves of the board, whose moves give mate.

    The board is the same afterwards.
    """
    checking = _checking_squares(board)
    mating = []
    for action, move in legal.items():
        if checking[move.from_square] >> move.to_square & 1:
            board.push(move)
            if board.is_check() and not any(board.generate_legal_moves()):
                mating.append(action)
            board.pop()
    return mating


def checking_moves(board: chess.Board) -> list[chess.Move]:
    """Return the legal moves that may give check: all that do, and few others."""
    checking = _checking_squares(board)
    from_squares = sum(chess.BB_SQUARES[square] for square, squares in enumerate(checking) if squares)
    return [
        move for move in board.generate_legal_moves(from_squares) if checking[move.from_square] >> move.to_square & 1
    ]


def _checking_squares(board: chess.Board) -> list[chess.Bitboard]:
    """Return for each square with a piece of the mover where it might give check from, rather too many than too few.

    Who gives check by moving goes where it sees the king, leaves a line on which a slider of its side stands, castles,
    promotes, or captures en passant.
    """
    ours = board.occupied_co[board.turn]
    king = board.king(not board.turn)
    assert king is not None
    diagonals, lines = _seen_from(king, board.occupied)
    last = chess.BB_RANK_8 if board.turn else chess.BB_RANK_1
    en_passant = 0 if board.ep_square is None else chess.BB_SQUARES[board.ep_square]
    squares = [chess.BB_EMPTY] * 64
    for pieces, seen in (
        (board.pawns, chess.BB_PAWN_ATTACKS[not board.turn][king] | last | en_passant),
        (board.knights, chess.BB_KNIGHT_ATTACKS[king]),
        (board.bishops, diagonals),
        (board.rooks, lines),
        (board.queens, diagonals | lines),
        (board.kings, ours),  # castling is written as king takes rook
    ):
        for square in chess.scan_forward(pieces & ours):
            squares[square] = seen
    screen = (diagonals | lines) & ours
    if screen:
        diagonals, lines = _seen_from(king, board.occupied & ~screen)
        sliders = diagonals & (board.bishops | board.queens) | lines & (board.rooks | board.queens)
        if sliders & ours & ~screen:
            for square in chess.scan_forward(screen):
                squares[square] = chess.BB_ALL
    return squares


def _seen_from(square: chess.Square, occupied: chess.Bitboard) -> tuple[chess.Bitboard, chess.Bitboard]:
    """Return what a bishop and what a rook on the square would attack."""
    diagonals = BB_DIAG_ATTACKS[square][BB_DIAG_MASKS[square] & occupied]
    ranks = BB_RANK_ATTACKS[square][BB_RANK_MASKS[square] & occupied]
    files = BB_FILE_ATTACKS[square][BB_FILE_MASKS[square] & occupied]
    return diagonals, ranks | files
