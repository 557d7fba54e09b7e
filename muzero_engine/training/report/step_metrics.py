"""The metrics of a gradient step, by unroll step, without making the host wait for the device.

Each `Metric` is kept as a sum and a count, so that means over steps and over ranks are exact means of positions.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from muzero_engine.training.distributed import World


class Metric(enum.Enum):
    """Rows of `StepMetrics.sums`, in this order; the values are the fields of `Means`."""

    POLICY = "policy"  # cross-entropy, nats
    VALUE = "value"  # cross-entropy (of win, draw, loss; of an environment's categories)
    OUTCOME = "outcome"  # cross-entropy of the reward: of goes on, win, draw, loss; of categories and termination
    OWNERSHIP = "ownership"  # squared error, mean over the points; step 0 only
    CONSISTENCY = "consistency"  # 1 - cosine similarity
    DECODER = "decoder"  # binary cross-entropy, mean over planes and points
    SOFT_POLICY = "soft_policy"  # cross-entropy with the softened target
    SHORT_VALUE = "short_value"  # squared error of the values soon after, mean over the horizons
    # Not descended, only watched:
    POLICY_DIVERGENCE = "policy_divergence"  # KL(target || network)
    POLICY_ENTROPY = "policy_entropy"  # of the network, over all actions
    TARGET_ENTROPY = "target_entropy"
    VALUE_ERROR = "value_error"  # squared error of the value
    REWARD_ERROR = "reward_error"  # squared error of the reward
    ENDS_FOUND = "ends_found"  # of the moves that ended the game: share whose class is the most likely one
    FALSE_ENDS = "false_ends"  # of the moves after which it went on: share taken for an end


STEP_METRICS = tuple(Metric)


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """One gradient step of one rank; tensors stay on the training device until `summarise` is asked."""

    step: int  # steps taken before this one
    learning_rate: float
    loss: Tensor  # float32[], the weighted sum that was descended; mean over the ranks
    gradient_norm: Tensor  # float32[], before clipping
    sums: Tensor  # float32[len(STEP_METRICS), U + 1], over this rank's positions
    counts: Tensor  # float32[len(STEP_METRICS), U + 1]: how many positions each sum has


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Means over positions, by unroll step 0..U; None where nothing was counted."""

    policy: tuple[float | None, ...]
    value: tuple[float | None, ...]
    outcome: tuple[float | None, ...]
    ownership: tuple[float | None, ...]
    consistency: tuple[float | None, ...]
    decoder: tuple[float | None, ...]
    soft_policy: tuple[float | None, ...]
    short_value: tuple[float | None, ...] = ()
    policy_divergence: tuple[float | None, ...]
    policy_entropy: tuple[float | None, ...]
    target_entropy: tuple[float | None, ...]
    value_error: tuple[float | None, ...]
    reward_error: tuple[float | None, ...] = ()
    ends_found: tuple[float | None, ...]
    false_ends: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary(Means):
    """Means over gradient steps and ranks."""

    steps: int
    learning_rate: float  # of the last step
    loss: float
    gradient_norm: float


def means(sums: Tensor, counts: Tensor, world: World) -> Means:
    """Return the means of float32[len(STEP_METRICS), U + 1] each, over all ranks, which call it together."""
    return Means(**_by_metric(sums, counts, world))


def summarise(metrics: Sequence[StepMetrics], world: World) -> StepSummary:
    """Return the means over these steps of all ranks, which call it together with equally many (at least one)."""
    sums = torch.stack([metric.sums for metric in metrics]).sum(0)
    counts = torch.stack([metric.counts for metric in metrics]).sum(0)
    whole = torch.stack([torch.stack([metric.loss, metric.gradient_norm]) for metric in metrics]).mean(0)
    by_metric = _by_metric(sums, counts, world)
    loss, norm = whole.tolist()
    return StepSummary(
        steps=len(metrics), learning_rate=metrics[-1].learning_rate, loss=loss, gradient_norm=norm, **by_metric
    )


def _by_metric(sums: Tensor, counts: Tensor, world: World) -> dict[str, tuple[float | None, ...]]:
    shared = torch.stack([sums, counts]).double()
    world.sum_(shared)
    total, count = shared.tolist()
    return {
        metric.value: tuple(t / n if n else None for t, n in zip(total[row], count[row], strict=True))
        for row, metric in enumerate(STEP_METRICS)
    }
