"""Othello's rules (8x8) and planes.

- Black (x) moves first. A move puts a disc on an empty square and turns over every disc of the other side on the lines
  between it and another disc of its own; it has to turn over at least one.
- Who can place no disc passes, and passes only then. The game ends when neither side can place one.
- More discs win; empty squares count for nobody; as many discs on both sides are a draw.

The network sees the discs of both sides as they lie and nothing else: that and the mover, whose discs come first, are
all that the rules ask for. No move depends on what was played before, so there is one ply of history and no scalar.

A game from any position lasts at most 120 plies: at most 60 discs are placed, and no two passes are neighbours, nor is
one the last ply, since the game would be over.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from muzero_engine.games.base import (
    Area,
    BadPosition,
    Bools,
    FrameLayout,
    Gains,
    GameSpec,
    IllegalMove,
    Ints,
    Outcome,
    Position,
    Scalars,
    Shape,
    Symmetry,
    Turn,
)
from muzero_engine.games.bitsets import bit_planes, members
from muzero_engine.games.othello.actions import ACTION_NAMES, PASS
from muzero_engine.games.othello.discs import placements, turned_over
from muzero_engine.games.othello.text import board_text, parse_discs, position_text

BLACK, WHITE = 0, 1
SHAPE: Shape = (8, 8)
START = "8/8/8/3ox3/3xo3/8/8/8 x"

SPEC = GameSpec(
    name="othello",
    version=1,
    shapes=(SHAPE,),
    layout=FrameLayout(per_player=1, neutral=0, history=1, scalar_scales=()),
    turn=Turn.NONE,
    symmetries=tuple(Symmetry),
    action_planes=1,
    extra_actions=1,
    max_plies=120,
    typical_plies=60 / 64,
    players=("black", "white"),
    ownership=True,
)


class OthelloPly(NamedTuple):
    """A move and the position it was played in."""

    action: int
    own: int
    other: int
    legal: int


class OthelloPosition:
    """A position with its history (see `games.base.Position`): discs of the mover and of the other side as sets."""

    __slots__ = ("_history", "_legal", "_mover", "_other", "_own")

    def __init__(self, black: int, white: int, mover: int) -> None:
        """Set the discs: `black` and `white` are sets of squares (see `discs`) that share none; `mover` is 0 or 1."""
        self._own, self._other = (black, white) if mover == BLACK else (white, black)
        self._mover = mover
        self._history: list[OthelloPly] = []
        self._legal = -1  # bit set of the legal actions; -1: not yet known

    @classmethod
    def initial(cls, shape: Shape) -> Self:
        """Return the start position. Raises BadPosition for any shape but (8, 8)."""
        if shape != SHAPE:
            raise BadPosition(f"Othello has no board of {shape[0]}x{shape[1]}: use 8x8")
        return cls.from_text(START)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a line as `games.othello.text` describes it. Raises BadPosition."""
        return cls(*parse_discs(text))

    @property
    def spec(self) -> GameSpec:
        return SPEC

    @property
    def shape(self) -> Shape:
        return SHAPE

    @property
    def mover(self) -> int:
        return self._mover

    @property
    def ply(self) -> int:
        return len(self._history)

    # Moves

    def legal_actions(self) -> Ints:
        raw = np.frombuffer(self._legal_set().to_bytes(9, "little"), dtype=np.uint8)
        return np.flatnonzero(np.unpackbits(raw, bitorder="little")).astype(np.int64, copy=False)

    def push(self, action: int) -> None:
        action = int(action)
        legal = self._legal_set()
        if action < 0 or not legal >> action & 1:
            raise IllegalMove(self._why_illegal(action))
        own, other = self._own, self._other
        self._history.append(OthelloPly(action, own, other, legal))
        self._own, self._other = self._after(action)
        self._mover = 1 - self._mover
        self._legal = -1

    def pop(self) -> int:
        action, self._own, self._other, self._legal = self._history.pop()
        self._mover = 1 - self._mover
        return action

    def copy(self) -> Self:
        twin = type(self).__new__(type(self))
        twin._own, twin._other, twin._mover, twin._legal = self._own, self._other, self._mover, self._legal
        twin._history = self._history.copy()
        return twin

    # The end

    def score(self) -> float:
        """Return black's discs less white's: positive if black is ahead."""
        black, white = self._sides()
        return float(black.bit_count() - white.bit_count())

    def area(self) -> Area:
        """Return int8[8, 8]: +1 where black has a disc, -1 where white has one, 0 on empty squares."""
        black, white = bit_planes(self._sides(), 64).reshape(2, *SHAPE)
        area = np.zeros(SHAPE, dtype=np.int8)
        area[black], area[white] = 1, -1
        return area

    def outcome(self) -> Outcome | None:
        if self._legal_set():
            return None
        score = self.score()
        return Outcome(None if score == 0 else (BLACK if score > 0 else WHITE), "neither side can move")

    def ending_actions(self) -> dict[int, float]:
        endings = {}
        for action in members(self._legal_set()):
            mover, opponent = self._after(action)[::-1]
            if not placements(opponent, mover) and not placements(mover, opponent):
                endings[action] = float(np.sign(mover.bit_count() - opponent.bit_count()))
        return endings

    def decisive_actions(self) -> dict[int, float]:
        return {action: value for action, value in self.ending_actions().items() if value}

    def gains(self) -> Gains:
        """Return how many discs each legal action turns over, float64[n]; 0 for a pass."""
        turned = (turned_over(action, self._own, self._other).bit_count() for action in members(self._legal_set()))
        return np.array([0 if self._legal == 1 << PASS else count for count in turned], dtype=np.float64)

    def can_declare_win(self) -> bool:
        return False

    # Planes and text

    def frames(self, count: int) -> Bools:
        masks = [*self._sides()]
        mover = self._mover
        for played in self._history[:-count:-1]:
            mover = 1 - mover
            masks += (played.own, played.other) if mover == BLACK else (played.other, played.own)
        masks += [0] * (2 * count - len(masks))
        return bit_planes(masks, 64).reshape(count, 2, *SHAPE)

    def scalars(self) -> Scalars:
        return np.zeros(0, dtype=np.int16)

    def action_text(self, action: int) -> str:
        return ACTION_NAMES[action]

    def parse_action(self, text: str) -> int:
        name = text.strip().lower()
        if name not in ACTION_NAMES:
            raise IllegalMove(f"{text!a:.20} is no move: write a column a to h and a row 1 to 8, like f5, or pass")
        action = ACTION_NAMES.index(name)
        if not self._legal_set() >> action & 1:
            raise IllegalMove(self._why_illegal(action))
        return action

    def text(self) -> str:
        return position_text(*self._sides(), self._mover)

    def board_text(self) -> str:
        return board_text(*self._sides(), self._mover, SPEC.players[self._mover])

    # Inside

    def _sides(self) -> tuple[int, int]:
        """Return the discs of black and of white."""
        return (self._own, self._other) if self._mover == BLACK else (self._other, self._own)

    def _legal_set(self) -> int:
        """Return the legal actions as a bit set: squares, or only the pass, or nothing where the game is over."""
        if self._legal < 0:
            self._legal = placements(self._own, self._other)
            if not self._legal and placements(self._other, self._own):
                self._legal = 1 << PASS
        return self._legal

    def _after(self, action: int) -> tuple[int, int]:
        """Return the discs after a legal action: those of the player to move then, and those of the one who moved."""
        if action == PASS:
            return self._other, self._own
        turned = turned_over(action, self._own, self._other)
        return self._other ^ turned, self._own | turned | 1 << action

    def _why_illegal(self, action: int) -> str:
        if not 0 <= action <= PASS:
            return f"action {action} is outside 0..{PASS}"
        if not self._legal_set():
            return f"{ACTION_NAMES[action]} is illegal: the game is over"
        if action == PASS:
            return "pass is illegal: it is for who can place no disc, and there is a square that turns some over"
        if self._legal_set() >> PASS & 1:
            return f"{ACTION_NAMES[action]} is illegal: no square turns over a disc, so the move is pass"
        if (self._own | self._other) >> action & 1:
            return f"{ACTION_NAMES[action]} is illegal: the square is taken"
        return f"{ACTION_NAMES[action]} is illegal: it turns over no disc"


def disc_gains(position: Position) -> Gains:
    """Return how many discs each legal action turns over, float64[n]; 0 for a pass."""
    assert isinstance(position, OthelloPosition)
    return position.gains()
