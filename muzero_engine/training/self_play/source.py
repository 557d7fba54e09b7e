"""Where a run's games come from: what a run asks of `SelfPlay`, and of whatever plays in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor

from muzero_engine.training.self_play.statistics import SelfPlayStatistics
from muzero_engine.training.types import FinishedGames


class GameSource(Protocol):
    """The source of one rank's games; `SelfPlay`, which plays them itself, says more of each member."""

    @property
    def statistics(self) -> SelfPlayStatistics:
        """Return those of the last call of `play`."""
        ...

    @property
    def moves(self) -> int:
        """Return the moves of this call of `play`, so far."""
        ...

    @property
    def games(self) -> int:
        """Return the games that ended in it."""
        ...

    @property
    def who_plays(self) -> str:
        """Return words for the line of status on who plays besides this process; empty where nobody does."""
        ...

    def turns(self, plies: int) -> int:
        """Return how often `play` calls `meanwhile`."""
        ...

    def play(
        self,
        plies: int,
        meanwhile: Callable[[], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> list[FinishedGames]:
        """Return the games that ended while at least so many moves were played."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return the games in progress; nothing where they are not this process's."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on with games in progress. Raises BadState."""
        ...

    def close(self) -> None:
        """End all that was started."""
        ...
