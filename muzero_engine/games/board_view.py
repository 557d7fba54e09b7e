"""What a board looks like to people: a `BoardView` says what is to be seen, a terminal or a page how it is drawn.

`Position.board_text` is the plain board for protocols; a view also knows the last move, check, what is captured or
in hand, and how a piece is written in ASCII, Unicode and kanji. Squares are (row, column) from the top left as the
first player sees the board.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from muzero_engine.games.base import Position

Square = tuple[int, int]


class Surface(enum.Enum):
    """What the pieces lie on."""

    PLAIN = "plain"
    CHEQUERED = "chequered"
    WOOD = "wood"
    FELT = "felt"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece, stone or disc of a player (0 or 1)."""

    player: int
    letter: str  # ASCII, one character or two: "N", "+r"
    symbol: str = ""  # one character of Unicode that any terminal has; empty: the letter
    outline: str = ""  # another for where the colours of the players cannot be shown; empty: the symbol
    kanji: str = ""  # one wide character; empty: there is none
    promoted: bool = False


Held = tuple[tuple[Piece, int], ...]  # pieces and how many of each


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """A board and what stands beside it."""

    columns: tuple[str, ...]  # names, left to right
    rows: tuple[str, ...]  # names, top to bottom
    pieces: Mapping[Square, Piece]
    move_number: int  # of the next move, as players of the game count
    surface: Surface = Surface.PLAIN
    turns: bool = False  # whether the second player sees it from the other side
    letters: int = 1  # of the piece with the longest name in ASCII
    light: int = 1  # the player with the light pieces
    upwards: bool = False  # whether the first row of the game's planes is the lowest here
    crossings: bool = False  # whether pieces stand where lines cross
    stars: frozenset[Square] = frozenset()  # crossings that are marked on the board
    left: Square | None = None  # what the last move left
    arrived: Square | None = None  # and where it went
    checked: Square | None = None  # a king in check
    held_name: str = ""  # what `held` is called: "in hand", "captured"; empty: nothing is ever held
    held: tuple[Held, Held] = ((), ())  # of each player
    facts: str = ""  # what else is to be known, in words: "komi 7.5"
    signs: tuple[Piece, Piece] | None = None  # one piece of each player, where there is but one kind
    kanji_rows: tuple[str, ...] = ()  # names of the rows beside kanji; empty: the same


@dataclass(frozen=True, slots=True)
class BoardMove:
    """What a move does on the board that is seen: a piece leaves a square, or the hand, and arrives on one."""

    left: Square | None = None  # None: nothing leaves a square (a stone is placed, a piece dropped, a pass)
    arrived: Square | None = None  # None: nothing arrives (a pass)
    dropped: str = ""  # letter of the piece that comes from the hand, as in `BoardView.held`


def before_last_move(position: Position) -> tuple[Position, int] | None:
    """Return the position before the last move, a copy, and that move's action; None where nothing was played."""
    if position.ply == 0:
        return None
    before = position.copy()
    return before, before.pop()
