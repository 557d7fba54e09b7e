"""The chess position: python-chess underneath, the `Position` contract above.

- The inner board always runs in python-chess's Chess960 mode, where castling is king takes rook; whether moves are
  *written* as e1g1 or e1h1 is a property of the position (`chess960`).
- Every draw is automatic: insufficient material (python-chess's sense: no mate can be constructed), the third
  occurrence of a position, and a hundred plies without a capture or pawn move. Mate and stalemate come before them.
- Occurrences are counted ply by ply in a table of exact keys (`planes.Key`), so that a repetition costs one look-up.
- python-chess copies a board's past slowly, and almost nobody takes moves back on a copy: `copy` shares the first
  position and the actions, and `pop` replays them if it has to.
"""

from __future__ import annotations

from typing import Self

import chess
import numpy as np

from muzero_engine.games.base import (
    BadPosition,
    Bools,
    GameSpec,
    IllegalMove,
    Ints,
    Outcome,
    Scalars,
    Shape,
    Symmetry,
    Turn,
)
from muzero_engine.games.chess.actions import ACTION_PLANES, action_of, move_of
from muzero_engine.games.chess.illegal import why_no_castling
from muzero_engine.games.chess.mates import mating_actions
from muzero_engine.games.chess.planes import LAYOUT, Key, frames_of, key_of, scalars_of

SHAPE: Shape = (8, 8)

SPEC = GameSpec(
    name="chess",
    version=1,
    shapes=(SHAPE,),
    layout=LAYOUT,
    turn=Turn.MIRROR,
    symmetries=(Symmetry.IDENTITY,),
    action_planes=ACTION_PLANES,
    extra_actions=0,
    max_plies=512,
    typical_plies=1.9,
    players=("white", "black"),
)

_PROBLEMS = {
    chess.STATUS_EMPTY: "the board is empty",
    chess.STATUS_NO_WHITE_KING: "white has no king",
    chess.STATUS_NO_BLACK_KING: "black has no king",
    chess.STATUS_TOO_MANY_KINGS: "a side has more than one king",
    chess.STATUS_TOO_MANY_WHITE_PAWNS: "white has more than eight pawns",
    chess.STATUS_TOO_MANY_BLACK_PAWNS: "black has more than eight pawns",
    chess.STATUS_PAWNS_ON_BACKRANK: "a pawn stands on the first or the last rank",
    chess.STATUS_TOO_MANY_WHITE_PIECES: "white has more than sixteen pieces",
    chess.STATUS_TOO_MANY_BLACK_PIECES: "black has more than sixteen pieces",
    chess.STATUS_OPPOSITE_CHECK: "the side that is not to move is in check",
}


class ChessPosition:
    """A chess position with its history; see `Position`.

    Starts from a copy of `board` without its past. Castling rights that fit neither king nor rook and en passant
    squares where no capture is legal are dropped, as most engines do. Raises BadPosition where the rules cannot be
    applied: kings missing or too many, too many pieces, pawns on an outer rank, the side not to move in check.
    """

    __slots__ = ("_actions", "_board", "_chess960", "_counts", "_legal", "_plies", "_start")

    def __init__(self, board: chess.Board) -> None:
        start = board.copy(stack=False)
        start.promoted = chess.BB_EMPTY
        start.castling_rights = start.clean_castling_rights()
        start.chess960 = True
        status = start.status()
        for problem, sentence in _PROBLEMS.items():
            if status & problem:
                raise BadPosition(f"{sentence}: {start.fen()}")
        if status & chess.STATUS_INVALID_EP_SQUARE or not start.has_legal_en_passant():
            start.ep_square = None
        self._chess960 = board.chess960
        self._start = start
        self._board = start.copy()
        self._actions: list[int] = []
        self._plies: list[tuple[Key, int]] = [(key_of(start), 1)]  # key and occurrences up to then, oldest first
        self._counts: dict[Key, int] = {self._plies[0][0]: 1}
        self._legal: dict[int, chess.Move] | None = None  # of the current position, ascending; None: not yet known

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return SHAPE

    @property
    def chess960(self) -> bool:
        """Return whether castling is written king takes rook (e1h1) and FEN with the files of the rooks."""
        return self._chess960

    def engine_option(self) -> tuple[str, str, str]:
        """Return what UCI engines are told of the way castling is written; see `EngineSetup`."""
        return "UCI_Chess960", "true" if self._chess960 else "false", "Chess960"

    @property
    def board(self) -> chess.Board:
        """Return a copy of the current board, without its past."""
        board = self._board.copy(stack=False)
        board.chess960 = self._chess960
        return board

    @property
    def first_board(self) -> chess.Board:
        """Return a copy of the board before the first move of this object."""
        return self._start.copy()

    def occurred_twice(self) -> list[Key]:
        """Return the positions that the game has had twice or more: it ends when one of them comes again."""
        return [key for key, count in self._counts.items() if count > 1]

    @property
    def mover(self) -> int:
        return 0 if self._board.turn else 1

    @property
    def ply(self) -> int:
        return len(self._actions)

    def legal_actions(self) -> Ints:
        return np.array(list(self._legal_moves()), dtype=np.int64)

    def _legal_moves(self) -> dict[int, chess.Move]:
        if self._legal is None:
            turn = self._board.turn
            moves = [(action_of(move, turn), move) for move in self._board.generate_legal_moves()]
            self._legal = dict(sorted(moves, key=lambda pair: pair[0]))
        return self._legal

    def push(self, action: int) -> None:
        self._board.push(self._legal_move(action))
        self._actions.append(int(action))
        self._legal = None
        key = key_of(self._board)
        occurrences = self._counts.get(key, 0) + 1
        self._counts[key] = occurrences
        self._plies.append((key, occurrences))

    def _legal_move(self, action: int) -> chess.Move:
        try:
            return self._legal_moves()[action]
        except KeyError:
            raise IllegalMove(f"action {action} is not legal in {self.text()}") from None

    def pop(self) -> int:
        if not self._actions:
            raise IndexError("no move to take back")
        if not self._board.move_stack:
            self._replay()
        self._board.pop()
        self._legal = None
        key, occurrences = self._plies.pop()
        if occurrences == 1:
            del self._counts[key]
        else:
            self._counts[key] = occurrences - 1
        return self._actions.pop()

    def _replay(self) -> None:
        board = self._start.copy()
        for action in self._actions:
            move = move_of(action, board)
            assert move is not None  # it was legal when it was played
            board.push(move)
        self._board = board

    def copy(self) -> Self:
        twin = object.__new__(type(self))
        twin._chess960 = self._chess960
        twin._start = self._start
        twin._board = self._board.copy(stack=False)
        twin._actions = self._actions.copy()
        twin._plies = self._plies.copy()
        twin._counts = self._counts.copy()
        twin._legal = self._legal
        return twin

    def outcome(self) -> Outcome | None:
        _, occurrences = self._plies[-1]
        playable = bool(self._legal) if self._legal is not None else _can_move(self._board)
        return _outcome(self._board, playable, occurrences)

    def ending_actions(self) -> dict[int, float]:
        board, mover = self._board, self.mover
        # The way back to a position takes four plies at least, so that a third occurrence comes after eight or more.
        may_repeat = board.halfmove_clock >= 7 and any(count > 1 for count in self._counts.values())
        endings: dict[int, float] = {}
        for action, move in self._legal_moves().items():
            board.push(move)
            occurrences = self._counts.get(key_of(board), 0) + 1 if may_repeat else 1
            outcome = _outcome(board, _can_move(board), occurrences)
            board.pop()
            if outcome is not None:
                endings[action] = outcome.value(mover)
        return endings

    def decisive_actions(self) -> dict[int, float]:
        return dict.fromkeys(mating_actions(self._board, self._legal_moves()), 1.0)

    def can_declare_win(self) -> bool:
        return False

    def frames(self, count: int) -> Bools:
        return frames_of(self._plies[: -count - 1 : -1], count)

    def scalars(self) -> Scalars:
        return scalars_of(self._board)

    def action_text(self, action: int) -> str:
        move = self._legal_move(action)
        if not self._chess960 and self._board.is_castling(move):
            file = "g" if move.to_square > move.from_square else "c"
            return f"{chess.square_name(move.from_square)}{file}{chess.square_rank(move.to_square) + 1}"
        return move.uci()

    def parse_action(self, text: str) -> int:
        """Return the legal action a UCI text means. Raises IllegalMove for anything else.

        Castling may be written to the king's square (e1g1) or to the rook's (e1h1) in both modes; where the king could
        also simply step to that square (Chess960), the text means the step. Capital letters are accepted.
        """
        try:
            written = chess.Move.from_uci(text.strip().lower())
        except ValueError:
            raise IllegalMove(f"not a move: {text!r} (moves look like e2e4 or e7e8q)") from None
        castling = None
        for action, move in self._legal_moves().items():
            if move == written:
                return action
            if self._board.is_castling(move) and self._castling_king_move(move) == written:
                castling = action
        if castling is None:
            raise IllegalMove(f"illegal move {text.strip()}: {self._why_illegal(written)}")
        return castling

    @staticmethod
    def _castling_king_move(move: chess.Move) -> chess.Move:
        file = 6 if move.to_square > move.from_square else 2
        return chess.Move(move.from_square, chess.square(file, chess.square_rank(move.from_square)))

    def _why_illegal(self, move: chess.Move) -> str:
        board = self._board
        if not move:
            return "there is no null move in a game"
        square = chess.square_name(move.from_square)
        piece = board.piece_at(move.from_square)
        if piece is None:
            return f"{square} is empty"
        name = chess.piece_name(piece.piece_type)
        if piece.color != board.turn:
            return f"the {name} on {square} is not {SPEC.players[self.mover]}'s"
        squares = (move.from_square, move.to_square)
        if any((legal.from_square, legal.to_square) == squares for legal in self._legal_moves().values()):
            return "choose a promotion piece (q, r, b or n)" if move.promotion is None else "no such promotion"
        if board.is_pseudo_legal(move):
            return "it leaves the king in check"
        if (
            piece.piece_type == chess.KING
            and chess.square_distance(*squares) == 2
            and squares[0] // 8 == squares[1] // 8
        ):
            return why_no_castling(board, king_side=squares[1] > squares[0])
        return f"the {name} on {square} cannot go to {chess.square_name(move.to_square)}"

    def text(self) -> str:
        return self._board.fen(shredder=self._chess960)

    def board_text(self) -> str:
        rows = [f"{8 - i}  {row}" for i, row in enumerate(str(self._board).splitlines())]
        return "\n".join([*rows, "   a b c d e f g h", "", f"{SPEC.players[self.mover]} to move"])


def _can_move(board: chess.Board) -> bool:
    return any(board.generate_legal_moves())


def _outcome(board: chess.Board, playable: bool, occurrences: int) -> Outcome | None:
    """Return the end of the game on a board that has occurred so often, `playable` if there is a legal move."""
    if not playable:
        if board.is_check():
            return Outcome(1 if board.turn else 0, "checkmate")
        return Outcome(None, "stalemate")
    if board.is_insufficient_material():
        return Outcome(None, "insufficient material")
    if occurrences >= 3:
        return Outcome(None, "threefold repetition")
    if board.halfmove_clock >= 100:
        return Outcome(None, "fifty-move rule")
    return None


def initial_position(shape: Shape) -> ChessPosition:
    """Return the start position. Raises BadPosition where `shape` is not (8, 8)."""
    if shape != SHAPE:
        raise BadPosition(f"chess is played on 8x8, not {shape[0]}x{shape[1]}")
    return ChessPosition(chess.Board())


def position_from_fen(fen: str, chess960: bool = False) -> ChessPosition:
    """Return the position of a FEN, with KQkq or the rooks' files (Shredder-FEN) for castling. Raises BadPosition.

    Fields from the right may be missing. Castling that only Chess960 knows switches Chess960 on where it is written
    with the rooks' files, or where all that is written is possible there (X-FEN); else it is dropped.
    """
    try:
        board = chess.Board(fen, chess960=True)
    except ValueError as error:
        raise BadPosition(f"cannot read the FEN: {str(error)[:200]}") from None
    if not chess960:
        castling = [*fen.split(), "", "", ""][2]
        rights = board.clean_castling_rights()
        whole = castling != "-" and chess.popcount(rights) == len(castling)
        board.chess960 = False
        in_files = not set(castling.lower()) <= set("kq-")
        board.chess960 = (in_files or whole) and board.clean_castling_rights() != rights
    return ChessPosition(board)
