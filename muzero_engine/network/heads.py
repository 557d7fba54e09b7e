"""The heads of f and g. Last layers start at zero: a fresh network has a uniform policy and a value of 0."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.network.blocks import AlignedConv, GlobalPool, PooledBias, StandardisedConv


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


class OwnershipHead(nn.Module):
    """float[B, C, H, W] -> float[B, H, W] before the tanh: whose each point is at the end, + for the mover."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv = StandardisedConv(channels, width, 1)
        self.points = AlignedConv(width, 1, 1)
        _zero(self.points)

    def forward(self, latent: Tensor) -> Tensor:
        return self.points(F.relu(self.conv(latent))).flatten(1, 2)  # type: ignore[no-any-return]  # modules are untyped


def _zero(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # made with a bias
