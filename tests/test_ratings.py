"""Ratings are the likeliest, and their intervals hold the truth as often as they say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muzero_engine.ratings import (
    BadRatings,
    Ratings,
    Results,
    elo_of_score,
    expected_score,
    fit_ratings,
    student_95,
    student_share,
)


def probabilities(difference: float, nu: float) -> tuple[float, float, float]:
    """Of win, draw and loss by definition: x is searched for by halving."""
    low, high = 1e-9, 1e9
    for _ in range(200):
        x = math.sqrt(low * high)
        total = x + nu + 1.0 / x
        low, high = (x, high) if (x + nu / 2.0) / total < expected_score(difference) else (low, x)
    return x / total, nu / total, 1.0 / x / total


def log_likelihood(
    results: list[Results], elo: Mapping[str, float], *, nu: float, advantage: float, prior: float
) -> float:
    """Of the results and, for each pair that met, half a win and half a loss times `prior`; so for the first move."""
    total = 0.0
    for result in results:
        win, draw, loss = probabilities(elo[result.first] - elo[result.second] + advantage, nu)
        total += result.wins * math.log(win) + result.losses * math.log(loss)
        total += result.draws * math.log(draw) if result.draws else 0.0
    for first, second in {tuple(sorted((result.first, result.second))) for result in results}:
        win, _, loss = probabilities(elo[first] - elo[second], nu)
        total += 0.5 * prior * (math.log(win) + math.log(loss))
    if advantage:
        win, _, loss = probabilities(advantage, nu)
        total += 0.5 * prior * (math.log(win) + math.log(loss))
    return total


def simulated(
    true: Mapping[str, float], games: int, rng: np.random.Generator, *, nu: float, advantage: float
) -> list[Results]:
    """Every player meets every other, with either colour."""
    results = []
    for first, second in itertools.permutations(true, 2):
        chances = probabilities(true[first] - true[second] + advantage, nu)
        wins, draws, losses = rng.multinomial(games, chances)
        results.append(Results(first, second, int(wins), int(draws), int(losses)))
    return results


def elo(fit: Ratings) -> dict[str, float]:
    return {name: rating.elo for name, rating in fit.players.items()}


@pytest.mark.parametrize("draws", [0, 1, 20, 400])
def test_two_players_are_as_far_apart_as_their_score_says(draws: int) -> None:
    fit = fit_ratings([Results("a", "b", 10, draws, 30)], {"a": 0.0}, prior_games=0.0)
    score = (30 + draws / 2) / (40 + draws)
    assert fit.elo("a") == 0.0
    assert fit.elo("b") == pytest.approx(400 * math.log10(score / (1 - score)), abs=1e-6)
    assert expected_score(fit.elo("b")) == pytest.approx(score)
    assert elo_of_score(score) == pytest.approx(fit.elo("b"))
    assert fit.drawishness == pytest.approx(draws / math.sqrt(10 * 30))
    # the error is that of the mean of these results, seen through the slope of Elo's curve
    variance = (30 + draws / 4) / (40 + draws) - score**2
    slope = math.log(10) / 400 * score * (1 - score)
    error = 1.959964 * math.sqrt(variance / (40 + draws)) / slope
    assert fit.players["b"].error == pytest.approx(error, rel=1e-5)
    assert fit.players["a"].error == 0.0


def test_moving_first_is_told_apart_from_strength() -> None:
    results = [Results("a", "b", 60, 0, 40), Results("b", "a", 60, 0, 40)]
    fit = fit_ratings(results, {"a": 100.0}, advantage=True, prior_games=0.0)
    assert fit.elo("b") == pytest.approx(100.0, abs=1e-6)
    assert fit.advantage.elo == pytest.approx(elo_of_score(0.6))
    assert fit.advantage.error == pytest.approx(
        fit_ratings(results[:1], {"a": 0.0}).players["b"].error / 2**0.5, rel=0.01
    )
    assert fit_ratings(results, {"a": 100.0}).advantage.elo == 0.0
    shared = [Results("a", "b", 100, 0, 0, moved_first=False), Results("c", "a", 0, 0, 100, moved_first=False)]
    with_others = fit_ratings([*results, *shared], {"a": 100.0}, advantage=True, prior_games=0.1)
    assert with_others.advantage.error == pytest.approx(fit.advantage.error, rel=0.1)


@pytest.mark.parametrize("anchors", [{"a": 0.0}, {"a": 50.0, "c": -100.0}])
@pytest.mark.parametrize("advantage", [False, True])
def test_no_other_ratings_are_likelier(anchors: dict[str, float], advantage: bool) -> None:
    results = [
        Results("a", "b", 3, 2, 7),
        Results("b", "a", 8, 0, 1),
        Results("b", "c", 1, 4, 9),
        Results("c", "a", 8, 1, 2),
        Results("d", "b", 0, 0, 12),
    ]
    fit = fit_ratings(results, anchors, advantage=advantage, prior_games=1.0)
    fitted = elo(fit)
    assert {name: fitted[name] for name in anchors} == anchors
    first = fit.advantage.elo
    best = log_likelihood(results, fitted, nu=fit.drawishness, advantage=first, prior=1.0)
    rng = np.random.default_rng(1)
    for scale in (0.3, 10.0, 300.0):
        for _ in range(40):
            moved = {name: value + (0.0 if name in anchors else rng.normal(0, scale)) for name, value in fitted.items()}
            nu = fit.drawishness * math.exp(rng.normal(0, scale / 100))
            other = first + (rng.normal(0, scale) if advantage else 0.0)
            assert log_likelihood(results, moved, nu=nu, advantage=other, prior=1.0) < best


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    true = {"n0": 0.0, "n1": 120.0, "n2": 300.0, "n3": 280.0}
    inside = {"n1": 0, "n2": 0, "n3": 0, "n3 - n2": 0, "advantage": 0}
    rounds = 250
    for _ in range(rounds):
        fit = fit_ratings(simulated(true, 30, rng, nu=1.0, advantage=40.0), {"n0": 0.0}, advantage=True)
        for name in ("n1", "n2", "n3"):
            inside[name] += abs(fit.elo(name) - true[name]) < fit.players[name].error
        difference = fit.difference("n3", "n2")
        inside["n3 - n2"] += abs(difference.elo + 20.0) < difference.error
        inside["advantage"] += abs(fit.advantage.elo - 40.0) < fit.advantage.error
    for name, count in inside.items():
        assert 0.91 < count / rounds < 0.985, name


def test_many_games_find_what_made_them() -> None:
    true = {"n0": -300.0, "n1": 120.0, "n2": 300.0, "far": 1500.0}
    results = simulated(true, 20_000, np.random.default_rng(5), nu=3.0, advantage=60.0)
    fit = fit_ratings(results, {"n0": -300.0}, advantage=True)
    for name in ("n1", "n2"):
        assert fit.elo(name) == pytest.approx(true[name], abs=6.0)
    assert fit.elo("far") == pytest.approx(1500.0, abs=30.0)
    assert fit.advantage.elo == pytest.approx(60.0, abs=4.0)
    assert fit.drawishness == pytest.approx(3.0, abs=0.1)


def test_a_whitewash_stays_finite_and_strangers_are_left_out() -> None:
    results = [Results("a", "b", 0, 0, 64), Results("x", "y", 1, 0, 1), Results("b", "z", 0, 0, 0)]
    fit = fit_ratings(results, {"a": 0.0}, prior_games=1.0)
    assert set(fit.players) == {"a", "b"}
    assert fit.elo("b") == pytest.approx(elo_of_score(64.5 / 65))
    assert fit.elo("b") - fit.players["b"].error < 400
    assert fit_ratings(results, {"a": 0.0}).elo("b") > fit.elo("b")
    alone = fit_ratings([], {"a": 7.0})
    assert elo(alone) == {"a": 7.0}
    assert alone.players["a"].error == 0.0
    with pytest.raises(BadRatings, match="anchor"):
        fit_ratings(results, {})


def test_few_games_leave_strength_and_moving_first_finite() -> None:
    fit = fit_ratings([Results("a", "b", 1, 0, 0)], {"a": 0.0}, advantage=True)
    assert -1000 < fit.elo("b") < 0 < fit.advantage.elo < 1000
    assert fit.players["b"].error > 500
    fit = fit_ratings([Results("a", "b", 5, 0, 0), Results("b", "a", 5, 0, 0)], {"a": 0.0}, advantage=True)
    assert fit.elo("b") == pytest.approx(0.0, abs=1e-3)
    assert 400 < fit.advantage.elo < 2000


def test_only_draws_and_without_prior_only_wins() -> None:
    fit = fit_ratings([Results("a", "b", 0, 10, 0)], {"a": 0.0})
    assert fit.elo("b") == 0.0
    assert 100 < fit.players["b"].error < 130  # as with four decided games more, which may have been missed
    for drawn, error in ((2, 382.0), (18, 73.0), (100, 13.0)):  # of pairs that were all drawn, by `match`
        alike = fit_ratings([Results("a", "b", 0, drawn, 0)], {"a": 0.0}).players["b"].error
        assert alike == pytest.approx(error, rel=0.1)
    certain = fit_ratings([Results("a", "b", 0, 0, 10)], {"a": 0.0}, prior_games=0.0)
    assert certain.elo("b") > 3000
    assert certain.players["b"].error > 1e5


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3))
def test_order_and_direction_do_not_matter(counts: list[tuple[int, int, int]]) -> None:
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    results = [Results(*pair, *count) for pair, count in zip(pairs, counts, strict=True)]
    turned = [Results(r.second, r.first, r.losses, r.draws, r.wins) for r in reversed(results)]
    left, right = fit_ratings(results, {"a": 0.0}), fit_ratings(turned, {"a": 0.0})
    assert set(left.players) == set(right.players)
    for name, rating in left.players.items():
        assert rating.elo == pytest.approx(right.elo(name), abs=1e-3)
        assert rating.error == pytest.approx(right.players[name].error, abs=1e-3)


def test_scores_and_differences_are_inverse() -> None:
    assert expected_score(0.0) == 0.5
    assert expected_score(400.0) == pytest.approx(10 / 11)
    for score in (0.01, 0.3, 0.5, 0.99):
        assert expected_score(elo_of_score(score)) == pytest.approx(score)
    assert elo_of_score(0.0) == -math.inf
    assert elo_of_score(1.0) == math.inf


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (9, 2.2622), (31, 2.0395), (1000, 1.9623)]
)
def test_few_observations_have_intervals_of_student(freedom: int, quantile: float) -> None:
    assert student_95(freedom) == pytest.approx(quantile, rel=0.01)


@pytest.mark.parametrize(
    ("t", "freedom", "share"),
    [(1.0, 1, 0.75), (2.0, 4, 0.9419), (-1.5, 9, 0.0839), (2.5, 29, 0.9908), (2.5, 40, 0.9917)],
)
def test_shares_below_a_number_are_those_of_student(t: float, freedom: int, share: float) -> None:
    assert student_share(t, freedom) == pytest.approx(share, abs=2e-4)
