"""Tests of `CompileAhead`: what it compiles is what the run learns from, and who waits for it."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
import torch
from support.runs import QUICK, tiny

from muzero_engine.games.base import Shape
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.presets import environment_preset
from muzero_engine.training.run.assemble import task_of
from muzero_engine.training.run.compile_ahead import CompileAhead
from muzero_engine.training.run.cycle import CycleSoFar, Watch
from muzero_engine.training.run.game_task import GameTask
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.types import Batch, Stopped, tensors_of

FILE = Path(__file__).parents[2] / "support" / "environments.py"
UNREAD = {"result", "short_value"}  # fields that the loss does not read with these settings


class _Sleeps(GameTask):
    """Is never done with a batch."""

    def random_batch(self, shape: Shape, positions: int, dtype: torch.dtype = torch.float32) -> Batch:
        time.sleep(600)
        raise AssertionError


def _environment(name: str, *more: str) -> TrainConfig:
    return environment_preset(f"{FILE}:{name}", "tiny", (*QUICK, *more))


def _compiled_for(batch: Batch) -> dict[str, object]:
    """Return all of a batch that a compiled step depends on."""
    captured = {name: tensor.clone() for name, tensor in tensors_of(batch).items() if name not in UNREAD}
    return {name: (tensor.dtype, tuple(tensor.shape), tensor.stride()) for name, tensor in captured.items()}


@pytest.mark.parametrize(
    "config",
    [
        tiny("learner.consistency_weight=2", "learner.decoder_weight=1"),
        tiny("self_play.shapes=5x5", "self_play.max_plies=20", game="go"),
        _environment("Walk", "learner.consistency_weight=2"),
        _environment("Camera", "learner.shift=2", "learner.consistency_weight=2"),
        _environment("Chain", "replay.value_surprise_share=0.5"),
    ],
    ids=["tictactoe", "go", "planes", "image", "vector"],
)
def test_random_batches_are_compiled_for_as_those_that_are_drawn(tmp_path: Path, config: TrainConfig) -> None:
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while not run.learns_next:
            run.cycle()
        replay, generator = run._parts.replay, torch.Generator().manual_seed(1)
        replay._dtype = torch.bfloat16  # type: ignore[attr-defined]  # as on a GPU
        drawn = replay.draw(config.learner.batch_size, generator)
        made = run.task.random_batch(drawn.shape, config.learner.batch_size, torch.bfloat16)
    assert _compiled_for(made) == _compiled_for(drawn)


@pytest.mark.parametrize("game", ["chess", "go"])
def test_it_takes_a_step_and_ends(game: str, capfd: pytest.CaptureFixture[str]) -> None:
    ahead = CompileAhead(task_of, tiny(game=game), torch.device("cpu"), torch.float32)
    while ahead.busy:
        time.sleep(0.05)
    ahead.close()
    assert capfd.readouterr().err == ""


def test_one_that_fails_says_so_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    ahead = CompileAhead(task_of, tiny(), torch.device("meta"), torch.float32)
    while ahead.busy:
        time.sleep(0.05)
    ahead.close()
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("compiling beside the first games failed (")


def test_the_first_gradient_step_waits_for_it_and_a_stop_does_not(tmp_path: Path) -> None:
    config, looks = tiny("evaluation.every_cycles=0"), []

    def show(so_far: CycleSoFar) -> None:
        if so_far.doing == "compiling":
            looks.append(ahead.busy)
            if len(looks) == 3:
                ahead.close()

    with TrainingRun(config, tmp_path, World.alone()) as run:
        while not run.learns_next:
            run.cycle()
        for due in (True, False):
            ahead = CompileAhead(_Sleeps, config, torch.device("cpu"), torch.float32)
            run._parts = dataclasses.replace(run._parts, ahead=ahead)
            if due:
                with pytest.raises(Stopped):
                    run.cycle(Watch(lambda: True, show))
                assert ahead.busy
                ahead.close()
        assert run.cycle(Watch(show=show)).learn is not None
    assert looks == [True] * 3
