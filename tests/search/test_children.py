"""Children are the actions of highest prior, however they are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.search.children import children


@pytest.mark.parametrize("actions", [1, 9, 82, 362, 1024, 1031, 2187, 4672])
@pytest.mark.parametrize("count", [1, 32, 100])
def test_the_largest_priors_are_found(actions: int, count: int) -> None:
    logits = np.random.default_rng(actions).normal(size=(5, actions)).astype(np.float32)
    expected = np.sort(np.argsort(-logits, axis=1)[:, :count], axis=1)
    assert np.sort(children(logits, count, 1.0)[0], axis=1).tolist() == expected.tolist()


@given(st.integers(1, 2500), st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_ties_still_give_the_largest_values(actions: int, count: int, seed: int) -> None:
    logits = np.random.default_rng(seed).integers(0, 6, size=(3, actions)).astype(np.float32)
    found = np.take_along_axis(logits, children(logits, count, 1.0)[0], axis=1)
    assert found.tolist() == (-np.sort(-logits, axis=1)[:, :count]).tolist()


def test_priors_are_a_softmax_in_descending_order() -> None:
    logits = np.log(np.array([[1.0, 4.0, 2.0, 1.0]], dtype=np.float32))
    actions, priors = children(logits, 3, 1.0)
    assert actions.tolist() in ([[1, 2, 0]], [[1, 2, 3]])
    assert priors[0].tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    actions, priors = children(logits, 9, 0.5)
    assert actions.tolist() == [[1, 2, 0, 3]]
    assert priors[0].tolist() == pytest.approx([16 / 22, 4 / 22, 1 / 22, 1 / 22])
