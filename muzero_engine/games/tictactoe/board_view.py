"""How a tic-tac-toe board looks to people."""

from __future__ import annotations

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardMove, BoardView, Piece, before_last_move

PIECES = {"x": Piece(0, "x"), "o": Piece(1, "o")}
PLANE_PIECES = ((PIECES["x"],), (PIECES["o"],))


def board_view(position: Position) -> BoardView:
    """Return the board."""
    rows = position.text().split("/")
    last = before_last_move(position)
    return BoardView(
        columns=tuple("abc"),
        rows=tuple("321"),
        pieces={(r, c): PIECES[mark] for r, row in enumerate(rows) for c, mark in enumerate(row) if mark in PIECES},
        upwards=True,
        move_number=position.ply + 1,
        arrived=None if last is None else (2 - last[1] // 3, last[1] % 3),
    )


def board_move(_position: Position, action: int) -> BoardMove:
    """Return the square of a legal action."""
    return BoardMove(None, (2 - action // 3, action % 3))
