"""The heads of f and g. Last layers start at zero: a fresh network has a uniform policy and a value of 0."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.network.blocks import AlignedConv, GlobalPool, PooledBias, StandardisedConv
from muzero_engine.network.config import NetworkConfig


class PolicyHead(nn.Module):
    """float[B, C, H, W] -> float[B, A] logits: planes flattened as plane * H * W + square, then the extra actions."""

    def __init__(self, channels: int, planes: int, extra: int, *, size_agnostic: bool) -> None:
        super().__init__()
        self.conv = StandardisedConv(channels, channels, 1)
        self.bias = PooledBias(channels, size_agnostic=size_agnostic)
        self.planes = AlignedConv(channels, planes, 1)
        self.pool = GlobalPool(size_agnostic=size_agnostic)
        self.extra = nn.Linear(self.pool.factor * channels, extra) if extra else None
        _zero(self.planes)
        if self.extra is not None:
            _zero(self.extra)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.bias(F.relu(self.conv(latent)))
        planes: Tensor = self.planes(x).flatten(1)
        if self.extra is None:
            return planes
        return torch.cat([planes, self.extra(self.pool(x))], dim=1)


class PooledHead(nn.Module):
    """float[B, C, H, W] -> float[B, outputs] logits through global pooling (value, reward)."""

    def __init__(self, channels: int, width: int, hidden: int, outputs: int, *, size_agnostic: bool) -> None:
        super().__init__()
        self.conv = StandardisedConv(channels, width, 1)
        self.pool = GlobalPool(size_agnostic=size_agnostic)
        self.hidden = nn.Linear(self.pool.factor * width, hidden)
        self.logits = nn.Linear(hidden, outputs)
        _zero(self.logits)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.relu(self.conv(x)))
        logits: Tensor = self.logits(F.relu(self.hidden(pooled)))
        return logits


class FlatHead(nn.Module):
    """float[B, C, H, W] -> float[B, outputs] logits from every square of a 1x1 convolution (paper, appendix F).

    With `exact` the last layer computes in 32 bits, in networks of 16 bits too (not under autocast): logits of 16 bits
    move values by hundredths, which is as much as actions differ by.
    """

    def __init__(self, channels: int, squares: int, width: int, hidden: int, outputs: int, *, exact: bool) -> None:
        super().__init__()
        self.conv = StandardisedConv(channels, width, 1)
        self.hidden = nn.Linear(squares * width, hidden)
        self.logits = nn.Linear(hidden, outputs)
        self._exact = exact
        _zero(self.logits)

    def forward(self, x: Tensor) -> Tensor:
        hidden, last = F.relu(self.hidden(F.relu(self.conv(x)).flatten(1))), self.logits
        if self._exact:
            return F.linear(hidden.float(), last.weight.float(), last.bias.float())
        logits: Tensor = last(hidden)
        return logits


class OwnershipHead(nn.Module):
    """float[B, C, H, W] -> float[B, H, W] before the tanh: whose each point is at the end, + for the mover."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv = StandardisedConv(channels, width, 1)
        self.points = AlignedConv(width, 1, 1)
        _zero(self.points)

    def forward(self, latent: Tensor) -> Tensor:
        return self.points(F.relu(self.conv(latent))).flatten(1, 2)  # type: ignore[no-any-return]  # modules are untyped


def scalar_head(config: NetworkConfig, outputs: int) -> PooledHead | FlatHead:
    """Return the head of a value or a reward: pooled for a game, flat for an environment."""
    if config.returns is not None:
        return _flat(config, outputs, exact=True)
    width, hidden = config.value_channels, config.value_hidden
    return PooledHead(config.channels, width, hidden, outputs, size_agnostic=config.size_agnostic)


def policy_head(config: NetworkConfig) -> PolicyHead | FlatHead:
    """Return the head of a policy: planes for a game, flat for an environment, whose actions have no squares."""
    if not config.action_planes:
        return _flat(config, config.extra_actions, exact=False)
    return PolicyHead(config.channels, config.action_planes, config.extra_actions, size_agnostic=config.size_agnostic)


def _flat(config: NetworkConfig, outputs: int, *, exact: bool) -> FlatHead:
    rows, columns = config.shapes[0]
    squares, width, hidden = rows * columns, config.value_channels, config.value_hidden
    return FlatHead(config.channels, squares, width, hidden, outputs, exact=exact)


def _zero(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # made with a bias
