"""Points ahead: they agree with the winning rate, and at the end with what is on the board."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.points import ScoreModel

values = st.floats(-1.0, 1.0)
models = st.builds(ScoreModel, st.floats(-400.0, 400.0), st.floats(0.5, 19.0))


@given(models, values)
def test_the_lead_has_the_sign_of_the_value_and_is_fair(model: ScoreModel, value: float) -> None:
    lead = model.lead(value)
    assert lead * value >= 0.0
    assert model.lead(0.0) == 0.0
    mirrored = ScoreModel(-model.owned, model.deviation)
    assert mirrored.lead(-value) == pytest.approx(-lead)


@given(models, values, values)
def test_the_lead_grows_with_the_value(model: ScoreModel, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert model.lead(low) <= model.lead(high) + 1e-9


@given(models, st.floats(-0.8, 0.8))
def test_the_lead_is_where_the_spread_of_scores_puts_the_winning_rate(model: ScoreModel, value: float) -> None:
    scale = model.deviation * math.sqrt(3.0) / math.pi
    assert 1.0 / (1.0 + math.exp(-model.lead(value) / scale)) == pytest.approx((1.0 + value) / 2.0)


def test_a_small_advantage_is_a_small_lead() -> None:
    """The empty board of 9x9, whose ownership said -6.57 where the winning rate was 0.536."""
    assert ScoreModel(-6.57, 9.0).lead(2 * 0.536 - 1) == pytest.approx(0.72, abs=0.01)


def test_a_decided_game_has_the_score_on_the_board() -> None:
    assert ScoreModel(24.5, 1.0).lead(1.0) == pytest.approx(24.5)
    assert ScoreModel(24.5, 1.0).lead(0.99) == pytest.approx(24.5, rel=0.1)
    assert 0.0 < ScoreModel(-24.5, 1.0).lead(0.99) < 4.0  # the ownership says otherwise: it is not believed
