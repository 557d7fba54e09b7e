"""Fresh networks follow their seed and leave torch's random state alone."""

from __future__ import annotations

import torch

from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network

SIZES = {"channels": 8, "representation_blocks": 1, "dynamics_blocks": 1}


def weights(seed: int) -> torch.Tensor:
    return fresh_network(load_game("tictactoe"), seed, **SIZES).dynamics_stem.weight.detach()


def test_the_seed_makes_the_network() -> None:
    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_random_state_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights(1)
    assert torch.equal(torch.rand(3), expected)
