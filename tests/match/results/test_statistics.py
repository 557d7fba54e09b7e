"""Estimates and sequential tests are those that others publish, and err as seldom as they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.match.results.statistics import (
    NORMALISED,
    BadTest,
    EloModel,
    HeadToHead,
    Sprt,
    SprtDecision,
    estimate,
    log_likelihood_ratio,
    with_mean,
    with_t_value,
)
from muzero_engine.ratings import NORMAL_95, expected_score, student_95

COUNTS = st.tuples(*[st.integers(0, 500)] * 5)


@dataclass(frozen=True, slots=True)
class Game:
    first: str
    second: str
    pair: int
    points: float


def single(wins: int, losses: int, draws: int) -> HeadToHead:
    return HeadToHead(singles=(losses, draws, wins), wins=wins, draws=draws, losses=losses)


def pairs(*counts: int) -> HeadToHead:
    lost_both, lost_one, even, won_one, won_both = counts
    return HeadToHead(pairs=(lost_both, lost_one, even, won_one, won_both))


# Published results of another implementation: the unit tests of fastchess (app/tests/elo_test.cpp and sprt_test.cpp),
# which give two digits. Its intervals are those of a normal distribution, these Student's, wider by `widened`; that of
# normalised Elo takes the deviation for known, which makes it too narrow by `uncertain`.


def widened(results: HeadToHead) -> float:
    seen = sum(results.pairs) + sum(results.singles)
    return student_95(seen - 1) / NORMAL_95 * math.sqrt(seen / (seen - 1))


def uncertain(results: HeadToHead) -> float:
    """sqrt(1 - skewness t + (kurtosis - 1) t^2 / 4) for a mean of t deviations, by the moments of the results; 1 at
    least."""
    counts = np.array(results.pairs if any(results.pairs) else results.singles, dtype=np.float64)
    off = np.arange(len(counts)) - (counts * np.arange(len(counts))).sum() / counts.sum()
    second, third, fourth = ((counts * off**power).sum() / counts.sum() for power in (2, 3, 4))
    t = (-off[0] - (len(counts) - 1) / 2) / math.sqrt(second)
    return math.sqrt(max(1.0, 1 - third / second**1.5 * t + (fourth / second**2 - 1) * t**2 / 4))


@pytest.mark.parametrize(
    ("results", "normalised", "elo", "superiority"),
    [
        (single(76, 89, 123), (-20.76, 40.13), None, 15.53),
        (single(136, 96, 111), (49.77, 36.77), (40.70, 30.43), 99.60),
        (single(34, 356, 0), (-508.44, 34.48), None, None),
        (pairs(34, 54, 31 + 32, 64, 75), (57.94, 28.28), (55.58, 27.65), 100.0),
        (pairs(332, 433, 457 + 41, 333, 334), (-9.17, 10.96), (-8.64, 10.33), 5.05),
        (pairs(7895, 8757, 5485 + 200, 568, 9999), (-19.01, 2.65), (-21.04, 2.95), None),
    ],
)
def test_estimates_are_those_that_others_publish(
    results: HeadToHead, normalised: tuple[float, float], elo: tuple[float, float] | None, superiority: float | None
) -> None:
    estimated = estimate(results)
    assert estimated is not None
    assert estimated.normalised.value == pytest.approx(normalised[0], abs=0.006)
    assert (estimated.normalised.high - estimated.normalised.low) / 2 == pytest.approx(
        normalised[1] * widened(results) * uncertain(results), abs=0.01
    )
    if elo is not None:
        assert estimated.elo.value == pytest.approx(elo[0], abs=0.006)
        assert (estimated.elo.high - estimated.elo.low) / 2 == pytest.approx(elo[1] * widened(results), abs=0.006)
    if superiority is not None:
        most = 0.28 / (sum(results.pairs) + sum(results.singles))  # between Student's distribution and the normal one
        assert 100 * estimated.superiority == pytest.approx(superiority, abs=0.006 + 100 * most)


@pytest.mark.parametrize(
    ("results", "elo0", "elo1", "model", "llr"),
    [
        (single(36433, 36027, 68692), 0, 2, EloModel.NORMALISED, 0.92),
        (single(10871, 10650, 20431), -1.75, 0.25, EloModel.NORMALISED, 2.30),
        (single(21404, 21184, 40708), 0.5, 2.5, EloModel.LOGISTIC, -1.57),
        (single(57433, 57030, 106593), 0, 2, EloModel.LOGISTIC, -2.59),
        (pairs(365, 16618, 36029 + 200, 16974, 390), 0, 2, EloModel.NORMALISED, 2.25),
        (pairs(127, 4883, 10311 + 401, 5150, 104), -1.75, 0.25, EloModel.NORMALISED, 3.01),
        (pairs(223, 9863, 20279 + 1000, 10037, 246), 0.5, 2.5, EloModel.LOGISTIC, -3.07),
        (pairs(871, 26175, 55003 + 980, 26678, 821), 0, 2, EloModel.LOGISTIC, -4.98),
    ],
)
def test_likelihood_ratios_are_those_that_others_publish(
    results: HeadToHead, elo0: float, elo1: float, model: EloModel, llr: float
) -> None:
    assert log_likelihood_ratio(results, elo0, elo1, model) == pytest.approx(llr, abs=0.006)


# By brute force


def best_likelihood(counts: tuple[float, float, float], t: float) -> float:
    """The largest log likelihood of lost, drawn and won games with (mean - 1/2) / deviation = t, over a fine grid.

    With u = (won - lost) / 2 = mean - 1/2 the variance is (1 - drawn) / 4 - u^2, so that the share of draws gives u.
    """
    drawn = np.linspace(0.0, 1.0, 2_000_001)[1:-1]
    u = t * np.sqrt((1.0 - drawn) / 4.0 / (1.0 + t * t))
    won, lost = (1.0 - drawn) / 2.0 + u, (1.0 - drawn) / 2.0 - u
    possible = (won > 0) & (lost > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = counts[0] * np.log(lost) + counts[1] * np.log(drawn) + counts[2] * np.log(won)
    return float(total[possible].max())


def test_intervals_of_uneven_matches_hold_the_truth() -> None:
    """A score of 75%, where one that took the measured deviation for known would hold it in 84% of the matches."""
    chances, points = np.array([0.01, 0.05, 0.29, 0.23, 0.42]), np.arange(5) / 4
    mean = (chances * points).sum()
    truth = NORMALISED * (mean - 0.5) / math.sqrt(2 * (chances * (points - mean) ** 2).sum())
    held = 0
    for counts in np.random.default_rng(1).multinomial(50, chances, size=1000):
        estimated = estimate(pairs(*map(int, counts)))
        assert estimated is not None
        held += estimated.normalised.low <= truth <= estimated.normalised.high
    assert 930 <= held <= 965


@pytest.mark.parametrize("counts", [(0, 0, 0, 2, 1), (1, 2, 0, 0, 0), (0, 0, 0, 19, 10), (0, 0, 0, 18, 12)])
def test_few_results_of_two_kinds_do_not_make_the_strength_certain(counts: tuple[int, ...]) -> None:
    estimated = estimate(pairs(*counts))
    assert estimated is not None
    assert estimated.normalised.high - estimated.normalised.low > 150


@pytest.mark.parametrize("counts", [(30, 50, 20), (3, 1, 20), (100, 5, 100), (1, 200, 1)])
@pytest.mark.parametrize(("elo0", "elo1"), [(0.0, 5.0), (-100.0, 30.0), (20.0, 150.0)])
def test_normalised_ratios_are_the_brute_force_maximum(counts: tuple[int, int, int], elo0: float, elo1: float) -> None:
    expected = best_likelihood(counts, elo1 / NORMALISED) - best_likelihood(counts, elo0 / NORMALISED)
    ratio = log_likelihood_ratio(HeadToHead(singles=counts), elo0, elo1, EloModel.NORMALISED)
    assert ratio == pytest.approx(expected, abs=1e-4)


@given(COUNTS, st.floats(-200, 200))
def test_constrained_distributions_fulfil_their_constraint(counts: tuple[int, ...], elo: float) -> None:
    values = [0.0, 0.25, 0.5, 0.75, 1.0]
    observed = np.array(counts) + 1e-3
    observed /= observed.sum()
    mean = expected_score(elo)
    fitted = np.array(with_mean(values, observed.tolist(), mean))
    assert fitted.min() > 0
    assert fitted.sum() == pytest.approx(1.0)
    assert fitted @ values == pytest.approx(mean)
    t = elo / NORMALISED * math.sqrt(2)
    fitted = np.array(with_t_value(values, observed.tolist(), t))
    assert fitted.min() > 0
    assert fitted.sum() == pytest.approx(1.0)
    fitted_mean = float(fitted @ values)
    assert (fitted_mean - 0.5) / math.sqrt(fitted @ (np.array(values) - fitted_mean) ** 2) == pytest.approx(t, abs=1e-4)


def test_intervals_of_pairs_hold_the_truth_where_those_of_games_do_not() -> None:
    rng = np.random.default_rng(2)
    chances = np.array([0.02, 0.06, 0.74, 0.12, 0.06])  # openings decide: most pairs are even
    true = float(chances @ np.arange(5)) / 4
    inside = {"pairs": 0, "games": 0}
    for _ in range(1000):
        counts = rng.multinomial(200, chances)
        paired = estimate(pairs(*counts.tolist()))
        wins = int(2 * counts[4] + counts[3] + counts[2])  # the even ones are a win and a loss
        draws = int(counts[3] + counts[1])
        loose = estimate(single(wins, 400 - wins - draws, draws))
        for name, intervals in (("pairs", paired), ("games", loose)):
            assert intervals is not None
            inside[name] += intervals.score.low < true < intervals.score.high
    assert 930 < inside["pairs"] < 970
    assert inside["games"] > 995  # far too wide


@pytest.mark.parametrize("model", list(EloModel))
@pytest.mark.parametrize("truth", [SprtDecision.H0, SprtDecision.H1])
def test_a_test_errs_as_seldom_as_it_says(model: EloModel, truth: SprtDecision) -> None:
    test = Sprt(elo0=0.0, elo1=60.0, alpha=0.1, beta=0.1, model=model)
    elo = test.elo0 if truth is SprtDecision.H0 else test.elo1
    observed = [0.05, 0.2, 0.5, 0.2, 0.05]
    values = [0.0, 0.25, 0.5, 0.75, 1.0]
    chances = (
        with_mean(values, observed, expected_score(elo))
        if model is EloModel.LOGISTIC
        else with_t_value(values, observed, elo / NORMALISED * math.sqrt(2))
    )
    rng = np.random.default_rng(7)
    rounds, wrong = 150, 0
    for _ in range(rounds):
        counts = np.zeros(5, dtype=np.int64)
        verdict = SprtDecision.OPEN
        while verdict is SprtDecision.OPEN:
            counts += rng.multinomial(8, chances)
            verdict = test.state(pairs(*counts.tolist())).decision
        wrong += verdict is not truth
    assert 0.01 < wrong / rounds < 0.15


# Counting


def test_games_are_put_together_to_pairs() -> None:
    games = [
        Game("a", "b", 0, 1.0),
        Game("b", "a", 0, 0.0),
        Game("a", "b", 1, 0.5),
        Game("x", "b", 1, 1.0),
        Game("b", "a", 1, 1.0),
        Game("b", "a", 2, 0.0),
    ]
    results = HeadToHead.of(games, "a", "b")
    assert results == HeadToHead(pairs=(0, 1, 0, 0, 1), singles=(0, 0, 1), wins=3, draws=1, losses=1)
    assert (results.games, results.points) == (5, 3.5)
    assert HeadToHead.of(games, "b", "a") == HeadToHead(
        pairs=(1, 0, 0, 1, 0), singles=(1, 0, 0), wins=1, draws=1, losses=3
    )
    assert HeadToHead.of(games, "a", "x") == HeadToHead()


@pytest.mark.parametrize("count", [5, 10, 20])
def test_intervals_of_few_pairs_hold_the_truth_as_often_as_they_say(count: int) -> None:
    rng, chances = np.random.default_rng(1), np.array([0.1, 0.2, 0.25, 0.25, 0.2])
    true, inside = float(chances @ np.arange(5)) / 4, 0
    for _ in range(1000):
        found = estimate(pairs(*rng.multinomial(count, chances).tolist()))
        assert found is not None
        inside += found.score.low <= true <= found.score.high
    assert 935 <= inside <= 985


@given(COUNTS, st.tuples(*[st.integers(0, 20)] * 3))
def test_both_sides_see_the_same(counts: tuple[int, ...], singles: tuple[int, ...]) -> None:
    own = estimate(HeadToHead(pairs=counts, singles=singles))  # type: ignore[arg-type] # tuples of the right length
    theirs = estimate(HeadToHead(pairs=counts[::-1], singles=singles[::-1]))  # type: ignore[arg-type]
    if not any(counts) and not any(singles):
        assert own is None
        return
    assert own is not None
    assert theirs is not None
    assert own.score.value == pytest.approx(1 - theirs.score.value)
    assert own.elo.low <= own.elo.value <= own.elo.high
    assert own.elo.low == pytest.approx(-theirs.elo.high)
    assert own.superiority == pytest.approx(1 - theirs.superiority)
    assert 0.0 <= own.score.low < own.score.high <= 1.0


def test_results_without_spread_are_no_certainty() -> None:
    won = estimate(pairs(0, 0, 0, 0, 10))
    assert won is not None
    assert won.elo.value == won.elo.high == math.inf
    assert 150 < won.elo.low < 500
    assert 0.99 < won.superiority < 1.0
    drawn = estimate(single(0, 0, 4))
    assert drawn is not None
    assert drawn.elo.value == 0.0
    assert drawn.elo.high > 50
    assert estimate(HeadToHead()) is None


def test_no_games_are_no_evidence() -> None:
    state = Sprt().state(HeadToHead())
    assert (state.llr, state.decision) == (0.0, SprtDecision.OPEN)
    assert state.upper == pytest.approx(math.log(19))
    assert state.lower == -state.upper
    assert Sprt().state(pairs(0, 0, 100, 100, 100)).decision is SprtDecision.H1
    assert Sprt().state(pairs(200, 200, 100, 0, 0)).decision is SprtDecision.H0


@pytest.mark.parametrize(
    "wrong",
    [{"elo0": 5.0}, {"elo1": 300.0}, {"elo1": math.nan}, {"alpha": 0.0}, {"beta": 1.0}, {"alpha": 0.6, "beta": 0.4}],
)
def test_tests_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(BadTest, match=r"elo0|alpha"):
        Sprt(**wrong)  # type: ignore[arg-type] # floats, all of them
