"""Go: area scoring (Tromp-Taylor), positional superko, no suicide, komi in half points.

Rules, after https://tromp.github.io/go.html with suicide forbidden:
- a move puts a stone on an empty point, or passes;
- chains of the other colour without liberties are removed; then the own chain must have one (no suicide);
- a stone may not recreate an earlier board, whoever was to move then (positional superko); a pass may;
- the game ends after two passes in a row, one by each player, and the stones on the board are all alive then.

A game is also played by programs and people that follow other rules, or edit the board, so `play_any` plays what `push`
refuses, for either colour, and keeps the game going: ko and superko are ignored, a suicide removes its own stones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from muzero_engine.games.base import (
    MOST_KOMI,
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
from muzero_engine.games.bitsets import bit_planes, members, point_set
from muzero_engine.games.go import planes
from muzero_engine.games.go.actions import parse_vertex, pass_action, vertex_text
from muzero_engine.games.go.board import Board, geometry
from muzero_engine.games.go.handicap import fixed_handicap, handicap_stones
from muzero_engine.games.go.superko import SeenBoards
from muzero_engine.games.go.text import board_text, position_text

BLACK, WHITE = 0, 1
SMALLEST, LARGEST = 2, 19
DEFAULT_KOMI = 7.5
_SQUARE_SIZES = (9, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)

SPEC = GameSpec(
    name="go",
    version=1,
    shapes=tuple((size, size) for size in _SQUARE_SIZES),
    layout=planes.LAYOUT,
    turn=Turn.NONE,
    symmetries=tuple(Symmetry),
    action_planes=1,
    extra_actions=1,
    max_plies=2 * LARGEST * LARGEST,
    typical_plies=0.75,
    players=("black", "white"),
    ownership=True,
)


class GoPly(NamedTuple):
    """A move and the position it was played in, as bit sets."""

    colour: int
    action: int
    black: int  # stones before the move
    white: int
    closed: int  # points closed by superko to `colour` before the move
    lost: tuple[int, int]  # stones that black, white had lost before the move


def half_points(komi: float) -> int:
    """Return komi in half points, to the nearest one.

    Raises BadPosition if it is beyond `MOST_KOMI` points either way.
    """
    if not abs(komi) <= MOST_KOMI:  # NaN as well
        raise BadPosition(f"komi must be a number between -{MOST_KOMI} and {MOST_KOMI}, not {komi}")
    return math.floor(2 * komi + 0.5)


class GoPosition:
    """A Go game: board, player to move, komi and every move so far. Fulfils `games.base.Position`.

    Squares are `row * W + column` with row 0 at the top; colours are `BLACK` (0) and `WHITE` (1).
    """

    __slots__ = ("_board", "_closed", "_history", "_lost", "_mover", "_open", "_seen", "_shape", "komi2")

    def __init__(
        self,
        shape: Shape,
        *,
        black: Iterable[int] = (),
        white: Iterable[int] = (),
        mover: int = BLACK,
        komi: float = DEFAULT_KOMI,
    ) -> None:
        """Make a board of 2 to 19 rows and columns with stones on these squares. Raises BadPosition."""
        if not all(SMALLEST <= size <= LARGEST for size in shape):
            raise BadPosition(f"a Go board has {SMALLEST} to {LARGEST} rows and columns, not {shape[0]}x{shape[1]}")
        self._shape: Shape = (int(shape[0]), int(shape[1]))
        self._history: list[GoPly] = []
        self.komi2 = half_points(komi)  # komi in half points
        self.set_up(black, white, mover)

    # Setting up

    def set_up(self, black: Iterable[int], white: Iterable[int], mover: int) -> None:
        """Start again from these stones: history, captures and the boards seen are forgotten; komi stays.

        Raises BadPosition, and changes nothing, for a square off the board or taken twice, or a chain without liberty.
        """
        squares = [*black], [*white]
        points = pass_action(self._shape)
        if outside := [square for side in squares for square in side if not 0 <= square < points]:
            raise BadPosition(f"square {outside[0]} is outside 0..{points - 1} of a {self._size_text} board")
        stones = point_set(squares[BLACK]), point_set(squares[WHITE])
        if both := stones[BLACK] & stones[WHITE]:
            raise BadPosition(f"{self._name(next(members(both)))} cannot hold a black and a white stone")
        board = Board.from_stones(geometry(self._shape), stones)
        if board.breathless:
            raise BadPosition("a chain of stones has no liberty: such a board cannot arise in a game")
        self._board = board
        self._mover = mover
        self._history.clear()
        self._lost = (0, 0)
        self._seen = SeenBoards()
        self._seen.add(board)
        self._forget_masks()

    def place_handicap(self, squares: Iterable[int]) -> None:
        """Put black handicap stones on an empty board; white moves next. `pop` does not remove them.

        Raises BadPosition unless there are two or more distinct squares, the board is empty and no move was played.
        """
        chosen = [*squares]
        if self._history or self._board.stones != [0, 0]:
            raise BadPosition("handicap stones need an empty board without moves")
        if len(chosen) < 2 or len(set(chosen)) != len(chosen):
            raise BadPosition("a handicap is two or more distinct points")
        self.set_up(chosen, (), WHITE)

    def place_fixed_handicap(self, stones: int) -> None:
        """Put handicap stones on the points of GTP's `fixed_handicap`. Raises BadPosition (see `place_handicap`)."""
        self.place_handicap(fixed_handicap(stones, self._shape))

    def set_mover(self, colour: int) -> None:
        """Make `colour` (0 or 1) the player to move."""
        if colour != self._mover:
            self._mover = colour
            self._forget_masks()

    @property
    def komi(self) -> float:
        """Return the points that white gets."""
        return self.komi2 / 2

    def set_komi(self, komi: float) -> None:
        """Set the komi, to the nearest half point. Raises BadPosition."""
        self.komi2 = half_points(komi)

    # The game

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return self._shape

    @property
    def mover(self) -> int:
        return self._mover

    @property
    def ply(self) -> int:
        return len(self._history)

    @property
    def moves(self) -> list[tuple[int, int]]:
        """Return (colour, action) of each move since the position was set up."""
        return [(played.colour, played.action) for played in self._history]

    @property
    def last_move(self) -> tuple[int, int] | None:
        """Return (colour, action) of the last move."""
        return (self._history[-1].colour, self._history[-1].action) if self._history else None

    def stones(self, colour: int) -> list[int]:
        """Return the squares with a stone of this colour, ascending."""
        return list(members(self._board.stones[colour]))

    def chains(self, colour: int) -> list[tuple[int, ...]]:
        """Return the squares of each chain of this colour."""
        stones = self._board.stones[colour]
        return [points for points in self._board.chains.values() if stones >> points[0] & 1]

    def first_stones(self, colour: int) -> list[int]:
        """Return the squares with a stone of this colour before the first move: set-up and handicap stones."""
        if not self._history:
            return self.stones(colour)
        first = self._history[0]
        return list(members(first.black if colour == BLACK else first.white))

    @property
    def first_mover(self) -> int:
        """Return the player of the first move, or the one to move where there is none."""
        return self._history[0].colour if self._history else self._mover

    @property
    def handicap(self) -> int:
        """Return how many handicap stones black has, 0 for none (`handicap_stones`)."""
        moves = ((played.colour, played.action) for played in self._history)  # of which a few are looked at
        return handicap_stones(self.first_stones(BLACK), self.first_stones(WHITE), moves, self._shape)

    @property
    def lost(self) -> tuple[int, int]:
        """Return how many stones black and white have lost (prisoners of the other side)."""
        return self._lost

    def legal_actions(self) -> Ints:
        self._find_masks()
        mask = self._open | 1 << self._board.geometry.points
        raw = np.frombuffer(mask.to_bytes(self._board.geometry.points // 8 + 1, "little"), dtype=np.uint8)
        return np.flatnonzero(np.unpackbits(raw, bitorder="little")).astype(np.int64, copy=False)

    def is_legal(self, action: int) -> bool:
        """Return whether the mover may play this action."""
        points = self._board.geometry.points
        if not 0 <= action < points:
            return action == points
        self._find_masks()
        return bool(self._open >> int(action) & 1)

    def push(self, action: int) -> None:
        action = int(action)
        if not self.is_legal(action):
            raise IllegalMove(self._why_illegal(action))
        self._play(action)

    def play_any(self, action: int, colour: int) -> None:
        """Play for `colour`, ko, superko and suicide included (see the module). `pop` takes it back, `colour` to move.

        Raises IllegalMove for an occupied point or an action that is none of this board.
        """
        action = int(action)
        points = self._board.geometry.points
        if not 0 <= action <= points or (action < points and not self._board.empty >> action & 1):
            raise IllegalMove(self._why_illegal(action))
        self.set_mover(colour)
        self._play(action)

    def pop(self) -> int:
        """Take the last move back: the player who made it is to move again. Raises IndexError where there is none."""
        if not self._history:
            raise IndexError("no move to take back")
        played = self._history.pop()
        if played.action != self._board.geometry.points:
            self._seen.remove_last(self._board)
            self._board = Board.from_stones(self._board.geometry, (played.black, played.white))
        self._lost = played.lost
        self._mover = played.colour
        self._forget_masks()
        return played.action

    def copy(self) -> Self:
        twin = type(self).__new__(type(self))
        twin._shape = self._shape
        twin._history = self._history.copy()
        twin._board = self._board.copy()
        twin._seen = self._seen.copy()
        twin._lost, twin._mover, twin.komi2 = self._lost, self._mover, self.komi2
        twin._open, twin._closed = self._open, self._closed
        return twin

    # The end

    def area(self) -> npt.NDArray[np.int8]:
        """Return int8[H, W]: +1 where a point counts for black, -1 for white, 0 for nobody. Every stone is alive."""
        sides = bit_planes(self._board.area(), self._board.geometry.points).reshape(2, *self._shape)
        owner = np.zeros(self._shape, dtype=np.int8)
        owner[sides[BLACK]] = 1
        owner[sides[WHITE]] = -1
        return owner

    def score(self) -> float:
        """Return black's area less white's area and komi: positive if black is ahead."""
        return self._score2() / 2

    def outcome(self) -> Outcome | None:
        if not self._is_pass(-1) or not self._is_pass(-2) or self._history[-1].colour == self._history[-2].colour:
            return None
        score2 = self._score2()
        return Outcome(None if score2 == 0 else (BLACK if score2 > 0 else WHITE), "two passes")

    def ending_actions(self) -> dict[int, float]:
        if not self._is_pass(-1) or self._history[-1].colour == self._mover:
            return {}
        score2 = self._score2() if self._mover == BLACK else -self._score2()
        return {self._board.geometry.points: float(np.sign(score2))}

    def decisive_actions(self) -> dict[int, float]:
        return {action: value for action, value in self.ending_actions().items() if value}

    def can_declare_win(self) -> bool:
        return False

    # Planes and text

    def frames(self, count: int) -> Bools:
        self._find_masks()
        masks = [*self._board.stones, self._closed]
        for played in self._history[:-count:-1]:
            masks += (played.black, played.white, played.closed)
        frame_planes = SPEC.layout.frame_planes
        masks += [0] * (count * frame_planes - len(masks))
        return bit_planes(masks, self._board.geometry.points).reshape(count, frame_planes, *self._shape)

    def scalars(self) -> Scalars:
        return planes.scalars(self.komi2, self._mover, self._is_pass(-1))

    def action_text(self, action: int) -> str:
        return vertex_text(int(action), self._shape)

    def parse_action(self, text: str) -> int:
        action = parse_vertex(text, self._shape)
        if not self.is_legal(action):
            raise IllegalMove(self._why_illegal(action))
        return action

    def text(self) -> str:
        """Return the board, the player to move and komi on one line (see `games.go.text`)."""
        return position_text(self._shape, self._board.stones, self._mover, self.komi2)

    def board_text(self) -> str:
        return board_text(self._shape, self._board.stones, self._mover, self.komi2, self._lost, self.last_move)

    # Inside

    @property
    def _size_text(self) -> str:
        return f"{self._shape[0]}x{self._shape[1]}"

    def _name(self, action: int) -> str:
        return vertex_text(action, self._shape)

    def _is_pass(self, index: int) -> bool:
        return len(self._history) >= -index and self._history[index].action == self._board.geometry.points

    def _score2(self) -> int:
        black, white = self._board.area()
        return 2 * (black.bit_count() - white.bit_count()) - self.komi2

    def _play(self, action: int) -> None:
        """Play any action that is on an empty point or a pass."""
        board = self._board
        colour = self._mover
        self._find_masks()
        black, white = board.stones
        self._history.append(GoPly(colour, action, black, white, self._closed, self._lost))
        if action != board.geometry.points:
            captured, suicides = board.place(action, colour)
            if captured or suicides:
                lost = [*self._lost]
                lost[1 - colour] += captured.bit_count()
                lost[colour] += suicides.bit_count()
                self._lost = (lost[BLACK], lost[WHITE])
            self._seen.add(board)
        self._mover = 1 - colour
        self._forget_masks()

    def _forget_masks(self) -> None:
        self._open = self._closed = -1

    def _find_masks(self) -> None:
        """Set `_open` (points the mover may play) and `_closed` (those closed by superko only)."""
        if self._open >= 0:
            return
        playable, captures = self._board.playable(self._mover)
        self._closed = self._seen.closed(self._board, self._mover, captures)
        self._open = playable & ~self._closed

    def _why_illegal(self, action: int) -> str:
        points = self._board.geometry.points
        if not 0 <= action <= points:
            return f"action {action} is outside 0..{points} of a {self._size_text} board"
        name = self._name(action)
        if not self._board.empty >> action & 1:
            return f"{name} is illegal: it is occupied"
        self._find_masks()
        if self._closed >> action & 1:
            return f"{name} is illegal: it recreates an earlier board (superko)"
        return f"{name} is illegal: it is suicide"
