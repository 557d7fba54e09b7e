"""A whole run in small: cycles, checkpoints, going on exactly."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from muzero_engine.games.base import Position
from muzero_engine.network.network_file import BadCheckpoint
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import NetworkPlayer
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.presets import preset
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.report.run_metrics import CycleRecord, read_records
from muzero_engine.training.report.step_metrics import StepMetrics
from muzero_engine.training.run import checkpoint as checkpoint_module
from muzero_engine.training.run import cycle as cycle_module
from muzero_engine.training.run.checkpoint import CheckpointNotWritten, checkpoints, open_checkpoint
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_config, read_counters, read_network
from muzero_engine.training.run.cycle import Watch
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.slot_group import SlotGroup
from muzero_engine.training.settings_text import with_overrides
from muzero_engine.training.types import Batch, SearchOutput

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another

TINY = (
    "steps=12",
    "network.channels=8",
    "network.representation_blocks=1",
    "search.simulations=4",
    "search.considered=4",
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


def tiny(*more: str, game: str = "tictactoe") -> TrainConfig:
    return with_overrides(preset(game, "tiny"), (*TINY, *more))


def quiet() -> Progress:
    return Progress(io.StringIO())


def measured(record: CycleRecord) -> CycleRecord:
    """A record without what the clock says."""
    play = dataclasses.replace(record.play, seconds=0.0)
    reanalysis = record.reanalysis and dataclasses.replace(record.reanalysis, seconds=0.0)
    return dataclasses.replace(
        record, play=play, reanalysis=reanalysis, seconds=0.0, device_seconds=0.0, cycle_seconds=0.0
    )


def resumed(config: TrainConfig, folder: Path) -> TrainingRun:
    return TrainingRun(config, folder, World.alone(), newest_checkpoint(folder))


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("replay.reanalyse_share=0.35",),
        ("self_play.full_search_share=0.5", "self_play.fast_simulations=2"),
        ("replay.reanalyse_share=0.35", "replay.policy_surprise_share=0.5", "replay.value_surprise_share=0.1"),
    ],
)
def test_a_killed_and_resumed_run_equals_an_unbroken_one(
    tmp_path: Path, settings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muzero_engine.training.replay.replay.HELD_OUT_EVERY", 5)  # few games are played
    config = tiny(*settings)
    with TrainingRun(config, tmp_path / "whole", World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED
        whole = run.learner.state().tensors
    with TrainingRun(config, tmp_path / "broken", World.alone()) as run:
        while run.counters.step < 4:
            run.cycle()
        run.save()
        run.cycle()  # after the checkpoint: lost
        run.cycle()
    with resumed(config, tmp_path / "broken") as run:
        assert run.counters.step == 4
        assert train(run, quiet()) is RunEnd.FINISHED
        again = run.learner.state().tensors
    left, right = (read_records(tmp_path / name) for name in ("whole", "broken"))
    assert [measured(record) for record in left] == [measured(record) for record in right]
    assert left[-1].step == 12
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    nets = [sorted(path.name for path in (tmp_path / name / "nets").iterdir()) for name in ("whole", "broken")]
    assert nets[0] == nets[1]
    assert any(record.matches for record in left)
    assert any(record.reanalysis for record in left) == (config.replay.reanalyse_share > 0)
    for record in left:
        played = record.play
        assert played.full_plies is not None
        fast = played.plies - played.full_plies
        assert record.simulations == 4 * played.full_plies + 2 * fast
        assert fast == 0 or config.self_play.full_search_share < 1
    assert left[-1].held_out is not None


def test_the_same_seed_begins_with_the_same_training_heads(tmp_path: Path) -> None:
    config = tiny(
        "learner.consistency_weight=1",
        "learner.decoder_weight=1",
        "learner.soft_policy_weight=1",
        "learner.short_value_weight=1",
    )
    states = []
    for number in range(2):
        torch.manual_seed(number)  # what the process has drawn before is another matter
        with TrainingRun(config, tmp_path / str(number), World.alone()) as run:
            states.append(run.learner.state().tensors)
    assert any(name.startswith("heads.") for name in states[0])
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_finished_run_leaves_what_export_and_report_need(tmp_path: Path) -> None:
    config = tiny()
    with TrainingRun(config, tmp_path, World.alone()) as run:
        train(run, quiet())
        playing = run.learner.ema_network().state_dict()
        counters = run.counters
    found = newest_checkpoint(tmp_path)
    assert read_config(found) == config
    assert read_counters(found) == counters
    assert counters.games > 0 < counters.seconds == counters.device_seconds
    network = read_network(found)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in playing.items())
    last = read_records(tmp_path)[-1]
    assert {match.opponent for match in last.matches} >= {"random", "net-0"} or last.step > 4
    assert all(match.wins + match.draws + match.losses == 4 for match in last.matches)


def test_steps_are_taken_between_the_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    step, dispatch = Learner.step, SlotGroup.dispatch

    def seen_step(self: Learner, batch: Batch) -> StepMetrics:
        events.append("step")
        return step(self, batch)

    def seen_dispatch(self: SlotGroup) -> None:
        events.append("turn")
        dispatch(self)

    monkeypatch.setattr(Learner, "step", seen_step)
    monkeypatch.setattr(SlotGroup, "dispatch", seen_dispatch)
    with TrainingRun(tiny("learner.steps_per_cycle=5", "steps=5"), tmp_path, World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED
    begin = events.index("step")
    turns = "".join(event[0] for event in events[begin - 2 :])
    assert turns == "tts" * 5  # ten turns a cycle: 5 rounds of two groups


def test_reanalysis_searches_its_share_and_changes_what_is_learnt(tmp_path: Path) -> None:
    share = 0.35
    quick = "learner.learning_rate=0.02", "learner.warmup_steps=0", "learner.ema_decay=0.5"
    with TrainingRun(tiny(f"replay.reanalyse_share={share}", *quick), tmp_path / "with", World.alone()) as run:
        train(run, quiet())
        renewed = run.learner.state().tensors
    with TrainingRun(tiny(*quick), tmp_path / "without", World.alone()) as run:
        train(run, quiet())
        plain = run.learner.state().tensors
    assert any(not torch.equal(renewed[name], plain[name]) for name in plain)
    records = [record for record in read_records(tmp_path / "with") if record.learn]
    found = [record.reanalysis.positions if record.reanalysis else 0 for record in records]
    assert sum(found) <= share * 40 * len(records) + 4  # plies; batches are of 4 positions, openings have no targets
    assert sum(found) > 0.3 * share * 40 * len(records)
    for record in records:
        if record.reanalysis:
            assert record.reanalysis.divergence > 0 < record.reanalysis.value_change < 2


def test_held_out_games_are_measured_and_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("self_play.plies_per_cycle=200", "replay.capacity_plies=2000", "learner.batch_size=64")
    with TrainingRun(config, tmp_path / "with", World.alone()) as run:
        train(run, quiet())
        measured_too = run.learner.state().tensors
    with monkeypatch.context() as patched, TrainingRun(config, tmp_path / "without", World.alone()) as run:
        patched.setattr(Replay, "draw_held_out", lambda *_: None)
        train(run, quiet())
        plain = run.learner.state().tensors
    assert all(torch.equal(measured_too[name], plain[name]) for name in plain)
    found = [record.held_out for record in read_records(tmp_path / "with")]
    assert found[0] is None  # fifty games make the first that is held out
    assert found[-1] is not None
    assert len(found[-1].value) == 6
    assert None not in found[-1].value
    assert {record.held_out for record in read_records(tmp_path / "without")} == {None}
    bins = read_records(tmp_path / "with")[-1].reliability
    assert sum(each.positions for each in bins) == 64
    assert all(-1 <= each.value <= 1 and -1 <= each.result <= 1 for each in bins)
    assert {record.reliability for record in read_records(tmp_path / "without")} == {()}


def test_go_on_two_boards_runs(tmp_path: Path) -> None:
    config = tiny(
        "self_play.shapes=5x5:0.5,6x6:0.5", "self_play.max_plies=20", "steps=2", "replay.reanalyse_share=1", game="go"
    )
    with TrainingRun(config, tmp_path, World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED
    last = read_records(tmp_path)[-1]
    learnt = last.learn
    assert learnt is not None
    assert last.reanalysis is not None
    assert None not in learnt.policy


class Clock:
    """Every look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


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
    clock = Clock()
    with TrainingRun(tiny("steps=1000", "evaluation.every_cycles=3"), tmp_path, World.alone()) as run:
        assert train(run, quiet(), time_limit=40.0, clock=clock) is RunEnd.TIME  # the first is given 30 seconds
        assert run.evaluates_next
        assert run.counters.cycle == 2


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
        assert 30 < run.expected_steps < 40  # the first cycles fill the replay, and two steps follow each of the others
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
        search = next(iter(run._parts.searches.values()))
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


def test_other_settings_resume_where_they_can(tmp_path: Path) -> None:
    with TrainingRun(tiny(), tmp_path, World.alone()) as run:
        while run.counters.step < 2:
            run.cycle()
        run.save()
    with resumed(tiny("self_play.games=6", "learner.learning_rate=0.01", "steps=20"), tmp_path) as run:
        run.cycle()
        assert run.counters.step == 4
    with pytest.raises(BadCheckpoint, match="does not fit these settings: the learner's"):
        resumed(tiny("network.channels=16"), tmp_path)
    with pytest.raises(BadCheckpoint, match="does not fit these settings: the saved replay"):
        resumed(tiny("search.target_actions=5"), tmp_path)


def test_without_a_replay_the_checkpoint_is_small_and_the_run_goes_on(tmp_path: Path) -> None:
    config = tiny("checkpoint_replay_mb=0", "checkpoint_games=no")
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while run.counters.step < 4:
            run.cycle()
        folder = run.save()
    assert (folder / "replay-0.000.safetensors").stat().st_size < 5_000
    assert list(folder.glob("self-play*")) == []
    with resumed(config, tmp_path) as run:
        assert run.cycle().learn is None  # the replay fills again
        assert train(run, quiet()) is RunEnd.FINISHED


def test_checkpoints_without_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=r"has no checkpoint$"):
        newest_checkpoint(tmp_path)
    with TrainingRun(tiny(), tmp_path, World.alone()) as run:
        run.cycle()
        folder = run.save()
    with pytest.raises(BadCheckpoint, match="has no checkpoint of step 7: there are those of 0"):
        newest_checkpoint(tmp_path, 7)
    path = folder / "checkpoint.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"config": {}, "counters": {"cycle": "x"}, "network": "?"}))
    found = open_checkpoint(folder)
    with pytest.raises(BadCheckpoint, match="cannot be used: its config lacks game"):
        read_config(found)
    with pytest.raises(BadCheckpoint, match="cannot be used: cycle is not of type int"):
        read_counters(found)
    with pytest.raises(BadCheckpoint, match="does not hold a network of this program"):
        read_network(found)
