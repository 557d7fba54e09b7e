"""A whole run in small: cycles, going on exactly, other settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from support.runs import measured, quiet, resumed, tiny, unbroken_and_resumed

from muzero_engine.network.network_file import BadCheckpoint
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.run_metrics import read_records
from muzero_engine.training.report.step_metrics import StepMetrics
from muzero_engine.training.run.checkpoint import open_checkpoint
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_config, read_counters, read_network
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.self_play.slot_group import SlotGroup
from muzero_engine.training.types import Batch

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("replay.reanalyse_share=0.35",),
        ("self_play.full_search_share=0.5", "self_play.fast_simulations=2", "self_play.branch_share=0.6"),
        ("replay.reanalyse_share=0.35", "replay.policy_surprise_share=0.5", "replay.value_surprise_share=0.1"),
    ],
)
def test_a_killed_and_resumed_run_equals_an_unbroken_one(
    tmp_path: Path, settings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muzero_engine.training.replay.replay.HELD_OUT_EVERY", 5)  # few games are played
    config = tiny(*settings)
    whole, again = unbroken_and_resumed(config, tmp_path)
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
    checkpoint = newest_checkpoint(tmp_path)
    assert read_config(checkpoint) == config
    assert read_counters(checkpoint) == counters
    assert counters.games > 0 < counters.seconds == counters.device_seconds
    network = read_network(checkpoint)
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
    searched = [record.reanalysis.positions if record.reanalysis else 0 for record in records]
    assert sum(searched) <= share * 40 * len(records) + 4  # plies; batches are of 4 positions, openings have no targets
    assert sum(searched) > 0.3 * share * 40 * len(records)
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
    losses = [record.held_out for record in read_records(tmp_path / "with")]
    assert losses[0] is None  # fifty games make the first that is held out
    assert losses[-1] is not None
    assert len(losses[-1].value) == 6
    assert None not in losses[-1].value
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


def test_other_settings_resume_where_they_can(tmp_path: Path) -> None:
    with TrainingRun(tiny(), tmp_path, World.alone()) as run:
        while run.counters.step < 2:
            run.cycle()
        run.save()
        began = run._parts.self_play.state()
    of_each_move = ("workers=1", "plies_per_cycle=96", "resign_turns=3", "rare_share=0.1")
    with resumed(tiny(*(f"self_play.{each}" for each in of_each_move)), tmp_path) as run:
        assert run.notices == []
        state = run._parts.self_play.state()
        assert all(torch.equal(state[name], tensor) for name, tensor in began.items())
    with resumed(tiny("self_play.games=6", "learner.learning_rate=0.01", "steps=20"), tmp_path) as run:
        (notice,) = run.notices
        assert "the games in progress are lost, and others begin: self_play.games is 6, the run's is " in notice
        run.cycle()
        assert run.counters.step == 4
    with pytest.raises(BadCheckpoint, match=r"does not fit these settings: network\.channels is 16, the run's is 8"):
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
    newer = json.dumps(json.loads(document["network"]) | {"game_version": 7})
    path.write_text(json.dumps(document | {"network": newer}))
    with pytest.raises(BadCheckpoint, match=r"tictactoe is of version 1 here, and the run in .* learnt version 7: "):
        TrainingRun(tiny(), tmp_path, World.alone(), open_checkpoint(folder))
    path.write_text(json.dumps(document | {"config": {}, "counters": {"cycle": "x"}, "network": "?"}))
    checkpoint = open_checkpoint(folder)
    with pytest.raises(BadCheckpoint, match="cannot be used: its config lacks preset"):
        read_config(checkpoint)
    with pytest.raises(BadCheckpoint, match="cannot be used: cycle is not of type int"):
        read_counters(checkpoint)
    with pytest.raises(BadCheckpoint, match="does not hold a network of this program"):
        read_network(checkpoint)
