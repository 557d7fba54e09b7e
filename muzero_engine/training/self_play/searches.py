"""The searches that self-play uses, made from a configuration."""

from __future__ import annotations

import dataclasses

import torch

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.board_settings import group_sizes
from muzero_engine.training.config import SearchSettings, TrainConfig
from muzero_engine.training.search.batched import BatchedSearch


def full_searches(config: TrainConfig, network: MuZeroNetwork, device: torch.device) -> dict[Shape, BatchedSearch]:
    """Return a search for each board."""
    return _searches(config, config.search, network, device)


def fast_searches(config: TrainConfig, network: MuZeroNetwork, device: torch.device) -> dict[Shape, BatchedSearch]:
    """Return the searches of turns that are not full; none where all are."""
    settings = config.self_play
    if settings.full_search_share == 1:
        return {}
    fast = dataclasses.replace(
        config.search, simulations=settings.fast_simulations, considered=settings.fast_considered
    )
    return _searches(config, fast, network, device)


def _searches(
    config: TrainConfig, settings: SearchSettings, network: MuZeroNetwork, device: torch.device
) -> dict[Shape, BatchedSearch]:
    spec = load_game(config.game).spec
    return {
        shape: BatchedSearch(network, settings, spec.num_actions(shape), device)
        for shape in group_sizes(config.self_play, spec)
    }
