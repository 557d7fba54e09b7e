"""`forecast`: how long a run will take on a processor, by timing what it does most: searches and gradient steps."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.run.assemble import task_of
from muzero_engine.training.run.memory import refuse_what_cannot_fit
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.types import Batch

FEW = 32  # positions that are timed together at first
QUICK = 0.1  # seconds: what takes less of a few positions is timed with as many as the run has
MOST_TIMED = 200  # simulations of a search that is timed; a longer one takes so much longer
LONG = 0.25  # seconds: what takes longer is timed once
ROUNDS = 3  # of which the quickest counts
BESIDE = 1.1  # self-play takes so many times as long as its searches (rules, storing)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds from the beginning of a new run, evaluations left out."""

    first_step: float
    whole: float


def forecast(config: TrainConfig, network: MuZeroNetwork | None = None) -> Forecast:
    """Return how long a new run takes with a network that is on the processor; None: with a fresh one.

    Raises BadSettings where it cannot fit into memory.
    """
    whole = config.search.simulations, config.self_play.fast_simulations
    timed = min(whole[0], MOST_TIMED), min(whole[1], MOST_TIMED)
    task = task_of(
        replace(
            config,
            search=replace(config.search, simulations=timed[0]),
            self_play=replace(config.self_play, fast_simulations=timed[1]),
        )
    )
    refuse_what_cannot_fit(config, task, torch.device("cpu"))
    begin = network or task.fresh_network()
    searches, roots = task.searches(begin.folded(), torch.device("cpu")), task.batch_sizes()
    still = replace(config.learner, learning_rate=0.0, final_learning_rate=0.0)  # random positions teach nothing good
    learner = Learner(copy.deepcopy(begin), still, total_steps=config.steps, world=World.alone())
    fast_share = 1.0 - config.self_play.full_search_share
    ply = step = 0.0  # seconds

    for shape, share in task.shares().items():
        positions = partial(task.random_batch, shape)
        full = _seconds_of_each(partial(_search, searches.full[shape]), positions, roots[shape])
        ply += share * (1.0 - fast_share) * full * whole[0] / timed[0]
        if fast_share:
            fast = _seconds_of_each(partial(_search, searches.fast[shape]), positions, roots[shape])
            ply += share * fast_share * fast * whole[1] / timed[1]
        size = config.learner.batch_size
        step += share * size * _seconds_of_each(learner.step, positions, size)
    ply *= BESIDE
    first = task.plies_to_fill() * ply
    cycle = config.self_play.plies_per_cycle * ply + config.learner.steps_per_cycle * step
    return Forecast(first, config.duration or first + config.steps / config.learner.steps_per_cycle * cycle)


def _search(search: BatchedSearch, batch: Batch) -> object:
    legal = torch.ones((len(batch.observation), search.num_actions), dtype=torch.bool)
    return search.run(batch.observation, legal, noise=torch.zeros(legal.shape))


def _seconds_of_each(act: Callable[[Batch], object], positions: Callable[[int], Batch], most: int) -> float:
    """Return how long it takes for each position of `most` together; of fewer, where these take long already."""
    count = min(most, FEW)
    seconds = _seconds(partial(act, positions(count)))
    if count < most and seconds < QUICK:
        count = min(most, round(count * LONG / seconds))
        seconds = _seconds(partial(act, positions(count)))
    return seconds / count


def _seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes when nothing disturbs it, once it has been made."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
        if times[-1] > LONG:
            break
    return min(times)
