"""Pictures of a chess board and of pieces, by python-chess."""

from __future__ import annotations

from muzero_engine.games.base import Position
from muzero_engine.games.chess.rules import ChessPosition
from muzero_engine.games.pictures import BETTER_COLOUR, PLAYED_COLOUR


def board_picture(position: Position, played: int | None, better: int | None) -> str:
    """Return the board, white at the bottom, with arrows for the move that was played and for a better one."""
    import chess.svg  # with XML's library; a session does not need it

    assert isinstance(position, ChessPosition)
    board = position.board
    arrows = []
    for action, colour in ((better, BETTER_COLOUR), (played, PLAYED_COLOUR)):
        if action is not None:
            move = board.parse_uci(position.action_text(action))
            arrows.append(chess.svg.Arrow(move.from_square, move.to_square, color=f"{colour}cc"))
    king = board.king(board.turn)
    return str(chess.svg.board(board, arrows=arrows, check=king if board.is_check() else None))


def piece_picture(letter: str) -> str | None:
    """Return the piece of a letter as in FEN, 45 by 45; None for any other text."""
    import chess
    import chess.svg

    return str(chess.svg.piece(chess.Piece.from_symbol(letter))) if letter in set("PNBRQKpnbrqk") else None
