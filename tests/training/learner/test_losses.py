"""Losses and gradients equal those written out by hand; what is masked changes nothing."""

from __future__ import annotations

import dataclasses
import math
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from support.networks import ENVIRONMENTS, tiny_environment_network, tiny_network
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.games.registry import load_game
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.returns import GameReturns
from muzero_engine.training.config import LearnerSettings
from muzero_engine.training.learner import losses
from muzero_engine.training.learner.heads import ConsistencyHead
from muzero_engine.training.learner.losses import LossTerms, MuZeroLoss, half_gradient, softened, sparse_cross_entropy
from muzero_engine.training.random_batches import random_batch, random_episode_batch
from muzero_engine.training.report.step_metrics import STEP_METRICS, Metric
from muzero_engine.training.types import Batch

TICTACTOE = load_game("tictactoe")
SETTINGS = LearnerSettings(value_weight=0.5, outcome_weight=2.0)
EVERYTHING = LearnerSettings(consistency_weight=2.0, decoder_weight=1.0, soft_policy_weight=1.0)


def network() -> MuZeroNetwork:
    return tiny_network(TICTACTOE).train()


def gradients(module: nn.Module, total: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*module.named_parameters(), strict=True)
    gradients = torch.autograd.grad(total, parameters, materialize_grads=True)
    return dict(zip(names, gradients, strict=True))


def losses_of_step(net: MuZeroNetwork, batch: Batch, state: Tensor, step: int) -> Tensor:
    """Policy and value terms of one unroll step, position by position, as the definitions say."""
    total = torch.zeros(())
    policy, value = net.predict(state)
    for m in range(state.shape[0]):
        if batch.has_policy[m, step]:
            logs = policy[m].log_softmax(0)
            for action, probability in zip(batch.target_actions[m, step], batch.target_probs[m, step], strict=True):
                if action >= 0:
                    total = total - SETTINGS.policy_weight * probability * logs[action]
        if batch.has_value[m, step]:
            total = total - SETTINGS.value_weight * (batch.value[m, step] * value[m].log_softmax(0)).sum()
    return total / state.shape[0]


def losses_of_move(batch: Batch, logits: Tensor, step: int) -> Tensor:
    """Outcome terms of one move."""
    total = torch.zeros(())
    for m in range(logits.shape[0]):
        if batch.has_outcome[m, step]:
            total = total - SETTINGS.outcome_weight * logits[m].log_softmax(0)[batch.outcome[m, step]]
    return total / logits.shape[0]


def test_loss_and_gradients_equal_backpropagation_by_hand() -> None:
    """State by state from the last, each as a graph of its own: only what goes back through g is halved."""
    net, batch, unroll = network(), random_batch(TICTACTOE, 6, unroll_steps=3), 3
    output = MuZeroLoss(net, SETTINGS)(batch)
    actual = gradients(net, output.total)

    with torch.no_grad():
        states = [net.represent(batch.observation)]
        for u in range(unroll):
            states.append(net.dynamics(states[u], batch.action[:, u])[0])
    expected = {name: torch.zeros_like(parameter) for name, parameter in net.named_parameters()}
    total, back = 0.0, torch.zeros_like(states[0])  # back: what the next call of g sends to this state
    for u in reversed(range(unroll + 1)):
        latent = states[u - 1].clone().requires_grad_()  # to this step's call of g
        if u:
            state, logits = net.dynamics(latent, batch.action[:, u - 1])
            local = (losses_of_move(batch, logits, u - 1) + losses_of_step(net, batch, state, u)) / unroll
        else:
            state = net.represent(batch.observation)
            local = losses_of_step(net, batch, state, 0)
        total += local.item()
        everything = local + (state * back).sum()
        if u:
            back = 0.5 * torch.autograd.grad(everything, latent, retain_graph=True)[0]
        for name, gradient in gradients(net, everything).items():
            expected[name] += gradient
    assert output.total.item() == pytest.approx(total, rel=1e-5)
    for name in expected:
        torch.testing.assert_close(actual[name], expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("spec", ENVIRONMENTS, ids=lambda spec: spec.kind.value)
def test_positions_weigh_what_their_batch_says(spec: EnvironmentSpec) -> None:
    """The loss is linear in the weights; what is counted is without them."""
    net = tiny_environment_network(spec).train()
    module, batch = MuZeroLoss(net, SETTINGS), random_episode_batch(spec, 6, weighted=True)
    assert batch.weight is not None
    alone = [
        module(dataclasses.replace(batch, weight=torch.eye(6)[m])).total.item() * batch.weight[m].item()
        for m in range(6)
    ]
    output, plain = module(batch), module(dataclasses.replace(batch, weight=None))
    assert output.total.item() == pytest.approx(sum(alone), rel=1e-4)
    assert plain.total.item() == pytest.approx(
        module(dataclasses.replace(batch, weight=torch.ones(6))).total.item(), rel=1e-5
    )
    assert torch.equal(output.sums, plain.sums)
    assert all(gradient.isfinite().all() for gradient in gradients(module, output.total).values())


def test_returns_and_rewards_are_learnt_as_categories() -> None:
    """Value, reward and end of one position, by hand."""
    net = tiny_environment_network(ENVIRONMENTS[2]).train()
    batch = random_episode_batch(ENVIRONMENTS[2], 5, unroll_steps=1)
    has = torch.ones(5, 2, dtype=torch.bool)
    outcome = torch.stack([batch.outcome[..., 0], torch.tensor([[0.0], [1.0], [0.0], [1.0], [0.0]])], dim=2)
    batch = dataclasses.replace(batch, has_value=has, has_outcome=has[:, 1:], has_policy=~has, outcome=outcome)
    output = MuZeroLoss(net, SETTINGS)(batch)
    total = torch.zeros(())
    state = net.represent(batch.observation)
    following, reward = net.dynamics(state, batch.action[:, 0])
    for logits, step in ((net.predict(state)[1], 0), (net.predict(following)[1], 1)):
        total = total + 0.5 * net.returns.value_loss(logits, batch.value[:, step]).loss.sum()
    categories = net.returns.value_loss(reward[:, :-1], outcome[:, 0, :1]).loss
    ends = F.binary_cross_entropy_with_logits(reward[:, -1], outcome[:, 0, 1], reduction="none")
    total = total + 2.0 * (categories + ends).sum()
    assert output.total.item() == pytest.approx(total.item() / 5, rel=1e-5)
    counts = dict(zip(STEP_METRICS, output.counts.tolist(), strict=True))
    assert (counts[Metric.ENDS_FOUND][1], counts[Metric.FALSE_ENDS][1]) == (2.0, 3.0)


def test_half_gradient_keeps_the_numbers() -> None:
    x = torch.rand(50, requires_grad=True)
    y = half_gradient(x)
    assert torch.equal(x, y)
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], torch.full((50,), 0.5))
    z = x.to(torch.bfloat16)
    assert torch.equal(half_gradient(z), z)


def test_without_targets_nothing_is_learned() -> None:
    batch = random_batch(TICTACTOE, 5, later_observation=True)
    no: dict[str, Any] = {
        name: torch.zeros_like(getattr(batch, name)) for name in ("has_policy", "has_value", "has_outcome", "alive")
    }
    module = MuZeroLoss(network(), EVERYTHING)
    output = module(dataclasses.replace(batch, **no))
    assert output.total.item() == 0.0
    assert all(not gradient.any() for gradient in gradients(module, output.total).values())
    assert not output.counts.any()


def test_what_is_masked_does_not_matter() -> None:
    batch = random_batch(TICTACTOE, 8)
    other = random_batch(TICTACTOE, 8, seed=1)
    swapped = dataclasses.replace(
        batch,
        target_probs=torch.where(batch.has_policy[..., None], batch.target_probs, other.target_probs),
        value=torch.where(batch.has_value[..., None], batch.value, other.value),
        outcome=torch.where(batch.has_outcome, batch.outcome, 3),
    )
    module = MuZeroLoss(network(), SETTINGS)
    one, two = module(batch), module(swapped)
    assert torch.equal(one.total, two.total)
    assert torch.equal(one.sums, two.sums)


def test_filters_made_once_give_the_same_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    module, batch = MuZeroLoss(network(), SETTINGS), random_batch(TICTACTOE, 4)
    shared = gradients(module, module(batch).total)
    monkeypatch.setattr(losses, "shared_filters", lambda network: nullcontext())
    for name, gradient in gradients(module, module(batch).total).items():
        torch.testing.assert_close(shared[name], gradient, rtol=1e-4, atol=1e-6)


def test_policy_loss_is_that_of_the_dense_target() -> None:
    logits = torch.randn(2, 3, 7)
    actions = torch.tensor([[[0, 6], [3, -1], [5, 2]]] * 2)
    probs = torch.tensor([[[0.75, 0.25], [1.0, 0.0], [0.5, 0.5]]] * 2)
    dense = torch.zeros(2, 3, 7)
    dense[:, 0, 0], dense[:, 0, 6], dense[:, 1, 3], dense[:, 2, 5], dense[:, 2, 2] = 0.75, 0.25, 1.0, 0.5, 0.5
    logs = logits.log_softmax(2)
    torch.testing.assert_close(sparse_cross_entropy(logs, actions, probs), -(dense * logs).sum(2))


def test_padding_may_hold_anything() -> None:
    logs = torch.randn(1, 4).log_softmax(1)
    entropy = sparse_cross_entropy(logs, torch.tensor([[2, -1]]), torch.tensor([[1.0, 0.5]]))
    torch.testing.assert_close(entropy, -logs[:, 2])


def test_softened_targets() -> None:
    soft = softened(torch.tensor([[0.81, 0.01, 0.0], [0.0, 0.0, 0.0]]))
    assert soft[0].sum().item() == pytest.approx(1.0)
    assert (soft[0, 0] / soft[0, 1]).item() == pytest.approx(3.0)
    assert not soft[0, 2]
    assert not soft[1].any()


def test_measures_by_unroll_step() -> None:
    terms = LossTerms(3, 2, torch.device("cpu"))
    logits = torch.full((2, 3, 4), 0.0)
    called = torch.tensor([[0, 1, 3], [0, 2, 0]])
    logits.scatter_(2, called[..., None], 9.0)
    outcome = torch.tensor([[0, 1, 0], [0, 1, 2]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    terms.reward(GameReturns().reward_loss(logits, outcome), mask)
    terms.policy(
        torch.zeros(3, 3, 8), torch.tensor([[[0, 5]] * 3] * 3), torch.full((3, 3, 2), 0.5), torch.ones(3, 3) > 0
    )
    weighted = terms.loss(((Metric.POLICY, 3.0),))
    sums = dict(zip(STEP_METRICS, weighted.sums.tolist(), strict=True))
    counts = dict(zip(STEP_METRICS, weighted.counts.tolist(), strict=True))
    assert (sums[Metric.ENDS_FOUND], counts[Metric.ENDS_FOUND]) == ([0.0, 1.0, 0.0], [0.0, 1.0, 1.0])
    assert (sums[Metric.FALSE_ENDS], counts[Metric.FALSE_ENDS]) == ([0.0, 1.0, 0.0], [0.0, 2.0, 1.0])
    assert counts[Metric.OUTCOME] == [0.0, 3.0, 2.0]
    assert sums[Metric.POLICY] == pytest.approx([3 * math.log(8)] * 3)
    assert sums[Metric.POLICY_ENTROPY] == pytest.approx([3 * math.log(8)] * 3)
    assert sums[Metric.TARGET_ENTROPY] == pytest.approx([3 * math.log(2)] * 3)
    assert sums[Metric.POLICY_DIVERGENCE] == pytest.approx([3 * math.log(4)] * 3)
    assert weighted.total.item() == pytest.approx(
        3.0 * (math.log(8) + math.log(8))
    )  # step 0, and the mean of steps 1, 2


def test_ownership_is_learned_at_step_0() -> None:
    game = load_game("go")
    has = torch.tensor([True, False, True])
    batch = dataclasses.replace(random_batch(game, 3, unroll_steps=2, shape=(9, 9)), has_ownership=has)
    module = MuZeroLoss(tiny_network(game), dataclasses.replace(SETTINGS, ownership_weight=1.0))
    output = module(batch)
    row, ownership = STEP_METRICS.index(Metric.OWNERSHIP), batch.ownership
    assert ownership is not None
    predicted = module.network.predict_ownership(module.network.represent(batch.observation))
    assert predicted is not None
    assert output.sums[row, 0].item() == pytest.approx(
        2 * (predicted - ownership)[has].square().mean().item(), rel=1e-4
    )
    assert output.counts[row].tolist() == [2.0, 0.0, 0.0]
    assert gradients(module, output.total)["network.ownership.points.weight"].any()
    without = module(dataclasses.replace(batch, ownership=None, has_ownership=None))
    assert without.counts[row].tolist() == [0.0, 0.0, 0.0]
    assert without.total < output.total


@pytest.mark.parametrize("head", [ConsistencyHead.by_square(8), ConsistencyHead.of_whole(72)], ids=["square", "whole"])
def test_consistency_leaves_the_seen_latents_alone(head: ConsistencyHead) -> None:
    torch.manual_seed(0)
    imagined, seen = torch.rand(6, 8, 3, 3, requires_grad=True), torch.rand(6, 8, 3, 3, requires_grad=True)
    distance = head(imagined, seen)
    assert distance.shape == (6,)
    assert ((distance > 0) & (distance < 2)).all()
    of_imagined, of_seen = torch.autograd.grad(distance.sum(), [imagined, seen], allow_unused=True)
    assert of_imagined.any()
    assert of_seen is None


def test_what_all_screens_have_in_common_is_not_consistent_by_itself() -> None:
    """Latents of other screens are as unlike as any two, however much of the screen stands still."""
    torch.manual_seed(0)
    screen = torch.rand(1, 8, 6, 6)
    seen, others = screen + 0.02 * torch.randn(64, 8, 6, 6), screen + 0.02 * torch.randn(64, 8, 6, 6)
    by_square, of_whole = ConsistencyHead.by_square(8), ConsistencyHead.of_whole(8 * 36)
    by_square.predict = of_whole.predict = nn.Identity()
    assert by_square(others, seen).mean() < 0.1
    assert of_whole(others, seen).mean() > 0.8
    assert of_whole(seen, seen).max() < 1e-5


def test_images_learn_to_be_consistent_over_whole_latents() -> None:
    spec = ENVIRONMENTS[1]
    module = MuZeroLoss(tiny_environment_network(spec).train(), LearnerSettings(consistency_weight=2.0))
    with torch.autocast("cpu", torch.bfloat16):
        output = module(random_episode_batch(spec, 4, unroll_steps=2, later_observation=True))
    found = gradients(module, output.total)
    assert found["network.dynamics_stem.weight"].isfinite().all()
    assert found["heads.consistency.project.1.weight"].shape == (512, 8 * 3 * 4)
    assert found["heads.consistency.project.1.weight"].any()


def test_optional_heads_train_the_dynamics() -> None:
    batch = random_batch(TICTACTOE, 6, later_observation=True)
    only = {"policy_weight": 0.0, "value_weight": 0.0, "outcome_weight": 0.0}
    for name in ("consistency_weight", "decoder_weight", "soft_policy_weight", "short_value_weight"):
        module = MuZeroLoss(network(), LearnerSettings(**only, **{name: 1.0}))  # type: ignore[arg-type]  # all floats
        with torch.no_grad():
            for parameter in module.heads.parameters():
                parameter.add_(0.1)  # a last layer of zeros passes nothing on
        output = module(batch)
        assert output.total > 0
        assert gradients(module, output.total)["network.dynamics_stem.weight"].any(), name


@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_decoder_sees_the_start_and_the_step_that_was_drawn(step: int) -> None:
    batch = random_batch(TICTACTOE, 8, unroll_steps=3, later_observation=True)
    batch = dataclasses.replace(batch, later_step=torch.full((8,), step))
    only: dict[str, Any] = {"policy_weight": 0.0, "value_weight": 0.0, "outcome_weight": 0.0, "ownership_weight": 0.0}
    module = MuZeroLoss(network(), LearnerSettings(**only, decoder_weight=1.0))
    decoder = module.heads.decoder
    assert decoder is not None
    torch.nn.init.normal_(decoder.planes.weight)
    assert batch.later_observation is not None
    state, expected = module.network.represent(batch.observation), 0.0
    for u in range(step + 1):
        if u in (0, step):
            logits = decoder(state)
            seen = (batch.later_observation if u else batch.observation)[:, : logits.shape[1]]
            errors = F.binary_cross_entropy_with_logits(logits, seen, reduction="none").mean(dim=(1, 2, 3))
            expected += errors[batch.alive[:, u]].sum().item() / 8
        if u < step:
            state, _ = module.network.dynamics(state, batch.action[:, u])
    output = module(batch)
    assert output.total.item() == pytest.approx(expected, rel=1e-5)
    counts = output.counts[STEP_METRICS.index(Metric.DECODER)].tolist()
    assert counts == [8.0 if u == 0 else float(batch.alive[:, u].sum()) * (u == step) for u in range(4)]


def test_the_consistency_loss_of_one_step_stands_for_all() -> None:
    """Each position has its step; the terms are counted where they are and weigh 1."""
    batch = random_batch(TICTACTOE, 6, unroll_steps=3, later_observation=True)
    batch = dataclasses.replace(batch, later_step=torch.tensor([1, 2, 3, 1, 2, 3]), alive=torch.ones(6, 4).bool())
    only: dict[str, Any] = {"policy_weight": 0.0, "value_weight": 0.0, "outcome_weight": 0.0, "ownership_weight": 0.0}
    output = MuZeroLoss(network(), LearnerSettings(**only, consistency_weight=2.0))(batch)
    row = STEP_METRICS.index(Metric.CONSISTENCY)
    assert output.counts[row].tolist() == [0.0, 2.0, 2.0, 2.0]
    assert output.total.item() == pytest.approx(2.0 * output.sums[row].sum().item() / 6, rel=1e-5)


def test_consistency_and_decoder_say_what_the_batch_lacks() -> None:
    module = MuZeroLoss(network(), EVERYTHING)
    with pytest.raises(ValueError, match="lacks the later observation"):
        module(random_batch(TICTACTOE, 2))


def test_the_loss_compiles_into_one_graph() -> None:
    module, batch = (
        MuZeroLoss(network(), EVERYTHING),
        random_batch(TICTACTOE, 4, unroll_steps=2, later_observation=True),
    )
    compiled = torch.compile(module, backend="eager", dynamic=False, fullgraph=True)
    torch.testing.assert_close(compiled(batch).total, module(batch).total)
