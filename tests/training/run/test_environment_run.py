"""Runs that learn an environment: in small, going on exactly, ends in a sentence."""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
from support.runs import QUICK, Clock, measured, quiet, resumed, unbroken_and_resumed
from torch import Tensor

from muzero_engine.environments.base import EnvironmentFailed
from muzero_engine.environments.registry import _loaded
from muzero_engine.network.network_file import BadCheckpoint, network_bytes
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.episodes.pool import EnvironmentPool
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.presets import environment_preset
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.report.run_metrics import read_records
from muzero_engine.training.report.step_metrics import StepMetrics
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_config, read_counters, read_network
from muzero_engine.training.run.environment_task import LONGEST, STARTING, EnvironmentTask
from muzero_engine.training.run.forecast import forecast
from muzero_engine.training.run.initial_network import initial_network
from muzero_engine.training.run.live_status import LiveStatus
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play import workers
from muzero_engine.training.types import Batch, SearchOutput

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another

FILE = Path(__file__).resolve().parents[2] / "support" / "environments.py"


def tiny(name: str, *more: str) -> TrainConfig:
    """A run of a few seconds of an environment in `support/environments.py`."""
    return environment_preset(f"{FILE}:{name}", "tiny", (*QUICK, *more))


@pytest.mark.parametrize(
    "settings",
    [
        (),
        (
            "replay.reanalyse_share=1.5",
            "replay.value_surprise_share=0.5",
            "environment.stack=2",
            "returns.renewed_values=3",
        ),
    ],
)
def test_a_killed_and_resumed_run_equals_an_unbroken_one(tmp_path: Path, settings: tuple[str, ...]) -> None:
    config = tiny("Walk", *settings)
    whole, again = unbroken_and_resumed(config, tmp_path)
    left, right = (read_records(tmp_path / name) for name in ("whole", "broken"))
    assert [measured(record) for record in left] == [measured(record) for record in right]
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert read_config(newest_checkpoint(tmp_path / "whole")) == config
    read_network(newest_checkpoint(tmp_path / "whole"))
    evaluations = [record.evaluation for record in left if record.evaluation is not None]
    assert evaluations
    assert all(each.episodes == 4 for each in evaluations)
    assert any(record.episodes for record in left)
    for record in left:
        assert record.simulations == 4 * record.play.plies
        if record.episodes is not None:
            assert record.episodes.episodes == record.play.games
            assert record.episodes.lowest <= record.episodes.median <= record.episodes.highest
    assert any(record.reanalysis for record in left) == (config.replay.reanalyse_share > 0)


@pytest.mark.parametrize(("share", "at_once"), [(0.05, 4), (0.5, 32), (3, 192), (100, 1024)])
def test_what_a_cycle_searches_again_is_searched_together(share: float, at_once: int) -> None:
    settings = ("self_play.games=8", "self_play.plies_per_cycle=64", f"replay.reanalyse_share={share}")
    assert list(EnvironmentTask(tiny("Walk", *settings)).reanalysed_at_once().values()) == [at_once]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            "environment.stack=2",
            r"does not fit these settings: environment\.stack is 2, the run's is 1; another network",
        ),
        (
            "returns.support=50",
            r"does not fit these settings: returns\.support is 50, the run's is 30; another network",
        ),
    ],
)
def test_settings_that_need_another_network_are_named_at_a_resume(tmp_path: Path, settings: str, words: str) -> None:
    _begun(tiny("Walk"), tmp_path)
    with pytest.raises(BadCheckpoint, match=words):
        resumed(tiny("Walk", settings), tmp_path)
    with resumed(tiny("Walk", "returns.discount=0.9"), tmp_path) as run:  # that is no matter of its shape
        assert run.config.returns.discount == 0.9


def test_settings_that_a_first_network_does_not_fit_are_named(tmp_path: Path) -> None:
    made = tiny("Walk", "environment.stack=2", "returns.support=50", "returns.discount=0.9")
    network = EnvironmentTask(made).fresh_network()
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(network_bytes(network, dtype=torch.float32))
    for settings, words in (
        ((), r"returns\.support is 30, the network's is 50, environment\.stack is 1, the network's is 2; give its own"),
        (("returns.support=50",), r"does not fit these settings: environment\.stack is 1, the network's is 2; give"),
    ):
        with pytest.raises(BadCheckpoint, match=words):
            initial_network(file, tiny("Walk", *settings), (), made.environment)
    with pytest.raises(BadCheckpoint, match=r"learnt observations of 4x3x3 .* has observations of 2x3x3"):
        initial_network(file, tiny("Walk", "returns.support=50"))
    begun, config = initial_network(file, tiny("Walk", "environment.stack=2", "returns.support=50"))
    assert begun.config.returns is not None
    assert begun.config.returns.discount == config.returns.discount != 0.9  # as a resumed run may have another
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in begun.state_dict().items())


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("actions", 5, r"observations of 2x3x3 \(board\) and 5 actions here, and the run in .* and 3 actions: make it"),
        ("_seen", lambda self, action: [0.0, 1.0], r"observations of 2x1x1 \(vector\) and 3 actions here"),
    ],
)
def test_an_environment_that_was_changed_is_told_at_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, words: str
) -> None:
    config = tiny("Walk")
    _begun(config, tmp_path)
    here = _loaded(FILE)
    monkeypatch.setattr(here.Walk, attribute, value)
    with pytest.raises(BadCheckpoint, match=words):
        resumed(config, tmp_path)


def test_episodes_that_began_at_a_resume_go_on_at_the_next(tmp_path: Path) -> None:
    with TrainingRun(tiny("Walk"), tmp_path, World.alone()) as run:
        run.cycle()
        run.save()
    other = tiny("Walk", "environment.no_ops=2")  # with which the episodes in progress begin anew
    with resumed(other, tmp_path) as run:
        assert run.notices == [
            "the episodes in progress are lost, and others begin: environment.no_ops is 2, the run's is 0"
        ]
        run.save()
    with resumed(other, tmp_path) as run:
        assert not run.notices


def test_a_file_that_was_edited_is_told_at_a_resume(tmp_path: Path) -> None:
    """Other rewards of the same shapes were learnt in silence beside the old ones."""
    file = Path(shutil.copy(FILE, tmp_path / "mine.py"))
    config = environment_preset(f"{file}:Walk", "tiny", QUICK)
    _begun(config, tmp_path / "run")
    with resumed(config, tmp_path / "run") as run:
        assert run.notices == []
    file.write_text(f"{file.read_text()}\n")
    with resumed(config, tmp_path / "run") as run:
        (notice,) = run.notices
        assert notice.startswith(f"the file with {config.name} has been edited since this checkpoint: ")
        run.save()
    with resumed(config, tmp_path / "run") as run:
        assert run.notices == []


@pytest.mark.parametrize("renewed", [0, 100])
def test_values_that_targets_bootstrap_from_are_made_anew(tmp_path: Path, renewed: int) -> None:
    config = tiny("Walk", f"returns.renewed_values={renewed}")
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while run.counters.step == 0:
            run.cycle()
        stale = run._parts.replay.stale((3, 3), 16, torch.Generator().manual_seed(1))
        assert stale is not None
        with torch.no_grad():
            newest = run.learner.ema_network().initial_inference(stale.observation).value
    assert torch.allclose(stale.root_value, newest, atol=1e-5) is (renewed > 0)


def test_an_evaluation_cuts_episodes_off_that_nothing_ends(tmp_path: Path) -> None:
    with TrainingRun(tiny("Endless", "evaluation.max_steps=30"), tmp_path, World.alone()) as run:
        assert train(run, quiet()) is RunEnd.FINISHED
    evaluations = [record.evaluation for record in read_records(tmp_path) if record.evaluation is not None]
    assert [(each.length, each.truncated) for each in evaluations] == [(30, 1.0)] * len(evaluations) != []


def test_a_forecast_times_the_whole_search(monkeypatch: pytest.MonkeyPatch) -> None:
    run, roots = BatchedSearch.run, []

    def timed(self: BatchedSearch, observation: Tensor, legal: Tensor, **more: Any) -> SearchOutput:
        roots.append(tuple(legal.shape))
        return run(self, observation, legal, **more)

    monkeypatch.setattr(BatchedSearch, "run", timed)
    times = forecast(tiny("Walk"))
    assert set(roots) == {(4, 3)}  # half of the environments, and their actions
    assert 0 < times.first_step < times.whole


def test_a_forecast_times_gradient_steps_of_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    step, sizes = Learner.step, []

    def timed(self: Learner, batch: Batch) -> StepMetrics:
        sizes.append(len(batch.observation))
        return step(self, batch)

    monkeypatch.setattr(Learner, "step", timed)
    for bound in ("QUICK", "LONG"):
        monkeypatch.setattr(f"muzero_engine.training.run.forecast.{bound}", 1e9)
    for kind in ("Walk", "Camera"):
        sizes.clear()
        forecast(tiny(kind, "learner.batch_size=40", "learner.consistency_weight=1"))
        assert sizes[0] == 32
        assert sizes[-1] == 40  # 32 of a small network are quick, and tell little of 40


@pytest.mark.parametrize(("share", "alike"), [(0.0, True), (0.5, False)])
def test_some_steps_of_an_evaluation_are_any(tmp_path: Path, share: float, alike: bool) -> None:
    settings = ("self_play.workers=1", "evaluation.games=16", f"evaluation.random_share={share}")
    task = EnvironmentTask(tiny("Delayed", *settings))
    network = task.fresh_network()
    with contextlib.closing(task.evaluator(tmp_path, network, World.alone())) as evaluator:
        first, again, other = (evaluator.evaluate(step, network, []).episodes for step in (3, 3, 4))
    assert first is not None
    assert other is not None
    assert first == again
    assert (first.lowest == first.highest) == alike
    assert (first == other) == alike


def test_the_time_that_is_left_counts_the_evaluations_to_come(tmp_path: Path) -> None:
    config = tiny("Walk", "steps=10", "replay.min_plies=20", "evaluation.every_cycles=3")
    with TrainingRun(config, tmp_path, World.alone()) as run:
        live = LiveStatus(run)
        run.cycle()  # fills the replay
        live.cycle_begins(learns=True)
        left = {evaluation: live.status(None, 2.0, None, evaluation).seconds_left for evaluation in (None, 7.0)}
        assert left == {None: 10.0, 7.0: 10.0 + 2 * 5.0}  # cycles 2 to 6, of which 3 and 6 evaluate


def test_the_return_is_told_until_other_episodes_end(tmp_path: Path) -> None:
    with TrainingRun(tiny("Walk"), tmp_path, World.alone()) as run:
        live, record = LiveStatus(run), run.cycle()
        assert record.episodes is not None
        live.cycle_ended(record)
        live.cycle_ended(replace(record, episodes=None))
        assert live.status(None, None, None).mean_return == record.episodes.mean


def test_an_evaluation_of_short_episodes_is_not_thought_to_take_half_a_minute(tmp_path: Path) -> None:
    with TrainingRun(tiny("Walk", "steps=1000", "evaluation.every_cycles=3"), tmp_path, World.alone()) as run:
        assert train(run, quiet(), time_limit=40.0, clock=Clock()) is RunEnd.TIME  # as in `test_loop`, of a game
    assert any(record.evaluation for record in read_records(tmp_path))


def test_how_long_an_evaluation_takes_follows_from_the_lengths_of_episodes_and_the_rate(tmp_path: Path) -> None:
    with TrainingRun(tiny("Walk", "environment.max_steps=100"), tmp_path, World.alone()) as run:
        assert run.evaluation_seconds is None  # nothing was played
        record = replace(run.cycle(), cycle_seconds=2.0, simulations=1000)
        assert record.episodes is not None
        short, long = (replace(record, episodes=replace(record.episodes, length=length)) for length in (5.0, 90.0))
        assert run.task.evaluation_seconds(short, run.world) == pytest.approx(STARTING + 4 * LONGEST * 5 * 4 / 500)
        assert run.task.evaluation_seconds(long, run.world) == pytest.approx(STARTING + 4 * 100 * 4 / 500)  # cut off
        assert run.task.evaluation_seconds(replace(record, episodes=None), run.world) is None


def test_returns_beyond_the_support_are_told_once(tmp_path: Path) -> None:
    told = []
    for support in (1, 30):
        said = io.StringIO()
        with TrainingRun(tiny("Chain", f"returns.support={support}"), tmp_path / str(support), World.alone()) as run:
            train(run, Progress(said))
        told.append(said.getvalue().count(f"set returns.support higher ({support} now)"))
    assert told == [1, 0]


@pytest.mark.parametrize(("size", "told"), [(929.0, False), (1000.0, True), (-1000.0, True)])
def test_what_a_return_is_worth_from_its_first_step(tmp_path: Path, size: float, told: bool) -> None:
    """930 is the largest of a support of 30; the rewards of ten steps are discounted by some 1% in the mean."""
    with TrainingRun(tiny("Chain"), tmp_path, World.alone()) as run:
        record = run.cycle()
        assert run.warning == ""
        assert record.episodes is not None
        episodes = replace(record.episodes, length=10.0, lowest=min(size, 0.0), highest=max(size, 0.0))
        assert bool(run.task.warning(replace(record, episodes=episodes))) is told


def _begun(config: TrainConfig, folder: Path) -> None:
    with TrainingRun(config, folder, World.alone()) as run:
        run.save()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Faulty", "ZeroDivisionError: the world ends"),
        ("NoReward", "nan"),
        ("OtherShape", "shape"),
        ("Dies", "exit code 3"),
    ],
)
def test_an_environment_that_fails_ends_a_run_with_a_sentence_and_a_checkpoint(
    tmp_path: Path, name: str, words: str
) -> None:
    config = tiny(name, "replay.min_plies=20")
    with (
        TrainingRun(config, tmp_path, World.alone()) as run,
        pytest.raises(EnvironmentFailed, match=words) as failure,
    ):
        train(run, quiet())
    assert "\n" not in str(failure.value)
    checkpoint = newest_checkpoint(tmp_path)
    assert "self-play-0" not in checkpoint.groups()
    again = resumed(config, tmp_path)
    with again:
        assert again.counters.step == checkpoint.step


class _Silent:
    """A pipe whose worker does not answer."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self.close = pipe.close

    def poll(self, timeout: float) -> bool:
        return False


@pytest.mark.parametrize("evaluates", [False, True])
def test_what_hangs_is_left_behind_where_the_run_is_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluates: bool
) -> None:
    monkeypatch.setattr(workers, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(workers, "_STOP_SECONDS", 0.02)
    wait = EnvironmentPool._wait_for_answer
    config = tiny("Walk", "evaluation.every_cycles=1", "replay.min_plies=20")
    said = io.StringIO()
    with TrainingRun(config, tmp_path, World.alone()) as run:
        mine = run._parts.self_play._pool  # type: ignore[attr-defined]  # of episodes

        def hanging(self: EnvironmentPool, worker: int) -> None:
            if run.counters.cycle and (self is mine) is not evaluates and not self.left:
                self._pipes[worker] = _Silent(self._pipes[worker])  # type: ignore[call-overload]  # as much as is asked
                signal.raise_signal(signal.SIGINT)
            wait(self, worker)

        monkeypatch.setattr(EnvironmentPool, "_wait_for_answer", hanging)
        assert train(run, Progress(said)) is RunEnd.ASKED
        plies = run.counters.plies
    left = "environment worker 0 has not answered for 0 seconds and is left behind: what it had in progress begins anew"
    assert (left in said.getvalue()) is not evaluates
    checkpoint = newest_checkpoint(tmp_path)
    assert read_counters(checkpoint).plies == plies > 0
    assert ("self-play-0" in checkpoint.groups()) is evaluates
    monkeypatch.setattr(EnvironmentPool, "_wait_for_answer", wait)
    with resumed(config, tmp_path) as again:
        assert again.cycle().plies > plies


def test_environments_that_cannot_be_repeated_are_told(tmp_path: Path) -> None:
    config = tiny("Forgetful")
    with TrainingRun(config, tmp_path, World.alone()) as run:
        run.cycle()
        run.save()
    said = io.StringIO()
    with resumed(config, tmp_path) as run:
        assert train(run, Progress(said)) is RunEnd.FINISHED
    assert "8 of 8 environments did not come to where they were by the same seed and actions" in said.getvalue()
