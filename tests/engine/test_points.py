"""Points ahead: they agree with the winning rate, and with what the network says at other komi."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.points import RootPoints, ScoreCurve, ScoreSpread, score_curve
from muzero_engine.engine.report import SearchInfo
from muzero_engine.games.base import Position
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game

values = st.floats(-1.0, 1.0)
models = st.builds(ScoreSpread, st.floats(-400.0, 400.0), st.floats(0.5, 19.0))


@given(models, values)
def test_the_lead_has_the_sign_of_the_value_and_is_fair(model: ScoreSpread, value: float) -> None:
    lead = model.lead(value)
    assert lead * value >= 0.0
    assert model.lead(0.0) == 0.0
    mirrored = ScoreSpread(-model.owned, model.deviation)
    assert mirrored.lead(-value) == pytest.approx(-lead)


@given(models, values, values)
def test_the_lead_grows_with_the_value(model: ScoreSpread, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert model.lead(low) <= model.lead(high) + 1e-9


@given(models, st.floats(-0.8, 0.8))
def test_the_lead_is_where_the_spread_of_scores_puts_the_winning_rate(model: ScoreSpread, value: float) -> None:
    scale = model.deviation * math.sqrt(3.0) / math.pi
    assert 1.0 / (1.0 + math.exp(-model.lead(value) / scale)) == pytest.approx((1.0 + value) / 2.0)


def test_a_small_advantage_is_a_small_lead() -> None:
    """The empty board of 9x9, whose ownership said -6.57 where the winning rate was 0.536."""
    assert ScoreSpread(-6.57, 9.0).lead(2 * 0.536 - 1) == pytest.approx(0.72, abs=0.01)


def test_a_decided_game_has_the_score_on_the_board() -> None:
    assert ScoreSpread(24.5, 1.0).lead(1.0) == pytest.approx(24.5)
    assert ScoreSpread(24.5, 1.0).lead(0.99) == pytest.approx(24.5, rel=0.1)
    assert 0.0 < ScoreSpread(-24.5, 1.0).lead(0.99) < 4.0  # the ownership says otherwise: it is not believed


@st.composite
def curves(draw: st.DrawFn) -> ScoreCurve:
    points = sorted(draw(st.sets(st.integers(-80, 80), min_size=4, max_size=10)))
    rates = sorted(draw(st.lists(st.floats(0.0, 1.0), min_size=len(points), max_size=len(points))), reverse=True)
    rates[0], rates[-1] = max(rates[0], 0.51), min(rates[-1], 0.49)
    return ScoreCurve(tuple(each + 0.5 for each in points), tuple(rates), draw(st.integers(-80, 80)) / 2)


@given(curves(), values)
def test_the_lead_of_a_curve_has_the_sign_of_the_value(curve: ScoreCurve, value: float) -> None:
    assert math.isfinite(curve.lead(value))
    assert curve.lead(value) * value >= 0.0
    assert curve.lead(0.0) == 0.0
    assert curve.deviation >= 0.5


@given(curves(), values, values)
def test_the_lead_of_a_curve_grows_with_the_value(curve: ScoreCurve, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert curve.lead(low) <= curve.lead(high) + 1e-9


def test_a_curve_by_hand() -> None:
    curve = ScoreCurve((0.5, 4.5, 8.5), (0.9, 0.5, 0.1), taken=2.5)
    assert curve.lead(0.4) == pytest.approx(2.0)  # the network's own winning rate, 0.7, at the komi of the game
    assert curve.lead(-0.4) == pytest.approx(-2.0)
    assert curve.lead(0.8) == pytest.approx(4.0)
    assert curve.deviation == pytest.approx(0.3413 * 10.0)
    certain = ScoreCurve((-30.5, 4.5, 5.5), (1.0, 1.0, 0.0), taken=-10.0)
    assert certain.lead(0.999) == pytest.approx(15.0)  # 5 points on the board, and 10 that komi gives
    assert certain.lead(-0.999) == pytest.approx(-0.5)  # a search found that it is lost, whatever komi


class Board:
    """A network that knows the score: black has `black` points, and ends within a few of them."""

    def __init__(self, black: float, doubt: float) -> None:
        self.black, self.doubt = black, doubt
        self.asked: list[float] = []

    def values(self, positions: Sequence[Position]) -> list[float]:
        values = []
        for position in positions:
            assert isinstance(position, GoPosition)
            self.asked.append(position.komi)
            ahead = self.black - position.komi
            values.append(math.tanh((ahead if position.mover == 0 else -ahead) / (2 * self.doubt)))
        return values


@pytest.mark.parametrize("mover", [0, 1])
@pytest.mark.parametrize("expected", [-9.0, 0.0, 14.0])
@pytest.mark.parametrize(("black", "doubt"), [(3.0, 0.2), (17.0, 2.0), (-33.0, 1.0), (45.0, 0.5), (0.0, 6.0)])
def test_the_lead_is_found_by_asking_for_values_at_a_dozen_of_komi(
    mover: int, expected: float, black: float, doubt: float
) -> None:
    """Also where the ownership is far off."""
    board, position = Board(black, doubt), load_game("go").initial((9, 9))
    assert isinstance(position, GoPosition)
    position.set_komi(6.0)
    position.set_mover(mover)
    (value,) = board.values([position])
    sign = 1.0 if mover == 0 else -1.0
    curve = score_curve(position, sign * expected, board.values)
    assert curve is not None
    assert position.komi == 6.0
    assert len(board.asked) <= 20
    assert curve.lead(value) == pytest.approx(sign * (black - 6.0), abs=1.0)
    if abs(black - expected) < 18.0:
        assert curve.deviation == pytest.approx(max(0.5, 1.668 * doubt), rel=0.4, abs=0.5)


def test_a_network_that_does_not_heed_komi_has_no_curve() -> None:
    position = load_game("go").initial((9, 9))
    assert score_curve(position, 4.0, lambda positions: [0.3] * len(positions)) is None
    assert score_curve(position, 4.0, lambda positions: [-0.3] * len(positions)) is None


@pytest.mark.parametrize("mover", [0, 1])
@pytest.mark.parametrize(("black", "far"), [(46.0, False), (47.0, True), (-34.0, False), (-35.0, True)])
def test_a_lead_of_more_than_half_the_board_is_not_looked_for_among_komi(mover: int, black: float, far: bool) -> None:
    position = load_game("go").initial((9, 9))
    assert isinstance(position, GoPosition)
    position.set_komi(6.0)
    position.set_mover(mover)
    curve = score_curve(position, 30.0 if mover == 0 else -30.0, Board(black, 0.2).values)
    assert (curve is None) == far


@pytest.mark.parametrize("komi", [1e6, -1e6])
def test_a_komi_at_the_end_of_what_there_is_is_no_fault(komi: float) -> None:
    position = load_game("go").initial((9, 9))
    assert isinstance(position, GoPosition)
    position.set_komi(komi)
    score_curve(position, 4.0, Board(3.0, 1.0).values)
    assert position.komi == komi


def info(ownership: np.ndarray | None) -> SearchInfo:
    return SearchInfo((), 1, 1.0, 1, 1, 0, 0.2, 0.2, ownership)


def test_the_network_is_asked_once_for_all_reports_of_a_search() -> None:
    board, position = Board(9.0, 1.0), load_game("go").initial((5, 5))
    points = RootPoints(position, board.values)
    owned = info(np.full((5, 5), 0.3, np.float32))
    model = points.model(owned)
    asked = len(board.asked)
    assert points.model(owned) is model
    assert isinstance(model, ScoreCurve)
    assert 0 < asked == len(board.asked)


def test_a_network_that_hardly_heeds_komi_has_its_ownership() -> None:
    position = load_game("go").initial((19, 19))
    open_board = info(np.zeros((19, 19), np.float32))
    models = [RootPoints(position, Board(6.0, doubt).values).model(open_board) for doubt in (5.0, 25.0)]
    assert isinstance(models[0], ScoreCurve)
    assert models[1] == ScoreSpread(-7.5, 19.0)


def test_without_ownership_or_komi_nothing_is_asked() -> None:
    def values(_: Sequence[Position]) -> list[float]:
        raise AssertionError

    assert isinstance(RootPoints(load_game("go").initial((5, 5)), values).model(info(None)), ScoreSpread)
    othello = load_game("othello").initial((8, 8))
    owned = info(np.full((8, 8), 0.3, np.float32))
    model = RootPoints(othello, values).model(owned)
    assert isinstance(model, ScoreSpread)
    assert model.owned == pytest.approx(19.2)
