"""Equalised channels change what is stored of a network, not what it computes."""

from __future__ import annotations

import pytest
import torch
from support.networks import tiny_network

from muzero_engine.export.calibration import Int8Calibration, calibration_edges
from muzero_engine.export.equalise import equalised
from muzero_engine.games.registry import load_game
from muzero_engine.network.blocks import ResidualBlock
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.numpy_model import TorchModel


@pytest.mark.parametrize(("name", "blocks"), [("go", 2), ("chess", 3), ("tictactoe", 0)])
def test_equalised_networks_compute_the_same_from_channels_of_like_sizes(name: str, blocks: int) -> None:
    game = load_game(name)
    network = tiny_network(game, dynamics_blocks=blocks).folded()
    with torch.no_grad():
        for block in _blocks(network):
            block.first.weight[0] *= 50
            block.first.weight[1] /= 50
    edges = calibration_edges(TorchModel(network), game, Int8Calibration(positions=12, unroll_steps=2))
    balanced = equalised(network, edges)
    spreads: dict[torch.nn.Module, list[float]] = {}

    def note(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes = inputs[0].amax(dim=(0, 2, 3))
        spreads.setdefault(layer, []).append(float(sizes[sizes > 0].log().std()))

    layers = [[block.second for block in _blocks(one)] for one in (network, balanced)]
    assert len(layers[0]) == len(layers[1]) == blocks
    for layer in (*layers[0], *layers[1]):
        layer.register_forward_pre_hook(note)
    for batch in edges:
        latent, action = torch.from_numpy(batch.latent), torch.from_numpy(batch.action)
        with torch.no_grad():
            before, after = (one.recurrent_inference(latent, action) for one in (network, balanced))
        torch.testing.assert_close(after.latent, before.latent, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(after.policy_logits, before.policy_logits, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(after.value, before.value, rtol=1e-3, atol=1e-4)
    for plain, even in zip(*layers, strict=True):
        assert max(spreads[even]) < 0.6 * max(spreads[plain])


def _blocks(network: MuZeroNetwork) -> list[ResidualBlock]:
    return [block for block in network.dynamics_tower if isinstance(block, ResidualBlock)]
