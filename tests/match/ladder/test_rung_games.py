"""Rungs of a ladder meet their neighbours, each as often as wanted, and the games are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from support.ladder import CHESS, OPENINGS, record

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.match.ladder.opponents import LADDERS, ladder_of
from muzero_engine.match.ladder.rung_games import LEAST_STEP, RungGames, Step, counted, own_players, steps
from muzero_engine.match.ladder.rungs import start_text
from muzero_engine.match.play.game import GamePlan

FOUR = CHESS.opponents[:4]


def played(games: list[GameRecord], wanted: int, *, stop_after: int = 1000, crash: str = "") -> list[GameRecord]:
    """These games and those that are missing between the first four rungs of chess; the stronger one always wins."""
    strength = {one.name: one.rating for one in FOUR}
    for plan in RungGames(steps(FOUR), games, OPENINGS, wanted).plans():
        won = float(strength[plan.first] > strength[plan.second])
        if crash in (plan.first, plan.second):
            games.append(record(plan, float(plan.second == crash), Ending.CRASH))
        else:
            games.append(replace(record(plan, won), started="2026-11-29T20:00:00Z"))
        if len(games) == stop_after:
            break
    return games


@pytest.mark.parametrize("game", list(LADDERS))
@pytest.mark.parametrize("size", [None, 19])
def test_all_rungs_are_joined(game: str, size: int | None) -> None:
    if size is not None and game != "go":
        return
    ladder = ladder_of(game, size)
    players = [*ladder.opponents, *own_players(ladder, "0123456789abcdef")]
    met = steps(players)
    joined = {met[0].upper.name}
    for _ in players:
        joined |= {name for step in met if joined.intersection(step.names) for name in step.names}
    assert joined == {player.name for player in players}
    assert len(set(met)) == len(met)
    for step in met:
        assert not (step.upper.handicap and step.lower.handicap)
        assert not (step.upper.fixed and step.lower.fixed)
        assert step.upper.rating > step.lower.rating
    assert sum(step.upper.rating - step.lower.rating < LEAST_STEP for step in met) <= 1


def test_the_own_player_is_named_by_its_network() -> None:
    (chess, *_), (go, *_) = own_players(CHESS, "0123456789abcdef"), own_players(LADDERS["go"], "0123456789abcdef")
    assert (chess.name, chess.control) == ("muzero 01234567 nodes 1", "nodes=1")
    assert start_text(chess) == "muzero-engine uci | nodes=1"
    assert start_text(go) == "muzero-engine gtp --visits 1 | none"


def test_each_two_meet_as_often_as_wanted_with_both_colours() -> None:
    games = played([], 6)
    assert Counter(frozenset((game.first, game.second)) for game in games) == {
        frozenset(step.names): 6 for step in steps(FOUR)
    }
    for pair in {game.pair for game in games}:
        first, second = (game for game in games if game.pair == pair)
        assert (first.first, first.second) == (second.second, second.first)
        assert first.opening == second.opening
    between = [game.opening for game in games if {game.first, game.second} == set(steps(FOUR)[0].names)]
    assert between == [f"opening {i}" for i in range(3) for _ in (0, 1)]


def test_they_go_on_where_they_stopped() -> None:
    begun = played([], 6, stop_after=5)
    assert {(game.pair, game.game, game.opening) for game in played(begun, 6)} == {
        (game.pair, game.game, game.opening) for game in played([], 6)
    }


def test_long_games_come_later_and_who_crashes_is_met_no_more() -> None:
    fast, slow = steps(FOUR)[:2]
    games = [replace(record(plan, 1.0), duration_s=1.0) for plan in _two(fast)]
    games += [replace(record(plan, 1.0), pair=1, duration_s=100.0) for plan in _two(slow)]
    plans = list(RungGames([fast, slow], games, OPENINGS, 8).plans())
    assert {plan.first for plan in plans[:6]} <= set(fast.names)
    crashed = played([], 6, crash="random")
    assert sum(game.ending is Ending.CRASH for game in crashed) == 2


def test_games_are_counted_without_those_lost_by_a_fault() -> None:
    games = played([], 4)
    games[0] = replace(games[0], ending=Ending.TIME_LOSS)
    starts = {one.name: start_text(one) for one in FOUR}
    rungs = counted(games, starts, {"random": "chance"}, seed=3, machine="a fast one", command="ladder")
    assert [match.games for match in rungs.matches].count(4) == len(rungs.matches) - 1
    for match in rungs.matches:
        assert (match.wins, match.draws, match.losses) == (match.games, 0, 0)
        assert (match.seed, match.date, match.machine, match.command) == (3, "2026-11-29", "a fast one", "ladder")
    assert rungs.players["random"].version == "chance"
    assert {name: player.start for name, player in rungs.players.items()} == starts


def _two(step: Step) -> list[GamePlan]:
    return list(RungGames([step], [], OPENINGS, 2).plans())
