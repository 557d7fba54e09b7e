from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muzero_engine.training.elo import PairScore, expected_score, fit_elo


def log_likelihood(scores: list[PairScore], elo: dict[str, float], prior: float) -> float:
    """Of the scores and one more drawn game (times `prior`) for each pair, draws being half a win and half a loss."""
    total = 0.0
    for score in scores:
        win = expected_score(elo[score.first] - elo[score.second])
        points = score.wins + 0.5 * (score.draws + prior)
        against = score.losses + 0.5 * (score.draws + prior)
        total += points * math.log(win) + against * math.log(1.0 - win)
    return total


def test_two_players_have_the_closed_form() -> None:
    elo = fit_elo([PairScore("a", "b", 10, 20, 30)], "a", prior_games=0.0)
    assert elo["a"] == 0.0
    assert elo["b"] == pytest.approx(400 * math.log10(40 / 20), abs=1e-3)
    assert expected_score(elo["b"]) == pytest.approx(40 / 60)


def test_it_is_the_brute_force_maximum() -> None:
    scores = [PairScore("a", "b", 3, 2, 7), PairScore("b", "c", 1, 4, 9), PairScore("c", "a", 8, 1, 2)]
    found = fit_elo(scores, "a")
    grid = np.arange(-40.0, 40.1, 10.0)
    best = log_likelihood(scores, dict(found), 1.0)
    for b, c in itertools.product(grid, grid):
        other = {"a": 0.0, "b": found["b"] + b, "c": found["c"] + c}
        assert log_likelihood(scores, other, 1.0) <= best + 1e-9


def test_it_finds_the_strengths_that_made_the_games() -> None:
    rng = np.random.default_rng(3)
    true = {"n0": 0.0, "n1": 120.0, "n2": 300.0, "n3": 280.0}
    scores = []
    for first, second in itertools.combinations(true, 2):
        wins = int(rng.binomial(4000, expected_score(true[first] - true[second])))
        scores.append(PairScore(first, second, wins, 0, 4000 - wins))
    found = fit_elo(scores, "n0")
    for name, elo in true.items():
        assert found[name] == pytest.approx(elo, abs=15.0)


def test_a_whitewash_stays_finite_and_strangers_are_left_out() -> None:
    found = fit_elo([PairScore("a", "b", 0, 0, 64), PairScore("x", "y", 1, 0, 1)], "a")
    assert set(found) == {"a", "b"}
    assert 400 < found["b"] < 1000
    assert fit_elo([], "a") == {"a": 0.0}


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3))
def test_order_and_direction_do_not_matter(results: list[tuple[int, int, int]]) -> None:
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    scores = [PairScore(*pair, *result) for pair, result in zip(pairs, results, strict=True)]
    turned = [PairScore(s.second, s.first, s.losses, s.draws, s.wins) for s in reversed(scores)]
    left, right = fit_elo(scores, "a"), fit_elo(turned, "a")
    for name in "abc":
        assert left[name] == pytest.approx(right[name], abs=1e-2)
