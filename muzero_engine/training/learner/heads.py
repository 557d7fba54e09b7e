"""Heads that only training uses: they shape the latents and are left out of everything that plays."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.games.registry import load_game
from muzero_engine.network.blocks import GlobalPool
from muzero_engine.network.config import BadConfig, NetworkConfig, Stem
from muzero_engine.network.heads import policy_head
from muzero_engine.training.config import HORIZONS, LearnerSettings

PROJECTED = 512  # numbers that a whole latent is projected to; 1024 in EfficientZero


class ConsistencyHead(nn.Module):
    """The projector and predictor of SimSiam as EfficientZero uses them (Ye et al. 2021, section 4.1).

    The normalisation uses the statistics of the batch at hand, those of this rank, and keeps none: without it every
    latent could be projected onto one point.
    """

    def __init__(self, project: nn.Module, predict: nn.Module) -> None:
        super().__init__()
        self.project = project
        self.predict = predict

    @classmethod
    def by_square(cls, channels: int) -> Self:
        """Return the head of a game: 1x1 convolutions, so that any board fits, and one similarity of the board."""
        half = max(channels // 2, 1)
        return cls(
            nn.Sequential(
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.BatchNorm2d(channels, track_running_stats=False),
                nn.ReLU(),
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.BatchNorm2d(channels, affine=False, track_running_stats=False),
            ),
            nn.Sequential(nn.Conv2d(channels, half, 1), nn.ReLU(), nn.Conv2d(half, channels, 1)),
        )

    @classmethod
    def of_whole(cls, activations: int) -> Self:
        """Return the head of an environment: linear layers over all C * H * W `activations`, as in EfficientZero.

        What all observations have at a square is normalised away. By squares it would stay: most of a screen never
        changes, and the similarity would be near 1 whatever g says.
        """
        return cls(
            nn.Sequential(
                nn.Flatten(),
                nn.Linear(activations, PROJECTED, bias=False),
                nn.BatchNorm1d(PROJECTED, track_running_stats=False),
                nn.ReLU(),
                nn.Linear(PROJECTED, PROJECTED, bias=False),
                nn.BatchNorm1d(PROJECTED, affine=False, track_running_stats=False),
            ),
            nn.Sequential(nn.Linear(PROJECTED, PROJECTED // 2), nn.ReLU(), nn.Linear(PROJECTED // 2, PROJECTED)),
        )

    def forward(self, imagined: Tensor, seen: Tensor) -> Tensor:
        """Return float32[N]: 1 - cosine similarity of g's and h's latents float[N, C, H, W]; h's get no gradient."""
        with torch.no_grad():
            target = self.project(seen).flatten(1).float()
        guess = self.predict(self.project(imagined)).flatten(1).float()
        return 1.0 - F.cosine_similarity(guess, target, dim=1)


class DecoderHead(nn.Module):
    """The board back from the latent: float[N, C, H, W] -> float[N, frame planes, H, W] logits of the newest frame."""

    def __init__(self, channels: int, planes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 1)
        self.planes = nn.Conv2d(channels, planes, 1)

    def forward(self, latent: Tensor) -> Tensor:
        logits: Tensor = self.planes(F.relu(self.first(latent)))
        return logits


class ShortValueHead(nn.Module):
    """Values soon after: float[N, C, H, W] -> float32[N, len(HORIZONS)] in [-1, 1], the mover's view."""

    def __init__(self, channels: int, *, size_agnostic: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 1)
        self.pool = GlobalPool(size_agnostic=size_agnostic)
        self.last = nn.Linear(self.pool.factor * channels, len(HORIZONS))

    def forward(self, latent: Tensor) -> Tensor:
        values: Tensor = self.last(self.pool(F.relu(self.first(latent))))
        return values.float().tanh()


class TrainingHeads(nn.Module):
    """The heads that the settings give a weight to; the others are None. Raises BadConfig."""

    def __init__(self, config: NetworkConfig, settings: LearnerSettings) -> None:
        super().__init__()
        channels = config.channels
        self.consistency = _consistency_head(config) if settings.consistency_weight > 0 else None
        self.decoder = DecoderHead(channels, _decoded_planes(config)) if settings.decoder_weight > 0 else None
        self.soft_policy = policy_head(config) if settings.soft_policy_weight > 0 else None
        self.short_value = (
            ShortValueHead(channels, size_agnostic=config.size_agnostic) if settings.short_value_weight > 0 else None
        )


def _consistency_head(config: NetworkConfig) -> ConsistencyHead:
    if not config.one_player:
        return ConsistencyHead.by_square(config.channels)
    rows, columns = config.shapes[0]
    return ConsistencyHead.of_whole(config.channels * rows * columns)


def _decoded_planes(config: NetworkConfig) -> int:
    """Return how many planes of an observation, its first ones, a decoder gives back: the newest frame."""
    if not config.one_player:
        return load_game(config.game).spec.layout.frame_planes
    if config.stem is not Stem.BOARD:
        raise BadConfig("a decoder needs observations that are planes of bits: set learner.decoder_weight to 0")
    return config.planes
