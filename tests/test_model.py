"""The best actions of a policy, as models without a graph choose them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.model import TOP, top_policy


@pytest.mark.parametrize("actions", [1, 9, 32, 33, 82, 4672])
def test_the_largest_are_found_in_order(actions: int) -> None:
    logits = np.random.default_rng(actions).normal(size=(5, actions)).astype(np.float32)
    chosen, top = top_policy(logits)
    assert chosen.tolist() == np.argsort(-logits, axis=1)[:, :TOP].tolist()
    assert top.tolist() == np.take_along_axis(logits, chosen, axis=1).tolist()


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_ties_still_give_the_largest_values(actions: int, seed: int) -> None:
    logits = np.random.default_rng(seed).integers(0, 6, size=(3, actions)).astype(np.float32)
    chosen, top = top_policy(logits)
    assert top.tolist() == (-np.sort(-logits, axis=1)[:, :TOP]).tolist()
    assert all(len(set(row)) == len(row) for row in chosen.tolist())
