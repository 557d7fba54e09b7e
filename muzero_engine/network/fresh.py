"""Freshly initialised networks."""

from __future__ import annotations

import torch

from muzero_engine.games.base import Game
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork


def fresh_network(game: Game, seed: int, **sizes: int) -> MuZeroNetwork:
    """Return a new network; the same seed and the same torch make the same one. `sizes` as in `NetworkConfig.for_game`.

    Raises BadConfig. Torch's own random state is left as it was.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return MuZeroNetwork(NetworkConfig.for_game(game, **sizes))
