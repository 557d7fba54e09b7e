"""More blocks for a network that has learnt, which computes the same at first (Net2DeeperNet of Chen et al. 2016).

A fresh residual block is the identity on what is not negative (see `blocks`), and so is what enters a tower. New blocks
come first in their tower, so that the others keep their places from its end, which say which of them are pooled.
"""

from __future__ import annotations

import dataclasses

import torch

from muzero_engine.network.config import BadConfig
from muzero_engine.network.model import MuZeroNetwork

TOWERS = {"representation_blocks": "representation_tower", "dynamics_blocks": "dynamics_tower"}


def grown(network: MuZeroNetwork, seed: int, *, representation_blocks: int, dynamics_blocks: int) -> MuZeroNetwork:
    """A copy with that many blocks in h and g. Raises BadConfig where they are fewer than there are."""
    config = dataclasses.replace(
        network.config, representation_blocks=representation_blocks, dynamics_blocks=dynamics_blocks
    )
    more = {}
    for name, tower in TOWERS.items():
        have, wanted = getattr(network.config, name), getattr(config, name)
        if wanted < have:
            raise BadConfig(f"{name} cannot be {wanted}: the network has {have}, and blocks can only be added")
        more[tower] = wanted - have
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        result = MuZeroNetwork(config)
    learnt = {_place(name, more): tensor for name, tensor in network.state_dict().items()}
    result.load_state_dict({**result.state_dict(), **learnt})
    return result.train(network.training)


def _place(name: str, more: dict[str, int]) -> str:
    """Where a tensor goes."""
    tower, _, rest = name.partition(".")
    if tower not in more:
        return name
    block, _, tensor = rest.partition(".")
    return f"{tower}.{int(block) + more[tower]}.{tensor}"
