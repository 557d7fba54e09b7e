"""How people write shogi moves.

- USI, in any letters: 7g7f, 7g-7f, 8h2b+, P*5e.
- As western books do (Hodges): P-7f, Sx3d, G4i-5h, N*3c, Bx3c+ (promotes), Bx3c= (does not); squares as 7f or 76.
- As Japanese ones do, as in KIF or as spoken: 7六歩, ７六歩(77), 同歩, ５五角打, 5八金右, 3三角成, ▲3三角不成.
- CSA: 7776FU, 76FU, 0055KA, with + or - before it.

A text without a word on promotion, and without the square that the piece comes from, is asked about where the piece
could promote or not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

import cshogi
from cshogi import KIF

from muzero_engine.games.base import IllegalMove, Notation, Position
from muzero_engine.games.shogi.actions import USI_MOVE
from muzero_engine.games.shogi.illegal import PLAYERS, Attempt, why_illegal
from muzero_engine.games.shogi.rules import ShogiPosition

_KANJI_DIGITS = "一二三四五六七八九"
_JAPANESE_PIECES = {
    "歩": cshogi.PAWN,
    "香": cshogi.LANCE,
    "桂": cshogi.KNIGHT,
    "銀": cshogi.SILVER,
    "角": cshogi.BISHOP,
    "飛": cshogi.ROOK,
    "金": cshogi.GOLD,
    **dict.fromkeys("王玉", cshogi.KING),
    "と": cshogi.PROM_PAWN,
    **dict.fromkeys(("成香", "杏"), cshogi.PROM_LANCE),
    **dict.fromkeys(("成桂", "圭"), cshogi.PROM_KNIGHT),
    **dict.fromkeys(("成銀", "全"), cshogi.PROM_SILVER),
    "馬": cshogi.PROM_BISHOP,
    **dict.fromkeys("龍竜", cshogi.PROM_ROOK),
}
_WESTERN_PIECES = dict(zip("PLNSBRGK", range(1, 9), strict=True))
_CSA_PIECES = {name: piece for piece, name in enumerate("FU KY KE GI KA HI KI OU TO NY NK NG UM RY".split(), start=1)}
_PROMOTED = 8  # what promotion adds to a piece type
_USI = re.compile(r"([1-9][a-i1-9])\s*-?\s*([1-9][a-i1-9])\s*([+=]?)|([PLNSGBR])\*([1-9][a-i])", re.A | re.I)
_WESTERN = re.compile(r"(\+?)([PLNSGBRK])([1-9][a-i1-9])?\s*([-x*'])?\s*([1-9][a-i1-9])\s*([+=]?)", re.A | re.I)
_CSA = re.compile(rf"([+-]?)([0-9]{{2}})?([1-9]{{2}})({'|'.join(_CSA_PIECES)})", re.A | re.I)
_JAPANESE = re.compile(
    rf"([▲△☗☖▼▽⛊⛉]?)\s*(?:([1-9])([1-9{_KANJI_DIGITS}])|同)\s*({'|'.join(sorted(_JAPANESE_PIECES, reverse=True))})"
    r"([左右直上行入寄引]*)(打)?(不成|生|成)?\s*(?:\(([0-9])([0-9])\))?"
)
_BLACK_SIGNS, _WHITE_SIGNS = "▲☗▼⛊+", "△☖▽⛉-"


@dataclass(frozen=True, slots=True)
class _Wording(Attempt):
    """What a text says: the move, and of several pieces which one (`directions`: 左右直上寄引)."""

    directions: str = ""
    result: int | None = None  # the piece type after the move, as CSA says it
    sign: str = ""  # of the player, as in ▲
    promotion_marks: tuple[str, str] = ("+", "=")  # how to say that it promotes, and that it does not


def parse_written_move(position: Position, text: str) -> int | None:
    """Return the action of a move in one of the ways above, None for what is no move.

    Raises IllegalMove for a move that cannot be played, or a text that leaves open which is meant.
    """
    assert isinstance(position, ShogiPosition)
    word = unicodedata.normalize("NFKC", text).strip()
    if usi := _USI.fullmatch(word):
        return position.parse_action(_usi(usi))
    board = position.board
    wording = _wording(board, word)
    if wording is None:
        return None
    if wording.sign and (wording.sign in _BLACK_SIGNS) != (board.turn == 0):
        raise IllegalMove(f"{text} is illegal: it is {PLAYERS[board.turn]}'s turn")
    moves = _meant(board, wording)
    if not moves:
        raise IllegalMove(f"{text} is illegal: {why_illegal(board, _attempt(wording))}")
    if len(moves) > 1:
        raise IllegalMove(f"{text} could be {_either(text, wording, moves)}")
    return position.parse_action(cshogi.move_to_usi(moves[0]))


def _usi(match: re.Match[str]) -> str:
    """Return the text as USI has it."""
    origin, target, promotes, piece, drop_target = match.groups()
    if piece is not None:
        return f"{piece.upper()}*{drop_target.lower()}"
    return f"{_usi_square(origin)}{_usi_square(target)}{promotes.replace('=', '')}"


def _usi_square(text: str) -> str:
    return f"{text[0]}{'abcdefghi'[_square(text) % 9]}"


def _square(text: str) -> int:
    """Return cshogi's square of 7f, 76 or 7六."""
    ranks = next(ranks for ranks in ("abcdefghi", "123456789", _KANJI_DIGITS) if text[1].lower() in ranks)
    return (int(text[0]) - 1) * 9 + ranks.index(text[1].lower())


def _wording(board: cshogi.Board, word: str) -> _Wording | None:
    if western := _WESTERN.fullmatch(word):
        plus, piece, origin, sign, target, promotes = western.groups()
        return _Wording(
            target=_square(target),
            piece=_WESTERN_PIECES[piece.upper()] + (_PROMOTED if plus else 0),
            origin=None if origin is None else _square(origin),
            drop=True if sign in ("*", "'") else False if sign in ("-", "x") or origin else None,
            promotes={"+": True, "=": False}.get(promotes),
        )
    if csa := _CSA.fullmatch(word):
        sign, origin, target, piece = csa.groups()
        return _Wording(
            target=_square(target),
            origin=None if origin in (None, "00") else _square(origin),
            drop=None if origin is None else origin == "00",
            result=_CSA_PIECES[piece.upper()],
            sign=sign,
        )
    if (japanese := _JAPANESE.fullmatch(word)) is None:
        return None
    sign, file, rank, piece, directions, drop, promotes, from_file, from_rank = japanese.groups()
    last = board.peek()
    if file is None and not last:
        raise IllegalMove(f"{word} is illegal: no piece has moved yet, so that 同 means no square")
    from_hand = (from_file, from_rank) == ("0", "0")
    return _Wording(
        target=cshogi.move_to(last) if file is None else _square(f"{file}{rank}"),
        piece=_JAPANESE_PIECES[piece],
        origin=_square(f"{from_file}{from_rank}")
        if from_file and from_rank and from_file != "0" != from_rank
        else None,
        drop=True if drop or from_hand else False if from_file or directions else None,
        promotes=None if promotes is None else promotes == "成",
        directions=directions,
        sign=sign,
        promotion_marks=("成", "不成"),
    )


def _meant(board: cshogi.Board, wording: _Wording) -> list[int]:
    """Return the legal moves that a wording may mean; several where it leaves something open."""
    moves = [move for move in board.legal_moves if _fits(move, wording)]
    on_board = [move for move in moves if not cshogi.move_is_drop(move)]
    if wording.drop is None and on_board:  # a drop is said where a piece of the board could go there as well
        moves = on_board
    for direction in wording.directions:
        moves = _in_direction(moves, direction, int(board.turn))
    if wording.promotes is None and wording.origin is not None and wording.result is None:
        moves = [move for move in moves if not cshogi.move_is_promotion(move)] or moves
    return moves


def _fits(move: int, wording: _Wording) -> bool:
    drop, promotes = bool(cshogi.move_is_drop(move)), bool(cshogi.move_is_promotion(move))
    if cshogi.move_to(move) != wording.target or wording.drop not in (None, drop):
        return False
    piece = _dropped(move) if drop else cshogi.move_from_piece_type(move)
    return (
        wording.piece in (None, piece)
        and wording.promotes in (None, promotes)
        and wording.result in (None, piece + (_PROMOTED if promotes else 0))
        and (wording.origin is None or (not drop and cshogi.move_from(move) == wording.origin))
    )


def _dropped(move: int) -> int:
    return int(_WESTERN_PIECES[cshogi.move_to_usi(move)[0]])


def _in_direction(moves: list[int], direction: str, mover: int) -> list[int]:
    """Return the moves of the pieces that stand or go where a word says, from the mover's point of view."""
    forward = 1 if mover == 0 else -1

    def rightness(move: int) -> int:
        return int(-forward * (cshogi.move_from(move) // 9))

    def advance(move: int) -> int:
        return int(forward * (cshogi.move_from(move) % 9 - cshogi.move_to(move) % 9))

    if direction in "左右":
        best: Callable[..., int] = max if direction == "右" else min
        return [move for move in moves if rightness(move) == best(map(rightness, moves))]
    if direction == "直":
        return [
            move for move in moves if cshogi.move_from(move) // 9 == cshogi.move_to(move) // 9 and advance(move) > 0
        ]
    sign = {"寄": 0, "引": -1}.get(direction, 1)
    return [move for move in moves if (advance(move) > 0) - (advance(move) < 0) == sign]


def _attempt(wording: _Wording) -> Attempt:
    """Return what `why_illegal` is asked about."""
    if wording.result is None:
        return wording
    piece = wording.result
    return replace(wording, piece=piece) if wording.origin is None else replace(wording, piece=None)


def _either(text: str, wording: _Wording, moves: list[int]) -> str:
    if len({cshogi.move_from(move) for move in moves}) == 1:
        yes, no = wording.promotion_marks
        return f"a promotion or not: write {text}{yes} or {text}{no}"
    texts = [cshogi.move_to_usi(move) for move in moves]
    return f"{', '.join(texts[:-1])} or {texts[-1]}: say which"


def kif_move(position: Position, action: int) -> str:
    """Return a legal action as KIF writes it, with the mover's sign: ▲７六歩(77), △同　銀(31)."""
    assert isinstance(position, ShogiPosition)
    board = position.board
    move = board.move_from_usi(position.action_text(action))
    return f"{'▲△'[board.turn]}{KIF.move_to_kif(move, board.peek() or None)}"


NOTATION = Notation(
    parse=parse_written_move,
    kanji=kif_move,
    kanji_players=("☗先手", "☖後手"),
    pattern=USI_MOVE,
    move_example="7g7f, P-7f, 76FU or 7六歩; 8h2b+ promotes, P*5e drops a pawn",
    position_example="an SFEN",
)
