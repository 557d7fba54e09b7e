"""Shogi's rules: cshogi generates the moves, this module keeps the history and judges how games end.

cshogi's generator is complete (non-promotions that nobody would want are moves too) and leaves out drop-pawn mate, two
pawns on a file and drops of pieces that could never move. Its own repetition codes are not used: they judge the second
occurrence and call superior positions wins, which helps a search but is not the rule. Here a position (board, hands,
mover) that occurs for the fourth time ends the game: as a draw (sennichite), or as a loss for a player whose every move
since the first occurrence gave check (perpetual check). No legal move is a loss, and no number of moves is a draw.
Declaring a win with an entered king (the 27-point rule of computer shogi: 28 points for black, 27 for white) is up to
the player, so it is no outcome but `can_declare_win`.
"""

from __future__ import annotations

from typing import Any, Self

import cshogi
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
from muzero_engine.games.shogi.actions import ACTIONS_OF_KEYS, DROPPED, KEYS, PLANES, SQUARES, key_of_text
from muzero_engine.games.shogi.illegal import Attempt, why_illegal
from muzero_engine.games.shogi.planes import LAYOUT, fill_frame, hand_scalars
from muzero_engine.games.shogi.sfen import START, normal_sfen, read_board, read_hands

SPEC = GameSpec(
    name="shogi",
    version=1,
    shapes=((9, 9),),
    layout=LAYOUT,
    turn=Turn.ROTATE,
    symmetries=(Symmetry.IDENTITY, Symmetry.FLIP_COLUMNS),
    action_planes=PLANES,
    extra_actions=0,
    max_plies=512,
    typical_plies=1.5,
    players=("black", "white"),
)

OCCURRENCES = 4  # of a position that end the game
_DROPPED_TYPES = tuple("_PLNSBRG".index(piece) for piece in DROPPED)  # cshogi's piece types, as `Attempt` has them


class ShogiPosition:
    """A position with its history (see `games.base.Position`)."""

    def __init__(self, board: Any) -> None:
        """Take over `board`, a `cshogi.Board` without history, which this object owns from now on."""
        self._board = board
        self._actions: list[int] = []
        self._keys: list[int] = []  # of each position since the first: hash of board, hands and mover
        self._seen_before: list[int] = []  # of each position: how often it occurred earlier
        self._checks: list[bool] = []  # of each position: whether its mover is in check
        self._occurrences: dict[int, int] = {}  # by key
        self._legal: tuple[Ints, Ints] | None = None  # actions, ascending, and their cshogi moves
        self._record()

    @classmethod
    def initial(cls, shape: Shape) -> Self:
        """Return the start position. Raises BadPosition for any shape but (9, 9)."""
        if shape not in SPEC.shapes:
            raise BadPosition(f"shogi has no board of {shape[0]}x{shape[1]}: use 9x9")
        return cls(cshogi.Board(START))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read SFEN (see `sfen.normal_sfen`). Raises BadPosition."""
        sfen = normal_sfen(text)
        board, turn, hands, number = sfen.split()
        if cshogi.Board(f"{board} {'w' if turn == 'b' else 'b'} {hands} {number}").is_check():
            raise BadPosition(f"in SFEN {sfen!r} the player to move could take the king")
        return cls(cshogi.Board(sfen))

    def _record(self) -> None:
        key = self._board.zobrist_hash()
        seen_before = self._occurrences.get(key, 0)
        self._occurrences[key] = seen_before + 1
        self._keys.append(key)
        self._seen_before.append(seen_before)
        self._checks.append(self._board.is_check())
        self._legal = None

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return SPEC.shapes[0]

    @property
    def mover(self) -> int:
        return int(self._board.turn)

    @property
    def board(self) -> cshogi.Board:
        """Return a copy of the board, with the last of the moves that led to it: all of 20,000 take 17 ms."""
        if not self._actions:
            return self._board.copy()
        last = self._board.pop()
        before = cshogi.Board(self._board.sfen())
        for board in (self._board, before):
            board.push(last)
        return before

    @property
    def board_with_history(self) -> cshogi.Board:
        """Return a copy of the board, with the moves that led to it."""
        return self._board.copy()

    @property
    def ply(self) -> int:
        return len(self._actions)

    def _legal_moves(self) -> tuple[Ints, Ints]:
        if self._legal is None:
            moves = np.fromiter(self._board.legal_moves, dtype=np.int64)
            actions = ACTIONS_OF_KEYS[self.mover][moves & (KEYS - 1)]
            order = np.argsort(actions)
            self._legal = actions[order], moves[order]
        return self._legal

    def _move(self, action: int) -> int:
        actions, moves = self._legal_moves()
        i = int(np.searchsorted(actions, action))
        if i == len(actions) or actions[i] != action:
            raise IllegalMove(f"illegal action {action} in {self.text()}")
        return int(moves[i])

    def legal_actions(self) -> Ints:
        return self._legal_moves()[0].copy()

    def push(self, action: int) -> None:
        self._board.push(self._move(action))
        self._actions.append(int(action))
        self._record()

    def pop(self) -> int:
        action = self._actions.pop()
        self._board.pop()
        self._seen_before.pop()
        self._checks.pop()
        key = self._keys.pop()
        self._occurrences[key] -= 1
        if not self._occurrences[key]:
            del self._occurrences[key]
        self._legal = None
        return action

    def copy(self) -> Self:
        twin = type(self).__new__(type(self))
        twin._board = self._board.copy()
        twin._actions = self._actions.copy()
        twin._keys = self._keys.copy()
        twin._seen_before = self._seen_before.copy()
        twin._checks = self._checks.copy()
        twin._occurrences = self._occurrences.copy()
        twin._legal = self._legal
        return twin

    def outcome(self) -> Outcome | None:
        mover = self.mover
        if self._board.is_game_over():
            return Outcome(1 - mover, "checkmate" if self._checks[-1] else "no legal moves")
        if self._seen_before[-1] < OCCURRENCES - 1:
            return None
        checks = self._checks[self._keys.index(self._keys[-1]) + 1 :]  # of the other player, the mover, the other, ...
        other_always_in_check, mover_always_in_check = all(checks[::2]), all(checks[1::2])
        if mover_always_in_check != other_always_in_check:
            return Outcome(mover if mover_always_in_check else 1 - mover, "perpetual check")
        return Outcome(None, "fourfold repetition")

    def ending_actions(self) -> dict[int, float]:
        endings = {}
        mover, board = self.mover, self._board
        repeating = []
        for action, move in zip(*(array.tolist() for array in self._legal_moves()), strict=True):
            board.push(move)
            if board.is_game_over():
                endings[action] = 1.0
            elif self._occurrences.get(board.zobrist_hash(), 0) >= OCCURRENCES - 1:
                repeating.append(action)
            board.pop()
        for action in repeating:
            self.push(action)
            outcome = self.outcome()
            self.pop()
            if outcome is not None:
                endings[action] = outcome.value(mover)
        return endings

    def decisive_actions(self) -> dict[int, float]:
        return {action: value for action, value in self.ending_actions().items() if value}

    def can_declare_win(self) -> bool:
        return bool(self._board.is_nyugyoku())

    def frames(self, count: int) -> Bools:
        frames = np.zeros((count, LAYOUT.frame_planes, *self.shape), dtype=np.bool_)
        undone = []
        for i in range(min(count, self.ply + 1)):
            if i:
                undone.append(self._board.pop())
            fill_frame(frames[i], self._board.pieces, self._seen_before[-1 - i], self._checks[-1 - i])
        for move in reversed(undone):
            self._board.push(move)
        return frames

    def scalars(self) -> Scalars:
        return hand_scalars(self._board.pieces_in_hand, self.mover)

    def action_text(self, action: int) -> str:
        return str(cshogi.move_to_usi(self._move(action)))

    def parse_action(self, text: str) -> int:
        usi = text.strip()
        actions, moves = self._legal_moves()
        key = key_of_text(usi)
        matching = actions[(moves & (KEYS - 1)) == key]
        if not len(matching):
            raise IllegalMove(f"{usi} is illegal: {why_illegal(self._board, _attempt(key))}")
        return int(matching[0])

    def text(self) -> str:
        return str(self._board.sfen())

    def board_text(self) -> str:
        board, _, hands, _ = self.text().split()
        held = [(str(count) if count > 1 else "") + piece for piece, count in read_hands(hands).items()]
        black = " ".join(group for group in held if group.isupper())
        white = " ".join(group for group in held if group.islower())
        lines = ["  9  8  7  6  5  4  3  2  1"]
        for name, row in zip("abcdefghi", read_board(board), strict=True):
            lines.append("".join(f"{piece or '.':>3}" for piece in row) + f"  {name}")
        hold = f"white holds {white or 'nothing'}, black holds {black or 'nothing'}"
        return "\n".join([*lines, hold, f"{SPEC.players[self.mover]} to move"])


def _attempt(key: int) -> Attempt:
    """Return the move of a key (see `actions`), legal or not."""
    target, origin = key & 127, key >> 7 & 127
    if origin >= SQUARES:
        return Attempt(target, piece=int(_DROPPED_TYPES[origin - SQUARES]), drop=True)
    return Attempt(target, origin=origin, promotes=bool(key >> 14))
