"""`EnvironmentTask`: a run that learns an environment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from muzero_engine.environments.registry import environment_digest, environment_spec
from muzero_engine.environments.settings import MOST_STEPS
from muzero_engine.games.base import Shape
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.fresh import fresh_environment_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.returns import DiscountedReturns
from muzero_engine.training.config import NetworkSettings, SearchSettings, TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.episodes.play import EpisodePlay
from muzero_engine.training.episodes.pool import environment_workers
from muzero_engine.training.episodes.replay import EpisodeReplay
from muzero_engine.training.evaluation.episodes import EpisodeEvaluator
from muzero_engine.training.random_batches import random_episode_batch
from muzero_engine.training.report.progress import plain_number
from muzero_engine.training.report.reliability import ReliabilityBin, reliability_of_returns
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.task import Searches
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.types import Batch

MOST_AT_ONCE = 1024  # roots that are searched again
STARTING = 2.0  # seconds in which the environments of evaluations begin
LONGEST = 4.0  # mean lengths of the longest of 32 episodes which end by chance: 1 + 1/2 + ... + 1/32


class EnvironmentTask:
    """An environment, see `RunTask`."""

    def __init__(self, config: TrainConfig) -> None:
        """Look at the environment. Raises BadEnvironment, BadReturns."""
        self._config = config
        self._spec = environment_spec(config.environment)
        self.digest = environment_digest(config.environment)
        self._returns = DiscountedReturns(discount=config.returns.discount, support=config.returns.support)

    def network_config(self, size: NetworkSettings) -> NetworkConfig:
        return NetworkConfig.for_environment(self._spec, self._returns, **dataclasses.asdict(size))

    def fresh_network(self) -> MuZeroNetwork:
        config = self._config
        return fresh_environment_network(self._spec, self._returns, config.seed, **dataclasses.asdict(config.network))

    def searches(self, network: MuZeroNetwork, device: torch.device) -> Searches:
        return Searches({self._spec.board: self._search(network, self._config.search, device)}, {})

    def batch_sizes(self) -> dict[Shape, int]:
        return {self._spec.board: max(1, self._config.self_play.games // 2)}

    def reanalysed_at_once(self) -> dict[Shape, int]:
        """Return those of a cycle, in a batch or in batches of MOST_AT_ONCE: few environments may be stepped at once,
        and a search on a GPU takes hardly longer for 1,024 roots than for 8."""
        config = self._config
        cycle = round(config.replay.reanalyse_share * config.self_play.plies_per_cycle)
        return {shape: max(own, min(cycle, MOST_AT_ONCE)) for shape, own in self.batch_sizes().items()}

    def self_play(self, seed: int, searches: Searches, world: World, dtype: torch.dtype) -> EpisodePlay:
        config = self._config
        return EpisodePlay(
            self._spec,
            config.environment,
            searches.full[self._spec.board],
            self_play=config.self_play,
            target_actions=config.search.target_actions,
            seed=seed,
            device=world.device,
            rank=world.rank,
            world=world.size,
            dtype=dtype,
            clip_rewards=config.returns.clip_rewards,
        )

    def replay(self, device: torch.device, dtype: torch.dtype) -> EpisodeReplay:
        config = self._config
        return EpisodeReplay(
            self._spec,
            slots=config.self_play.games,
            replay=config.replay,
            learner=config.learner,
            target_actions=config.search.target_actions,
            discount=config.returns.discount,
            n_step=config.returns.n_step,
            device=device,
            dtype=dtype,
        )

    def evaluator(self, folder: Path, network: MuZeroNetwork, world: World) -> EpisodeEvaluator:
        """Return what plays episodes; nothing is kept in `folder`."""
        config = self._config
        settings = config.search.of_evaluations(config.evaluation.simulations)
        search = self._search(network, settings, world.device, compiled=False)  # see `Evaluator`
        return EpisodeEvaluator(
            self._spec,
            config.environment,
            search,
            episodes=config.evaluation.games,
            max_steps=config.evaluation.max_steps,
            random_share=config.evaluation.random_share,
            seed=config.seed,
            workers=environment_workers(config.self_play.workers, on_gpu=world.device.type == "cuda", ranks=world.size),
            world=world,
        )

    def evaluation_seconds(self, record: CycleRecord, world: World) -> float | None:
        """Return it for episodes as they were in self-play. All are searched until the longest one ends."""
        if record.episodes is None:
            return None
        settings, evaluation = self._config.environment, self._config.evaluation
        bounds = (settings.max_steps or MOST_STEPS, evaluation.max_steps or MOST_STEPS)
        steps = min(LONGEST * record.episodes.length, *bounds)
        simulations = -(-evaluation.games // world.size) * world.size * steps * evaluation.simulations
        return STARTING + simulations * record.cycle_seconds / record.simulations

    def warning(self, record: CycleRecord) -> str:
        """Return that returns are larger than what can be told apart, by episodes whose rewards come evenly."""
        episodes, returns = record.episodes, self._returns
        if episodes is None or self._config.returns.clip_rewards:
            return ""
        discount, length = returns.discount, max(episodes.length, 1.0)
        steps = length if discount == 1.0 else (1.0 - discount**length) / (1.0 - discount)
        size = max(abs(episodes.lowest), abs(episodes.highest)) * steps / length
        if size <= returns.largest:
            return ""
        reached, told = plain_number(size, 3), plain_number(returns.largest, 3)
        return (
            f"discounted returns reach about {reached}, and all beyond {told} are learnt as that: set returns.support "
            f"higher ({self._config.returns.support} now), or let the environment give smaller rewards"
        )

    def plies_to_fill(self) -> int:
        return self._config.replay.first_plies

    def shares(self) -> dict[Shape, float]:
        return {self._spec.board: 1.0}

    def random_batch(self, shape: Shape, positions: int, dtype: torch.dtype = torch.float32) -> Batch:
        learner = self._config.learner
        return random_episode_batch(
            self._spec,
            positions,
            unroll_steps=learner.unroll,
            targets=self._config.search.target_actions,
            later_observation=learner.needs_later_observation,
            weighted=self._config.replay.value_surprise_share > 0,
            dtype=dtype,
        )

    def reliability(self, values: Tensor, results: Tensor, world: World) -> tuple[ReliabilityBin, ...]:
        return reliability_of_returns(values, results, world)

    def _search(
        self, network: MuZeroNetwork, settings: SearchSettings, device: torch.device, *, compiled: bool = True
    ) -> BatchedSearch:
        rescales = network.returns.rescales
        return BatchedSearch(network, settings, self._spec.actions, device, compiled=compiled, rescale=rescales)
