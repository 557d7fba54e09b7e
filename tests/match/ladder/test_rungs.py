"""What the rungs of a ladder scored against each other is read, written and put together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from muzero_engine.match.ladder.opponents import LADDERS
from muzero_engine.match.ladder.rungs import (
    BadRungs,
    RungMatch,
    RungPlayer,
    Rungs,
    read_rungs,
    rungs_file,
    shipped_rungs,
    start_text,
    write_rungs,
)

SHOGI = LADDERS["shogi"]
LOW, HIGH = SHOGI.opponents[0], SHOGI.opponents[1]
PLAYERS = {HIGH.name: RungPlayer(start_text(HIGH), "Fairy-Stockfish 11.1"), LOW.name: RungPlayer(start_text(LOW))}
MATCH = RungMatch(
    upper=HIGH.name,
    lower=LOW.name,
    wins=390,
    draws=2,
    losses=8,
    seed=1,
    date="2026-11-29",
    machine="a fast one",
    command="muzero-engine ladder --game shogi --rungs",
)


@pytest.mark.parametrize("game", list(LADDERS))
def test_what_came_along_is_of_opponents_as_they_are_started(game: str) -> None:
    ladder = LADDERS[game]
    rungs = shipped_rungs(ladder.label)
    assert rungs.usable(ladder) == list(rungs.matches)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    rungs = Rungs(PLAYERS, (MATCH, replace(MATCH, seed=2)))
    write_rungs(tmp_path / "rungs" / "shogi.json", rungs)
    assert read_rungs(tmp_path / "rungs" / "shogi.json") == rungs
    assert rungs_file(SHOGI).name == "shogi.json"
    assert MATCH.games == 400


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ('{"matches": []}', "players"),
        ('{"players": {}, "matches": [{"upper": 1}]}', "matches"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "shogi.json"
    path.write_text(text)
    with pytest.raises(BadRungs, match=problem):
        read_rungs(path)


def test_a_match_without_its_players_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shogi.json"
    write_rungs(path, Rungs({LOW.name: PLAYERS[LOW.name]}, (MATCH,)))
    with pytest.raises(BadRungs, match="how fairy-stockfish skill -20"):
        read_rungs(path)
    with pytest.raises(BadRungs, match="cannot be read"):
        read_rungs(tmp_path / "none.json")


def test_new_games_replace_those_of_the_same_seed_and_join_those_of_others() -> None:
    before = Rungs(PLAYERS, (MATCH,))
    more, other = replace(MATCH, wins=800), replace(MATCH, seed=2)
    assert list(before.merged(Rungs(PLAYERS, (more, other))).matches) == [more, other]
    assert before.merged(Rungs()) == before


def test_results_of_an_opponent_that_is_started_otherwise_do_not_count() -> None:
    changed = PLAYERS | {HIGH.name: RungPlayer("fairy-stockfish | depth=1")}
    assert Rungs(PLAYERS, (MATCH,)).usable(SHOGI) == [MATCH]
    assert Rungs(changed, (MATCH,)).usable(SHOGI) == []
    again = Rungs(changed, (MATCH,)).merged(Rungs(PLAYERS, (replace(MATCH, seed=2),)))
    assert list(again.matches) == [replace(MATCH, seed=2)]
