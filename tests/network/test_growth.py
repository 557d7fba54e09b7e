from __future__ import annotations

import pytest
import torch

from muzero_engine.games.registry import load_game
from muzero_engine.network.config import BadConfig
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.growth import grown
from muzero_engine.network.model import MuZeroNetwork


def learnt(name: str, blocks: tuple[int, int]) -> MuZeroNetwork:
    """A network whose blocks all do something."""
    network = fresh_network(load_game(name), 3, channels=8, representation_blocks=blocks[0], dynamics_blocks=blocks[1])
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return network.eval()


@pytest.mark.parametrize("game", ["tictactoe", "go", "chess"])
@pytest.mark.parametrize(("have", "wanted"), [((2, 1), (3, 1)), ((2, 1), (4, 4)), ((1, 2), (1, 3)), ((0, 0), (2, 1))])
def test_a_grown_network_computes_the_same(game: str, have: tuple[int, int], wanted: tuple[int, int]) -> None:
    network = learnt(game, have)
    larger = grown(network, 7, representation_blocks=wanted[0], dynamics_blocks=wanted[1])
    assert (larger.config.representation_blocks, larger.config.dynamics_blocks) == wanted
    rows, columns = network.config.shapes[0]
    observation = torch.rand(2, network.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before, after = network.initial_inference(observation), larger.initial_inference(observation)
        action = torch.tensor([1, 4])
        one, other = (net.recurrent_inference(before.latent, action) for net in (network, larger))
    for expected, found in (
        *zip(before, after, strict=True),
        *zip(one, other, strict=True),
    ):
        if expected is not None:
            torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_new_blocks_learn() -> None:
    larger = grown(learnt("tictactoe", (2, 1)), 7, representation_blocks=3, dynamics_blocks=2)
    larger.train()
    rows, columns = larger.config.shapes[0]
    observation = torch.rand(4, larger.config.planes, rows, columns, generator=torch.Generator().manual_seed(1))
    found = larger.recurrent_inference(larger.represent(observation), torch.tensor([0, 1, 2, 3]))
    gains = [tensor for name, tensor in larger.named_parameters() if name.endswith("tower.0.second.gain")]
    assert len(gains) == 2
    loss = found.policy_logits.square().sum() + found.value_logits.square().sum()
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(loss, gains))


def test_blocks_cannot_be_taken_away() -> None:
    with pytest.raises(BadConfig, match="dynamics_blocks cannot be 1: the network has 2, and blocks can only be added"):
        grown(learnt("tictactoe", (2, 2)), 7, representation_blocks=3, dynamics_blocks=1)
