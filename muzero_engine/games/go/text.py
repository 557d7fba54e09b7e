"""Go positions as text: one line for programs, a board for people.

The line holds the board row by row from the top, the player to move and komi:

    9/9/2b6/9/4w4/9/9/9/9 b 7.5

Rows are joined by "/": `b` and `w` are stones, a number is a run of empty points. Row and column counts follow from
the board. The second word is `b` or `w`, the third is komi, a multiple of one half. The moves before (ko, superko, a
pass just played) are not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from muzero_engine.games.base import BadPosition, Shape
from muzero_engine.games.go.actions import COLUMN_LETTERS, vertex_text
from muzero_engine.games.go.handicap import fixed_handicap, most_fixed_stones

_LETTERS = "bw"
_SIGNS = "XO"
_NAMES = ("Black", "White")
_MAX_SIZE = len(COLUMN_LETTERS)
_ROW = re.compile(r"(?:[bw]|[0-9]{1,2}(?![0-9]))+")
_KOMI = re.compile(r"[+-]?[0-9]{1,7}(?:\.[05]0*)?")


class PositionLine(NamedTuple):
    """What a position line says."""

    shape: Shape
    black: list[int]  # squares
    white: list[int]
    mover: int
    komi: float


def komi_text(komi2: int) -> str:
    """Return komi in half points as a number of points: "7.5", "-3.0"."""
    return f"{'-' if komi2 < 0 else ''}{abs(komi2) // 2}.{5 * (komi2 % 2)}"


def position_text(shape: Shape, stones: Sequence[int], mover: int, komi2: int) -> str:
    """Return the line of a position; `stones` are the bit sets of black and white."""
    rows = []
    for row in range(shape[0]):
        marks = "".join(_mark(stones, row * shape[1] + column, "bw.") for column in range(shape[1]))
        rows.append(re.sub(r"\.+", lambda run: str(len(run[0])), marks))
    return f"{'/'.join(rows)} {_LETTERS[mover]} {komi_text(komi2)}"


def parse_position_line(line: str) -> PositionLine:
    """Read a position line. Raises BadPosition."""
    words = line.split()
    if len(words) != 3:
        raise BadPosition(f"a Go position is a board, b or w, and komi, as in 5/5/2b2/5/5 w 7.5, not {line!a:.80}")
    board, mover, komi = words
    if mover not in ("b", "w"):
        raise BadPosition(f"the player to move is b or w, not {mover!a:.20}")
    if not _KOMI.fullmatch(komi):
        raise BadPosition(f"komi is a number of half points such as 7.5, not {komi!a:.20}")
    rows = [_row(row) for row in board.split("/")]
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise BadPosition(f"the rows of the board differ in length: {sorted({len(row) for row in rows})}")
    marks = "".join(rows)
    black, white = ([i for i, mark in enumerate(marks) if mark == letter] for letter in _LETTERS)
    return PositionLine((len(rows), width), black, white, _LETTERS.index(mover), float(komi))


def board_text(
    shape: Shape,
    stones: Sequence[int],
    mover: int,
    komi2: int,
    lost: tuple[int, int],
    last_move: tuple[int, int] | None,
) -> str:
    """Return the board for people: X black, O white, + star points, last stone in brackets.

    Beside it stand the captures, the komi and who is to move.
    """
    rows, columns = shape
    stars = set(fixed_handicap(most, shape)) if (most := most_fixed_stones(shape)) else set()
    letters = "   " + " ".join(COLUMN_LETTERS[:columns])
    lines = [letters]
    for row in range(rows):
        squares = range(row * columns, (row + 1) * columns)
        cells = " ".join(_mark(stones, square, "XO+" if square in stars else "XO.") for square in squares)
        cells = f" {cells} "
        if last_move is not None and last_move[1] in squares:
            at = 2 * (last_move[1] - row * columns)
            cells = f"{cells[:at]}({cells[at + 1]}){cells[at + 3 :]}"
        lines.append(f"{rows - row:2}{cells}{rows - row}")
    lines.append(letters)
    lines.append(f"captures: X {lost[1]}, O {lost[0]}; komi {komi_text(komi2)}")
    last = f"; last move {_NAMES[last_move[0]]} {vertex_text(last_move[1], shape)}" if last_move else ""
    lines.append(f"{_NAMES[mover]} ({_SIGNS[mover]}) to move{last}")
    return "\n".join(lines)


def _mark(stones: Sequence[int], square: int, signs: str) -> str:
    return signs[0] if stones[0] >> square & 1 else signs[1] if stones[1] >> square & 1 else signs[2]


def _row(row: str) -> str:
    if not _ROW.fullmatch(row):
        raise BadPosition(f"a row of the board holds b, w and numbers, not {row!a:.40}")
    marks = re.sub(r"[0-9]+", lambda run: "." * int(run[0]), row)
    if len(marks) > _MAX_SIZE:
        raise BadPosition(f"a Go board has at most {_MAX_SIZE} columns, not {len(marks)}")
    return marks
