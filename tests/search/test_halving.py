"""Sequential halving without a known budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.search.halving import SequentialHalving


def _low_first(candidates: Sequence[int]) -> list[int]:
    return sorted(candidates)


def _phases(count: int, number: int) -> list[list[int]]:
    """The candidates dealt in each of the first phases, in order."""
    halving = SequentialHalving(count)
    phases: list[list[int]] = [[]]
    while len(phases) <= number:
        candidate = halving.next(_low_first)
        if candidate is None:
            phases.append([])
        else:
            phases[-1].append(candidate)
    return phases[:number]


def test_one_round_of_four_candidates_then_a_round_of_twice_as_many_simulations() -> None:
    first, second, third, fourth, fifth = _phases(4, 5)
    assert first == [0, 1, 2, 3]
    assert second == [0, 1, 0, 1]
    assert third == [0, 1, 2, 3] * 2
    assert fourth == [0, 1] * 4
    assert fifth == [0, 1, 2, 3] * 4


@given(st.integers(1, 40), st.integers(1, 12))
def test_each_phase_deals_the_same_to_every_candidate_left(count: int, number: int) -> None:
    for phase in _phases(count, number):
        dealt = Counter(phase)
        assert len(set(dealt.values())) == 1
        assert set(dealt) == set(range(len(dealt)))  # the better half is the lower half here


def test_a_round_ranks_all_candidates_again() -> None:
    """A candidate that was dropped early comes back in the next round."""
    halving = SequentialHalving(8)
    dealt: list[int] = []
    while len(dealt) < 100:
        candidate = halving.next(_low_first)
        if candidate is not None:
            dealt.append(candidate)
    assert dealt[:8] == list(range(8))
    assert 7 in dealt[24:]


def test_a_round_takes_candidates_that_none_before_it_had() -> None:
    """One that was never dealt comes in where it ranks before one that was, from the second round on."""
    halving = SequentialHalving(4, available=10)
    dealt: list[int] = []
    while len(dealt) < 24:
        candidate = halving.next(lambda candidates: sorted(candidates, key=lambda one: (one in (1, 3), one)))
        if candidate is not None:
            dealt.append(candidate)
    assert set(dealt[:8]) == {0, 1, 2, 3}
    assert dealt[8:12] == [0, 2, 4, 5]
    assert set(dealt[8:]) == {0, 2, 4, 5}


def test_no_candidates() -> None:
    with pytest.raises(ValueError, match="needs a candidate"):
        SequentialHalving(0)
