"""Reanalysis: positions of the replay are searched again with the weights that play now (Schrittwieser et al. 2021).

The searches are those of self-play, with its noise.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping

import torch

from muzero_engine.games.base import Shape
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.replay.source import ReplaySource
from muzero_engine.training.report.run_metrics import ReanalysisRecord
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.seeds import cycle_generator
from muzero_engine.training.types import Stopped

VALUES_AT_ONCE = 1024


class Reanalysis:
    """Renews the targets of one rank's replay by new searches, and values without. Ranks call `run` together."""

    def __init__(
        self,
        config: TrainConfig,
        searches: Mapping[Shape, BatchedSearch],
        batch_sizes: Mapping[Shape, int],
        replay: ReplaySource,
        world: World,
    ) -> None:
        """Take the searches and how many roots each has at once."""
        self._seed, self._searches, self._replay, self._world = config.seed, searches, replay, world
        self._batches = dict(batch_sizes)
        # of each board: boards have batches in proportion to the plies that are played on them
        self._rounds = config.replay.reanalyse_share * config.self_play.plies_per_cycle / sum(self._batches.values())
        self._values = round(config.returns.renewed_values * config.self_play.plies_per_cycle)

    def run(self, cycle: int, due: Callable[[], bool] = lambda: False) -> ReanalysisRecord | None:
        """Renew the share of this cycle (1 is the first), in whole batches; later cycles make up for what is left over.

        `due` says whether this rank is to stop; it does then, and when a search raises Stopped. Return what was
        measured, None where nothing got new targets.
        """
        if not self._rounds:
            return None
        started = time.perf_counter()
        device = self._world.device
        generator = cycle_generator(device, self._seed, cycle, self._world.rank, "reanalysis")
        sums = torch.zeros(3, dtype=torch.float64, device=device)  # positions, divergence, change of the root value
        with contextlib.suppress(Stopped):
            for _ in range(math.floor(cycle * self._rounds) - math.floor((cycle - 1) * self._rounds)):
                if due():
                    break
                for shape, count in self._batches.items():
                    stale = self._replay.stale(shape, count, generator)
                    if stale is None:
                        continue
                    output = self._searches[shape].run(stale.observation, stale.legal, generator=generator)
                    searched = stale.legal.any(dim=1)
                    change = (output.value - stale.root_value.float()).abs() * searched
                    sums += torch.stack([searched.sum(), output.divergence.sum(), change.sum()])
                    self._replay.refresh(stale, output)
        self._world.sum_(sums)
        positions, divergence, change = sums.tolist()
        if not positions:
            return None
        return ReanalysisRecord(
            positions=int(positions),
            seconds=time.perf_counter() - started,
            divergence=divergence / positions,
            value_change=change / positions,
        )

    def renew_values(self, cycle: int, due: Callable[[], bool] = lambda: False) -> None:
        """Renew the number of values of one cycle, in batches of one size. `due` is as in `run`."""
        generator = cycle_generator(self._world.device, self._seed, cycle, self._world.rank, "values")
        (search, *_) = self._searches.values()  # environments have one board
        batches = math.ceil(self._values / VALUES_AT_ONCE)
        for _ in range(batches):
            if due():
                break
            self._replay.renew_values(round(self._values / batches), search.values, generator)
