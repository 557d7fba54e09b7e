"""What is counted while episodes are played, and what a run's record makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from muzero_engine.training.distributed import World
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.run_metrics import PlayRecord
from muzero_engine.training.self_play.source import PlayedCycle


@dataclass(frozen=True, slots=True)
class EpisodeStatistics:
    """One call of `EpisodePlay.play`, this rank only. Episodes are those that ended."""

    steps: int  # of all environments together
    seconds: float
    returns: tuple[float, ...]  # sum of the rewards of each episode, as the environment gave them
    lengths: tuple[int, ...]  # steps of each
    truncated: int  # episodes that were cut off, not ended by the environment
    divergence: float  # mean KL(improved policy || prior) over the searches, nats
    root_value: float  # mean absolute root value over the searches

    def together(self, world: World) -> PlayedCycle:
        """Return what a cycle's record says of the episodes of all ranks, which call it together."""
        shared = torch.tensor([self.steps, self.truncated, self.divergence * self.steps], dtype=torch.float64)
        world.sum_(shared)
        steps, truncated, divergence = shared.tolist()
        returns, lengths = gathered(self.returns, world), gathered(self.lengths, world)
        episodes = len(returns)
        play = PlayRecord(
            games=episodes,
            plies=int(steps),
            seconds=self.seconds,
            length=sum(lengths) / episodes if episodes else None,
            first_wins=None,
            draws=None,
            resigned=None,
            capped=truncated / episodes if episodes else None,
            resign_wrong=None,
            divergence=divergence / max(steps, 1),
        )
        return PlayedCycle(play, EpisodesRecord.of(returns, lengths, int(truncated)) if episodes else None)


class EpisodeCounts:
    """Counts steps, and the episodes that end."""

    def __init__(self) -> None:
        self.steps = 0  # of all environments together; a round that begins an episode is no step of it
        self._returns: list[float] = []
        self._lengths: list[int] = []
        self._truncated = 0

    @property
    def episodes(self) -> int:
        """Return how many ended."""
        return len(self._returns)

    def add(
        self, returns: npt.NDArray[np.float64], lengths: npt.NDArray[np.integer], truncated: npt.NDArray[np.bool_]
    ) -> None:
        """Add n episodes."""
        self._returns += returns.tolist()
        self._lengths += lengths.tolist()
        self._truncated += int(truncated.sum())

    def statistics(self, seconds: float, divergence: float, root_value: float) -> EpisodeStatistics:
        """Return the statistics of the steps and episodes so far."""
        return EpisodeStatistics(
            steps=self.steps,
            seconds=seconds,
            returns=tuple(self._returns),
            lengths=tuple(self._lengths),
            truncated=self._truncated,
            divergence=divergence,
            root_value=root_value,
        )


def gathered(values: tuple[float, ...], world: World) -> list[float]:
    """Return the numbers of all ranks, which call it together, one rank behind the other."""
    counts = torch.zeros(world.size, dtype=torch.int64)
    counts[world.rank] = len(values)
    world.sum_(counts)
    ends = counts.cumsum(0)
    shared = torch.zeros(int(ends[-1]), dtype=torch.float64)
    shared[int(ends[world.rank]) - len(values) : int(ends[world.rank])] = torch.tensor(values, dtype=torch.float64)
    world.sum_(shared)
    whole: list[float] = shared.tolist()
    return whole
