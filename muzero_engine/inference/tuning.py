"""Measuring a model on this machine: which batch gives the most evaluations without making `stop` wait.

A search that evaluates leaves in batches can only stop between two of them, so the time of one batch is bounded; below
that bound more leaves at once are faster, but each is chosen with less knowledge. So the smallest batch is taken that
is nearly as fast as the fastest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from muzero_engine.games.base import Shape
from muzero_engine.model import Model

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
SEARCH_SECONDS = 1e-4  # what the search itself spends on a batch, apart from its leaves
MAX_LATENCY = 0.020  # seconds a batch
ENOUGH = 0.95  # of the best rate: the smallest batch that reaches it is taken
MIN_RUNS = 2
PATIENCE = 2.0  # how many times as long as meant it may take


class TunableModel(Model, Protocol):
    """A model that says how many planes it observes, how large a batch may pay, and what times its calls."""

    @property
    def planes(self) -> int: ...

    @property
    def largest_batch(self) -> int: ...

    def clock(self) -> float:
        """Return seconds, from any beginning."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One batch size, measured."""

    batch: int
    latency: float  # seconds of one call by the model's clock, the median
    evaluations_per_second: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """`batch` is the size to search with; `table` holds what was measured, smallest batch first."""

    batch: int
    table: tuple[Measurement, ...]


def tune(
    model: TunableModel,
    shape: Shape,
    *,
    seconds: float,
    max_latency: float = MAX_LATENCY,
    due: Callable[[], bool] = lambda: False,
) -> Tuning:
    """Warm the model up on a board of this shape and pick a batch size, in about `seconds` of the model's clock.

    On a busy machine PATIENCE times as long may pass meanwhile. The first calls of a session allocate and are not
    counted. Batches grow until one takes longer than `max_latency`, the time is up, or `due`, asked after every call,
    says that it is; a batch of 1 is always measured.
    """
    root = model.initial_inference(np.zeros((1, model.planes, *shape), dtype=np.float32))
    clock = model.clock
    deadline, last = clock() + seconds, time.perf_counter() + PATIENCE * seconds
    batches = [batch for batch in BATCHES if batch <= model.largest_batch]
    share = seconds / len(batches)

    def over() -> bool:
        return clock() >= deadline or time.perf_counter() >= last or due()

    table: list[Measurement] = []
    for batch in batches:
        latent = np.repeat(root.latent, batch, axis=0)
        actions = np.arange(batch, dtype=np.int64) % root.policy_logits.shape[1]
        model.recurrent_inference(latent, actions)
        times: list[float] = []
        until = clock() + share
        while len(times) < MIN_RUNS or not (clock() >= until or over()):
            start = clock()
            model.recurrent_inference(latent, actions)
            times.append(clock() - start)
        latency = max(float(np.median(times)), 1e-9)
        table.append(Measurement(batch, latency, batch / latency))
        if latency > max_latency or over():
            break
    return Tuning(best_batch(table, max_latency), tuple(table))


def best_batch(table: list[Measurement], max_latency: float) -> int:
    """Return the smallest batch with nearly the most simulations a second that keeps to `max_latency`, if any does."""
    fitting = [row for row in table if row.latency <= max_latency] or table[:1]
    rates = [row.batch / (row.latency + SEARCH_SECONDS) for row in fitting]
    return next(row.batch for row, rate in zip(fitting, rates, strict=True) if rate >= ENOUGH * max(rates))
