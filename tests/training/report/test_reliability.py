"""What values are worth, by bins."""

from __future__ import annotations

import pytest
import torch

from muzero_engine.training.distributed import World
from muzero_engine.training.report.reliability import ReliabilityBin, joined, reliability


def test_positions_are_counted_by_their_values() -> None:
    values = torch.tensor([-1.0, -0.85, 0.1, 0.15, 1.0])
    results = torch.tensor([-1, 1, 0, 1, 1], dtype=torch.int8)
    bins = reliability(values, results, World.alone())
    assert [each.positions for each in bins] == [2, 2, 1]
    assert [each.value for each in bins] == pytest.approx([-0.925, 0.125, 1.0])
    assert [each.result for each in bins] == [0.0, 0.5, 1.0]


def test_batches_are_joined_bin_by_bin() -> None:
    one = (ReliabilityBin(positions=3, value=0.1, result=0.0), ReliabilityBin(positions=1, value=1.0, result=1.0))
    other = (ReliabilityBin(positions=1, value=0.14, result=1.0),)
    first, last = joined([one, other])
    assert (first.positions, first.result) == (4, 0.25)
    assert first.value == pytest.approx(0.11)
    assert last == one[1]
