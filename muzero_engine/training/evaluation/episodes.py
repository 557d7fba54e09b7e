"""Is it learning? Every so often the network that plays acts in episodes of its own, without noise.

Each slot plays one episode, so that short ones do not count more often than long ones. Which episodes these are follows
from the run's seed and the gradient step alone. They are shared out among the ranks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from muzero_engine.environments.base import EnvironmentFailed, EnvironmentSpec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.distributed import World
from muzero_engine.training.episodes.observations import History
from muzero_engine.training.episodes.pool import EnvironmentPool
from muzero_engine.training.episodes.slots import EnvironmentGroup
from muzero_engine.training.episodes.statistics import gathered
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.run_metrics import CycleRecord, Evaluated
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.rules import KEEP
from muzero_engine.training.self_play.trajectories import to_device
from muzero_engine.training.self_play.workers import LeftBehind
from muzero_engine.training.types import Stopped

NEW_SEEDS = 32_452_843  # evaluations play no episode of self-play: their seed is so much greater


@dataclass(frozen=True, slots=True)
class _Ended:
    """The episodes of one rank."""

    returns: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    truncated: int = 0


class EpisodeEvaluator:
    """Plays the evaluations of a run, see `TaskEvaluator`. All ranks call its methods together."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        settings: EnvironmentSettings,
        search: BatchedSearch,
        *,
        episodes: int,
        max_steps: int,
        random_share: float,
        seed: int,
        workers: int,
        world: World,
    ) -> None:
        """Start nothing yet. `episodes` of all ranks together; the environments have so many `workers`, at least 1.

        Episodes are cut off after `max_steps` (0: where their environment ends them) and count with what they have. Of
        their steps `random_share` are any action.
        """
        self._spec, self._settings, self._search, self._world = spec, settings, search, world
        self._slots, self._max_steps, self._random_share = -(-episodes // world.size), max_steps, random_share
        self._seed, self._workers = seed + NEW_SEEDS, max(1, workers)
        self._pool: EnvironmentPool | None = None
        self.failure: RuntimeError | None = None

    def keep(self, step: int, network: MuZeroNetwork) -> None:
        """Keep nothing: networks do not meet each other."""

    def forget_after(self, step: int) -> None:
        """Forget nothing."""

    def before_simulations(self, act: Callable[[int], None]) -> None:
        """Let the search call `act` with its batch before every simulation on a CPU; what it raises ends it."""
        self._search.before_simulation = act

    def evaluate(
        self,
        step: int,
        network: MuZeroNetwork,
        history: Iterable[CycleRecord],
        due: Callable[[], bool] = lambda: False,
    ) -> Evaluated:
        """Return what episodes of the network of this step brought; nothing where `due` says that a rank is to stop.

        Nor where an environment failed: `failure` says it then.
        """
        self._search.update_weights(network)
        try:
            ended = self._play(step, due)
        except (Stopped, LeftBehind):
            ended = _Ended()
        except EnvironmentFailed as error:
            ended, self.failure = _Ended(), error
        if self._world.any(due() or self.failure is not None):
            return Evaluated()
        truncated = torch.tensor([ended.truncated])
        self._world.sum_(truncated)
        returns, lengths = gathered(ended.returns, self._world), gathered(ended.lengths, self._world)
        return Evaluated(episodes=EpisodesRecord.of(returns, lengths, int(truncated)))

    def close(self) -> None:
        """End the worker processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _play(self, step: int, due: Callable[[], bool]) -> _Ended:
        """Return this rank's episodes, one a slot; some are missing where `due` says so."""
        pool, device = self._started(), self._search.device
        buffers, pool.due = pool.buffers[0], due
        buffers.number[:] = step
        pool.start(0)
        history = History(self._spec, self._slots, device)
        history.push(to_device(buffers.packed, device), to_device(buffers.age, device))
        legal = torch.ones((self._slots, self._spec.actions), dtype=torch.bool, device=device)
        no_noise = torch.zeros((self._slots, self._spec.actions), device=device)
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        returns = np.zeros(self._slots)
        going = np.ones(self._slots, dtype=np.bool_)
        chance = np.random.default_rng((self._seed, step, self._world.rank))
        for played in itertools.count(1):  # every episode ends: see EnvironmentSettings.max_steps
            if due():
                break
            action = self._search.run(history.stacked(dtype), legal, noise=no_noise).action.cpu().numpy()
            if self._random_share:
                anything = chance.integers(self._spec.actions, size=self._slots)
                action = np.where(chance.random(self._slots) < self._random_share, anything, action)
            pool.step(0, np.where(going, action, KEEP))
            returns += np.where(going, buffers.reward, 0.0)
            history.push(
                to_device(buffers.packed, device), to_device(buffers.age, device), to_device(going.copy(), device)
            )
            going &= ~(buffers.terminated | buffers.truncated)
            if not going.any() or played == self._max_steps:
                break
        cut = going | buffers.truncated
        return _Ended(tuple(returns.tolist()), tuple(buffers.age.tolist()), int(cut.sum()))

    def _started(self) -> EnvironmentPool:
        """Return the environments, which are made when they are first asked for. Raises EnvironmentFailed."""
        if self._pool is None:
            group = EnvironmentGroup(
                settings=self._settings,
                spec=self._spec,
                slots=self._slots,
                first_slot=0,
                seed=self._seed,
                rank=self._world.rank,
            )
            self._pool = EnvironmentPool([group], min(self._workers, self._slots))
        return self._pool
