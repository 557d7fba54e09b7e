"""How people write chess moves: SAN as it should be (Nf3, O-O, e8=Q), and as it is typed.

Understood as well: marks (Nf3!, e8=Q+!?), figurines (♘f3), squares of departure (Ng1-f3, e2-e4, e2 e4), other spellings
of castling (0-0, o-o-o, OO) and of promotion (e8Q, e8(Q)), and any mixture of capital and small letters as long as it
can only be one move: `b` is a bishop or the b-file, and where both can go there the answer asks which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import chess

from muzero_engine.games.base import IllegalMove, Notation, Position
from muzero_engine.games.chess.illegal import PLAYERS, why_no_castling
from muzero_engine.games.chess.rules import ChessPosition

_FIGURINES = str.maketrans("♔♕♖♗♘♙♚♛♜♝♞♟", "KQRBNPKQRBNP")
_DASHES = str.maketrans("–—−‐‑", "-----")
_MARKS = re.compile(r"(?:\.?p\.?e|[+#!?†‡\s\ufe0e\ufe0f])*+")  # check, mate, praise, en passant, all from behind
_CASTLING = re.compile(r"[O0o]-?[O0o](-?[O0o])?")
_PIECE_MOVE = re.compile(r"([NBRQKP])([a-h])?([1-8])?[x:-]?([a-h][1-8])(?:[=/]?\(?([QRBNK])\)?)?", re.A | re.I)
_PAWN_MOVE = re.compile(r"()([a-h])?([1-8])?[x:-]?([a-h][1-8])(?:[=/]?\(?([QRBNK])\)?)?", re.A | re.I)
_PROPER = re.compile(r"[NBRQK][a-h]?[1-8]?[x-]?[a-h][1-8]|(?!b[a-h])[a-h]?[1-8]?[x-]?[a-h][1-8](=?[QRBN])?")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a text in SAN may mean. None is what it leaves open."""

    piece: chess.PieceType | None
    file: int | None  # of departure, 0 to 7
    rank: int | None
    target: chess.Square
    promotion: chess.PieceType | None
    takes: bool  # whether a sign says so, without which a pawn only takes where its file is told

    def means(self, square: chess.Square, piece: chess.Piece | None, turn: chess.Color) -> bool:
        """Return whether this may be the piece that moves."""
        if piece is None or piece.color != turn or self.piece not in (None, piece.piece_type):
            return False
        return self.file in (None, chess.square_file(square)) and self.rank in (None, chess.square_rank(square))

    def moves(self, board: chess.Board) -> list[chess.Move]:
        """Return the legal moves that are meant, whatever the pawn becomes where the text does not say."""
        steps = self.piece == chess.PAWN and not self.takes and self.file is None and self.rank is None
        return [
            move
            for move in board.legal_moves
            if move.to_square == self.target
            and self.means(move.from_square, board.piece_at(move.from_square), board.turn)
            and not board.is_castling(move)
            and not (steps and board.is_capture(move))
            and self.promotion in (None, move.promotion)
        ]


def without_tail(text: str, tail: re.Pattern[str]) -> str:
    """Return a text without its end: what `tail` matches of the text read from behind, perhaps nothing."""
    match = tail.match(text[::-1])
    return text if match is None else text[: len(text) - match.end()]


def parse_san(position: Position, text: str) -> int | None:
    """Return the action of a move in SAN, None for what is no move.

    Raises IllegalMove where a move is understood that cannot be played, or two are meant.
    """
    assert isinstance(position, ChessPosition)
    board = position.board
    word = "".join(without_tail(text.translate(_FIGURINES).translate(_DASHES), _MARKS).split())
    if castling := _CASTLING.fullmatch(word):
        move = _castling_move(board, king_side=castling[1] is None)
        if move is None:
            raise IllegalMove(f"{text} is illegal: {why_no_castling(board, king_side=castling[1] is None)}")
        return position.parse_action(board.uci(move))
    readings = _readings(word)
    if not readings:
        return None
    likeliest = readings[0 if word[0].isupper() else -1]
    moves = likeliest.moves(board) if (proper := _PROPER.fullmatch(word)) else []
    if not proper or word[0].islower():  # Bb5 is a bishop's alone, and bxc3 the pawn's where it can be
        moves = moves or [move for reading in readings for move in reading.moves(board)]
    if not moves:
        raise IllegalMove(f"{text} is illegal: {_why_illegal(board, likeliest)}")
    if len({move.from_square for move in moves}) > 1:
        raise IllegalMove(f"{text} could be {_either(board, moves)}")
    if len(moves) > 1:
        raise IllegalMove(f"{text}: say what the pawn becomes, as in {chess.square_name(moves[0].to_square)}=Q")
    return position.parse_action(board.uci(moves[0]))


def _readings(word: str) -> list[_Reading]:
    """Return what the letters may mean: a move of a piece, of a pawn, or with a `b` of both."""
    matches = (pattern.fullmatch(word) for pattern in (_PIECE_MOVE, _PAWN_MOVE))
    takes = any(sign in word for sign in "xX:")
    return [_reading(*match.groups(), takes=takes) for match in matches if match is not None]


def _reading(
    piece: str, file: str | None, rank: str | None, target: str, promotion: str | None, *, takes: bool
) -> _Reading:
    any_piece = not piece and file is not None and rank is not None  # e2-e4, but b1-c3 as well
    return _Reading(
        piece=None if any_piece else chess.PIECE_SYMBOLS.index(piece.lower() or "p"),
        file=None if file is None else chess.FILE_NAMES.index(file.lower()),
        rank=None if rank is None else chess.RANK_NAMES.index(rank),
        target=chess.parse_square(target.lower()),
        promotion=None if promotion is None else chess.PIECE_SYMBOLS.index(promotion.lower()),
        takes=takes,
    )


def _either(board: chess.Board, moves: list[chess.Move]) -> str:
    texts = sorted({board.san(move) for move in moves})
    return f"{', '.join(texts[:-1])} or {texts[-1]}: say which"


def _castling_move(board: chess.Board, *, king_side: bool) -> chess.Move | None:
    test = board.is_kingside_castling if king_side else board.is_queenside_castling
    return next((move for move in board.legal_moves if test(move)), None)


def _why_illegal(board: chess.Board, reading: _Reading) -> str:
    if not any(board.legal_moves):
        return "the game is over"
    if captures := replace(reading, takes=True).moves(board):
        return f"a pawn takes there, which is written {board.san(captures[0])}"
    player = PLAYERS[board.turn]
    name, target = chess.piece_name(reading.piece or chess.PAWN), chess.square_name(reading.target)
    named = [square for square, piece in board.piece_map().items() if reading.means(square, piece, board.turn)]
    if reading.piece is None:
        if not named:
            return f"{player} has no piece there"
        name = chess.piece_name(board.piece_type_at(named[0]) or chess.PAWN)
    elif not named:
        place = " there" if board.pieces(reading.piece, board.turn) else ""
        return f"{player} has no {name}{place}"
    standing = board.piece_at(reading.target)
    if standing is not None and standing.color == board.turn:
        return f"{player}'s own {chess.piece_name(standing.piece_type)} stands on {target}"
    pseudo = {move.from_square for move in board.pseudo_legal_moves if move.to_square == reading.target} & {*named}
    legal = {move.from_square for move in board.legal_moves if move.to_square == reading.target}
    if pseudo & legal and name == "king" and reading.promotion is None:
        return "castling is written O-O or O-O-O"
    if pseudo & legal:
        return "a pawn cannot become that" if name == "pawn" else "only a pawn becomes another piece"
    if pseudo:
        still = " still" if board.is_check() and name != "king" else ""
        return f"the king would{still} be in check"
    if name == "pawn" and standing is None and reading.file not in (None, chess.square_file(reading.target)):
        return f"there is nothing to take on {target}"
    return f"{'the' if len(named) == 1 else 'no'} {name} {'cannot' if len(named) == 1 else 'can'} go to {target}"


def san(position: Position, action: int) -> str:
    """Return a legal action in SAN."""
    assert isinstance(position, ChessPosition)
    board = position.board
    return board.san(board.parse_uci(position.action_text(action)))


NOTATION = Notation(
    parse=parse_san,
    text=san,
    pattern=re.compile(r"[a-h][1-8][a-h][1-8][qrbn]?", re.A | re.I),
    plies_per_move=2,
    move_example="e2e4, e7e8q, or Nf3, O-O, e8=Q",
    position_example="a FEN",
)
