"""The formulas against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.search.scoring import (
    completed_q,
    exploration,
    lower_confidence_bound,
    mixed_value,
    rescaled,
    sigma,
    softmax,
)


def test_exploration_is_the_published_formula() -> None:
    assert exploration(0, 1.25, 19652.0) == 0.0
    assert exploration(100, 1.25, 19652.0) == pytest.approx(10.0 * (1.25 + math.log(19753 / 19652)))


def test_softmax_temperature() -> None:
    assert softmax(np.log(np.array([1.0, 3.0]))).tolist() == pytest.approx([0.25, 0.75])
    assert softmax(np.log(np.array([1.0, 3.0])), 0.5).tolist() == pytest.approx([0.1, 0.9])


def test_mixed_value_weighs_visited_actions_by_prior() -> None:
    prior = np.array([0.5, 0.25, 0.25])
    q = np.array([0.6, -0.6, 99.0])
    visits = np.array([3, 1, 0])
    # prior-weighted mean of visited Q: (0.3 - 0.15) / 0.75 = 0.2; (v + 4 * 0.2) / 5 with v = 0.7
    assert mixed_value(0.7, prior, q, visits) == pytest.approx((0.7 + 0.8) / 5)
    assert mixed_value(0.7, prior, q, np.zeros(3, dtype=np.int64)) == 0.7
    completed = completed_q(0.7, prior, q, visits)
    assert completed.tolist() == pytest.approx([0.6, -0.6, 0.3])


def test_sigma_prefers_higher_q() -> None:
    completed = np.array([0.0, 0.1, -0.1])
    assert sigma(completed, 10, 50.0, 1.0).tolist() == pytest.approx([0.0, 6.0, -6.0])


def test_rescaled_q_goes_from_0_to_1() -> None:
    assert rescaled(np.array([30.0, 50.0, 45.0]), 1e-8).tolist() == pytest.approx([0.0, 1.0, 0.75])
    assert rescaled(np.array([7.0, 7.0]), 1e-8).tolist() == [0.0, 0.0]
    assert rescaled(np.array([0.01, 0.03]), 0.1).tolist() == pytest.approx([0.0, 0.2])


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=60))
def test_lower_confidence_bound_lies_below_the_mean_and_narrows(returns: list[float]) -> None:
    mean = sum(returns) / len(returns)
    square = sum(r * r for r in returns) / len(returns)
    few = lower_confidence_bound(mean, square, len(returns))
    many = lower_confidence_bound(mean, square, 100 * len(returns))
    assert -1.0 <= few <= many + 1e-9
    assert many <= mean + 1e-9
    assert lower_confidence_bound(mean, square, 1) == -1.0
