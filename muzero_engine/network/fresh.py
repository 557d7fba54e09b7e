"""Freshly initialised networks."""

from __future__ import annotations

import torch

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.games.base import Game
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.returns import DiscountedReturns


def fresh_network(game: Game, seed: int, **sizes: int) -> MuZeroNetwork:
    """Return a new network; the same seed and the same torch make the same one. `sizes` as in `NetworkConfig.for_game`.

    Raises BadConfig. Torch's own random state is left as it was.
    """
    return _fresh(NetworkConfig.for_game(game, **sizes), seed)


def fresh_environment_network(
    spec: EnvironmentSpec, returns: DiscountedReturns, seed: int, **sizes: int
) -> MuZeroNetwork:
    """Return a new network for an environment, see `fresh_network` and `NetworkConfig.for_environment`."""
    return _fresh(NetworkConfig.for_environment(spec, returns, **sizes), seed)


def _fresh(config: NetworkConfig, seed: int) -> MuZeroNetwork:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return MuZeroNetwork(config)
