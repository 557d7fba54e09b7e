"""Scores and lines."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.report import RootMove
from muzero_engine.protocols.usi.format import CP_LIMIT, usi_score, value_to_cp


def root_move(value: float, ends: float | None = None) -> RootMove:
    return RootMove(0, 10, value, 0.0, 0.1, value, (0,), ends)


@given(st.floats(-1.0, 1.0))
def test_centipawns_give_the_winning_rate_back(value: float) -> None:
    cp = value_to_cp(value)
    assert cp == -value_to_cp(-value)
    if abs(cp) < CP_LIMIT:
        assert 1.0 / (1.0 + math.exp(-cp / 600.0)) == pytest.approx((1.0 + value) / 2.0, abs=1e-3)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_a_higher_value_is_no_lower_score(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert -CP_LIMIT <= value_to_cp(low) <= value_to_cp(high) <= CP_LIMIT


@pytest.mark.parametrize(
    ("move", "score_type", "text"),
    [
        (root_move(0.0), "centipawn", "cp 0"),
        (root_move(0.5), "centipawn", "cp 659"),
        (root_move(-1.0), "centipawn", "cp -30000"),
        (root_move(0.2, ends=1.0), "centipawn", "mate 1"),
        (root_move(0.2, ends=0.0), "centipawn", "cp 0"),
        (root_move(0.2, ends=-1.0), "centipawn", "cp -30000"),
        (root_move(0.5), "win_percentage", "cp 7500"),
        (root_move(-0.5), "Q", "cp -5000"),
    ],
)
def test_scores(move: RootMove, score_type: str, text: str) -> None:
    assert usi_score(move, score_type) == text
