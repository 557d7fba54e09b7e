"""h, g and f: shapes, ranges, frames of the movers, and samples that do not touch each other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from support.networks import SIZES, largest_difference, random_observations, tiny_network

from muzero_engine.games.base import Shape, Turn
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.model import TOP
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import turned
from muzero_engine.network.numpy_model import TorchModel

BOARDS: list[tuple[str, Shape]] = [(name, load_game(name).spec.shapes[0]) for name in BUILT_IN]
BOARDS += [("go", (5, 5)), ("go", (13, 13))]


@pytest.mark.parametrize(("name", "shape"), BOARDS)
def test_shapes_and_ranges(name: str, shape: Shape) -> None:
    game = load_game(name)
    model = TorchModel(tiny_network(game))
    actions = game.spec.num_actions(shape)
    root = model.initial_inference(random_observations(game, shape, 3))
    assert root.latent.shape == (3, 8, *shape)
    assert root.policy_logits.shape == (3, actions)
    assert (root.ownership is not None) == game.spec.ownership
    if root.ownership is not None:
        assert root.ownership.shape == (3, *shape)
        assert np.abs(root.ownership).max() <= 1
    after = model.recurrent_inference(root.latent, np.array([0, 1, actions - 1]))
    assert after.latent.shape == (3, 8, *shape)
    assert after.top_actions.shape == after.top_logits.shape == (3, min(TOP, actions))
    for output in (root, after):
        assert output.latent.min() >= 0
        assert output.latent.max() == pytest.approx(1)
        assert np.abs(output.value).max() + output.draw.max() < 2
        for field in (output.value, output.draw):
            assert field.shape == (3,)
            assert field.dtype == np.float32
    assert np.all(after.discount <= 0)
    assert np.all(np.abs(after.reward) + after.reward_draw <= 1 + after.discount + 1e-6)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_fresh_network_is_indifferent(name: str) -> None:
    game = load_game(name)
    model = TorchModel(fresh_network(game, 0, **SIZES))
    root = model.initial_inference(random_observations(game, game.spec.shapes[0], 2))
    after = model.recurrent_inference(root.latent, np.array([3, 4]))
    assert np.ptp(root.policy_logits) < 1e-6
    assert np.ptp(after.top_logits) < 1e-6
    for output in (root, after):
        assert np.abs(output.value).max() < 1e-6
    assert np.abs(after.reward).max() < 1e-6
    assert after.discount.max() < -0.95


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_sample_is_computed_alone(name: str) -> None:
    game = load_game(name)
    model = TorchModel(tiny_network(game))
    observations = random_observations(game, game.spec.shapes[0], 4)
    together = model.initial_inference(observations)
    alone = model.initial_inference(observations[2:3])
    np.testing.assert_allclose(together.policy_logits[2:3], alone.policy_logits, atol=1e-5)
    after = model.recurrent_inference(together.latent, np.array([1, 2, 3, 4]))
    after_alone = model.recurrent_inference(together.latent[2:3], np.array([3]))
    np.testing.assert_allclose(after.latent[2:3], after_alone.latent, atol=1e-5)


@pytest.mark.parametrize("name", BUILT_IN)
def test_different_actions_lead_to_different_latents(name: str) -> None:
    game = load_game(name)
    model = TorchModel(tiny_network(game))
    root = model.initial_inference(random_observations(game, game.spec.shapes[0], 1))
    actions = np.arange(game.spec.num_actions(game.spec.shapes[0]))
    table = game.action_table(game.spec.shapes[0])
    actions = actions[table.to_square >= 0][::5]
    latents = model.recurrent_inference(np.repeat(root.latent, len(actions), axis=0), actions).latent
    assert len(np.unique(latents.reshape(len(actions), -1).round(6), axis=0)) == len(actions)


@pytest.mark.parametrize(("turn", "axes"), [(Turn.NONE, ()), (Turn.MIRROR, (2,)), (Turn.ROTATE, (2, 3))])
def test_turned_reverses_the_axes_of_the_turn(turn: Turn, axes: tuple[int, ...]) -> None:
    x = torch.rand(2, 3, 4, 5)
    assert torch.equal(turned(x, turn), x.flip(axes) if axes else x)
    assert torch.equal(turned(turned(x, turn), turn), x)


@pytest.mark.parametrize(("name", "axes"), [("chess", (2,)), ("shogi", (2, 3)), ("go", ()), ("tictactoe", ())])
def test_dynamics_hands_the_latent_over_in_the_next_movers_frame(name: str, axes: tuple[int, ...]) -> None:
    game = load_game(name)
    network = tiny_network(game)
    latent, action = torch.rand(1, 8, *game.spec.shapes[0]), torch.tensor([5])
    with torch.no_grad():
        following, outcome = network.dynamics(latent, action)
        network.config = dataclasses.replace(network.config, turn=Turn.NONE)
        unturned, same_outcome = network.dynamics(latent, action)
    assert torch.equal(following, unturned.flip(axes))
    assert torch.equal(outcome, same_outcome)


@pytest.mark.parametrize("name", BUILT_IN)
def test_gradients_reach_every_parameter_through_an_unroll(name: str) -> None:
    game = load_game(name)
    network = tiny_network(game)
    output = network.initial_inference(torch.from_numpy(random_observations(game, game.spec.shapes[0], 4)))
    loss = output.policy_logits.square().mean() + output.value_logits.square().mean()
    if output.ownership is not None:
        loss = loss + output.ownership.square().mean()
    latent = output.latent
    for step in range(3):
        following = network.recurrent_inference(latent, torch.arange(4) + step)
        loss = loss + following.policy_logits.square().mean() + following.value_logits.square().mean()
        loss = loss + following.reward_logits.square().mean()
        latent = following.latent
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", BUILT_IN)
def test_folding_changes_nothing(name: str) -> None:
    game = load_game(name)
    network = tiny_network(game)
    x = torch.from_numpy(random_observations(game, game.spec.shapes[0], 2))
    with torch.no_grad():
        before, after = network.initial_inference(x), network.folded().initial_inference(x)
        torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)
        actions = torch.tensor([1, 2])
        again = network.folded().recurrent_inference(after.latent, actions)
        torch.testing.assert_close(again, network.recurrent_inference(before.latent, actions), atol=1e-5, rtol=1e-5)
    assert any("gain" in key for key in network.state_dict())
    assert not any("gain" in key for key in network.folded().state_dict())


@pytest.mark.parametrize("name", ["chess", "go"])
def test_half_precision_stays_close(name: str) -> None:
    game = load_game(name)
    network = tiny_network(game)
    observations = random_observations(game, game.spec.shapes[0], 2)
    exact, coarse = TorchModel(network), TorchModel(network.bfloat16())
    assert largest_difference(exact.initial_inference(observations), coarse.initial_inference(observations)) < 0.3
