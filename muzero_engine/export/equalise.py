"""The same network with channels of like sizes inside g, so that the one scale of an 8-bit tensor fits all of them.

A ReLU passes positive factors on: whatever is multiplied into the outputs of one convolution can be divided out of the
weights of the next (Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction",
section 4.1). Their factors are chosen by the ranges of the weights; these by what the channels hold on calibration
data, and the power below leaves the weights a share of the differences, as in Xiao et al. 2023, "SmoothQuant".
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from muzero_engine.export.calibration import Edges
from muzero_engine.network.blocks import PooledBias, ResidualBlock
from muzero_engine.network.model import MuZeroNetwork

POWER = 0.75  # of a channel's size; 0.5 and 1 left policies further from those in 32 bits
SMALLEST = 0.02  # channels that are smaller than this share of the largest count as that large


class ChannelScale(nn.Module):
    """float[B, C, H, W] times float[C]."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors = nn.Parameter(factors[:, None, None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors


@torch.no_grad()
def equalised(folded: MuZeroNetwork, batches: list[Edges]) -> MuZeroNetwork:
    """Return a copy of the `folded` network that computes the same.

    `batches` show how large the channels of g's tower are. A network of an environment stays as it is: its g adds the
    latent to what its stem gives, whose channels then have the sizes of the latent's.
    """
    network = copy.deepcopy(folded)
    if network.config.one_player:
        return network
    blocks = [block for block in network.dynamics_tower if isinstance(block, ResidualBlock)]
    if not blocks:
        return network
    shares = _shares([layer for block in blocks for layer in block.children()], network, batches)
    stream = _factors([shares[block.first] for block in blocks])
    _divide_outputs(network.dynamics_stem, stream)
    for block in blocks:
        inner = _factors([shares[block.bias], shares[block.second]])
        _multiply_inputs(block.first, stream)
        _divide_outputs(block.first, inner)
        if isinstance(block.bias, PooledBias):
            block.bias.linear.weight.mul_(inner.repeat(block.bias.pool.factor))
            _divide_outputs(block.bias.linear, inner)
        _multiply_inputs(block.second, inner)
        _divide_outputs(block.second, stream)
    network.dynamics_tower.append(ChannelScale(stream))
    return network


def _factors(shares: list[Tensor]) -> Tensor:
    """Return float[C] in (0, 1]: by how much to divide the channels of tensors that have them in common."""
    return torch.stack(shares).amax(dim=0).clamp_min(SMALLEST) ** POWER


def _shares(layers: list[nn.Module], network: MuZeroNetwork, batches: list[Edges]) -> dict[nn.Module, Tensor]:
    """Return float[C] in [0, 1] for each of these layers: the largest activation of each channel of its input."""
    largest: dict[nn.Module, Tensor] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        maxima = inputs[0].amax(dim=(0, 2, 3))
        largest[layer] = maxima.maximum(largest[layer]) if layer in largest else maxima

    handles = [layer.register_forward_pre_hook(note) for layer in layers]
    for batch in batches:
        network.dynamics(torch.from_numpy(batch.latent), torch.from_numpy(batch.action))
    for handle in handles:
        handle.remove()
    return {layer: maxima / maxima.max().clamp_min(1e-9) for layer, maxima in largest.items()}


def _divide_outputs(layer: nn.Module, factors: Tensor) -> None:
    weight, bias = (layer.get_parameter(name) for name in ("weight", "bias"))
    weight.div_(factors.view(-1, *[1] * (weight.dim() - 1)))
    bias.div_(factors)


def _multiply_inputs(layer: nn.Module, factors: Tensor) -> None:
    layer.get_parameter("weight").mul_(factors[:, None, None])
