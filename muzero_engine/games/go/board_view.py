"""How a Go board looks to people."""

from __future__ import annotations

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardMove, BoardView, Piece, Surface
from muzero_engine.games.go.actions import COLUMN_LETTERS, pass_action
from muzero_engine.games.go.handicap import fixed_handicap, most_fixed_stones
from muzero_engine.games.go.rules import GoPosition

BLACK_STONE, WHITE_STONE = Piece(0, "X", "●"), Piece(1, "O", "●", "○")
PLANE_PIECES = ((BLACK_STONE,), (WHITE_STONE,))


def board_view(position: Position) -> BoardView:
    """Return the board, with its star points, prisoners and komi."""
    assert isinstance(position, GoPosition)
    rows, columns = position.shape
    stones = {divmod(square, columns): BLACK_STONE for square in position.stones(0)}
    stones |= {divmod(square, columns): WHITE_STONE for square in position.stones(1)}
    last = position.last_move
    most = most_fixed_stones(position.shape)
    stars = fixed_handicap(most, position.shape) if most else []
    black_lost, white_lost = position.lost
    return BoardView(
        columns=tuple(COLUMN_LETTERS[:columns]),
        rows=tuple(str(row) for row in range(rows, 0, -1)),
        pieces=stones,
        move_number=position.ply + 1,
        surface=Surface.WOOD,
        crossings=True,
        stars=frozenset(divmod(square, columns) for square in stars),
        arrived=None if last is None or last[1] == pass_action(position.shape) else divmod(last[1], columns),
        facts=f"captures: black {white_lost}, white {black_lost}; komi {position.komi:.1f}",
        signs=(BLACK_STONE, WHITE_STONE),
    )


def board_move(position: Position, action: int) -> BoardMove:
    """Return the point of a legal action."""
    return BoardMove() if action == pass_action(position.shape) else BoardMove(None, divmod(action, position.shape[1]))
