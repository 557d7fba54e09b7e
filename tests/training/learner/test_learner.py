"""The learner: schedule, decay, clipping, means of weights, and steps that a resumed run repeats."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.networks import tiny_network

from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.stems import ChannelNorm, ImageStem
from muzero_engine.training.config import LearnerSettings, Optimiser
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import BadLearnerState, Learner, LearnerState, NonFiniteLoss
from muzero_engine.training.learner.optimiser import ema_decay, learning_rate, make_optimiser
from muzero_engine.training.random_batches import random_batch
from muzero_engine.training.report.step_metrics import summarise
from muzero_engine.training.types import Batch, tensors_of

TICTACTOE = load_game("tictactoe")
ALONE = World.alone()
SETTINGS = LearnerSettings(warmup_steps=4)


def make(settings: LearnerSettings = SETTINGS, *, seed: int = 0, run_dir: Path | None = None) -> Learner:
    return Learner(tiny_network(TICTACTOE, seed=seed), settings, total_steps=100, world=ALONE, run_dir=run_dir)


def spoiled(batch: Batch) -> Batch:
    return dataclasses.replace(batch, observation=torch.full_like(batch.observation, math.nan))


def same(left: LearnerState, right: LearnerState) -> bool:
    tensors = left.tensors.keys() == right.tensors.keys() and all(
        torch.equal(tensor, right.tensors[name]) for name, tensor in left.tensors.items()
    )
    return tensors and left.step == right.step


def test_learning_rate_warms_up_and_falls() -> None:
    settings = LearnerSettings(learning_rate=1.0, final_learning_rate=0.2, warmup_steps=10)
    rates = [learning_rate(settings, step, 110) for step in range(200)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[4] == pytest.approx(0.5)
    assert rates[9] == rates[10] == pytest.approx(1.0)
    assert rates[60] == pytest.approx(0.6)  # half way down the cosine
    assert rates[35] == pytest.approx(0.2 + 0.4 * (1 + math.cos(math.pi / 4)))
    assert rates[110:] == pytest.approx([0.2] * 90)
    assert learning_rate(LearnerSettings(warmup_steps=0, learning_rate=3.0), 0, 5) == pytest.approx(3.0)
    assert learning_rate(LearnerSettings(warmup_steps=9), 50, 5) == pytest.approx(1e-4)


def test_only_weights_of_layers_decay() -> None:
    network = fresh_network(TICTACTOE, 1, channels=8, representation_blocks=1, dynamics_blocks=1)
    decayed, kept = make_optimiser(network, LearnerSettings(weight_decay=0.1)).param_groups
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.1, 0.0)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    assert {names[id(p)].rsplit(".", 1)[1] for p in decayed["params"]} == {"weight"}
    assert {names[id(p)].rsplit(".", 1)[1] for p in kept["params"]} == {"gain", "bias"}
    assert len(decayed["params"]) + len(kept["params"]) == len(names)
    stem = ImageStem(1, 4, 9)
    gains = {id(norm.weight) for norm in stem.modules() if isinstance(norm, ChannelNorm)}
    assert len(gains) == 4
    assert gains <= {id(p) for p in make_optimiser(stem, LearnerSettings()).param_groups[1]["params"]}


def test_running_mean_of_the_weights() -> None:
    settings = LearnerSettings(ema_decay=0.5, warmup_steps=0)
    assert ema_decay(settings, 0) == pytest.approx(0.1)
    assert ema_decay(settings, 1) == pytest.approx(2 / 11)
    assert ema_decay(settings, 1000) == 0.5
    learner = make(settings)
    mean = [parameter.detach().clone() for parameter in learner.network.parameters()]
    for step in range(3):
        learner.step(random_batch(TICTACTOE, 4))
        decay = min(0.5, (1 + step) / (10 + step))
        mean = [decay * m + (1 - decay) * p.detach() for m, p in zip(mean, learner.network.parameters(), strict=True)]
    for expected, weights in zip(mean, learner.ema_network().parameters(), strict=True):
        torch.testing.assert_close(weights.detach(), expected)
        assert not weights.requires_grad


def test_gradients_are_clipped_by_their_global_norm() -> None:
    """With plain SGD a clipped step has the length rate x norm; without clipping that of the gradient."""
    batch, lengths, norms = random_batch(TICTACTOE, 4), [], []
    for clip in (0.01, 0.0):
        learner = make(
            LearnerSettings(
                optimiser=Optimiser.SGD,
                momentum=0.0,
                weight_decay=0.0,
                warmup_steps=0,
                learning_rate=0.1,
                clip_norm=clip,
            )
        )
        before = [parameter.detach().clone() for parameter in learner.network.parameters()]
        norms.append(learner.step(batch).gradient_norm.item())
        moved = [p.detach() - b for p, b in zip(learner.network.parameters(), before, strict=True)]
        lengths.append(torch.cat([m.flatten() for m in moved]).norm().item())
    assert norms[0] == norms[1] > 0.01
    assert lengths == pytest.approx([0.1 * 0.01, 0.1 * norms[1]], rel=1e-3)


def test_a_small_batch_is_learned_by_heart() -> None:
    batch = random_batch(TICTACTOE, 6, unroll_steps=3, targets=1)
    value = torch.nn.functional.one_hot(batch.value.argmax(dim=2), 3).float()
    batch = dataclasses.replace(batch, value=value)
    network = fresh_network(TICTACTOE, 3, channels=24, representation_blocks=1, dynamics_blocks=1)
    settings = LearnerSettings(learning_rate=5e-3, warmup_steps=10)
    learner = Learner(network, settings, total_steps=250, world=ALONE)
    first = learner.step(batch).loss.item()
    for _ in range(249):
        last = learner.step(batch)
    summary = summarise([last], ALONE)
    assert first > 4
    assert summary.loss < 0.05
    assert all(share in (None, 1.0) for share in summary.ends_found)
    assert all(share in (None, 0.0) for share in summary.false_ends)
    assert summary.policy[3] is not None
    assert summary.policy[3] < 0.1


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_a_resumed_run_equals_an_unbroken_one(optimiser: Optimiser) -> None:
    settings = LearnerSettings(optimiser=optimiser, warmup_steps=4, soft_policy_weight=1.0, consistency_weight=1.0)
    batches = [random_batch(TICTACTOE, 4, seed=seed, later_observation=True) for seed in range(6)]
    unbroken = make(settings)
    for batch in batches[:3]:
        unbroken.step(batch)
    state = unbroken.state()
    resumed = make(settings, seed=5)
    resumed.step(batches[5])  # what it did before is forgotten
    resumed.load_state(state)
    assert same(resumed.state(), state)
    for batch in batches[3:]:
        one, two = unbroken.step(batch), resumed.step(batch)
        assert torch.equal(one.loss, two.loss)
        assert (one.step, one.learning_rate) == (two.step, two.learning_rate)
    assert same(unbroken.state(), resumed.state())
    assert resumed.steps == 6


def test_a_state_before_the_first_step_can_be_loaded() -> None:
    fresh, other = make(), make(seed=1)
    other.step(random_batch(TICTACTOE, 4))
    other.load_state(fresh.state())
    assert same(other.state(), fresh.state())


def test_a_state_is_a_copy() -> None:
    learner = make()
    state = learner.state()
    before = state.tensors["network.value.logits.bias"].clone()
    learner.step(random_batch(TICTACTOE, 4))
    assert torch.equal(state.tensors["network.value.logits.bias"], before)


def test_a_foreign_state_is_refused_and_changes_nothing() -> None:
    learner = make()
    learner.step(random_batch(TICTACTOE, 4))
    before = learner.state()
    wider = Learner(tiny_network(TICTACTOE, channels=10), SETTINGS, total_steps=9, world=ALONE).state()
    heads = make(LearnerSettings(soft_policy_weight=1.0)).state()
    lacking = dataclasses.replace(
        before, tensors={k: v for k, v in before.tensors.items() if k != "ema.value.logits.bias"}
    )
    slot = dataclasses.replace(before, tensors=before.tensors | {"optimiser.exp_avg.nowhere": torch.zeros(3)})
    for state, reason in (
        (wider, r"is \(10,\), not \(8,\)"),
        (heads, "which these settings do not use"),
        (lacking, "lacks ema.value.logits.bias"),
        (slot, "optimiser.exp_avg.nowhere"),
    ):
        with pytest.raises(BadLearnerState, match=reason):
            learner.load_state(state)
        assert same(learner.state(), before)


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_a_step_that_is_not_finite_stops_with_its_batch_saved(tmp_path: Path, optimiser: Optimiser) -> None:
    learner = make(LearnerSettings(optimiser=optimiser), run_dir=tmp_path)
    learner.step(random_batch(TICTACTOE, 4))
    before = learner.state()
    bad = spoiled(random_batch(TICTACTOE, 4, seed=1))
    with pytest.raises(NonFiniteLoss, match=r"at step 1; its batch is in .*nonfinite-1\.safetensors") as caught:
        learner.step(bad)
    assert "\n" not in str(caught.value)
    saved = load_file(tmp_path / "nonfinite-1.safetensors")
    assert saved.keys() == tensors_of(bad).keys()
    assert torch.equal(saved["action"], bad.action)
    assert saved["observation"].isnan().all()
    with pytest.raises(NonFiniteLoss):
        learner.state()
    learner.load_state(before)
    assert same(learner.state(), before)


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_a_host_that_looks_later_finds_the_weights_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimiser: Optimiser
) -> None:
    """As on a GPU, where a step is checked while the next ones are already under way."""
    learner = make(LearnerSettings(optimiser=optimiser), run_dir=tmp_path)
    learner.step(random_batch(TICTACTOE, 4))
    before = learner.state()
    monkeypatch.setattr(learner, "_lag", 2)
    learner.step(spoiled(random_batch(TICTACTOE, 4)))
    learner.step(random_batch(TICTACTOE, 4))
    for name, tensor in learner.network.state_dict().items():
        assert torch.equal(tensor, before.tensors[f"network.{name}"])
    assert all(tensor.isfinite().all() for tensor in learner.ema_network().state_dict().values())
    with pytest.raises(NonFiniteLoss, match="at step 1;"):
        learner.step(random_batch(TICTACTOE, 4))
    assert [path.name for path in tmp_path.iterdir()] == ["nonfinite-1.safetensors"]


def test_a_batch_that_cannot_be_saved_is_told(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLoss, match="could not be saved"):
        make(run_dir=tmp_path / "nowhere").step(spoiled(random_batch(TICTACTOE, 2)))
    with pytest.raises(NonFiniteLoss, match="was not kept"):
        make().step(spoiled(random_batch(TICTACTOE, 2)))


def test_measuring_a_batch_changes_nothing() -> None:
    learner, untouched = make(), make()
    held = random_batch(TICTACTOE, 6, unroll_steps=2, seed=9)
    losses = learner.measure(held)
    assert not losses.total.requires_grad
    for seed in range(2):
        batch = random_batch(TICTACTOE, 6, unroll_steps=2, seed=seed)
        learner.step(batch)
        learner.measure(held)
        untouched.step(batch)
    assert same(learner.state(), untouched.state())
    again = make().step(held)
    assert torch.equal(losses.sums, again.sums)
    assert torch.equal(losses.total, again.loss)
    assert learner.measure(held).total != losses.total


def test_summary_is_the_mean_over_positions() -> None:
    learner = make()
    metrics = [learner.step(random_batch(TICTACTOE, size, unroll_steps=2, seed=size)) for size in (2, 6)]
    summary = summarise(metrics, ALONE)
    assert summary.steps == 2
    assert summary.learning_rate == metrics[1].learning_rate
    assert summary.loss == pytest.approx((metrics[0].loss.item() + metrics[1].loss.item()) / 2)
    sums, counts = metrics[0].sums + metrics[1].sums, metrics[0].counts + metrics[1].counts
    assert summary.policy == pytest.approx(tuple((sums[0] / counts[0]).tolist()))
    assert len(summary.value) == 3
    assert summary.outcome[0] is None
    assert summary.ownership == (None, None, None)
