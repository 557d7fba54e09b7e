"""Weights are rounded so that their errors make up for each other."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from muzero_engine.export.rounding import rounded, second_moments


def test_second_moments_are_those_of_what_each_output_is_given() -> None:
    random = np.random.default_rng(0)
    x = random.random((2, 3, 4, 5), dtype=np.float32)
    weights = torch.from_numpy(random.standard_normal((1, 3, 3, 3)).astype(np.float32))
    squares = F.conv2d(torch.from_numpy(x), weights, padding=1).square().sum()
    flat = weights.flatten()
    torch.testing.assert_close(flat @ second_moments(x, 3) @ flat, squares)


def test_errors_of_weights_make_up_for_each_other() -> None:
    random = np.random.default_rng(1)
    x = np.maximum(0, random.standard_normal((64, 6, 5, 5)) + random.standard_normal((64, 1, 1, 1))).astype(np.float32)
    weights = random.standard_normal((8, 6, 3, 3)).astype(np.float32)
    scales = np.abs(weights).max(axis=(1, 2, 3)) / 15
    moments = second_moments(x, 3)
    nearest = np.rint(weights / scales[:, None, None, None])
    levels = rounded(weights, scales, moments, largest=15)
    assert levels.dtype == np.int8
    assert np.abs(levels).max() <= 15

    def error(integers: np.ndarray) -> float:
        change = torch.from_numpy(integers * scales[:, None, None, None] - weights).flatten(1).double()
        return float(((change @ moments.double()) * change).sum())

    assert error(levels) < 0.5 * error(nearest)


def test_without_anything_in_common_every_weight_is_rounded_by_itself() -> None:
    weights = np.random.default_rng(2).standard_normal((4, 10)).astype(np.float32)
    scales = np.abs(weights).max(axis=1) / 127
    levels = rounded(weights, scales, torch.eye(10))
    assert np.array_equal(levels, np.rint(weights / scales[:, None]))


def test_inputs_that_are_always_zero_are_no_trouble() -> None:
    weights = np.ones((2, 3), dtype=np.float32)
    assert np.array_equal(rounded(weights, np.full(2, 0.5, dtype=np.float32), torch.zeros(3, 3)), np.full((2, 3), 2))
