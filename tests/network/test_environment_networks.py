"""Networks for environments: planes, images and vectors in, discounted returns out."""

from __future__ import annotations

import pytest
import torch
from support.networks import ENVIRONMENTS, tiny_environment_network

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.network.config import BadConfig, NetworkConfig
from muzero_engine.network.fresh import fresh_environment_network
from muzero_engine.network.resize import resized
from muzero_engine.returns import DiscountedReturns
from muzero_engine.training.random_batches import random_episode_batch

RETURNS = DiscountedReturns(discount=0.9, support=10)
SPECS = pytest.mark.parametrize("spec", ENVIRONMENTS, ids=lambda spec: spec.kind.value)


@SPECS
@torch.no_grad()
def test_shapes_and_ranges(spec: EnvironmentSpec) -> None:
    network = tiny_environment_network(spec)
    config = network.config
    assert config.num_actions(config.shapes[0]) == spec.actions
    assert config.observation_shape == spec.shape
    assert NetworkConfig.from_json(config.to_json()) == config
    root = network.initial_inference(random_episode_batch(spec, 3).observation)
    assert root.latent.shape == (3, 8, *config.shapes[0])
    assert root.policy_logits.shape == (3, spec.actions)
    after = network.recurrent_inference(root.latent, torch.tensor([0, 1, spec.actions - 1]))
    assert after.latent.shape == root.latent.shape
    assert after.latent.min() >= 0
    assert after.latent.max() == pytest.approx(1)
    assert ((after.discount >= 0) & (after.discount <= 0.9)).all()
    for output in (root.value, after.value, after.reward):
        assert output.shape == (3,)
        assert output.dtype == torch.float32
        assert output.abs().max() <= RETURNS.largest


@SPECS
@torch.no_grad()
def test_a_fresh_network_expects_nothing(spec: EnvironmentSpec) -> None:
    network = fresh_environment_network(spec, RETURNS, 0, channels=8, representation_blocks=1, dynamics_blocks=1)
    root = network.initial_inference(random_episode_batch(spec, 3).observation)
    assert root.value.abs().max() < 1e-3
    assert (root.policy_logits.max() - root.policy_logits.min()) < 1e-6


@SPECS
@torch.no_grad()
def test_actions_lead_to_different_latents(spec: EnvironmentSpec) -> None:
    network = tiny_environment_network(spec)
    latent = network.represent(random_episode_batch(spec, 1).observation).expand(spec.actions, -1, -1, -1)
    following, _ = network.dynamics(latent, torch.arange(spec.actions))
    assert (following[:, None] - following[None]).abs().amax(dim=(2, 3, 4)).gt(1e-3).sum() == spec.actions**2 - (
        spec.actions
    )


@SPECS
def test_folding_and_precision_of_observations_change_nothing(spec: EnvironmentSpec) -> None:
    network = tiny_environment_network(spec)
    observation = random_episode_batch(spec, 3, dtype=torch.bool).observation
    with torch.no_grad():
        expected = network.initial_inference(observation)
        for other in (network.folded().initial_inference(observation), network.initial_inference(observation.float())):
            torch.testing.assert_close(other.latent, expected.latent, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(other.value, expected.value, rtol=1e-3, atol=1e-3)
    raw = random_episode_batch(spec, 3, dtype=torch.bool).observation  # bytes, bits and numbers as they are
    half = network.folded().bfloat16().initial_inference(raw)
    assert half.latent.dtype == torch.bfloat16


@SPECS
def test_gradients_reach_every_parameter(spec: EnvironmentSpec) -> None:
    network = tiny_environment_network(spec)
    output = network.initial_inference(random_episode_batch(spec, 4).observation)
    following = network.recurrent_inference(output.latent, torch.arange(4) % spec.actions)
    parts = (output.policy_logits, output.value_logits, following.reward_logits, following.policy_logits)
    sum(part.square().mean() for part in parts).backward()  # type: ignore[union-attr]  # not the sum of nothing
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@torch.no_grad()
def test_a_vector_is_seen_whatever_its_size() -> None:
    """Also one number, of which filters with a mean of zero would see nothing."""
    spec = EnvironmentSpec(id="number", kind=ObservationKind.VECTOR, shape=(1, 1, 1), actions=2)
    network = tiny_environment_network(spec)
    numbers = torch.tensor([-1e4, -1.0, -0.01, 0.0, 0.01, 1.0, 1e4]).view(-1, 1, 1, 1)
    latents = network.represent(numbers).flatten(1)
    assert (latents[:, None] - latents[None]).abs().amax(dim=2).gt(1e-3).sum() == 7 * 6


@SPECS
def test_a_larger_network_computes_the_same(spec: EnvironmentSpec) -> None:
    channels = 8 if spec.kind is ObservationKind.IMAGE else 12  # more are refused there, see below
    network = tiny_environment_network(spec)
    observation, action = random_episode_batch(spec, 2).observation, torch.tensor([0, 1])
    larger = resized(network, 3, channels=channels, representation_blocks=3, dynamics_blocks=2)
    with torch.no_grad():
        expected = network.recurrent_inference(network.represent(observation), action)
        actual = larger.recurrent_inference(larger.represent(observation), action)
    torch.testing.assert_close(actual.value_logits, expected.value_logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(actual.reward_logits, expected.reward_logits, rtol=1e-4, atol=1e-5)


def test_what_does_not_fit_is_refused() -> None:
    image = EnvironmentSpec(id="x", kind=ObservationKind.IMAGE, shape=(1, 84, 84), actions=2)
    with pytest.raises(BadConfig, match="multiple of 16"):
        NetworkConfig.for_environment(image, RETURNS)
    with pytest.raises(BadConfig, match="stay as they are"):
        resized(tiny_environment_network(ENVIRONMENTS[1]), 0, channels=12)
