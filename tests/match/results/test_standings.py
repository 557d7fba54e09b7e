"""Standings rate and order the players of a match."""

from __future__ import annotations

import pytest
from support.scores import Score, round_robin

from muzero_engine.match.results.standings import make_standings
from muzero_engine.match.results.statistics import HeadToHead, Tally
from muzero_engine.ratings import PlayerRating, Results

STRENGTHS = {"weak": -150.0, "anchor": 0.0, "strong": 200.0}


def test_players_are_rated_and_ordered() -> None:
    games = round_robin(STRENGTHS, 200)
    standings = make_standings(Tally(games), list(STRENGTHS), {"anchor": 1000.0})
    assert [row.name for row in standings.players] == ["strong", "anchor", "weak"]
    strong, anchor, weak = standings.players
    assert anchor.rating == PlayerRating(1000.0, 0.0)
    assert anchor.fixed
    assert not strong.fixed
    assert strong.rating is not None
    assert weak.rating is not None
    assert strong.rating.elo == pytest.approx(1200, abs=2 * strong.rating.error)
    assert weak.rating.elo == pytest.approx(850, abs=2 * weak.rating.error)
    assert 10 < strong.rating.error < 40
    assert standings.advantage.elo == pytest.approx(30, abs=2 * standings.advantage.error)
    assert standings.games == standings.first.games == len(games)
    assert [row.total.games for row in standings.players] == [800, 800, 800]
    assert sum(row.total.points for row in standings.players) == len(games)


def test_without_an_anchor_the_first_player_holds_the_scale() -> None:
    games = round_robin(STRENGTHS, 5)
    standings = make_standings(Tally(games), list(STRENGTHS))
    assert {row.name: row.fixed for row in standings.players} == {"weak": True, "anchor": False, "strong": False}
    assert make_standings(Tally(games), list(STRENGTHS), {"someone else": 3.0}) == standings


def test_players_out_of_reach_come_last_without_a_rating() -> None:
    games = [Score("a", "b", 0, 1.0), Score("x", "y", 0, 1.0), Score("a", "stranger", 0, 0.0)]
    standings = make_standings(Tally(games), ["x", "a", "idle", "b", "y"], {"a": 0.0})
    rated = [row.name for row in standings.players if row.rating]
    assert rated == ["a", "b"]
    assert {row.name for row in standings.players[2:]} == {"x", "idle", "y"}
    assert set(standings.cross) == {("a", "b"), ("b", "a"), ("x", "y"), ("y", "x")}
    assert standings.cross["b", "a"] == HeadToHead(singles=(1, 0, 0), losses=1)
    assert standings.games == 2


def test_results_are_counted_by_who_moved_first() -> None:
    games = [Score("a", "b", 0, 1.0), Score("b", "a", 0, 0.5), Score("a", "b", 1, 0.0), Score("a", "b", 2, 1.0)]
    assert Tally(games).results() == [Results("a", "b", 2, 0, 1), Results("b", "a", 0, 1, 0)]
