"""Tiny runs of training, and a clock for them."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

from torch import Tensor

from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.presets import preset
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.settings_text import with_overrides

QUICK = (  # of anything that is learnt
    "steps=12",
    "network.channels=8",
    "search.simulations=4",
    "self_play.games=8",
    "self_play.plies_per_cycle=40",
    "replay.min_plies=60",
    "replay.capacity_plies=400",
    "learner.batch_size=8",
    "learner.steps_per_cycle=2",
    "evaluation.every_cycles=2",
    "evaluation.games=4",
    "evaluation.simulations=4",
    "checkpoint_seconds=1000",
)
TINY = (*QUICK, "network.representation_blocks=1", "search.considered=4")


def tiny(*more: str, game: str = "tictactoe") -> TrainConfig:
    """Return the configuration of a run of a few seconds, with more settings."""
    return with_overrides(preset(game, "tiny"), (*TINY, *more))


def quiet() -> Progress:
    """Return a progress line that nobody sees."""
    return Progress(io.StringIO())


def measured(record: CycleRecord) -> CycleRecord:
    """Return a record without what the clock says."""
    play = dataclasses.replace(record.play, seconds=0.0)
    reanalysis = record.reanalysis and dataclasses.replace(record.reanalysis, seconds=0.0)
    return dataclasses.replace(
        record, play=play, reanalysis=reanalysis, seconds=0.0, device_seconds=0.0, cycle_seconds=0.0
    )


def resumed(config: TrainConfig, folder: Path) -> TrainingRun:
    """Return the run that goes on from the newest checkpoint of a folder."""
    return TrainingRun(config, folder, World.alone(), newest_checkpoint(folder))


class Clock:
    """Every look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def unbroken_and_resumed(config: TrainConfig, folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return what is learnt in `folder`/whole, and in `folder`/broken, where the run goes on from a checkpoint of step
    4 after two cycles that are lost."""
    with TrainingRun(config, folder / "whole", World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED
        whole = run.learner.state().tensors
    with TrainingRun(config, folder / "broken", World.alone()) as run:
        while run.counters.step < 4:
            run.cycle()
        run.save()
        run.cycle()  # after the checkpoint: lost
        run.cycle()
    with resumed(config, folder / "broken") as run:
        assert run.counters.step == 4
        assert train(run, quiet()) is RunEnd.FINISHED
        return whole, run.learner.state().tensors
