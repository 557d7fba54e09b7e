"""Othello positions as text: one line for programs, a board for people.

The line holds the board row by row from the top, then the player to move:

    8/8/8/3ox3/3xo3/8/8/8 x

`x` is black, who moves first, `o` is white, a number is a run of empty squares. Nothing else belongs to a position: the
board and the mover alone decide which moves are legal and whether the game is over.
"""

from __future__ import annotations

import re

from muzero_engine.games.base import BadPosition
from muzero_engine.games.bitsets import point_set

MARKS = "xo"  # of player 0 (black) and player 1 (white)
CENTRE = 1 << 27 | 1 << 28 | 1 << 35 | 1 << 36  # d4, e4, d5, e5: taken from the first move on
_ROW = re.compile(r"[xo1-8]+")


def position_text(black: int, white: int, mover: int) -> str:
    """Return the line of a position; `black` and `white` are sets of squares (see `discs`)."""
    rows = (re.sub(r"\.+", lambda run: str(len(run[0])), row) for row in _rows(black, white))
    return f"{'/'.join(rows)} {MARKS[mover]}"


def parse_discs(line: str) -> tuple[int, int, int]:
    """Return (black, white, mover) of a line. Raises BadPosition."""
    words = line.split()
    if len(words) != 2:
        raise BadPosition(
            f"an Othello position is a board and the player to move, as in 8/8/8/3ox3/3xo3/8/8/8 x, not {line!a:.100}"
        )
    board, mover = words
    if mover not in ("x", "o"):
        raise BadPosition(f"the player to move is x (black) or o (white), not {mover!a:.20}")
    rows = board.split("/")
    if len(rows) != 8:
        raise BadPosition(f"an Othello board has 8 rows between slashes, not {len(rows)}: {board!a:.100}")
    marks = "".join(_squares(row) for row in rows)
    black, white = (point_set(square for square, mark in enumerate(marks) if mark == side) for side in MARKS)
    if CENTRE & ~(black | white):
        raise BadPosition(f"d4, e4, d5 and e5 have discs from the first move on, not all of them in {board!a:.100}")
    return black, white, MARKS.index(mover)


def board_text(black: int, white: int, mover: int, player: str) -> str:
    """Return the board for people: coordinates at the edges, the discs of both sides, who is to move."""
    letters = "  a b c d e f g h"
    rows = [f"{i} {' '.join(row)}" for i, row in enumerate(_rows(black, white), start=1)]
    discs = f"discs: x {black.bit_count()}, o {white.bit_count()}"
    return "\n".join([letters, *rows, letters, discs, f"{player} ({MARKS[mover]}) to move"])


def _rows(black: int, white: int) -> list[str]:
    """Return eight rows of eight marks, the top one first; `.` is an empty square."""
    marks = "".join("x" if black >> square & 1 else "o" if white >> square & 1 else "." for square in range(64))
    return [marks[start : start + 8] for start in range(0, 64, 8)]


def _squares(row: str) -> str:
    marks = re.sub(r"[1-8]", lambda run: "." * int(run[0]), row) if _ROW.fullmatch(row) else ""
    if len(marks) != 8:
        raise BadPosition(f"a row of the board holds x, o and numbers of empty squares, 8 in all, not {row!a:.40}")
    return marks
