"""Whether values mean what they say: of positions that a network values alike, what their games brought on average."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from muzero_engine.training.distributed import World

BINS = 10  # of equal width
RESULTS = (-1.0, 1.0)  # what values of board games lie between


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Positions whose values lie in one part of their range, which of board games is [-1, 1]."""

    positions: int
    value: float  # mean of what the network gives to the player to move
    result: float  # mean of what their games brought that player


def reliability(
    values: Tensor, results: Tensor, world: World, limits: tuple[float, float] = RESULTS
) -> tuple[ReliabilityBin, ...]:
    """Return the bins that hold positions, by their values, of all ranks, which call it together.

    `values` float[M] and `results` [M] are of the player to move; bins lie between the `limits`.
    """
    low, high = limits
    place = ((values.double() - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
    sums = torch.zeros((BINS, 3), dtype=torch.float64, device=values.device)
    sums.index_add_(0, place, torch.stack([torch.ones_like(values), values, results.to(values.dtype)], dim=1).double())
    world.sum_(sums)
    return tuple(
        ReliabilityBin(positions=int(count), value=value / count, result=result / count)
        for count, value, result in sums.tolist()
        if count
    )


def reliability_of_returns(values: Tensor, results: Tensor, world: World) -> tuple[ReliabilityBin, ...]:
    """Return bins over all values that there are. `results` are returns float[M], NaN where they are not known."""
    known = ~results.isnan()
    values, results = values[known], results[known]
    ends = torch.zeros((world.size, 2), dtype=torch.float64, device=values.device)
    there = torch.zeros(world.size, dtype=torch.float64, device=values.device)
    if len(values):
        ends[world.rank] = torch.stack([values.min(), values.max()]).double()
        there[world.rank] = 1
    world.sum_(ends)
    world.sum_(there)
    if not there.any():
        return ()
    low, high = float(ends[there > 0, 0].min()), float(ends[there > 0, 1].max())
    return reliability(values, results, world, (low, max(high, low + 1e-6)))


def joined(parts: list[tuple[ReliabilityBin, ...]]) -> list[ReliabilityBin]:
    """Return the bins of several batches together, in bins over all that they have, at least [-1, 1]."""
    values = [each.value for part in parts for each in part]
    low, high = min([RESULTS[0], *values]), max([RESULTS[1], *values])
    together: dict[int, list[ReliabilityBin]] = {}
    for each in (each for part in parts for each in part):
        together.setdefault(min(int((each.value - low) / (high - low) * BINS), BINS - 1), []).append(each)
    bins = []
    for _, same in sorted(together.items()):
        positions = sum(each.positions for each in same)
        value = sum(each.positions * each.value for each in same) / positions
        result = sum(each.positions * each.result for each in same) / positions
        bins.append(ReliabilityBin(positions=positions, value=value, result=result))
    return bins
