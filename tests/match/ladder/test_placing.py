"""An engine is rated among opponents whose ratings are known, with intervals that hold the truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.scores import Score

from muzero_engine.match.ladder.opponents import LADDERS, Ladder
from muzero_engine.match.ladder.placing import (
    Placing,
    games_against,
    next_opponent,
    place,
    place_results,
    rung_ratings,
    rung_results,
)
from muzero_engine.match.ladder.rungs import RungMatch, RungPlayer, Rungs, shipped_rungs, start_text
from muzero_engine.ratings import NATURAL, NORMAL_95, Results, expected_score, fit_ratings

ENGINE = "muzero"


def names(ladder: Ladder) -> list[str]:
    return [opponent.name for opponent in ladder.opponents]


def climb(
    ladder: Ladder, strength: float, games: int, *, seed: int = 0, shift: Callable[[str], float] = lambda name: 0.0
) -> list[Score]:
    """Pairs of games against the opponents that are chosen, of an engine of this strength.

    `shift`: how much stronger an opponent really is than the ladder says. A quarter of the games is drawn.
    """
    rng = np.random.default_rng(seed)
    played: list[Score] = []
    true = {name: rung_ratings(ladder).elo(name) + shift(name) for name in names(ladder)}
    other = ""
    for pair in range(games // 2):
        if pair < 5 or pair % 3 == 0:  # as if some games were played side by side
            other = next_opponent(ladder, names(ladder), played, ENGINE)
        for first, second in ((ENGINE, other), (other, ENGINE)):
            win = expected_score((strength - true[other]) * (1 if first == ENGINE else -1))
            drawn = 0.5 * min(win, 1 - win)
            points = 0.5 if rng.random() < drawn else float(rng.random() < (win - drawn / 2) / (1 - drawn))
            played.append(Score(first, second, pair, points))
    return played


def placed(ladder: Ladder, games: list[Score]) -> Placing:
    placing = place(ladder, games, ENGINE)
    assert placing is not None
    return placing


@pytest.mark.parametrize("game", list(LADDERS))
def test_the_table_alone_gives_the_ratings_of_the_table(game: str) -> None:
    ladder = LADDERS[game]
    fixed = {opponent.name: opponent.rating for opponent in ladder.opponents if opponent.fixed}
    assert fixed
    fit = fit_ratings(rung_results(ladder, Rungs()), fixed, prior_games=0.0)
    for opponent in ladder.opponents:
        assert fit.elo(opponent.name) == pytest.approx(opponent.rating, abs=0.5)
    below, neighbour = ladder.opponents[0].name, ladder.opponents[1].name
    assert fit.difference(below, neighbour).error == pytest.approx(2 * 75, rel=0.03)


def measured(ladder: Ladder, truth: dict[str, float], games: int, rng: np.random.Generator) -> Rungs:
    """Games between the neighbours among the players of `truth`, decided by chance."""
    matches = []
    for lower, upper in itertools.pairwise(truth):
        wins = int(rng.binomial(games, expected_score(truth[upper] - truth[lower])))
        matches.append(
            RungMatch(
                upper=upper,
                lower=lower,
                wins=wins,
                draws=0,
                losses=games - wins,
                seed=1,
                date="2026-11-29",
                machine="a fast one",
                command="muzero-engine ladder --rungs",
            )
        )
    starts = {opponent.name: RungPlayer(start_text(opponent)) for opponent in ladder.opponents}
    return Rungs({name: starts.get(name, RungPlayer("by itself")) for name in truth}, matches)


def test_measured_steps_take_the_place_of_the_table() -> None:
    ladder = LADDERS["shogi"]
    start = ladder.opponents[0].name
    truth = {name: 150.0 * number for number, name in enumerate(names(ladder)[:5])}
    ratings = rung_ratings(ladder, measured(ladder, truth, 400, np.random.default_rng(3)))
    for name, elo in list(truth.items())[1:]:
        found = ratings.difference(name, start)
        assert abs(found.elo - elo) <= 1.5 * found.error < 150
    step = ratings.difference(names(ladder)[1], start).error
    assert step == pytest.approx(NORMAL_95 / (NATURAL * math.sqrt(400 * 0.703 * 0.297)), rel=0.1)
    above = ladder.opponents[5]
    assert ratings.elo(above.name) - ratings.elo(names(ladder)[4]) == pytest.approx(
        above.rating - ladder.opponents[4].rating, abs=2
    )


def test_a_player_of_no_ladder_joins_rungs_that_cannot_meet() -> None:
    ladder = LADDERS["go"]
    held = ladder.opponent("gnugo level 10 with 3 stones").rating
    truth = {"gnugo level 10": held - 300.0, "a network": held - 150.0, "gnugo level 10 with 3 stones": held}
    ratings = rung_ratings(ladder, measured(ladder, truth, 2000, np.random.default_rng(4)))
    assert ratings.elo("gnugo level 10") == pytest.approx(held - 300.0, abs=40)
    assert ratings.players["gnugo level 10"].error < 40
    assert ratings.elo("a network") == pytest.approx(held - 150.0, abs=30)


@pytest.mark.parametrize("strength", [-50.0, 900.0, 1650.0, 2300.0])
def test_two_hundred_games_place_a_chess_engine(strength: float) -> None:
    ladder = LADDERS["chess"]
    games = climb(ladder, strength, 200)
    placing = placed(ladder, games)
    assert placing.own_error < 56
    assert abs(placing.rating.elo - strength) < 1.5 * placing.rating.error
    met = games_against(games, ENGINE)
    near = [count for name, count in met.items() if abs(placing.ratings.elo(name) - strength) < 300]
    assert sum(near) > 100
    assert sum(count >= 15 for count in met.values()) >= (3 if strength > 500 else 2)
    if strength > 1400:  # among fixed ratings
        assert placing.rating.error < 60


@pytest.mark.parametrize(("game", "strength"), [("go", 900.0), ("go", 1900.0), ("shogi", 700.0), ("shogi", 2000.0)])
def test_other_ladders_place_engines_among_their_opponents(game: str, strength: float) -> None:
    ladder = LADDERS[game]
    placing = placed(ladder, climb(ladder, strength, 200))
    assert placing.own_error < 60
    assert placing.own_error <= placing.rating.error
    assert abs(placing.rating.elo - strength) < 1.5 * placing.rating.error


def test_intervals_hold_the_truth() -> None:
    ladder = LADDERS["chess"]
    inside = 0
    for seed in range(12):
        placing = placed(ladder, climb(ladder, 1700.0, 60, seed=seed))
        inside += abs(placing.rating.elo - 1700.0) < placing.rating.error
    assert inside >= 10


@pytest.mark.parametrize(
    ("game", "strength", "most"), [("chess", 2300.0, 75), ("go", 2350.0, 200), ("shogi", 4000.0, 85)]
)
def test_intervals_on_the_scale_hold_the_truth_where_rungs_were_measured_too(
    game: str, strength: float, most: float
) -> None:
    """The games between the rungs are played anew as well, as many as those that came along; `most` Elo of error."""
    ladder, rng = LADDERS[game], np.random.default_rng(7)
    shipped = shipped_rungs(ladder.label)
    truth = {name: rating.elo for name, rating in rung_ratings(ladder).players.items()}
    near = sorted(names(ladder), key=lambda name: abs(truth[name] - strength))[:4]
    inside, errors = 0, []
    for _ in range(40):
        matches = []
        for match in shipped.matches:
            won = int(rng.binomial(match.games, expected_score(truth[match.upper] - truth[match.lower])))
            matches.append(replace(match, wins=won, draws=0, losses=match.games - won))
        wins = {name: int(rng.binomial(50, expected_score(strength - truth[name]))) for name in near}
        results = [Results(ENGINE, name, won, 0, 50 - won, moved_first=False) for name, won in wins.items()]
        placing = place_results(ladder, results, ENGINE, Rungs(shipped.players, matches))
        assert placing is not None
        assert placing.own_error < placing.rating.error
        inside += abs(placing.rating.elo - strength) < placing.rating.error
        errors.append(placing.rating.error)
    assert inside >= 35
    assert float(np.mean(errors)) < most


def test_opponents_move_where_the_games_put_them() -> None:
    ladder = LADDERS["chess"]
    wrong = "stockfish nodes 300"
    games = climb(ladder, 1700.0, 400, shift=lambda name: 150.0 if name == wrong else 0.0)
    between = [Score("stockfish skill 3", wrong, 1000 + i, float(i % 3 == 0)) for i in range(120)]
    placing = placed(ladder, [*games, *between])
    assert placing.ratings.elo(wrong) > 1730
    assert placing.ratings.elo("stockfish skill 3") == 1742.0
    assert placing.rating.elo == pytest.approx(1700, abs=60)


def test_games_with_stones_say_nothing_about_moving_first() -> None:
    name = "gnugo level 10 with 3 stones"
    games = [Score(name, ENGINE, pair, float(pair % 3 > 0)) for pair in range(60)]
    placing = placed(LADDERS["go"], games)
    assert placing.ratings.advantage.elo == pytest.approx(0.0, abs=1.0)
    assert placing.ratings.elo(name) - placing.rating.elo == pytest.approx(120, abs=5)


def test_the_first_opponent_is_near_the_start() -> None:
    ladder = LADDERS["chess"]
    assert next_opponent(ladder, names(ladder), [], ENGINE, start=1600.0) == "stockfish skill 2"
    assert next_opponent(ladder, ["random", "stockfish skill 9"], [], ENGINE, start=1600.0) == "stockfish skill 9"
    assert place(ladder, [], ENGINE) is None
    lost = [Score(ENGINE, "stockfish skill 4", 0, 0.0), Score("stockfish skill 4", ENGINE, 0, 1.0)]
    after = next_opponent(ladder, names(ladder), lost, ENGINE)
    assert placed(ladder, lost).ratings.elo(after) < 1700
    assert next_opponent(ladder, names(ladder), lost, ENGINE, planned={after: 60}) != after
