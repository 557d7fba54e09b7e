"""What ends or interrupts a run, when it writes checkpoints, and what it shows meanwhile."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from support.runs import Clock, quiet, resumed, tiny

from muzero_engine.games.base import Position
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import NetworkPlayer
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.report.run_metrics import CycleRecord, read_records
from muzero_engine.training.report.step_metrics import StepMetrics
from muzero_engine.training.run import checkpoint as checkpoint_module
from muzero_engine.training.run import cycle as cycle_module
from muzero_engine.training.run.checkpoint import CheckpointNotWritten, CheckpointWriter, checkpoints
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_counters
from muzero_engine.training.run.cycle import Watch
from muzero_engine.training.run.lock import RunLock, RunRemoved
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.slot_group import SlotGroup
from muzero_engine.training.types import Batch, SearchOutput

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another


def test_a_time_limit_ends_in_a_checkpoint_before_it_is_over(tmp_path: Path) -> None:
    clock = Clock()
    with TrainingRun(tiny("steps=1000"), tmp_path, World.alone()) as run:
        assert train(run, quiet(), time_limit=60.0, clock=clock) is RunEnd.TIME
        assert clock.now < 60.0
        assert newest_checkpoint(tmp_path).step == run.counters.step > 0


def test_a_cycle_that_compiled_is_soon_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with TrainingRun(tiny("steps=1000"), tmp_path, World.alone()) as run:
        cycle = TrainingRun.cycle

        def first_is_slow(self: TrainingRun, watch: Watch) -> CycleRecord:
            clock.now += 60.0 if self.counters.cycle == 0 else 0.0
            return cycle(self, watch)

        monkeypatch.setattr(TrainingRun, "cycle", first_is_slow)
        assert train(run, quiet(), time_limit=200.0, clock=clock) is RunEnd.TIME
        assert run.counters.cycle > 20
        assert 180.0 < clock.now < 200.0


def test_an_evaluation_that_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    clock, stream = Clock(), io.StringIO()
    with TrainingRun(tiny("steps=1000", "evaluation.every_cycles=3"), tmp_path, World.alone()) as run:
        assert train(run, Progress(stream), time_limit=40.0, clock=clock) is RunEnd.TIME  # the first is given 30 s
        assert run.evaluates_next
        assert run.counters.cycle == 2
    assert "the next cycle evaluates, which may take 39 s: too long\nthe time is up: " in stream.getvalue()


def test_a_duration_ends_the_run_and_the_fall_of_its_learning_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle = iter(range(10_000))
    monkeypatch.setattr(cycle_module, "time", SimpleNamespace(perf_counter=lambda: float(next(cycle))))  # a second each
    changes = ("duration=20", "steps=4", "learner.warmup_steps=2", "evaluation.every_cycles=1000")
    config = tiny(*changes, "learner.learning_rate=0.01", "learner.final_learning_rate=0.001")
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while run.counters.cycle < 12:
            run.cycle()
        assert run.counters.seconds == 12.0
        assert run.expected_steps == run.counters.step + 2 * 8  # the first cycles, which fill the replay, are past
        run.save()
    shown = io.StringIO()
    with resumed(config, tmp_path) as run:
        assert train(run, Progress(shown, every=0.0)) is RunEnd.LASTED
        assert run.counters.cycle == 20
        assert run.learner.steps == run.counters.step > 30
    assert "its duration is over: " in shown.getvalue()
    assert "  0:07 left\nstep " in shown.getvalue()
    assert "step 36/36 (100%)" in shown.getvalue()
    records = read_records(tmp_path)
    rates = [record.learn.learning_rate for record in records if record.learn is not None]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 0.0095
    assert rates[-1] < 0.0012
    assert [len(record.matches) for record in records if record.learn is not None][-2:] == [0, 2]


def test_checkpoints_come_by_the_clock(tmp_path: Path) -> None:
    with TrainingRun(tiny("checkpoint_seconds=0", "steps=8"), tmp_path, World.alone()) as run:
        train(run, quiet())
    assert [step for step, _ in checkpoints(tmp_path)] == [8, 6]


@pytest.mark.parametrize(
    "moment", [(SlotGroup, "dispatch", 4), (Learner, "step", 3), (CheckpointWriter, "write_group", 2)]
)
@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_was_removed_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: tuple[type, str, int], replaced: bool
) -> None:
    """It was made anew, without the settings and the lock."""
    folder, (owner, name, times), calls = tmp_path / "run", moment, 0
    act = getattr(owner, name)

    def removed(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == times:
            folder.rename(tmp_path / "elsewhere")
            if replaced:
                RunLock(folder).take()  # by somebody else
        return act(*arguments, **named)

    with RunLock(folder) as lock:
        lock.take()
        with TrainingRun(tiny("steps=1000"), folder, World.alone(), lock=lock) as run:
            monkeypatch.setattr(owner, name, removed)
            with pytest.raises(RunRemoved, match="was removed, moved or replaced"):
                train(run, quiet())
    assert [path.name for path in folder.glob("*")] == ([".lock"] if replaced else [])
    assert folder.exists() == replaced


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [(BatchedSearch, "run", 3), (SlotGroup, "dispatch", 4), (Learner, "step", 3)])
def test_a_signal_ends_in_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, moment: tuple[type, str, int]
) -> None:
    stream, (owner, name, times), calls = io.StringIO(), moment, 0
    act = getattr(owner, name)

    def interrupted(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == times:
            os.kill(os.getpid(), number)
        assert calls <= times + 1  # one was going on
        return act(*arguments, **named)

    with TrainingRun(tiny("steps=1000", "replay.reanalyse_share=0.5"), tmp_path, World.alone()) as run:
        monkeypatch.setattr(owner, name, interrupted)
        assert train(run, Progress(stream)) is RunEnd.ASKED
        monkeypatch.setattr(owner, name, act)
        counters = run.counters
        record = read_records(tmp_path)[-1]
        weights = run.learner.state().tensors
    assert 0 < record.play.plies < 40  # of a whole cycle
    assert record.step == counters.step == (times if owner is Learner else 0)
    assert read_counters(newest_checkpoint(tmp_path)) == counters
    answer, end = (line for line in stream.getvalue().splitlines() if line.startswith("stop"))
    assert re.fullmatch(r"stopping: a checkpoint in about \d s; again to stop at once", answer)
    assert end == f"stopped as asked: {tmp_path / f'checkpoint-{counters.step}'}"
    with resumed(tiny("steps=1000", "replay.reanalyse_share=0.5"), tmp_path) as run:
        assert all(torch.equal(tensor, weights[name]) for name, tensor in run.learner.state().tensors.items())
        assert run.cycle().plies == counters.plies + 40


def test_a_signal_before_the_first_move_leaves_nothing_to_keep(tmp_path: Path) -> None:
    stream = io.StringIO()
    with TrainingRun(tiny(), tmp_path, World.alone()) as run:
        search = run._parts.searches.every()[0]
        search_run = search.run

        def interrupted(*arguments: Any, **named: Any) -> SearchOutput:
            os.kill(os.getpid(), signal.SIGINT)
            return search_run(*arguments, **named)

        search.run = interrupted  # type: ignore[method-assign]
        assert train(run, Progress(stream)) is RunEnd.ASKED
        assert run.counters.cycle == 0
    assert checkpoints(tmp_path) == []
    assert "stopped as asked: nothing was played yet, so that there is no checkpoint" in stream.getvalue()


def test_a_signal_ends_the_matches_of_an_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = NetworkPlayer.choose

    def interrupted(self: NetworkPlayer, positions: Sequence[Position]) -> list[int]:
        os.kill(os.getpid(), signal.SIGTERM)
        return choose(self, positions)

    monkeypatch.setattr(NetworkPlayer, "choose", interrupted)
    with TrainingRun(tiny("evaluation.every_cycles=1"), tmp_path, World.alone()) as run:
        assert train(run, quiet()) is RunEnd.ASKED
        assert run.counters.step == 2
    last = read_records(tmp_path)[-1]
    assert (last.step, last.play.plies, last.matches) == (2, 40, ())
    assert [path.name for path in (tmp_path / "nets").iterdir()] == ["net-0.safetensors"]


def test_the_first_checkpoint_comes_before_the_first_gradient_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Learner.step

    def seen(self: Learner, batch: Batch) -> StepMetrics:
        assert [number for number, _ in checkpoints(tmp_path)] == [0]
        return step(self, batch)

    monkeypatch.setattr(Learner, "step", seen)
    with TrainingRun(tiny("steps=2"), tmp_path, World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED


def test_there_is_progress_from_the_first_simulation_on(tmp_path: Path) -> None:
    stream = io.StringIO()
    with TrainingRun(tiny("steps=2"), tmp_path, World.alone()) as run:
        train(run, Progress(stream, every=0.0))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("filling the replay (0%)  0 games  0 plies  ")
    before = lines[: next(i for i, line in enumerate(lines) if line.startswith("step "))]
    shares = [int(line.partition("(")[2].partition("%")[0]) for line in before]
    assert shares == sorted(shares)
    assert shares[-1] >= 40
    plies = [int(line.split(" games  ")[1].partition(" ")[0]) for line in before]
    assert len(set(plies)) >= 10  # a turn of a group each
    assert any(line.startswith("step 2/2 (100%)") for line in lines)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny()
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while run.counters.step < 2:
            run.cycle()
        run.save()
        run.cycle()

        def full(path: Path, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(checkpoint_module, "write_atomically", full)
            with pytest.raises(CheckpointNotWritten, match="No space left on device"):
                run.save()
    assert [step for step, _ in checkpoints(tmp_path)] == [2]
    with resumed(config, tmp_path) as run:
        run.cycle()
