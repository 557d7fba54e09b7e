"""`forecast`: how long a run will take on a processor, by timing its network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.run.assemble import task_of
from muzero_engine.training.run.task import RunTask

BATCH = 32  # positions that are timed together
ROUNDS = 2  # of which the quicker counts
TREE = 1.3  # a search takes so many times as long as its network calls (tree, rules)
GRADIENT = 4.0  # a gradient step takes so many times as long as the network calls in it


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds from the beginning of a new run, matches left out."""

    first_step: float
    whole: float


def forecast(config: TrainConfig, network: MuZeroNetwork | None = None) -> Forecast:
    """Return how long a new run takes with a network that is on the processor; None: with a fresh one."""
    task = task_of(config)
    playing = (network or task.fresh_network()).folded()
    search = learn = 0.0  # seconds for a ply, and for a position that is learnt from
    for observation, share in task.samples(BATCH):
        action = torch.zeros(BATCH, dtype=torch.int64)
        with torch.no_grad():
            latent = playing.initial_inference(observation).latent
            root = _seconds(partial(playing.initial_inference, observation)) / BATCH
            step = _seconds(partial(playing.recurrent_inference, latent, action)) / BATCH
        settings = config.self_play
        full = settings.full_search_share
        simulations = full * config.search.simulations + (1 - full) * settings.fast_simulations
        search += share * TREE * (root + simulations * step)
        learn += share * GRADIENT * (root + config.learner.unroll * step)
    if config.learns_environment:  # whose networks are so small that the tree takes longer than they do
        search = _search_seconds(task, playing)
    first = task.plies_to_fill() * search
    cycle = settings.plies_per_cycle * search
    taken = config.learner.steps_per_cycle * config.learner.batch_size * learn
    whole = config.duration or first + config.steps / config.learner.steps_per_cycle * (cycle + taken)
    return Forecast(first, whole)


def _search_seconds(task: RunTask, network: MuZeroNetwork) -> float:
    """Return how long the search of self-play takes for each root."""
    ((shape, search),) = task.searches(network, torch.device("cpu")).full.items()
    roots = task.batch_sizes()[shape]
    legal = torch.ones((roots, network.config.num_actions(shape)), dtype=torch.bool)
    observation, noise = task.samples(roots)[0].observation, torch.zeros(legal.shape)
    return _seconds(partial(search.run, observation, legal, noise=noise)) / roots


def _seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes when nothing disturbs it."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)
