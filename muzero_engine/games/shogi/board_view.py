"""How a shogi board looks to people: letters as in SFEN, or kanji."""

from __future__ import annotations

import cshogi

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardMove, BoardView, Held, Piece, Square, Surface
from muzero_engine.games.shogi.rules import ShogiPosition

_LETTERS = ("", "P", "L", "N", "S", "B", "R", "G", "K", "+P", "+L", "+N", "+S", "+B", "+R")  # by cshogi's piece type
_KANJI = ("", *"歩香桂銀角飛金玉と杏圭全馬龍")
_HAND = (cshogi.PAWN, cshogi.LANCE, cshogi.KNIGHT, cshogi.SILVER, cshogi.GOLD, cshogi.BISHOP, cshogi.ROOK)
_FIRST_PROMOTED = cshogi.PROM_PAWN


def board_view(position: Position) -> BoardView:
    """Return the board and both hands."""
    assert isinstance(position, ShogiPosition)
    board = position.board
    last = board.peek() if position.ply else 0
    return BoardView(
        columns=tuple("987654321"),
        rows=tuple("abcdefghi"),
        pieces={_square(square): _piece(piece & 15, piece >> 4) for square, piece in enumerate(board.pieces) if piece},
        move_number=board.move_number,
        surface=Surface.WOOD,
        turns=True,
        letters=2,
        left=_square(cshogi.move_from(last)) if last and not cshogi.move_is_drop(last) else None,
        arrived=_square(cshogi.move_to(last)) if last else None,
        checked=_square(board.king_square(board.turn)) if board.is_check() else None,
        held_name="holds",
        held=(_hand(board, cshogi.BLACK), _hand(board, cshogi.WHITE)),
        kanji_rows=tuple("一二三四五六七八九"),
    )


def board_move(position: Position, action: int) -> BoardMove:
    """Return the squares of a legal action, or what it drops."""
    assert isinstance(position, ShogiPosition)
    move = position.board.move_from_usi(text := position.action_text(action))
    arrived = _square(cshogi.move_to(move))
    if not cshogi.move_is_drop(move):
        return BoardMove(_square(cshogi.move_from(move)), arrived)
    return BoardMove(None, arrived, text[0].lower() if position.mover else text[0])


def _square(square: int) -> Square:
    return square % 9, 8 - square // 9


def _piece(kind: int, player: int) -> Piece:
    letter = _LETTERS[kind]
    return Piece(player, letter.lower() if player else letter, kanji=_KANJI[kind], promoted=kind >= _FIRST_PROMOTED)


def _hand(board: cshogi.Board, player: int) -> Held:
    """Return the pieces in a hand, the rook first."""
    counts = zip(_HAND, board.pieces_in_hand[player], strict=True)
    return tuple((_piece(kind, player), count) for kind, count in counts if count)[::-1]


PLANE_PIECES = (
    tuple(_piece(kind, 0) for kind in range(1, len(_LETTERS))),
    tuple(_piece(kind, 1) for kind in range(1, len(_LETTERS))),
)
