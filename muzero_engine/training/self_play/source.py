"""Where what a run learns from is played: what a run asks of `SelfPlay`, and of whatever plays in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from muzero_engine.training.distributed import World
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.run_metrics import PlayRecord


class PlayedCycle(NamedTuple):
    """What a cycle's record says of its self-play."""

    play: PlayRecord
    episodes: EpisodesRecord | None = None  # of an environment


class PlayStatistics(Protocol):
    """What was counted in one call of `PlaySource.play`, on this rank."""

    def together(self, world: World) -> PlayedCycle:
        """Return that of all ranks, which call it together."""
        ...


class PlaySource(Protocol):
    """The source of what one rank learns from; `SelfPlay`, which plays board games, says more of each member.

    To an environment a move is a step, and a game an episode.
    """

    @property
    def statistics(self) -> PlayStatistics:
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

    @property
    def failure(self) -> RuntimeError | None:
        """Return why nothing more can be played, with a sentence for people; None where it can.

        After it `stop` says yes to the next question of `play`, which returns what was whole before, and the run ends
        with a checkpoint that has no games in progress.
        """
        ...

    @property
    def left(self) -> str:
        """Return who was not waited for when the run was asked to stop; empty where nobody was.

        The run's checkpoint then has no games in progress.
        """
        ...

    @property
    def notice(self) -> str:
        """Return what people should know of how the saved games were taken up; empty where there is nothing."""
        ...

    def turns(self, plies: int) -> int:
        """Return how often `play` calls `meanwhile`."""
        ...

    def play(
        self,
        plies: int,
        meanwhile: Callable[[], None] | None = None,
        stop: Callable[[], bool] | None = None,
        due: Callable[[], bool] = lambda: False,
    ) -> list[Any]:
        """Return what the replay of the same run takes in, while at least so many moves were played."""
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
