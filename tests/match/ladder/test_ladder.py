"""A ladder plays its pairs of games, goes on after a stop, and drops opponents that crash."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.ladder import CHESS, OPENINGS, SETTINGS, Table, record

from muzero_engine.games.record import Ending
from muzero_engine.match.ladder.calibration import calibration_ladder
from muzero_engine.match.ladder.ladder import (
    BadLadder,
    Climb,
    ladder_facts,
    ladder_openings,
    pair_plans,
    placing_of,
    rated_games,
)
from muzero_engine.match.ladder.opponents import LADDERS
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.results.tables import fault_lines


def test_the_engine_is_placed_by_as_many_games_as_asked_for() -> None:
    games = Table(1700.0).climb()
    assert len(games) == 200
    placing = placing_of(CHESS, SETTINGS, games)
    assert placing is not None
    assert abs(placing.rating.elo - 1700) < 2 * placing.rating.error < 110
    assert all("muzero" in (game.first, game.second) for game in games)


def test_pairs_share_their_opening_and_swap_sides() -> None:
    games = Table(1700.0).climb(settings=replace(SETTINGS, games=40))
    for pair in range(20):
        first, second = sorted((game for game in games if game.pair == pair), key=lambda game: game.game)
        assert (first.first, first.second) == (second.second, second.first)
        assert first.opening == second.opening == f"opening {pair}"
        assert (first.game, second.game) == (0, 1)


def test_it_goes_on_where_it_stopped() -> None:
    begun = Table(1700.0, stop_after=33, side_by_side=1).climb()
    assert len(begun) == 33
    table = Table(1700.0)
    games = table.climb(begun)
    assert games[:33] == begun
    missing, last = table.begun[0], begun[-1]
    assert (missing.pair, missing.game) == (last.pair, 1)
    assert (missing.first, missing.second, missing.opening.name) == (last.second, last.first, last.opening)
    assert len(games) == 200
    assert len({(game.pair, game.game) for game in games}) == 200
    assert Table(0.0).climb(games) == games


def test_openings_are_the_same_each_time_and_fit_their_opponents() -> None:
    go = LADDERS["go"]
    settings = replace(SETTINGS, game="go")
    openings = ladder_openings(go, settings.seed, 6)
    assert openings == ladder_openings(go, settings.seed, 6)
    assert {stones: len(lines) for stones, lines in openings.items()} == {0: 6, 2: 12, 3: 12, 4: 12}
    even = pair_plans("muzero", go.opponent("gnugo level 10"), openings, 7)
    assert [(plan.first, plan.opening) for plan in even] == [
        ("muzero", openings[0][1]),
        ("gnugo level 10", openings[0][1]),
    ]
    handicap = pair_plans("muzero", go.opponent("gnugo level 10 with 3 stones"), openings, 1)
    assert [plan.first for plan in handicap] == ["gnugo level 10 with 3 stones"] * 2
    assert [plan.opening for plan in handicap] == list(openings[3][2:4])
    plans = pair_plans("muzero", go.opponent("gnugo level 10 giving 3 stones"), openings, 1)
    assert [plan.first for plan in plans] == ["muzero"] * 2
    assert [plan.opening for plan in plans] == list(openings[3][2:4])
    start = handicap[0].opening.start
    assert start is not None
    assert start.count("b") == 3
    assert start.endswith(" w 0.5")
    judged = ladder_openings(LADDERS["chess"], SETTINGS.seed, 3, lambda position: 0.2 if position.mover else -0.2)
    assert list(judged) == [0]


def test_a_small_game_has_the_openings_that_there_are() -> None:
    """Sharp ones have few that are even, and the better a network knows them the fewer."""
    ladder = calibration_ladder("tictactoe")
    uneven = ladder_openings(ladder, 0, 100, lambda _: 1.0)
    assert {len(opening.moves) for opening in uneven[0]} == {4}
    assert len(uneven[0]) == 100
    assert len(ladder_openings(replace(ladder, opening_plies=1), 0, 100)[0]) == 9
    assert {len(opening.moves) for opening in ladder_openings(replace(ladder, opening_plies=12), 0, 9)[0]} == {8}


@pytest.mark.parametrize("side_by_side", [1, 2, 7, 32])
def test_pairs_are_finished_however_many_games_are_played_at_once(side_by_side: int) -> None:
    table = Table(1700.0, side_by_side=side_by_side)
    games = table.climb(settings=replace(SETTINGS, games=51))
    assert len(games) == 52
    assert len(table.begun) == 52
    assert {(game.pair, game.game) for game in games} == {(pair, game) for pair in range(26) for game in (0, 1)}
    opponents = {plan.second if plan.first == "muzero" else plan.first for plan in table.begun}
    assert len(opponents) >= 3


def test_opponents_that_crash_are_not_rated_and_soon_not_met() -> None:
    games = Table(1700.0, crashes="stockfish skill 3").climb(settings=replace(SETTINGS, games=60))
    crashed = [game for game in games if game.ending is Ending.CRASH]
    assert 2 <= len(crashed) <= 4
    assert len(rated_games(games, "muzero")) == len(games) - len(crashed) >= 60
    (line,) = fault_lines(games, "muzero")
    assert line.startswith("stockfish skill 3: ")
    assert line.endswith("lost by crash (not rated)")


def test_faults_of_the_engine_count() -> None:
    plan = GamePlan(first="muzero", second="random", opening=OPENINGS[0][0], pair=0, game=0)
    lost = record(plan, 0.0, Ending.TIME_LOSS)
    assert rated_games([lost], "muzero") == [lost]
    assert fault_lines([lost], "muzero") == ["muzero: 1 game lost by time loss"]
    assert rated_games([lost], "random") == []


def test_an_engine_that_fails_is_not_rated() -> None:
    with pytest.raises(BadLadder, match=r"muzero lost (\d) of \1 games by faults.*\1 games lost by crash"):
        Table(1700.0, crashes="muzero").climb()


def test_without_opponents_there_is_no_ladder() -> None:
    with pytest.raises(BadLadder, match="no opponent is left"):
        next(Climb(CHESS, SETTINGS, [], OPENINGS, []).plans())


def test_facts_tell_conditions_apart() -> None:
    facts = ladder_facts(CHESS, SETTINGS)
    assert json.loads(json.dumps(facts)) == facts
    assert ladder_facts(CHESS, replace(SETTINGS, games=400)) == facts
    assert ladder_facts(CHESS, replace(SETTINGS, threads=2)) != facts
    first, *rest = CHESS.opponents
    assert ladder_facts(replace(CHESS, opponents=(replace(first, rating=0.0), *rest)), SETTINGS) == facts
    assert ladder_facts(replace(CHESS, opponents=(replace(first, control="depth=1"), *rest)), SETTINGS) != facts


def test_conditions_in_words() -> None:
    assert SETTINGS.text() == "0.5 s a move, 1 thread, 2 games side by side"
    slack = replace(SETTINGS, control="movetime=0.5,margin=1", concurrency=1)
    assert slack.text() == "0.5 s a move with 1 s of lag, 1 thread, one game at a time"
    assert replace(SETTINGS, control="nodes=100").text().startswith("nodes=100, 1 thread")
    other = replace(SETTINGS, control="60+0.6", threads=2, concurrency=1)
    assert other.text() == "60+0.6, 2 threads, one game at a time"
