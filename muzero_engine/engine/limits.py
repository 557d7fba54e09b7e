"""How long a search may take, in the words all three protocols share. Times are milliseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock of the side to move.

    `remaining_ms` is main time, or what is left of the running Canadian period when `moves_to_go` says for how many
    moves it must do. `byoyomi_ms` is granted anew for every move once main time is gone (`periods` of them: a move that
    takes longer than one period uses it up). `stones` moves in each later Canadian period of `byoyomi_ms`.
    """

    remaining_ms: float = 0.0
    increment_ms: float = 0.0
    moves_to_go: int | None = None
    byoyomi_ms: float = 0.0
    periods: int = 1
    stones: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a search, whichever comes first. With nothing set it runs until `stop` (as `infinite`).

    `infinite` and `ponder` never finish by themselves, not even at a node limit or in a decided position: the result is
    held back until `stop` (or, for `ponder`, until `ponderhit` and then the other limits).
    """

    clock: Clock | None = None
    move_time_ms: float | None = None
    nodes: int | None = None  # simulations, at least 1
    depth: int | None = None  # plies of the principal variation, as far as it can grow
    mate: int | None = None  # full moves: ends when a mate at the root is known, else at that depth
    infinite: bool = False
    ponder: bool = False
    root_actions: tuple[int, ...] | None = None  # only these (None: all legal ones)

    @property
    def to_prepare_ms(self) -> float:
        """Return how much of the time for the move may go by before its search begins; infinity where none is told."""
        if self.move_time_ms is not None:
            return self.move_time_ms / 4
        return math.inf if self.clock is None else self.clock.remaining_ms / 40 + self.clock.byoyomi_ms / 4

    @property
    def endless(self) -> bool:
        """Return whether only `stop` ends the search."""
        limits = (self.clock, self.move_time_ms, self.nodes, self.depth, self.mate)
        return self.infinite or all(limit is None for limit in limits)
