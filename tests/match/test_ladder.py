from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.ladder import ALL, CHESS, OPENINGS, SETTINGS, Table, record

from muzero_engine.match.game import GamePlan
from muzero_engine.match.ladder import (
    BadLadder,
    LadderSettings,
    check_conditions,
    climb,
    fault_lines,
    ladder_openings,
    pair_plans,
    placing_of,
    rated_games,
)
from muzero_engine.match.record import Ending, GameRecord
from muzero_engine.match.yardsticks import LADDERS


def run(table: Table, games: Sequence[GameRecord] = (), settings: LadderSettings = SETTINGS) -> list[GameRecord]:
    return climb(CHESS, settings, ALL, OPENINGS, games, table.play, lambda _: None)


def test_the_engine_is_placed_by_as_many_games_as_asked_for() -> None:
    games = run(Table(1700.0))
    assert len(games) == 200
    placing = placing_of(CHESS, SETTINGS, games)
    assert placing is not None
    assert abs(placing.rating.elo - 1700) < 2 * placing.rating.error < 110
    assert all("muzero" in (game.first, game.second) for game in games)


def test_pairs_share_their_opening_and_swap_sides() -> None:
    games = run(Table(1700.0), settings=replace(SETTINGS, games=40))
    for pair in range(20):
        first, second = (game for game in games if game.pair == pair)
        assert (first.first, first.second) == (second.second, second.first)
        assert first.opening == second.opening == f"opening {pair}"
        assert (first.game, second.game) == (0, 1)


def test_it_goes_on_where_it_stopped() -> None:
    begun = run(Table(1700.0, stop_after=33))
    assert len(begun) == 33
    table = Table(1700.0)
    games = run(table, begun)
    assert games[:33] == begun
    (missing,) = table.batches[0]
    last = begun[-1]
    assert (missing.pair, missing.game) == (last.pair, 1)
    assert (missing.first, missing.second, missing.opening.name) == (last.second, last.first, last.opening)
    assert len(games) == 200
    assert len({(game.pair, game.game) for game in games}) == 200
    assert run(Table(0.0), games) == games


def test_openings_are_the_same_each_time_and_fit_their_opponents() -> None:
    go = LADDERS["go"]
    settings = replace(SETTINGS, game="go")
    openings = ladder_openings(go, settings, 6)
    assert openings == ladder_openings(go, settings, 6)
    assert {stones: len(found) for stones, found in openings.items()} == {0: 6, 2: 12, 3: 12, 4: 12}
    even = pair_plans("muzero", go.yardstick("gnugo level 10"), openings, 7)
    assert [(plan.first, plan.opening) for plan in even] == [
        ("muzero", openings[0][1]),
        ("gnugo level 10", openings[0][1]),
    ]
    handicap = pair_plans("muzero", go.yardstick("gnugo level 10 with 3 stones"), openings, 1)
    assert [plan.first for plan in handicap] == ["gnugo level 10 with 3 stones"] * 2
    assert [plan.opening for plan in handicap] == list(openings[3][2:4])
    start = handicap[0].opening.start
    assert start is not None
    assert start.count("b") == 3
    assert start.endswith(" w 0.5")
    judged = ladder_openings(LADDERS["chess"], SETTINGS, 3, lambda position: 0.2 if position.mover else -0.2)
    assert list(judged) == [0]


def test_batches_keep_all_games_side_by_side_busy() -> None:
    table = Table(1700.0)
    run(table, settings=replace(SETTINGS, concurrency=16))
    assert min(len(batch) for batch in table.batches[:-1]) >= 16
    table = Table(1700.0)
    run(table, settings=replace(SETTINGS, games=21))
    assert sum(len(batch) for batch in table.batches) == 22


def test_opponents_that_crash_are_not_rated_and_soon_not_met() -> None:
    games = run(Table(1700.0, crashes="stockfish skill 3"), settings=replace(SETTINGS, games=60))
    crashed = [game for game in games if game.ending is Ending.CRASH]
    assert 2 <= len(crashed) <= 8
    assert len(games) == 60 + len(crashed)
    assert len(rated_games(games, "muzero")) == 60
    (line,) = fault_lines(games, "muzero")
    assert line.startswith("stockfish skill 3: ")
    assert line.endswith("lost by crash (not rated)")


def test_faults_of_the_engine_count() -> None:
    plan = GamePlan(first="muzero", second="random", opening=OPENINGS[0][0], pair=0, game=0)
    lost = record(plan, 0.0, Ending.TIME_LOSS)
    assert rated_games([lost], "muzero") == [lost]
    assert fault_lines([lost], "muzero") == ["muzero: 1 game lost by time loss"]
    assert rated_games([lost], "random") == []


def test_without_opponents_there_is_no_ladder() -> None:
    with pytest.raises(BadLadder, match="no opponent is left"):
        climb(CHESS, SETTINGS, [], OPENINGS, [], Table(0.0).play, lambda _: None)


def test_games_under_other_conditions_are_not_mixed_in(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "ladder"
    check_conditions(folder, SETTINGS)
    assert json.loads((folder / "ladder.json").read_text())["control"] == "movetime=0.5"
    check_conditions(folder, SETTINGS)
    check_conditions(folder, replace(SETTINGS, games=400))
    for other in (replace(SETTINGS, threads=2), replace(SETTINGS, weights="def"), replace(SETTINGS, game="go")):
        with pytest.raises(BadLadder, match="were played with"):
            check_conditions(folder, other)
    for damage in ("{", "[]", "\xff"):
        (folder / "ladder.json").write_text(damage, encoding="latin-1")
        with pytest.raises(BadLadder, match="damaged"):
            check_conditions(folder, SETTINGS)
    with pytest.raises(BadLadder, match="cannot be used"):
        check_conditions(folder / "ladder.json" / "below", SETTINGS)


def test_conditions_in_words() -> None:
    assert SETTINGS.text() == "0.5 s a move, 1 thread, 2 games side by side"
    other = replace(SETTINGS, control="60+0.6", threads=2, concurrency=1)
    assert other.text() == "60+0.6, 2 threads, one game at a time"
