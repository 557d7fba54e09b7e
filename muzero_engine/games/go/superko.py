"""Positional superko: which points would recreate an earlier board.

Only earlier boards with as many stones of each colour as the new one matter. They are kept by these two counts, as
exact bit sets (no hash that could collide), so that a game without repetition pays next to nothing.
"""

from __future__ import annotations

from muzero_engine.games.bitsets import point_set
from muzero_engine.games.go.board import Board

Stones = tuple[int, int]  # bit sets of black and white


class SeenBoards:
    """The boards of one game so far."""

    __slots__ = ("_by_count",)

    def __init__(self) -> None:
        self._by_count: dict[tuple[int, int], tuple[Stones, ...]] = {}

    def add(self, board: Board) -> None:
        """Add a board, a second time too if play outside the rules repeated it."""
        black, white = board.stones
        counts = black.bit_count(), white.bit_count()
        self._by_count[counts] = (*self._by_count.get(counts, ()), (black, white))

    def remove_last(self, board: Board) -> None:
        """Undo the last `add`, which was of this board."""
        black, white = board.stones
        counts = black.bit_count(), white.bit_count()
        if rest := self._by_count[counts][:-1]:
            self._by_count[counts] = rest
        else:
            del self._by_count[counts]

    def copy(self) -> SeenBoards:
        """Return an independent copy."""
        twin = SeenBoards()
        twin._by_count = self._by_count.copy()
        return twin

    def closed(self, board: Board, colour: int, captures: dict[int, list[int]]) -> int:
        """Return the bit set of points where `colour` would recreate a board.

        `captures` are those of `Board.playable`.
        """
        own, other = board.stones[colour], board.stones[1 - colour]
        own_count, other_count = own.bit_count(), other.bit_count()
        closed = 0
        for point, names in captures.items():
            taken = sum(len(board.chains[name]) for name in names)
            if earlier := self._with_counts(colour, own_count + 1, other_count - taken):
                remains = other & ~point_set(stone for name in names for stone in board.chains[name])
                new = own | point
                if ((new, remains) if colour == 0 else (remains, new)) in earlier:
                    closed |= point
        for stones in self._with_counts(colour, own_count + 1, other_count):  # no capture: the same and one stone more
            if stones[1 - colour] == other and not own & ~stones[colour]:
                closed |= stones[colour] & ~own
        return closed

    def _with_counts(self, colour: int, own: int, other: int) -> tuple[Stones, ...]:
        return self._by_count.get((own, other) if colour == 0 else (other, own), ())
