"""How an Othello board looks to people."""

from __future__ import annotations

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardMove, BoardView, Piece, Surface, before_last_move
from muzero_engine.games.othello.actions import PASS
from muzero_engine.games.othello.rules import SHAPE, OthelloPosition

BLACK_DISC, WHITE_DISC = Piece(0, "x", "●"), Piece(1, "o", "●", "○")
PLANE_PIECES = ((BLACK_DISC,), (WHITE_DISC,))


def board_view(position: Position) -> BoardView:
    """Return the board and how many discs lie on it."""
    assert isinstance(position, OthelloPosition)
    area = position.area()
    squares = [(row, column) for row in range(SHAPE[0]) for column in range(SHAPE[1]) if area[row, column]]
    last = before_last_move(position)
    return BoardView(
        columns=tuple("abcdefgh"),
        rows=tuple("12345678"),
        pieces={square: BLACK_DISC if area[square] > 0 else WHITE_DISC for square in squares},
        move_number=position.ply + 1,
        surface=Surface.FELT,
        arrived=None if last is None or last[1] == PASS else divmod(last[1], SHAPE[1]),
        facts=f"discs: black {(area > 0).sum()}, white {(area < 0).sum()}",
        signs=(BLACK_DISC, WHITE_DISC),
    )


def board_move(_position: Position, action: int) -> BoardMove:
    """Return the square of a legal action."""
    return BoardMove() if action == PASS else BoardMove(None, divmod(action, SHAPE[1]))
