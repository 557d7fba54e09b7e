"""`RunParts`: what a run is made of on one rank, each part as `assemble` made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.replay.source import ReplaySource
from muzero_engine.training.report.run_metrics import MetricsLog
from muzero_engine.training.run.compile_ahead import CompileAhead
from muzero_engine.training.run.reanalysis import Reanalysis
from muzero_engine.training.run.task import RunTask, Searches, TaskEvaluator
from muzero_engine.training.self_play.source import PlaySource


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParts:
    """The parts of a run, which ranks use together; `close` ends the processes among them."""

    config: TrainConfig
    folder: Path
    world: World
    task: RunTask
    learner: Learner
    searches: Searches
    self_play: PlaySource
    games_seed: int  # of its games in progress
    replay: ReplaySource
    generator: torch.Generator  # draws the batches
    reanalysis: Reanalysis
    evaluator: TaskEvaluator
    log: MetricsLog
    ahead: CompileAhead | None = None  # what a new run on a GPU begins with
    notices: list[str] = field(default_factory=list)  # what people should know of how it was taken up

    def close(self) -> None:
        """End the worker processes and close the log."""
        self.self_play.close()
        self.evaluator.close()
        if self.ahead is not None:
            self.ahead.close()
        self.log.close()
