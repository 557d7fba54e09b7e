"""Environments in worker processes, so that they run while the device searches. No torch here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy.typing as npt

from muzero_engine.environments.base import EnvironmentFailed
from muzero_engine.training.episodes.slots import EnvironmentBuffers, EnvironmentGroup
from muzero_engine.training.self_play.rules import START
from muzero_engine.training.self_play.workers import WorkerPool, default_workers

_MAKING_SECONDS = 120.0  # for a worker to start and to make its environments


def environment_workers(chosen: int, *, on_gpu: bool, ranks: int) -> int:
    """Return `chosen`, or for 0 as many as each rank has cores beside a GPU (`default_workers`), and 1 without one."""
    return chosen or (default_workers(ranks) if on_gpu else 1)


class EnvironmentPool(WorkerPool[EnvironmentBuffers]):
    """Several groups of copies of an environment, see `WorkerPool`. Raises EnvironmentFailed.

    Only what runs in another process can be left behind when it hangs: without workers nothing tells that.
    """

    def __init__(self, groups: Sequence[EnvironmentGroup], workers: int) -> None:
        """Start `workers` processes; 0: none. `start` each group next."""
        step_seconds = max(group.settings.step_seconds for group in groups)
        super().__init__(
            groups,
            workers,
            name="environment",
            error=EnvironmentFailed,
            patience=step_seconds,
            late=f": {groups[0].settings.id} hangs, or needs more than environment.step_seconds",
        )

    def start(self, group: int) -> None:
        """Begin episode `EnvironmentBuffers.number` in every slot of a group, and wait for that."""
        patience, self.patience = self.patience, (self.patience or 0.0) + _MAKING_SECONDS
        self.step(group, START)
        self.patience, self._slowest = patience, 0.0

    def step(self, group: int, action: npt.ArrayLike) -> EnvironmentBuffers:
        """Act in every slot of a group, int[B] or one action for all, wait, and return its buffers."""
        self.buffers[group].action[:] = action
        self.submit(group)
        self.wait(group)
        return self.buffers[group]
