"""How people write chess moves: SAN (Nf3, O-O, e8=Q)."""

from __future__ import annotations

import re

import chess

from muzero_engine.games.base import IllegalMove, Notation, Position
from muzero_engine.games.chess.rules import ChessPosition


def parse_san(position: Position, text: str) -> int | None:
    """Return the action of a move in SAN, None for what is no move. Raises IllegalMove where two moves are meant."""
    assert isinstance(position, ChessPosition)
    board = position.board
    try:
        move = board.parse_san(text.strip())
    except chess.AmbiguousMoveError:
        raise IllegalMove(f"{text.strip()} could be either of two pieces: say which, as in Nbd2 or R1e2") from None
    except ValueError:
        return None
    return position.parse_action(board.uci(move))


def san(position: Position, action: int) -> str:
    """Return a legal action in SAN."""
    assert isinstance(position, ChessPosition)
    board = position.board
    return board.san(board.parse_uci(position.action_text(action)))


NOTATION = Notation(
    parse=parse_san,
    text=san,
    pattern=re.compile(r"[a-h][1-8][a-h][1-8][qrbn]?", re.ASCII | re.IGNORECASE),
    move_example="e2e4, e7e8q, or Nf3, O-O, e8=Q",
    position_example="a FEN",
)
