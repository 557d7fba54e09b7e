"""`RunTask`: what a run learns. All in which runs of board games and runs of environments differ, decided once.

The loop, the cycle, checkpoints, the learner and reports are the same for both; what they ask of the parts that differ
is said by `PlaySource`, `ReplaySource` and `TaskEvaluator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import NetworkSettings
from muzero_engine.training.distributed import World
from muzero_engine.training.replay.source import ReplaySource
from muzero_engine.training.report.reliability import ReliabilityBin
from muzero_engine.training.report.run_metrics import CycleRecord, Evaluated
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.source import PlaySource
from muzero_engine.training.types import Batch


class Searches(NamedTuple):
    """The searches of self-play and reanalysis, one for each shape of a latent's board."""

    full: dict[Shape, BatchedSearch]
    fast: dict[Shape, BatchedSearch]  # of the turns of self-play that are not full; empty where all are

    def every(self) -> list[BatchedSearch]:
        """Return all of them."""
        return [*self.full.values(), *self.fast.values()]


class TaskEvaluator(Protocol):
    """Measures now and then how well the network plays. All ranks call its methods together; `Evaluator` says more."""

    @property
    def failure(self) -> RuntimeError | None:
        """Return why no more can be measured, with a sentence for people; None where it can."""
        ...

    def keep(self, step: int, network: MuZeroNetwork) -> None:
        """Store the network of a step where later evaluations need it."""
        ...

    def forget_after(self, step: int) -> None:
        """Forget networks of later steps: the run goes back to this one."""
        ...

    def before_simulations(self, act: Callable[[int], None]) -> None:
        """Let the searches call `act` with their batch before every simulation on a CPU; what it raises ends them."""
        ...

    def evaluate(
        self,
        step: int,
        network: MuZeroNetwork,
        history: Iterable[CycleRecord],
        due: Callable[[], bool] = lambda: False,
    ) -> Evaluated:
        """Return what the network of this step is worth; nothing where `due` says that a rank is to stop."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class RunTask(Protocol):
    """What a run learns: `GameTask` or `EnvironmentTask`."""

    digest: str  # of the file with its rules (`code_digest`), where they are somebody else's; else ""

    def network_config(self, size: NetworkSettings) -> NetworkConfig:
        """Return the configuration of its networks of a size."""
        ...

    def fresh_network(self) -> MuZeroNetwork:
        """Return the network that a new run begins with, on the CPU: the same for the same seed."""
        ...

    def searches(self, network: MuZeroNetwork, device: torch.device) -> Searches:
        """Return the searches of one rank."""
        ...

    def batch_sizes(self) -> dict[Shape, int]:
        """Return how many roots each search has at once."""
        ...

    def reanalysed_at_once(self) -> dict[Shape, int]:
        """Return how many positions of each board are searched again at once."""
        ...

    def self_play(self, seed: int, searches: Searches, world: World, dtype: torch.dtype) -> PlaySource:
        """Begin to play, with another seed than the run's where it is not its beginning."""
        ...

    def replay(self, device: torch.device, dtype: torch.dtype) -> ReplaySource:
        """Return an empty replay. `dtype` is that of observations that are not whole numbers."""
        ...

    def evaluator(self, folder: Path, network: MuZeroNetwork, world: World) -> TaskEvaluator:
        """Return what measures the networks of the run in `folder`."""
        ...

    def evaluation_seconds(self, record: CycleRecord, world: World) -> float | None:
        """Return how long an evaluation may take after a cycle like this on a processor; None: not known."""
        ...

    def warning(self, record: CycleRecord) -> str:
        """Return what people should know of a cycle that cannot be learnt from as it is; empty where it can."""
        ...

    def plies_to_fill(self) -> int:
        """Return about how many plies a rank plays before its replay is full enough to learn from."""
        ...

    def shares(self) -> dict[Shape, float]:
        """Return which share of what is searched and learnt has each board; they sum to 1."""
        ...

    def random_batch(self, shape: Shape, positions: int, dtype: torch.dtype = torch.float32) -> Batch:
        """Return so many positions of a board that nobody played, to time and compile searches and gradient steps with.

        They are on the CPU, and in all but that as the `replay` of the same `dtype` draws them.
        """
        ...

    def reliability(self, values: Tensor, results: Tensor, world: World) -> tuple[ReliabilityBin, ...]:
        """Return what values float[M] were worth, by what came of their positions. All ranks call it together."""
        ...
