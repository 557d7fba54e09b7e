"""What the tests of the replay share: a configuration, games one by one, and the batch of every ply."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from muzero_engine.games.registry import load_game
from muzero_engine.training.config import ReplaySettings, TrainConfig
from muzero_engine.training.replay.batches import batch_at
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import Batch, FinishedGames
from support.self_play import small_config

UNROLL, SHARE = 5, 0.25  # of every batch: unrolled steps, share of the root value in the value target


def whole_batch(ring: Ring, game: str, index: Tensor | None = None) -> Batch:
    """Return the batch of every ply of the ring, or of those numbers."""
    return batch_at(
        ring,
        torch.arange(ring.first, ring.end) if index is None else index,
        spec=load_game(game).spec,
        unroll_steps=UNROLL,
        root_value_share=SHARE,
        later_observation=True,
        generator=torch.Generator().manual_seed(1),
        dtype=torch.float32,
    )


def split(games: FinishedGames) -> list[FinishedGames]:
    """Return the games one by one."""
    numbers = torch.arange(len(games.lengths))
    return [games.select(numbers == number) for number in numbers]


def replay_config(**settings: object) -> TrainConfig:
    config = small_config("go", (5, 5))
    replay = replace(ReplaySettings(capacity_plies=2000, min_plies=100), **settings)  # type: ignore[arg-type]
    return replace(config, replay=replay, learner=replace(config.learner, symmetries=False))
