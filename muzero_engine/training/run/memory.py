"""`refuse_what_cannot_fit`: settings that need more memory than the device has, told before anything is begun."""

from __future__ import annotations

import math

import torch

from muzero_engine.machine import machine_mb
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.run.task import RunTask
from muzero_engine.training.settings_text import BadSettings
from muzero_engine.training.types import tensors_of

GIGABYTE = 1e9
NODE = 28  # bytes of a node of `search.tree.SearchTree` without its children and its latent


def refuse_what_cannot_fit(config: TrainConfig, task: RunTask, device: torch.device) -> None:
    """Raise BadSettings where the trees of a search or a batch alone need more memory than `device` has.

    What is counted is a lower bound: a run that passes may still be too large.
    """
    most, play, evaluation = _memory_of(device), config.self_play, config.evaluation
    roots = sum(task.batch_sizes().values())
    if config.replay.reanalyse_share:
        roots = max(roots, sum(task.reanalysed_at_once().values()))
    games = {"self_play.games": play.games}
    searches = [({"search.simulations": config.search.simulations, **games}, roots)]
    if play.full_search_share < 1:
        searches.append(({"self_play.fast_simulations": play.fast_simulations, **games}, roots))
    if evaluation.every_cycles:
        together = {"evaluation.simulations": evaluation.simulations, "evaluation.games": evaluation.games}
        searches.append((together, evaluation.games))
    smallest = min(task.batch_sizes(), key=lambda shape: shape[0] * shape[1])
    latent = config.network.channels * smallest[0] * smallest[1] * (2 if device.type == "cuda" else 4)
    for settings, count in searches:
        simulations = next(iter(settings.values()))
        _refuse(settings, (simulations + 1) * count * (NODE + latent), most)
    position = sum(part.nbytes for part in tensors_of(task.random_batch(smallest, 1)).values())
    _refuse({"learner.batch_size": config.learner.batch_size}, config.learner.batch_size * position, most)


def _refuse(settings: dict[str, int], needed: int, most: float) -> None:
    """Raise BadSettings with these where more bytes are needed than there are."""
    if needed > most:
        values = " with ".join(f"{name}={value}" for name, value in settings.items())
        raise BadSettings(
            f"{values} needs {needed / GIGABYTE:,.0f} GB of memory or more, and there are {most / GIGABYTE:,.0f}: "
            f"set {' or '.join(settings)} lower"
        )


def _memory_of(device: torch.device) -> float:
    """Return the bytes of memory of a device; infinite where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    machine = machine_mb()
    return math.inf if machine is None else machine * (1 << 20)
