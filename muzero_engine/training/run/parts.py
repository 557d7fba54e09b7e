"""`RunParts`: what a run is made of on one rank, each part as `assemble` made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from muzero_engine.games.base import Shape
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import Evaluator
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.run_metrics import MetricsLog
from muzero_engine.training.run.reanalysis import Reanalysis
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.source import GameSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParts:
    """The parts of a run, which ranks use together; `close` ends the processes among them."""

    config: TrainConfig
    folder: Path
    world: World
    learner: Learner
    searches: dict[Shape, BatchedSearch]  # of self-play and reanalysis, one a board
    fast_searches: dict[Shape, BatchedSearch]  # of the turns of self-play that are not full; empty where all are
    self_play: GameSource
    replay: Replay
    generator: torch.Generator  # draws the batches
    reanalysis: Reanalysis
    evaluator: Evaluator
    log: MetricsLog

    def close(self) -> None:
        """End the worker processes and close the log."""
        self.self_play.close()
        self.log.close()
