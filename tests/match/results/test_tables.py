"""Standings and results as text in aligned columns."""

from __future__ import annotations

from dataclasses import replace

from support.ladder import record
from support.scores import Score, round_robin

from muzero_engine.games.record import GameRecord, PlyRecord
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.results.standings import make_standings
from muzero_engine.match.results.statistics import EloModel, HeadToHead, Sprt, Tally
from muzero_engine.match.results.tables import cross_table, match_line, rating_table, stalled_lines

GAMES = [
    Score("b", "a", 0, 1.0),
    Score("a", "b", 0, 0.5),
    Score("b", "a", 1, 1.0),
    Score("a", "b", 1, 0.0),
    Score("b", "a", 2, 0.0),
    Score("a", "b", 2, 1.0),
    Score("idle", "another", 0, 0.5),
]
PLAYERS = ["a", "b", "idle", "another"]


def test_the_rating_table() -> None:
    lines = rating_table(make_standings(Tally(GAMES), PLAYERS)).splitlines()
    assert lines[0].split() == ["#", "player", "Elo", "+-", "games", "score", "won", "drawn", "lost"]
    place, name, elo, error, *rest = lines[1].split()
    assert (place, name, rest) == ("1", "b", ["6", "58.3%", "3", "1", "2"])
    assert 50 < int(elo) < 65
    assert 150 < int(error) < 350
    assert lines[2].split() == ["2", "a", "+0", "fixed", "6", "41.7%", "2", "1", "3"]
    assert lines[3].split() == ["3", "idle", "?", "1", "50.0%", "0", "1", "0"]
    assert lines[5].startswith("moving first: +3 =2 -2, worth ")
    assert len({line.index("%") for line in lines[1:5]}) == 1  # columns are aligned
    assert len(rating_table(make_standings(Tally(), PLAYERS)).splitlines()) == 5


def test_the_cross_table() -> None:
    lines = cross_table(make_standings(Tally(GAMES), PLAYERS)).splitlines()
    assert lines[0].split() == ["#", "player", "1", "2", "3", "4"]
    assert lines[1].split() == ["1", "b", "-", "3.5/6"]
    assert lines[2].split() == ["2", "a", "2.5/6", "-"]
    assert lines[3].split() == ["3", "idle", "-", "0.5/1"]
    assert lines[3].index("0.5/1") > lines[3].index("-")


def test_a_match_in_one_line() -> None:
    results = HeadToHead.of(GAMES, "b", "a")
    line = match_line("b", "a", results, Sprt(elo0=0, elo1=10, model=EloModel.LOGISTIC))
    assert line.startswith("b - a: +3 =1 -2, 58.3%, Elo +58 [")
    assert "pairs 1-0-0-1-1" in line
    assert line.endswith(" (-2.94 to 2.94) for 0 to 10 Elo")
    assert match_line("x", "y", HeadToHead()) == "x - y: +0 =0 -0"
    won = match_line("x", "y", HeadToHead(pairs=(0, 0, 0, 0, 40), wins=80), Sprt(elo1=150.0))
    assert "Elo +inf [+" in won
    assert won.endswith("for 0 to 150 normalised Elo: H1 accepted")


def test_stalls_in_one_line() -> None:
    plan = GamePlan(first="a", second="b", opening=Opening("start"), pair=0, game=0)

    def game(*stalls: float | None) -> GameRecord:
        moves = tuple(PlyRecord(move="e2e4", elapsed_s=0.1, stalled_s=stall) for stall in stalls)
        return replace(record(plan, 0.5), moves=moves)

    assert stalled_lines([game(None, None), game()]) == []
    line = "in 3 moves time was taken off in which the machine stood still (0.42 s in all)"
    assert stalled_lines([game(0.2, None, 0.12), game(0.1)]) == [line]
    assert stalled_lines([game(0.2)])[0].startswith("in 1 move time")


def test_long_matches_stay_readable() -> None:
    strengths = {f"engine number {i}": 50.0 * i for i in range(12)}
    table = rating_table(make_standings(Tally(round_robin(strengths, 3)), list(strengths)))
    assert max(map(len, table.splitlines())) < 100
