"""Why a side may not castle, in words for people."""

from __future__ import annotations

import chess

PLAYERS = {chess.WHITE: "white", chess.BLACK: "black"}


def why_no_castling(board: chess.Board, *, king_side: bool) -> str:
    """Return the reason, for a board on which the mover may not castle to that side."""
    king = board.king(board.turn)
    rights = (board.has_kingside_castling_rights if king_side else board.has_queenside_castling_rights)(board.turn)
    if king is None or not rights:
        return f"{PLAYERS[board.turn]} may not castle on the {'king' if king_side else 'queen'}'s side any more"
    if board.is_check():
        return "the king is in check"
    row = chess.BB_RANKS[chess.square_rank(king)]
    side = [square for square in chess.SquareSet(board.castling_rights & row) if (square > king) == king_side]
    if any(board.occupied & chess.between(king, rook) for rook in side):
        return "there are pieces between king and rook"
    return "the king would pass through check, or be in check"
