"""Tic-tac-toe's rules and planes.

A board is a tuple of nine cells (0, 1 or None) and a position is the list of its boards, oldest first: history, `pop`
and `copy` need nothing else. The text of a position has the top row first and tells the mover by the number of marks,
as in `"xo./.x./..."` (o to move).
"""

from __future__ import annotations

from typing import Self

import numpy as np

from muzero_engine.games.base import (
    BadPosition,
    Bools,
    FrameLayout,
    GameSpec,
    IllegalMove,
    Ints,
    Outcome,
    Scalars,
    Shape,
    Symmetry,
    Turn,
)
from muzero_engine.games.tictactoe.actions import SQUARE_NAMES

SPEC = GameSpec(
    name="tictactoe",
    version=1,
    shapes=((3, 3),),
    layout=FrameLayout(per_player=1, neutral=0, history=2, scalar_scales=()),
    turn=Turn.NONE,
    symmetries=tuple(Symmetry),
    action_planes=1,
    extra_actions=0,
    max_plies=9,
    typical_plies=1.0,
    players=("x", "o"),
)

Marks = tuple[int | None, ...]

EMPTY: Marks = (None,) * 9
LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))
MARKS = {0: "x", 1: "o", None: "."}


def _winners(board: Marks) -> set[int]:
    lines = ((board[a], board[b], board[c]) for a, b, c in LINES)
    return {first for first, second, third in lines if first is not None and first == second == third}


class TicTacToePosition:
    """A position with its history (see `games.base.Position`)."""

    def __init__(self, boards: list[Marks]) -> None:
        self._boards = boards
        self._actions: list[int] = []

    @classmethod
    def initial(cls, shape: Shape) -> Self:
        """Return the empty board. Raises BadPosition for any shape but (3, 3)."""
        if shape not in SPEC.shapes:
            raise BadPosition(f"tic-tac-toe has no board of {shape[0]}x{shape[1]}: use 3x3")
        return cls([EMPTY])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read three rows of `x`, `o` and `.`, top first, between slashes. Raises BadPosition."""
        rows = text.strip().split("/")
        if len(rows) != 3 or any(len(row) != 3 or set(row) - set("xo.") for row in rows):
            raise BadPosition(
                f"{text[:40]!r} is not a tic-tac-toe board: write three rows of x, o and . like 'xo./.x./...'"
            )
        cells = {mark: cell for cell, mark in MARKS.items()}
        board: Marks = tuple(cells[mark] for row in reversed(rows) for mark in row)
        winners = _winners(board)
        if board.count(0) - board.count(1) not in (0, 1):
            raise BadPosition(f"{text!r} cannot arise: x moves first, so x has as many marks as o or one more")
        if len(winners) == 2 or (winners and (board.count(0) + board.count(1) + 1) % 2 not in winners):
            raise BadPosition(f"{text!r} cannot arise: the game went on after three in a row")
        return cls([board])

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return SPEC.shapes[0]

    @property
    def mover(self) -> int:
        return (9 - self._boards[-1].count(None)) % 2

    @property
    def ply(self) -> int:
        return len(self._actions)

    def legal_actions(self) -> Ints:
        board = self._boards[-1]
        empty = [] if _winners(board) else [square for square in range(9) if board[square] is None]
        return np.array(empty, dtype=np.int64)

    def push(self, action: int) -> None:
        if action not in self.legal_actions():
            raise IllegalMove(f"illegal action {action}: choose an empty square of an undecided board")
        board = self._boards[-1]
        self._boards.append((*board[:action], self.mover, *board[action + 1 :]))
        self._actions.append(int(action))

    def pop(self) -> int:
        action = self._actions.pop()
        self._boards.pop()
        return action

    def copy(self) -> Self:
        twin = type(self)(self._boards.copy())
        twin._actions = self._actions.copy()
        return twin

    def outcome(self) -> Outcome | None:
        for winner in _winners(self._boards[-1]):
            return Outcome(winner, "three in a row")
        return None if None in self._boards[-1] else Outcome(None, "full board")

    def ending_actions(self) -> dict[int, float]:
        board, mover = self._boards[-1], self.mover
        if _winners(board):
            return {}
        endings = {}
        for line in LINES:
            marks = [board[square] for square in line]
            if marks.count(mover) == 2 and None in marks:
                endings[line[marks.index(None)]] = 1.0
        if board.count(None) == 1:
            endings.setdefault(board.index(None), 0.0)
        return dict(sorted(endings.items()))

    def decisive_actions(self) -> dict[int, float]:
        return {action: value for action, value in self.ending_actions().items() if value}

    def can_declare_win(self) -> bool:
        return False

    def frames(self, count: int) -> Bools:
        frames = np.zeros((count, SPEC.layout.frame_planes, *self.shape), dtype=np.bool_)
        for i, board in enumerate(self._boards[::-1][:count]):
            for player in (0, 1):
                frames[i, player] = np.array([cell == player for cell in board]).reshape(self.shape)
        return frames

    def scalars(self) -> Scalars:
        return np.zeros(0, dtype=np.int16)

    def action_text(self, action: int) -> str:
        return SQUARE_NAMES[action]

    def parse_action(self, text: str) -> int:
        name = text.strip().lower()
        if name not in SQUARE_NAMES:
            raise IllegalMove(f"{text!r} is not a square: write a column a to c and a row 1 to 3, like 'b2'")
        action = SQUARE_NAMES.index(name)
        if action not in self.legal_actions():
            raise IllegalMove(f"{name} is illegal: the square is taken or the game is over")
        return action

    def text(self) -> str:
        marks = "".join(MARKS[cell] for cell in self._boards[-1])
        return "/".join((marks[6:], marks[3:6], marks[:3]))

    def board_text(self) -> str:
        rows = self.text().split("/")
        lines = [f"{3 - i} {' '.join(row)}" for i, row in enumerate(rows)]
        return "\n".join([*lines, "  a b c", f"{SPEC.players[self.mover]} to move"])
