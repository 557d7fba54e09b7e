"""`GameTask`: a run that learns a board game."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import game_digest, load_game
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.board_settings import board_shares, group_sizes, ply_cap
from muzero_engine.training.config import NetworkSettings, TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import Evaluator
from muzero_engine.training.random_batches import random_batch
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.reliability import ReliabilityBin, reliability
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.task import Searches
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.searches import fast_searches, full_searches
from muzero_engine.training.types import Batch

FIRST_GAME = 0.75  # of the ply cap: how long games of an untrained network are, about
ENDED = 0.6  # of such a game: what every slot has played in vain, about, when the replay is full


class GameTask:
    """A board game, see `RunTask`."""

    def __init__(self, config: TrainConfig) -> None:
        """Take the settings. Raises UnknownGame."""
        self._config, self._game = config, load_game(config.game)
        self.digest = game_digest(config.game)

    def network_config(self, size: NetworkSettings) -> NetworkConfig:
        return NetworkConfig.for_game(self._game, **dataclasses.asdict(size))

    def fresh_network(self) -> MuZeroNetwork:
        return fresh_network(self._game, self._config.seed, **dataclasses.asdict(self._config.network))

    def searches(self, network: MuZeroNetwork, device: torch.device) -> Searches:
        return Searches(full_searches(self._config, network, device), fast_searches(self._config, network, device))

    def batch_sizes(self) -> dict[Shape, int]:
        return group_sizes(self._config.self_play, self._game.spec)

    def reanalysed_at_once(self) -> dict[Shape, int]:
        """Return as many as self-play searches, so that a GPU's graphs serve both."""
        return self.batch_sizes()

    def self_play(self, seed: int, searches: Searches, world: World, dtype: torch.dtype) -> SelfPlay:
        config = dataclasses.replace(self._config, seed=seed)
        fast = searches.fast or None
        return SelfPlay(config, searches.full, world.device, world.rank, world.size, dtype, fast_searches=fast)

    def replay(self, device: torch.device, dtype: torch.dtype) -> Replay:
        return Replay(self._config, device, dtype)

    def evaluator(self, folder: Path, network: MuZeroNetwork, world: World) -> Evaluator:
        return Evaluator(self._config, folder, network, world)

    def evaluation_seconds(self, record: CycleRecord, world: World) -> float | None:
        return None

    def warning(self, record: CycleRecord) -> str:
        return ""

    def plies_to_fill(self) -> int:
        """Return about how many plies it takes until there are enough whole games."""
        config, settings, spec = self._config, self._config.self_play, self._game.spec
        in_progress = sum(
            2 * slots * FIRST_GAME * ply_cap(settings, spec, shape) for shape, slots in self.batch_sizes().items()
        )
        return round(config.replay.first_plies + ENDED * in_progress)

    def shares(self) -> dict[Shape, float]:
        return board_shares(self._config.self_play, self._game.spec)

    def random_batch(self, shape: Shape, positions: int, dtype: torch.dtype = torch.float32) -> Batch:
        learner = self._config.learner
        return random_batch(
            self._game,
            positions,
            unroll_steps=learner.unroll,
            targets=self._config.search.target_actions,
            shape=shape,
            later_observation=learner.needs_later_observation,
            dtype=dtype,
        )

    def reliability(self, values: Tensor, results: Tensor, world: World) -> tuple[ReliabilityBin, ...]:
        return reliability(values, results, world)
