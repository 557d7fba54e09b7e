"""How a chess board looks to people."""

from __future__ import annotations

import chess

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardMove, BoardView, Held, Piece, Square, Surface, before_last_move
from muzero_engine.games.chess.rules import ChessPosition

_SOLID = "♟♞♝♜♛♚"  # in the order of python-chess's piece types, for both colours where they can be shown
_OUTLINE = "♙♘♗♖♕♔"
_BY_WORTH = (chess.QUEEN, chess.ROOK, chess.BISHOP, chess.KNIGHT, chess.PAWN)


def board_view(position: Position) -> BoardView:
    """Return the board with what was captured since the first position."""
    assert isinstance(position, ChessPosition)
    board = position.board
    left = arrived = None
    if (last := before_last_move(position)) is not None:
        before, action = last
        move = chess.Move.from_uci(before.action_text(action))
        left, arrived = _square(move.from_square), _square(move.to_square)
    king = board.king(board.turn)
    return BoardView(
        columns=tuple("abcdefgh"),
        rows=tuple("87654321"),
        pieces={_square(square): _piece(piece) for square, piece in board.piece_map().items()},
        upwards=True,
        move_number=board.fullmove_number,
        surface=Surface.CHEQUERED,
        turns=True,
        light=0,
        left=left,
        arrived=arrived,
        checked=_square(king) if king is not None and board.is_check() else None,
        held_name="has captured",
        held=(_captured(position, chess.WHITE), _captured(position, chess.BLACK)),
    )


def board_move(position: Position, action: int) -> BoardMove:
    """Return the squares of a legal action."""
    move = chess.Move.from_uci(position.action_text(action))
    return BoardMove(_square(move.from_square), _square(move.to_square))


def _square(square: chess.Square) -> Square:
    return 7 - chess.square_rank(square), chess.square_file(square)


def _piece(piece: chess.Piece) -> Piece:
    solid = _SOLID[piece.piece_type - 1]
    outline = _OUTLINE[piece.piece_type - 1] if piece.color else solid
    return Piece(0 if piece.color else 1, piece.symbol(), solid, outline)


def _captured(position: ChessPosition, taker: chess.Color) -> Held:
    """Return the pieces that are gone of the other side; a pawn that promoted is not gone."""
    first, now = position.first_board, position.board
    lost = {
        piece: len(first.pieces(piece, not taker)) - len(now.pieces(piece, not taker)) for piece in chess.PIECE_TYPES
    }
    lost[chess.PAWN] += sum(min(0, count) for count in lost.values())
    return tuple((_piece(chess.Piece(piece, not taker)), lost[piece]) for piece in _BY_WORTH if lost[piece] > 0)


PLANE_PIECES = (
    tuple(_piece(chess.Piece(kind, chess.WHITE)) for kind in chess.PIECE_TYPES),
    tuple(_piece(chess.Piece(kind, chess.BLACK)) for kind in chess.PIECE_TYPES),
)
