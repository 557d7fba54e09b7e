"""`TrainingRun`: a run as its user sees it: how far it is, one cycle at a time, saved and resumed.

`assemble` makes its parts, `cycle` is what happens in a cycle, `state` what of it lies on the disk, `loop` runs it to
its end.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.cluster.cluster_play import Cluster
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.assemble import assemble
from muzero_engine.training.run.checkpoint import Checkpoint, CheckpointNotWritten
from muzero_engine.training.run.checkpoint_contents import Counters, read_counters, read_earlier
from muzero_engine.training.run.cycle import Watch, play_cycle
from muzero_engine.training.run.lock import RunLock, RunRemoved
from muzero_engine.training.run.state import save_state
from muzero_engine.training.run.task import RunTask

LATEST = 64  # cycles that say how fast a run learns: more than between two evaluations


class TrainingRun:
    """One rank of a run. Ranks make the same calls in the same order. A context manager: it owns processes."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        world: World,
        checkpoint: Checkpoint | None = None,
        initial: MuZeroNetwork | None = None,
        earlier: Counters | None = None,
        cluster: Cluster | None = None,
        lock: RunLock | None = None,
    ) -> None:
        """Begin a new run in `folder`, or go on with the one that `checkpoint` (of the same settings) has.

        A new run begins with the network `initial` (see `initial_network`), which learnt `earlier` what these counters
        say, or with a fresh one. Its games come from a `cluster` if it has one. Rank 0 may hold the `lock` of the
        folder. Raises BadCheckpoint, BadConfig, BadEnvironment, EnvironmentFailed, ClusterLost, RunRemoved, and OSError
        where the folder cannot be written to.
        """
        self._folder, self._lock = folder, lock
        self.config, self.world = config, world
        self.counters = Counters() if checkpoint is None else read_counters(checkpoint)
        self.require_folder()
        self._earlier = (earlier or Counters()) if checkpoint is None else read_earlier(checkpoint)
        self._parts = assemble(config, folder, world, self.counters, checkpoint, initial, cluster)
        self._cycle_seconds = 0.0  # of the last cycle
        self._on_record: list[Callable[[CycleRecord], None]] = []

    @property
    def learner(self) -> Learner:
        """Return the learner of this rank."""
        return self._parts.learner

    @property
    def task(self) -> RunTask:
        """Return what is learnt."""
        return self._parts.task

    @property
    def failure(self) -> RuntimeError | None:
        """Return why this rank can play no more; None where it can."""
        return self._parts.self_play.failure or self._parts.evaluator.failure

    @property
    def notices(self) -> list[str]:
        """Return what people should know of how the run was taken up."""
        return list(filter(None, [*self._parts.notices, self._parts.self_play.notice]))

    @property
    def left(self) -> str:
        """Return who was not waited for when the run was asked to stop; empty where nobody was."""
        return self._parts.self_play.left

    @property
    def who_plays(self) -> str:
        """Return words on who plays besides this process; empty where nobody does."""
        return self._parts.self_play.who_plays

    @property
    def removed(self) -> bool:
        """Return whether the folder that this rank has locked is no longer there."""
        return self._lock is not None and self._lock.lost

    @property
    def finished(self) -> bool:
        """Return whether all gradient steps are taken, or the duration is over."""
        return self._over(self.counters.step, self.counters.seconds)

    @property
    def evaluates_next(self) -> bool:
        """Return whether the next cycle will end with an evaluation, if it learns."""
        every = self.config.evaluation.every_cycles
        steps = self.learner.steps + self.config.learner.steps_per_cycle
        last = self._over(steps, self.counters.seconds + self._cycle_seconds)
        return every > 0 and ((self.counters.cycle + 1) % every == 0 or last)

    @property
    def evaluation_seconds(self) -> float | None:
        """Return how long an evaluation may take, by what the last cycle did; None where that does not say it."""
        records = self._parts.log.records
        if not records or self.world.device.type != "cpu":  # on a GPU small batches have another rate
            return None
        return self.task.evaluation_seconds(records[-1], self.world)

    @property
    def warning(self) -> str:
        """Return what people should know of the last cycle; empty where there is nothing."""
        records = self._parts.log.records
        return self.task.warning(records[-1]) if records else ""

    @property
    def expected_steps(self) -> int:
        """Return the gradient steps that the run will have taken at its end.

        Of one with a duration, at the pace of the latest cycles that learnt; those that filled the replay, and the
        first that learnt, which compiles, say nothing of the others. As long as there are none, what the settings say.
        """
        config, counters = self.config, self.counters
        if config.duration == 0:
            return config.steps
        learnt = [record for record in self._parts.log.records if record.learn is not None]
        learnt = learnt[1:][-LATEST:] or learnt
        steps = sum(record.learn.steps for record in learnt if record.learn is not None)
        if steps == 0:
            return max(counters.step, config.steps)
        pace = sum(record.cycle_seconds for record in learnt) / steps
        return counters.step + round(max(0.0, config.duration - counters.seconds) / pace)

    @property
    def learns_next(self) -> bool:
        """Return whether the next cycle will take gradient steps. All ranks ask together. Raises PeerLost."""
        return not self.world.any(not self._parts.replay.ready)

    def cycle(self, watch: Watch | None = None) -> CycleRecord:
        """Play, learn, perhaps evaluate; log and return what was measured. Raises what `play_cycle` does, and
        RunRemoved."""
        self.learner.total_steps = self.expected_steps
        self.counters, record = play_cycle(self._parts, self.counters, evaluates=self.evaluates_next, watch=watch)
        self.require_folder()
        self._cycle_seconds = record.cycle_seconds
        self._parts.log.append(record)
        for use in self._on_record:
            use(record)
        return record

    def on_record(self, use: Callable[[CycleRecord], None]) -> None:
        """Call `use` with what each later cycle measures."""
        self._on_record.append(use)

    def save(self) -> Path:
        """Write a checkpoint and return its folder. Raises CheckpointNotWritten, RunRemoved on all ranks together."""
        self.require_folder()
        try:
            return save_state(self._parts, self.counters, self._earlier)
        except CheckpointNotWritten:
            self.require_folder()
            raise

    def require_folder(self) -> None:
        """Raise RunRemoved where the folder is no longer there. All ranks ask together."""
        if self.world.any(self.removed):
            raise RunRemoved(self._folder)

    def close(self) -> None:
        """End the worker processes and close the log."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _over(self, steps: int, seconds: float) -> bool:
        """Return whether the run ends with so many gradient steps, after cycles of so many seconds."""
        return seconds >= self.config.duration if self.config.duration else steps >= self.config.steps


def use_threads(world: World, count: int) -> None:
    """Set how many threads each operation of this process has on a CPU. Nothing is changed where a GPU computes.

    Threads that share a tiny operation wait for each other longer than it takes, the more so on a busy machine.
    """
    if world.device.type == "cpu":
        torch.set_num_threads(count)
