"""The batched search: its settings as people write them, and its speed."""

from __future__ import annotations

import dataclasses
import time

import torch
from lab.common.devices import wait
from torch import Tensor

from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch


def with_changes(text: str, base: SearchSettings) -> SearchSettings:
    """Return the settings with `name=value` pairs, separated by commas, applied. Exits on an unknown name."""
    changes = dict(part.split("=", 1) for part in text.split(",") if part)
    kinds = {field.name: type(getattr(base, field.name)) for field in dataclasses.fields(base)}
    unknown = sorted(set(changes) - set(kinds))
    if unknown:
        raise SystemExit(f"there is no setting {unknown[0]!r} of the search: {', '.join(kinds)}")
    return dataclasses.replace(base, **{name: kinds[name](value) for name, value in changes.items()})


def roots_a_second(
    search: BatchedSearch, observation: Tensor, legal: Tensor, rounds: int, generator: torch.Generator
) -> float:
    """Return how many roots a search finishes in a second, after one round that prepares it."""
    device = observation.device
    search.run(observation, legal, generator=generator)
    wait(device)
    started = time.perf_counter()
    for _ in range(rounds):
        search.run(observation, legal, generator=generator)
    wait(device)
    return rounds * len(observation) / (time.perf_counter() - started)
