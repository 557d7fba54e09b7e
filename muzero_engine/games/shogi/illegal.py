"""Why a move of shogi cannot be played, in words for people.

Squares are cshogi's, `(file - 1) * 9 + rank - 1`; piece types are cshogi's as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import cshogi

PLAYERS = ("black", "white")
PIECE_NAMES = (
    "",
    "pawn",
    "lance",
    "knight",
    "silver",
    "bishop",
    "rook",
    "gold",
    "king",
    "tokin",
    "promoted lance",
    "promoted knight",
    "promoted silver",
    "horse",
    "dragon",
)
UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)  # (ranks, columns) of the diagram, black's view
DIAGONALS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
STRAIGHT = (UP, DOWN, LEFT, RIGHT)
_GOLD = (UP, DOWN, LEFT, RIGHT, (-1, -1), (-1, 1))
_STEPS = {
    cshogi.PAWN: (UP,),
    cshogi.KNIGHT: ((-2, -1), (-2, 1)),
    cshogi.SILVER: (UP, *DIAGONALS),
    cshogi.KING: (*STRAIGHT, *DIAGONALS),
    cshogi.PROM_BISHOP: STRAIGHT,
    cshogi.PROM_ROOK: DIAGONALS,
    **dict.fromkeys((cshogi.GOLD, cshogi.PROM_PAWN, cshogi.PROM_LANCE, cshogi.PROM_KNIGHT, cshogi.PROM_SILVER), _GOLD),
}
_SLIDES = {
    cshogi.LANCE: (UP,),
    cshogi.BISHOP: DIAGONALS,
    cshogi.PROM_BISHOP: DIAGONALS,
    cshogi.ROOK: STRAIGHT,
    cshogi.PROM_ROOK: STRAIGHT,
}
_HAND = {
    piece: index for index, piece in enumerate((1, 2, 3, 4, 7, 5, 6))
}  # cshogi's order of hands: gold before bishop


@dataclass(frozen=True, slots=True)
class Attempt:
    """A move that somebody asks for, as far as it is known. `piece` is that before the move."""

    target: int
    piece: int | None = None
    origin: int | None = None
    drop: bool | None = None  # None: the text does not say
    promotes: bool | None = None


def square_name(square: int) -> str:
    """Return a square as USI has it: "7f"."""
    return f"{square // 9 + 1}{'abcdefghi'[square % 9]}"


def side_of(piece: int) -> int:
    """Return whose a piece of `cshogi.Board.pieces` is: 0 or 1."""
    return int(piece >> 4)


def why_illegal(board: cshogi.Board, attempt: Attempt) -> str:
    """Return why no legal move is the one asked for. The position is not changed."""
    if board.is_game_over():
        return "the game is over"
    mover = int(board.turn)
    standing = board.piece(attempt.target)
    own_there = standing and side_of(standing) == mover
    if attempt.origin is not None:
        return _why_not_from(board, attempt, attempt.origin, own_there)
    assert attempt.piece is not None
    name = PIECE_NAMES[attempt.piece]
    origins = [
        square
        for square, piece in enumerate(board.pieces)
        if piece and side_of(piece) == mover and piece & 15 == attempt.piece
    ]
    reaching = [square for square in origins if _reaches(board, square, attempt.target)]
    held = attempt.piece in _HAND and board.pieces_in_hand[mover][_HAND[attempt.piece]] > 0
    if attempt.drop or (attempt.drop is None and held and not reaching):
        return _why_no_drop(board, attempt, held=held)
    if not origins:
        return f"{PLAYERS[mover]} has no {name}"
    if own_there:
        return f"{PLAYERS[mover]}'s own {PIECE_NAMES[standing & 15]} stands on {square_name(attempt.target)}"
    if len(reaching) >= 1:
        return _why_not_from(board, attempt, reaching[0], own_there)
    only = len(origins) == 1
    return f"{'the' if only else 'no'} {name} {'cannot' if only else 'can'} go to {square_name(attempt.target)}"


def _why_not_from(board: cshogi.Board, attempt: Attempt, origin: int, own_there: bool) -> str:
    mover = int(board.turn)
    piece = board.piece(origin)
    if not piece:
        return f"{square_name(origin)} is empty"
    name = PIECE_NAMES[piece & 15]
    if side_of(piece) != mover:
        return f"the {name} on {square_name(origin)} is {PLAYERS[1 - mover]}'s"
    if attempt.piece not in (None, piece & 15):
        return f"on {square_name(origin)} stands a {name}"
    if own_there:
        own = PIECE_NAMES[board.piece(attempt.target) & 15]
        return f"{PLAYERS[mover]}'s own {own} stands on {square_name(attempt.target)}"
    legal = {bool(cshogi.move_is_promotion(move)) for move in _moves_between(board, origin, attempt.target)}
    if legal == {True}:
        return f"a {name} that arrives on {square_name(attempt.target)} must promote: it could never move again"
    if legal:
        return f"the {name} cannot promote there"
    if not _reaches(board, origin, attempt.target):
        return f"the {name} on {square_name(origin)} cannot go to {square_name(attempt.target)}"
    still = " still" if board.is_check() and piece & 15 != cshogi.KING else ""
    return f"the king would{still} be in check"


def _why_no_drop(board: cshogi.Board, attempt: Attempt, *, held: bool) -> str:
    mover = int(board.turn)
    piece, target = attempt.piece, attempt.target
    assert piece is not None
    name = PIECE_NAMES[piece]
    if not held:
        return f"{PLAYERS[mover]} has no {name} in hand"
    if board.piece(target):
        return f"{square_name(target)} is taken"
    file, rank = divmod(target, 9)
    far = rank if mover == 0 else 8 - rank
    if (piece in (cshogi.PAWN, cshogi.LANCE) and far == 0) or (piece == cshogi.KNIGHT and far < 2):
        return f"a {name} could never move from there"
    own_pawn = cshogi.PAWN | mover << 4
    if piece == cshogi.PAWN and own_pawn in board.pieces[9 * file : 9 * file + 9]:
        return f"nifu, {PLAYERS[mover]} has an unpromoted pawn on file {file + 1} already"
    ahead = target + (-1 if mover == 0 else 1)
    if piece == cshogi.PAWN and not board.is_check() and board.piece(ahead) == cshogi.KING | (1 - mover) << 4:
        return "uchifuzume, a dropped pawn may not give mate"
    return f"the king would{' still' if board.is_check() else ''} be in check"


def _moves_between(board: cshogi.Board, origin: int, target: int) -> list[int]:
    return [
        move
        for move in board.legal_moves
        if not cshogi.move_is_drop(move) and cshogi.move_from(move) == origin and cshogi.move_to(move) == target
    ]


def _reaches(board: cshogi.Board, origin: int, target: int) -> bool:
    """Return whether the piece on `origin` could go to `target` if nothing but the pieces between mattered."""
    piece = board.piece(origin)
    forward = 1 if side_of(piece) == 0 else -1
    rows, columns = (target % 9 - origin % 9) * forward, (origin // 9 - target // 9) * forward
    if (rows, columns) in _STEPS.get(piece & 15, ()):
        return True
    distance = max(abs(rows), abs(columns))
    for row, column in _SLIDES.get(piece & 15, ()):
        if distance and (rows, columns) == (row * distance, column * distance):
            step = (row - 9 * column) * forward
            return not any(board.piece(origin + step * i) for i in range(1, distance))
    return False
