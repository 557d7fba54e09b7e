"""A network grows without changing what it computes, and what is new learns."""

from __future__ import annotations

import pytest
import torch

from muzero_engine.games.registry import load_game
from muzero_engine.network.config import BadConfig
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.resize import resized


def learnt(name: str, blocks: tuple[int, int]) -> MuZeroNetwork:
    """A network whose blocks all do something."""
    network = fresh_network(load_game(name), 3, channels=8, representation_blocks=blocks[0], dynamics_blocks=blocks[1])
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return network.eval()


@pytest.mark.parametrize("game", ["tictactoe", "go", "chess"])
@pytest.mark.parametrize(("have", "goal"), [((2, 1), (3, 1)), ((2, 1), (4, 4)), ((1, 2), (1, 3)), ((0, 0), (2, 1))])
@pytest.mark.parametrize("channels", [8, 11, 16])
def test_a_larger_network_computes_the_same(
    game: str, have: tuple[int, int], goal: tuple[int, int], channels: int
) -> None:
    network = learnt(game, have)
    larger = resized(network, 7, channels=channels, representation_blocks=goal[0], dynamics_blocks=goal[1])
    assert (larger.config.representation_blocks, larger.config.dynamics_blocks) == goal
    assert larger.config.channels == channels
    rows, columns = network.config.shapes[0]
    observation = torch.rand(2, network.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    rtol, atol = (1e-4, 1e-5) if channels > 8 else (0.0, 0.0)
    with torch.no_grad():
        before, after = network.initial_inference(observation), larger.initial_inference(observation)
        action = torch.tensor([1, 4])
        one = network.recurrent_inference(before.latent, action)
        other = larger.recurrent_inference(after.latent, action)
    for expected, actual in ((before, after), (one, other)):
        assert actual.latent[:, 8:].lt(1.0).all()
        torch.testing.assert_close(actual.latent[:, :8], expected.latent, rtol=rtol, atol=atol)
        for name in set(expected._fields) - {"latent"}:
            if getattr(expected, name) is not None:
                torch.testing.assert_close(getattr(actual, name), getattr(expected, name), rtol=rtol, atol=atol)


def test_new_blocks_learn() -> None:
    larger = resized(learnt("tictactoe", (2, 1)), 7, representation_blocks=3, dynamics_blocks=2)
    gains = [tensor for name, tensor in larger.named_parameters() if name.endswith("tower.0.second.gain")]
    assert len(gains) == 2
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(loss_of(larger), gains))


def test_new_channels_come_alive() -> None:
    """After a few steps every weight that is new has a gradient, and the latents use their new channels."""
    larger = resized(learnt("tictactoe", (2, 1)), 7, channels=12)
    parameters = dict(larger.named_parameters())
    optimiser = torch.optim.AdamW(parameters.values(), lr=1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        loss_of(larger).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
    shapes = {name: parameter.shape for name, parameter in learnt("tictactoe", (2, 1)).named_parameters()}
    for name, parameter in parameters.items():
        if parameter.shape != shapes[name]:
            assert parameter.grad is not None
            new_rows = parameter.grad[8:] if len(parameter) == 12 else parameter.grad[:, 8:]
            assert new_rows.abs().sum() > 0, name
    rows, columns = larger.config.shapes[0]
    observation = torch.rand(4, larger.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert larger.represent(observation)[:, 8:].abs().sum() > 0


def loss_of(network: MuZeroNetwork) -> torch.Tensor:
    """Anything that all heads have a part in."""
    network.train()
    rows, columns = network.config.shapes[0]
    observation = torch.rand(4, network.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    actual = network.recurrent_inference(network.represent(observation), torch.tensor([0, 1, 2, 3]))
    parts = (actual.policy_logits, actual.value_logits, actual.reward_logits)
    return torch.stack([part.square().sum() for part in parts]).sum()


def test_fewer_blocks_are_the_last_ones() -> None:
    """A network of the identity in its first blocks computes the same without them."""
    network = learnt("chess", (3, 3))
    with torch.no_grad():
        for tower, gone in ((network.representation_tower, 1), (network.dynamics_tower, 2)):
            for block in list(tower)[:gone]:
                second = block.get_submodule("second")
                second.get_parameter("gain").zero_()
                second.get_parameter("bias").zero_()
    smaller = resized(network, 7, representation_blocks=2, dynamics_blocks=1)
    assert (smaller.config.representation_blocks, smaller.config.dynamics_blocks) == (2, 1)
    rows, columns = network.config.shapes[0]
    observation = torch.rand(2, network.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for expected, actual in (
            (network.initial_inference(observation), smaller.initial_inference(observation)),
            (
                network.recurrent_inference(network.represent(observation), torch.tensor([1, 4])),
                smaller.recurrent_inference(smaller.represent(observation), torch.tensor([1, 4])),
            ),
        ):
            torch.testing.assert_close(actual.latent, expected.latent, rtol=0.0, atol=0.0)
            torch.testing.assert_close(actual.policy_logits, expected.policy_logits, rtol=0.0, atol=0.0)
            torch.testing.assert_close(actual.value, expected.value, rtol=0.0, atol=0.0)
    assert sum(p.numel() for p in smaller.parameters()) < sum(p.numel() for p in network.parameters())


def test_channels_cannot_become_fewer() -> None:
    with pytest.raises(BadConfig, match="channels cannot be 4: the network has 8, and can only get more"):
        resized(learnt("tictactoe", (2, 2)), 7, channels=4)
