"""A board as a model imagines it, in the terms of the board that people see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from muzero_engine.arrays import Floats
from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardView, Piece, Square
from muzero_engine.games.registry import game_of

FAINTEST = 0.05  # probability of a piece that is shown at all
BELIEVED = 0.5  # and of one that is taken to be there


@dataclass(frozen=True, slots=True)
class BelievedPiece:
    """The piece that is likeliest on a square, and how likely it is there, [0, 1]."""

    piece: Piece
    probability: float


def believed_pieces(position: Position, picture: Floats) -> dict[Square, BelievedPiece]:
    """Return the likeliest piece of each square that may hold one, on the squares of the game's view.

    `picture` is float32[2 * per_player, H, W] in player 0's frame. Raises LookupError where the game's planes are no
    pieces.
    """
    game = game_of(position)
    if game.plane_pieces is None or game.board_view is None:
        raise LookupError(f"what is on the planes of {game.spec.name} is not known: its boards are not drawn")
    pieces = [*game.plane_pieces[0], *game.plane_pieces[1]]
    view = game.board_view(position)
    likeliest = picture.argmax(axis=0)
    believed = {}
    for row, column in zip(*(picture.max(axis=0) >= FAINTEST).nonzero(), strict=True):
        plane = int(likeliest[row, column])
        square = seen_square(view, (int(row), int(column)))
        believed[square] = BelievedPiece(pieces[plane], float(picture[plane, row, column]))
    return believed


def believed_view(position: Position, picture: Floats) -> BoardView:
    """Return the view of a position with the pieces that the model believes in, in place of those that are there."""
    game = game_of(position)
    assert game.board_view is not None
    believed = believed_pieces(position, picture)
    pieces = {square: one.piece for square, one in believed.items() if one.probability >= BELIEVED}
    return replace(game.board_view(position), pieces=pieces)


def seen_square(view: BoardView, square: Square) -> Square:
    """Return where a square of player 0's frame is on the board that is seen."""
    return (len(view.rows) - 1 - square[0], square[1]) if view.upwards else square


def square_name(view: BoardView, square: Square) -> str:
    """Return the name of a square of the view: "e4"."""
    return f"{view.columns[square[1]]}{view.rows[square[0]]}"
