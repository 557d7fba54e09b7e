"""Mates in one, found without playing every move: most moves cannot give check, and few that can give mate."""

from __future__ import annotations

from collections.abc import Mapping

import chess
from chess import BB_DIAG_ATTACKS, BB_DIAG_MASKS, BB_FILE_ATTACKS, BB_FILE_MASKS, BB_RANK_ATTACKS, BB_RANK_MASKS


def mating_actions(board: chess.Board, legal: Mapping[int, chess.Move]) -> list[int]:
    """The keys of `legal`, all legal moves of the board, whose moves give mate. The board is the same afterwards."""
    ours = board.occupied_co[board.turn]
    king = board.king(not board.turn)
    assert king is not None
    diagonals, lines = _seen_from(king, board.occupied)
    # Whoever gives check by moving goes to one of these squares, or leaves a line on which a slider of ours stands.
    targets = (
        (board.pawns, chess.BB_PAWN_ATTACKS[not board.turn][king]),
        (board.knights, chess.BB_KNIGHT_ATTACKS[king]),
        (board.bishops, diagonals),
        (board.rooks, lines),
        (board.queens, diagonals | lines),
        (board.kings, ours),  # castling, written as king takes rook
    )
    screen = (diagonals | lines) & ours
    diagonals, lines = _seen_from(king, board.occupied & ~screen)
    behind = (diagonals & (board.bishops | board.queens) | lines & (board.rooks | board.queens)) & ours & ~screen
    uncovering = screen if behind else chess.BB_EMPTY
    found = []
    for action, move in legal.items():
        start, end = chess.BB_SQUARES[move.from_square], chess.BB_SQUARES[move.to_square]
        checks = (
            move.promotion is not None
            or start & uncovering
            or any(start & pieces and end & squares for pieces, squares in targets)
            or (move.to_square == board.ep_square and start & board.pawns)
        )
        if checks:
            board.push(move)
            if board.is_check() and not any(board.generate_legal_moves()):
                found.append(action)
            board.pop()
    return found


def _seen_from(square: chess.Square, occupied: chess.Bitboard) -> tuple[chess.Bitboard, chess.Bitboard]:
    """What a bishop and what a rook on the square would attack."""
    diagonals = BB_DIAG_ATTACKS[square][BB_DIAG_MASKS[square] & occupied]
    ranks = BB_RANK_ATTACKS[square][BB_RANK_MASKS[square] & occupied]
    files = BB_FILE_ATTACKS[square][BB_FILE_MASKS[square] & occupied]
    return diagonals, ranks | files
