"""The game of a query in a few bytes a move, and its positions, made when one is wanted.

A position keeps its whole history, so that one for each turn of a game would be megabytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from muzero_engine.games.base import Shape
from muzero_engine.games.bitsets import members, point_set
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition


@dataclass(frozen=True, slots=True)
class QueriedGame:
    """A first position and the moves from there."""

    shape: Shape
    black: int  # its stones, a set of points
    white: int
    komi: float
    first: int  # who is to move at first
    moves: array[int]  # 2 * action + colour of each

    @classmethod
    def of(cls, start: GoPosition, moves: Iterable[tuple[int, int]], first: int) -> QueriedGame:
        """Pack a game: (colour, action) of each move, the first by whom it is; `first` is to move where there is none.

        A player may move twice in a row.
        """
        black, white = (point_set(start.stones(colour)) for colour in (BLACK, WHITE))
        packed = array("H", (2 * action + colour for colour, action in moves))
        return cls(start.shape, black, white, start.komi, packed[0] % 2 if packed else first, packed)

    def mover(self, turn: int) -> int:
        """Return who is to move after so many moves: the player of the next one, after the last the other one."""
        if turn < len(self.moves):
            return self.moves[turn] % 2
        return 1 - self.moves[-1] % 2 if self.moves else self.first

    def start(self) -> GoPosition:
        """Return the first position."""
        return GoPosition(
            self.shape, black=members(self.black), white=members(self.white), mover=self.first, komi=self.komi
        )


class Playback:
    """One position at a time, of one game and then of another; what comes later in the same game is played on to."""

    def __init__(self) -> None:
        self._game: QueriedGame | None = None
        self.position = GoPosition((2, 2))

    def at(self, game: QueriedGame, turn: int) -> GoPosition:
        """Return the position after so many moves; it is the caller's until the next call.

        Raises IllegalMove; then `position` is the one in which that move cannot be played.
        """
        if game is not self._game or self.position.ply > turn:
            self._game, self.position = game, game.start()
        for move in game.moves[self.position.ply : turn]:
            self.position.play_any(move // 2, move % 2)
        self.position.set_mover(game.mover(turn))
        return self.position
