"""The parts of the towers: standardised convolutions, global pooling, residual blocks, the bound on latents.

Why no batch normalisation: g is applied to its own output, and running statistics that are right at one depth are wrong
at another (and rare activations break them at inference, lc0 issue 784). Instead the *weights* are standardised (scaled
weight standardisation, Brock et al. 2021, "Characterizing signal propagation to close the performance gap in
unnormalized ResNets", section 3), which bounds each channel's scale without looking at any data, is the same in
training and in play, costs nothing at inference, and folds exactly into a plain convolution
(`StandardisedConv.folded`). Only the stem for images looks at data as well (`stems.ChannelNorm`). Blocks start as the
identity (zero gain at the end of the branch: SkipInit, De and Smith 2020). The raw weights start small because their
size sets how fast an optimiser like Adam turns the filters.

Activations are ReLU throughout: their ranges start at zero, which 8-bit quantisation uses in full, and the ReLU itself
vanishes in the quantised graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RELU_GAIN = math.sqrt(2.0 / (1.0 - 1.0 / math.pi))  # Brock et al. 2021, table 1: unit variance after ReLU
STANDARDISE_EPSILON = 1e-4
LATENT_EPSILON = 1e-5
ALIGNMENT = 8  # channels
MEAN_WIDTH = 14.0  # Wu 2020, "Accelerating self-play learning in Go", appendix A.1
WIDTH_SCALE = 0.1


class AlignedConv(nn.Conv2d):
    """A plain convolution, same size out, see `same_size_conv`."""

    def forward(self, x: Tensor) -> Tensor:
        return same_size_conv(x, self.weight, self.bias, stride=self.stride[0])


def same_size_conv(
    x: Tensor, filters: Tensor, bias: Tensor | None, *, stride: int = 1, align: bool | None = None
) -> Tensor:
    """Return float[B, outputs, H, W] from float[B, inputs, H, W] and filters float[outputs, inputs, size, size].

    The size is odd. With a stride there are as many times fewer rows and columns. With `align` (by default on a GPU)
    channels are filled up with zeros to a multiple of 8: tensor cores take no others, and cuDNN would fill them up
    itself in a pass that fuses with nothing. On a board of one square a 1x1 convolution is a matrix product, which is
    faster as that (exported graphs keep the convolution).
    """
    tracing: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]  # missing in the stubs
    if not tracing and x.shape[2:] == (1, 1) and filters.shape[2:] == (1, 1):
        return F.linear(x.flatten(1), filters.flatten(1), bias)[:, :, None, None]
    padding, (outputs, inputs) = filters.shape[-1] // 2, filters.shape[:2]
    align = x.is_cuda if align is None else align
    if not align or (inputs % ALIGNMENT == 0 and outputs % ALIGNMENT == 0):
        return F.conv2d(x, filters, bias, stride, padding)
    more_in, more_out = -inputs % ALIGNMENT, -outputs % ALIGNMENT
    x = F.pad(x, (0, 0, 0, 0, 0, more_in)) if more_in else x
    filters = F.pad(filters, (0, 0, 0, 0, 0, more_in, 0, more_out))
    bias = F.pad(bias, (0, more_out)) if bias is not None and more_out else bias
    return F.conv2d(x, filters, bias, stride, padding)[:, :outputs]


class StandardisedConv(nn.Module):
    """A `size x size` convolution, same size out, whose filters are standardised and then scaled by a gain.

    With a stride of 2 half as many rows and columns come out.
    """

    def __init__(self, inputs: int, outputs: int, size: int, *, gain: float = RELU_GAIN, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        fan_in = inputs * size * size
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size) / math.sqrt(fan_in))
        self.gain = nn.Parameter(torch.full((outputs, 1, 1, 1), gain))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self._shared: Tensor | None = None

    def filters(self) -> Tensor:
        """Return float[outputs, inputs, size, size]: mean 0 and variance gain^2 / fan-in in each filter."""
        fan_in = self.weight[0].numel()
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True, correction=0)
        return (self.weight - mean) * torch.rsqrt(variance * fan_in + STANDARDISE_EPSILON) * self.gain

    def forward(self, x: Tensor) -> Tensor:
        filters = self.filters() if self._shared is None else self._shared
        return same_size_conv(x, filters.to(x.dtype), self.bias.to(x.dtype), stride=self.stride)

    def folded(self) -> AlignedConv:
        """Return the plain convolution that computes the same."""
        outputs, inputs, size, _ = self.weight.shape
        conv = AlignedConv(inputs, outputs, size, stride=self.stride, padding=size // 2)
        conv.to(self.weight.device, self.weight.dtype)
        with torch.no_grad():
            conv.weight.copy_(self.filters())
            conv.bias.copy_(self.bias)  # type: ignore[union-attr]  # bias=True above
        return conv


@contextmanager
def shared_filters(module: nn.Module) -> Iterator[None]:
    """Let every standardised convolution of `module` make its filters once within it, however often it is called.

    For an unrolled g: the same numbers, and the gradient passes through the standardisation once.
    """
    convolutions = [child for child in module.modules() if isinstance(child, StandardisedConv)]
    for convolution in convolutions:
        convolution._shared = convolution.filters()
    try:
        yield
    finally:
        for convolution in convolutions:
            convolution._shared = None


class GlobalPool(nn.Module):
    """float[B, C, H, W] -> float[B, factor * C]: mean and maximum over the board.

    With boards of several sizes also the mean times a measure of the width, so that sums over the board (a score) can
    be told from shares of it (Wu 2020, appendix A.1).
    """

    def __init__(self, *, size_agnostic: bool) -> None:
        super().__init__()
        self.size_agnostic = size_agnostic

    @property
    def factor(self) -> int:
        return 3 if self.size_agnostic else 2

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=(2, 3))
        parts = [mean, x.flatten(2).max(dim=2).values if _learning(x) else x.amax(dim=(2, 3))]
        if self.size_agnostic:
            width = torch.ones(x.shape[2:], device=x.device).sum().sqrt()  # traced: the exported graph takes any board
            parts.append(mean * ((width - MEAN_WIDTH) * WIDTH_SCALE).to(x.dtype))
        return torch.cat(parts, dim=1)


class PooledBias(nn.Module):
    """relu(x + linear(pool(x))): what is anywhere on the board reaches every point of it (KataGo's pooling bias)."""

    def __init__(self, channels: int, *, size_agnostic: bool) -> None:
        super().__init__()
        self.pool = GlobalPool(size_agnostic=size_agnostic)
        self.linear = nn.Linear(self.pool.factor * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.linear(self.pool(x))[:, :, None, None])


class ResidualBlock(nn.Module):
    """x -> relu(x + conv(relu(conv(x)))), with a pooled bias between the convolutions where `pooled`."""

    def __init__(self, channels: int, *, pooled: bool, size_agnostic: bool = False, size: int = 3) -> None:
        super().__init__()
        self.first = StandardisedConv(channels, channels, size)
        self.bias = PooledBias(channels, size_agnostic=size_agnostic) if pooled else nn.Identity()
        self.second = StandardisedConv(channels, channels, size, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.bias(F.relu(self.first(x)))))


class Tower(nn.Sequential):
    """Residual blocks, float[B, C, H, W] to the same. The last block and every second one before it are pooled.

    On a board of one square, `single`, there is nothing to pool, and all convolutions are 1x1.
    """

    def __init__(self, channels: int, blocks: int, *, size_agnostic: bool = False, single: bool = False) -> None:
        size = 1 if single else 3
        super().__init__(
            *(
                ResidualBlock(
                    channels, pooled=not single and (blocks - 1 - i) % 2 == 0, size_agnostic=size_agnostic, size=size
                )
                for i in range(blocks)
            )
        )


def bounded(x: Tensor) -> Tensor:
    """Return latents in [0, 1] from `x` >= 0: each sample divided by its largest activation.

    This is the min-max scaling of Schrittwieser et al. 2020, appendix G, with the minimum known to be 0 after a ReLU.
    It runs over all of C, H and W: scaling each channel alone would blow up the noise of a silent channel, and would
    erase a channel that is constant over the board (whose turn to castle, komi). One scale a sample is also one
    reduction and one product at inference, and a fixed range of 0 to 1 for the quantiser.
    """
    if _learning(x):
        largest = x.movedim(1, -1).flatten(1).max(dim=1).values[:, None, None, None]
    else:
        largest = x.amax(dim=(1, 2, 3), keepdim=True)
    return x / largest.clamp_min(LATENT_EPSILON)


def _learning(x: Tensor) -> bool:
    """Return whether gradients pass through `x`: maxima then send them to the entry whose index they kept.

    `amax` would send them to all entries equal to the maximum. Compiled code in 16 bits computes the entries again in
    32 bits, finds none equal to a maximum that was rounded, and divides zero by zero.
    """
    return torch.is_grad_enabled() and x.requires_grad
