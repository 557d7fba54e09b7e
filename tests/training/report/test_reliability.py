"""What values are worth, by bins."""

from __future__ import annotations

import pytest
import torch

from muzero_engine.training.distributed import World
from muzero_engine.training.report.reliability import ReliabilityBin, joined, reliability, reliability_of_returns


def test_positions_are_counted_by_their_values() -> None:
    values = torch.tensor([-1.0, -0.85, 0.1, 0.15, 1.0])
    results = torch.tensor([-1, 1, 0, 1, 1], dtype=torch.int8)
    bins = reliability(values, results, World.alone())
    assert [each.positions for each in bins] == [2, 2, 1]
    assert [each.value for each in bins] == pytest.approx([-0.925, 0.125, 1.0])
    assert [each.result for each in bins] == [0.0, 0.5, 1.0]


def test_returns_are_counted_over_their_own_range_where_they_are_known() -> None:
    values = torch.tensor([0.0, 2.0, 100.0, 98.0, 50.0])
    returns = torch.tensor([1.0, 3.0, 90.0, 110.0, float("nan")])
    bins = reliability_of_returns(values, returns, World.alone())
    assert [(each.positions, each.value, each.result) for each in bins] == [(2, 1.0, 2.0), (2, 99.0, 100.0)]
    assert joined([bins, bins])[1] == ReliabilityBin(positions=4, value=99.0, result=100.0)
    assert reliability_of_returns(values, torch.full((5,), float("nan")), World.alone()) == ()


def test_batches_are_joined_bin_by_bin() -> None:
    one = (ReliabilityBin(positions=3, value=0.1, result=0.0), ReliabilityBin(positions=1, value=1.0, result=1.0))
    other = (ReliabilityBin(positions=1, value=0.14, result=1.0),)
    first, last = joined([one, other])
    assert (first.positions, first.result) == (4, 0.25)
    assert first.value == pytest.approx(0.11)
    assert last == one[1]
