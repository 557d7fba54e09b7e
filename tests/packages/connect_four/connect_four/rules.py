"""Connect Four's rules, planes and texts.

The text of a position is its rows, the top one first, of `x` (moves first), `o` and `.` between slashes; the number of
discs says who is to move. The network sees the discs of both sides as they lie: nothing else matters, so there is one
ply of history and no scalar.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from connect_four.actions import COLUMN_NAMES, COLUMNS, ROWS, SQUARES
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

SPEC = GameSpec(
    name="connect_four",
    version=1,
    shapes=((ROWS, COLUMNS),),
    layout=FrameLayout(per_player=1, neutral=0, history=1, scalar_scales=()),
    turn=Turn.NONE,
    symmetries=(Symmetry.IDENTITY, Symmetry.FLIP_COLUMNS),
    action_planes=1,
    extra_actions=0,
    max_plies=SQUARES,
    typical_plies=0.8,
    players=("x", "o"),
)

MARKS = "xo"
EMPTY = "."
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


class ConnectFourPosition:
    """A position with its history: the marks of the 42 squares and the actions played (see `Position`)."""

    def __init__(self, marks: list[str]) -> None:
        """Take `marks`: "x", "o" or "." of each square, the top row first."""
        self._marks = marks
        self._actions: list[int] = []

    @classmethod
    def initial(cls, shape: Shape) -> Self:
        """Return the empty board. Raises BadPosition for any shape but (6, 7)."""
        if shape != (ROWS, COLUMNS):
            raise BadPosition(f"Connect Four has no board of {shape[0]}x{shape[1]}: use {ROWS}x{COLUMNS}")
        return cls([EMPTY] * SQUARES)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read six rows of `x`, `o` and `.` between slashes, top first. Raises BadPosition."""
        rows = text.strip().split("/")
        if len(rows) != ROWS or any(len(row) != COLUMNS or set(row) - {*MARKS, EMPTY} for row in rows):
            raise BadPosition(f"{text!a:.80} is no board: write {ROWS} rows of {COLUMNS} x, o or . between slashes")
        position = cls(list("".join(rows)))
        marks = position._marks
        if marks.count("x") - marks.count("o") not in (0, 1):
            raise BadPosition(f"{text!a:.80} cannot arise: x moves first and has as many discs as o or one more")
        if any(marks[square] != EMPTY and marks[square + COLUMNS] == EMPTY for square in range(SQUARES - COLUMNS)):
            raise BadPosition(f"{text!a:.80} cannot arise: there is a disc above an empty square")
        if position._has_four(MARKS[position.mover]):
            raise BadPosition(f"{text!a:.80} cannot arise: the game went on after four in a row")
        return position

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return (ROWS, COLUMNS)

    @property
    def mover(self) -> int:
        return (SQUARES - self._marks.count(EMPTY)) % 2

    @property
    def ply(self) -> int:
        return len(self._actions)

    def legal_actions(self) -> Ints:
        return np.array([] if self._has_four(MARKS[1 - self.mover]) else self._landings(), dtype=np.int64)

    def push(self, action: int) -> None:
        if action not in self.legal_actions():
            raise IllegalMove(
                f"illegal action {action}: choose the lowest empty square of a column of a game that goes on"
            )
        self._marks[action] = MARKS[self.mover]
        self._actions.append(int(action))

    def pop(self) -> int:
        action = self._actions.pop()
        self._marks[action] = EMPTY
        return action

    def copy(self) -> Self:
        twin = type(self)(self._marks.copy())
        twin._actions = self._actions.copy()
        return twin

    def outcome(self) -> Outcome | None:
        last = 1 - self.mover
        if self._has_four(MARKS[last]):
            return Outcome(last, "four in a row")
        return None if EMPTY in self._marks else Outcome(None, "full board")

    def ending_actions(self) -> dict[int, float]:
        mark, full = MARKS[self.mover], self._marks.count(EMPTY) == 1
        endings = {}
        for action in self.legal_actions().tolist():
            if self._makes_four(action, mark):
                endings[action] = 1.0
            elif full:
                endings[action] = 0.0
        return endings

    def decisive_actions(self) -> dict[int, float]:
        return {action: value for action, value in self.ending_actions().items() if value}

    def can_declare_win(self) -> bool:
        return False

    def frames(self, count: int) -> Bools:
        frames = np.zeros((count, 2, ROWS, COLUMNS), dtype=np.bool_)
        marks = np.array(self._marks).reshape(ROWS, COLUMNS)
        for ply in range(min(count, len(self._actions) + 1)):
            frames[ply] = marks == "x", marks == "o"
            if ply < len(self._actions):
                marks.reshape(-1)[self._actions[-1 - ply]] = EMPTY
        return frames

    def scalars(self) -> Scalars:
        return np.zeros(0, dtype=np.int16)

    def action_text(self, action: int) -> str:
        return COLUMN_NAMES[action % COLUMNS]

    def parse_action(self, text: str) -> int:
        name = text.strip().lower()
        if len(name) != 1 or name not in COLUMN_NAMES:
            raise IllegalMove(f"{text!a:.20} is no column: write one of a to g")
        for action in self.legal_actions().tolist():
            if action % COLUMNS == COLUMN_NAMES.index(name):
                return int(action)
        raise IllegalMove(f"{name} cannot be played: the column is full or the game is over")

    def text(self) -> str:
        marks = "".join(self._marks)
        return "/".join(marks[start : start + COLUMNS] for start in range(0, SQUARES, COLUMNS))

    def board_text(self) -> str:
        rows = [" ".join(row) for row in self.text().split("/")]
        return "\n".join([*rows, " ".join(COLUMN_NAMES), f"{SPEC.players[self.mover]} to move"])

    def _landings(self) -> list[int]:
        """Return the lowest empty square of each column that has one, ascending."""
        columns = ([row * COLUMNS + column for row in range(ROWS)] for column in range(COLUMNS))
        empty = ([square for square in column if self._marks[square] == EMPTY] for column in columns)
        return sorted(max(squares) for squares in empty if squares)

    def _has_four(self, mark: str) -> bool:
        return any(self._makes_four(square, mark) for square in range(SQUARES) if self._marks[square] == mark)

    def _makes_four(self, square: int, mark: str) -> bool:
        """Return whether a disc on this square is one of four in a row."""
        return any(
            1 + self._run(square, mark, down, right) + self._run(square, mark, -down, -right) >= 4
            for down, right in DIRECTIONS
        )

    def _run(self, square: int, mark: str, down: int, right: int) -> int:
        """Return how many discs of this mark follow each other from a square in one direction, it not counted."""
        row, column = divmod(square, COLUMNS)
        count = 0
        while True:
            row, column = row + down, column + right
            if not (0 <= row < ROWS and 0 <= column < COLUMNS) or self._marks[row * COLUMNS + column] != mark:
                return count
            count += 1
