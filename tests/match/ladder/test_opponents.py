"""The tables of opponents are complete and say how each is started."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from muzero_engine.match.ladder import opponents
from muzero_engine.match.ladder.opponents import (
    LADDERS,
    UnknownLadder,
    engine_of,
    find_program,
    installed,
    ladder_of,
    missing,
)
from muzero_engine.match.settings.match_settings import ClientKind


@pytest.mark.parametrize("game", list(LADDERS))
@pytest.mark.parametrize("size", [None, 13, 19])
def test_ladders_are_complete(game: str, size: int | None) -> None:
    if size is not None and game != "go":
        with pytest.raises(UnknownLadder, match="one board"):
            ladder_of(game, size)
        return
    ladder = ladder_of(game, size)
    assert ladder.game.game == game
    names = [opponent.name for opponent in ladder.opponents]
    assert len(set(names)) == len(names)
    ratings = [opponent.rating for opponent in ladder.opponents]
    assert ratings == sorted(ratings)
    assert any(opponent.fixed for opponent in ladder.opponents)
    for opponent in ladder.opponents:
        assert bool(opponent.program) == bool(opponent.install)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is the whole PATH, with gnugo and sunfish-uci in it."""
    for name in ("gnugo", "sunfish-uci"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(opponents, "GAME_FOLDERS", ())
    return tmp_path


def test_what_is_missing_is_told_with_what_installs_it(programs: Path) -> None:
    present = installed(ladder_of("chess"))
    assert list(present) == ["random", "sunfish nodes 2000"]
    gone = {group.install: group.names for group in missing(ladder_of("chess"), present)}
    assert set(gone) == {
        f"apt-get install -y --no-install-recommends {package}"
        for package in ("fairy-stockfish", "stockfish", "gnuchess", "ethereal-chess", "glaurung", "toga2")
    }
    assert "stockfish skill 3" in gone["apt-get install -y --no-install-recommends stockfish"]
    assert missing(ladder_of("go"), installed(ladder_of("go"))) == []


def test_opponents_are_started_as_their_table_says(programs: Path) -> None:
    present = installed(ladder_of("go"))
    assert present["random"].kind is ClientKind.RANDOM
    assert present["uct 64"].command == (sys.executable, "-m", "muzero_engine", "uct", "--playouts", "64")
    level = present["gnugo level 10"]
    assert level.kind is ClientKind.GTP
    assert level.command[0] == str(programs / "gnugo")
    assert level.command[1:5] == ("--mode", "gtp", "--level", "10")
    sunfish = installed(ladder_of("chess"))["sunfish nodes 2000"]
    assert sunfish.control.nodes == 2000
    assert engine_of(ladder_of("chess").opponents[1], "chess") is None


def test_programs_are_also_found_where_debian_puts_games(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert find_program("gnugo") is None
    monkeypatch.setattr(opponents, "GAME_FOLDERS", (str(programs),))
    assert find_program("gnugo") == str(programs / "gnugo")


def test_games_without_a_ladder_are_refused() -> None:
    with pytest.raises(UnknownLadder, match="chess, go, shogi"):
        ladder_of("tictactoe")
    with pytest.raises(UnknownLadder, match="9, 13, 19"):
        ladder_of("go", 7)
