"""Whether values mean what they say: of positions that a network values alike, what their games brought on average."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from muzero_engine.training.distributed import World

BINS = 10  # of equal width over [-1, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Positions whose values lie in one part of [-1, 1]."""

    positions: int
    value: float  # mean of what the network gives to the player to move, in [-1, 1]
    result: float  # mean of what their games brought that player, in [-1, 1]


def reliability(values: Tensor, results: Tensor, world: World) -> tuple[ReliabilityBin, ...]:
    """Return the bins that hold positions, by their values, of all ranks, which call it together.

    `values` are float[M] in [-1, 1], `results` int8[M] in {-1, 0, 1}, both of the player to move.
    """
    place = ((values.double() + 1) / 2 * BINS).long().clamp(0, BINS - 1)
    sums = torch.zeros((BINS, 3), dtype=torch.float64, device=values.device)
    sums.index_add_(0, place, torch.stack([torch.ones_like(values), values, results.to(values.dtype)], dim=1).double())
    world.sum_(sums)
    return tuple(
        ReliabilityBin(positions=int(count), value=value / count, result=result / count)
        for count, value, result in sums.tolist()
        if count
    )


def joined(parts: list[tuple[ReliabilityBin, ...]]) -> list[ReliabilityBin]:
    """Return the bins of several batches together."""
    together: dict[int, list[ReliabilityBin]] = {}
    for each in (each for part in parts for each in part):
        together.setdefault(min(int((each.value + 1) / 2 * BINS), BINS - 1), []).append(each)
    bins = []
    for _, same in sorted(together.items()):
        positions = sum(each.positions for each in same)
        value = sum(each.positions * each.value for each in same) / positions
        result = sum(each.positions * each.result for each in same) / positions
        bins.append(ReliabilityBin(positions=positions, value=value, result=result))
    return bins
