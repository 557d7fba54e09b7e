"""What h does before its tower: from an observation to latent planes.

Planes need one convolution. Images are made 16 times smaller in steps, as in Schrittwieser et al. 2020, appendix F.
Numbers of a vector become planes on a board of one square.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from muzero_engine.network.blocks import AlignedConv, ResidualBlock, StandardisedConv
from muzero_engine.network.config import BadConfig, NetworkConfig, Stem

WHITE = 255.0
NORM_SQUARES = 9  # of an image that is normalised; of fewer too little would be left, of a single one nothing
SCALES = (1.0, 10.0, 100.0)  # that a vector is seen in: angles of a hundredth as well as distances of thousands


class ChannelNorm(nn.GroupNorm):
    """float[B, C, H, W] to the same: each channel of each sample with mean 0 and variance 1, times a gain, plus a bias.

    This is instance normalisation (Ulyanov et al. 2016): it looks at one sample alone, so that it is the same in
    training and in play. It stands in the stem alone, which nothing repeats (see `blocks`).
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        normalised = torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)  # GroupNorm's is not traced
        return normalised.to(x.dtype)  # 32 bits come out of it under autocast


class ImageStem(nn.Module):
    """float[B, planes, 16 H, 16 W] in [0, 255] -> float[B, C, H, W]; the largest layers have half the channels.

    Whatever makes the image smaller is followed by a `ChannelNorm`. A ball of two points among the walls and scores of
    a screen is a thousandth of what a channel sees: without them it is learnt of later (see
    weights/experiments/2026-11-30-image-stem.md).
    """

    def __init__(self, planes: int, channels: int, squares: int) -> None:
        """Make the stem of images whose latents have so many `squares`, H * W."""
        super().__init__()
        half = channels // 2
        self.layers = nn.Sequential(
            StandardisedConv(planes, half, 3, stride=2),
            _norm(half, 64 * squares),
            nn.ReLU(),
            *(ResidualBlock(half, pooled=False) for _ in range(2)),
            StandardisedConv(half, channels, 3, stride=2),
            _norm(channels, 16 * squares),
            nn.ReLU(),
            *(ResidualBlock(channels, pooled=False) for _ in range(3)),
            nn.AvgPool2d(3, stride=2, padding=1),
            _norm(channels, 4 * squares),
            *(ResidualBlock(channels, pooled=False) for _ in range(3)),
            nn.AvgPool2d(3, stride=2, padding=1),
            _norm(channels, squares),
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x * (1.0 / WHITE))  # bytes are exact in bfloat16 before this
        return result


def _norm(channels: int, squares: int) -> nn.Module:
    return ChannelNorm(channels) if squares >= NORM_SQUARES else nn.Identity()


class VectorStem(nn.Module):
    """float[B, n, 1, 1] -> float[B, C, 1, 1]: sign(x) ln(1 + |x|) of the numbers in three scales, then a linear layer.

    The layer is a plain one: filters whose mean is 0 could not see the sum of a few numbers.
    """

    def __init__(self, numbers: int, channels: int) -> None:
        super().__init__()
        self.linear = AlignedConv(len(SCALES) * numbers, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        squashed = torch.cat([(x * scale).sign() * (x * scale).abs().log1p() for scale in SCALES], dim=1)
        result: Tensor = self.linear(squashed.to(self.linear.weight.dtype))  # numbers may be finer than the weights
        return result


def representation_stem(config: NetworkConfig) -> nn.Module:
    """Return the stem of h. Raises BadConfig."""
    match config.stem:
        case Stem.BOARD:
            return StandardisedConv(config.planes, config.channels, 3)
        case Stem.IMAGE:
            if config.channels % 2:
                raise BadConfig(f"channels must be even in a network for images, not {config.channels}")
            rows, columns = config.shapes[0]
            return ImageStem(config.planes, config.channels, rows * columns)
        case Stem.VECTOR:
            return VectorStem(config.planes, config.channels)
