"""Tiny networks with every parameter away from its initial zero, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from muzero_engine.arrays import Floats
from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.games.base import Game, Shape
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.returns import DiscountedReturns

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another

SIZES = {"channels": 8, "representation_blocks": 2, "dynamics_blocks": 1, "value_channels": 4, "value_hidden": 8}


ENVIRONMENTS = (
    EnvironmentSpec(id="planes", kind=ObservationKind.PLANES, shape=(4, 5, 6), actions=3),
    EnvironmentSpec(id="image", kind=ObservationKind.IMAGE, shape=(4, 48, 64), actions=5, stack=4),
    EnvironmentSpec(id="vector", kind=ObservationKind.VECTOR, shape=(4, 1, 1), actions=2),
)


def tiny_network(game: Game, *, seed: int = 0, **sizes: int) -> MuZeroNetwork:
    """Return a network of a game in which every head answers differently to different positions."""
    return _shaken(NetworkConfig.for_game(game, **{**SIZES, **sizes}), seed)


def tiny_environment_network(
    spec: EnvironmentSpec, *, seed: int = 0, discount: float = 0.9, support: int = 10, **sizes: int
) -> MuZeroNetwork:
    """Return a network of an environment, as `tiny_network` does for a game."""
    returns = DiscountedReturns(discount=discount, support=support)
    return _shaken(NetworkConfig.for_environment(spec, returns, **{**SIZES, **sizes}), seed)


def _shaken(config: NetworkConfig, seed: int) -> MuZeroNetwork:
    torch.manual_seed(seed)
    network = MuZeroNetwork(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


def random_observations(game: Game, shape: Shape, batch: int, *, seed: int = 0) -> Floats:
    """Return float32[batch, planes, H, W] of zeros and ones, most of them zero."""
    draws = np.random.default_rng(seed).random((batch, game.spec.layout.planes, *shape))
    return (draws < 0.2).astype(np.float32)


def largest_difference(left: Any, right: Any) -> float:
    """Return the largest difference of two model outputs; infinite where one lacks a field or a shape differs."""
    worst = 0.0
    for name in left.__dataclass_fields__:
        ours, theirs = getattr(left, name), getattr(right, name)
        if ours is None and theirs is None:
            continue
        if ours is None or theirs is None or ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            return float("inf")
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return worst
