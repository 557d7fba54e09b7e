"""Engines as people write them, on the command line and in TOML."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from muzero_engine.match.settings.engine_text import EngineEntry, parse_engine, read_engines
from muzero_engine.match.settings.match_settings import BadMatch, ClientKind, EngineSettings
from muzero_engine.match.settings.time_control import TimeControl


def engine(text: str, game: str = "chess", named: dict[str, EngineEntry] | None = None) -> EngineSettings:
    return parse_engine(text, named or {}).settings(game, "10+0.1")


def test_a_command_line() -> None:
    settings = engine("/usr/games/gnugo --mode gtp --level 10", "go")
    assert settings.name == "gnugo"
    assert settings.kind is ClientKind.GTP
    assert settings.command == ("/usr/games/gnugo", "--mode", "gtp", "--level", "10")
    assert settings.control == TimeControl(main_s=10.0, increment_s=0.1)


def test_settings_come_first() -> None:
    settings = engine(
        "name=weak tc=nodes=5 'option.Skill Level=3' option.Threads=1 env.A=b restart=true dir=/tmp sf x=y"
    )
    assert settings.name == "weak"
    assert settings.control == TimeControl(nodes=5)
    assert settings.options == (("Skill Level", "3"), ("Threads", "1"))
    assert settings.environment == (("A", "b"),)
    assert settings.restart
    assert settings.directory == "/tmp"
    assert settings.command == ("sf", "x=y")


def test_our_own_engine_and_the_random_one(tmp_path: Path) -> None:
    own = engine(f"weights={tmp_path} muzero", "shogi")
    assert own.command == (sys.executable, "-m", "muzero_engine", "usi", "--threads", "1", "--weights", str(tmp_path))
    assert own.name == "muzero"
    assert engine("muzero", "tictactoe").command[3:] == ("ugi", "--game", "tictactoe", "--threads", "1")
    flags = engine("name=quick tc=none muzero --visits 100", "go")
    assert flags.command == (sys.executable, "-m", "muzero_engine", "gtp", "--threads", "1", "--visits", "100")
    chance = engine("name=floor seed=5 random", "go")
    assert (chance.kind, chance.command, chance.seed) == (ClientKind.RANDOM, (), 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no command"),
        ("name=x", "no command"),
        ("'unclosed", "no closing quotation"),
        ("tc=fast sf", "sf: 'fast' is no time control"),
        ("protocol=xboard sf", "'xboard' is no protocol"),
        ("protocol=random sf", "'random' is no protocol"),
        ("weights=w sf", "weights are for muzero alone"),
        ("option.Foo=3 random", "random: options, folders and the like are for programs, and random is none"),
        ("dir=/ random", "random: options, folders"),
        ("muzero --score-type Q", "muzero: the scores of a match are centipawns"),
        ("option.ScoreType=win_percentage muzero", "muzero: the scores of a match are centipawns"),
        ("option.Ponder=true muzero", "muzero: nobody ponders in a match: leave Ponder out"),
        ("muzero --temperature-plies 3", "muzero: --temperature-plies has an effect only with --temperature"),
        ("option.TemperaturePlies=3 muzero", "muzero: TemperaturePlies has an effect only with Temperature"),
        ("muzero --temperature 0 --temperature-plies 5", "--temperature-plies has an effect only with --temperature"),
        ("option.UCI_Elo=900 muzero", "muzero: UCI_Elo has an effect only with UCI_LimitStrength"),
        ("muzero --multipv=2", "muzero: a match reads the line of the best move alone: leave --multipv out"),
        ("restart=maybe sf", "true or false"),
        ("seed=x random", "whole number"),
        ("weights= muzero", "nothing behind weights="),
        ("dir= sf", "nothing behind dir="),
        ("'option.X=1\nquit' sf", "'X' is no single line of text"),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadMatch, match=problem):
        engine(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("muzero --komi 7", "muzero: a match says itself on which board, and with which komi: leave --komi out"),
        ("tc=5+0 muzero --move-time 1", "muzero: --move-time has no effect with the time control 5: leave it out"),
        ("muzero --resign-turns 2", "muzero: --resign-turns has an effect only with --resign-value"),
    ],
)
def test_what_is_refused_of_gtp(text: str, problem: str) -> None:
    with pytest.raises(BadMatch, match=problem):
        engine(text, "go")


def test_what_has_an_effect_is_taken() -> None:
    engine("muzero --elo 900 --temperature-plies 3 --temperature=1 --multipv 1")
    engine("muzero --temperature-plies 30")
    engine("option.Temperature=1 'option.TemperaturePlies=3' option.Ponder=false option.MultiPV=1 muzero")
    engine("option.UCI_LimitStrength=true option.UCI_Elo=900 option.Hash=x muzero")
    engine("tc=none muzero --temperature-plies 3 --temperature 1 --move-time 2", "go")
    engine("option.MultiPV=2 stockfish --komi")
    parse_engine("muzero --multipv 3", {}).settings("chess", None, idle=True)  # a match that goes on


TOML = """
[engines.weak]
command = "stockfish"
options = { "Skill Level" = 3, Threads = 1, Ponder = false }
limit = "5+0.05"
environment = { A = "b" }

[engines.ours]
command = "muzero"
weights = "my-weights"

[engines.go]
command = ["gnugo", "--mode", "gtp"]
directory = "go"
restart = true
"""


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "engines.toml"
    path.write_text(TOML)
    named = read_engines(path)
    weak = engine("weak", named=named)
    assert weak.name == "weak"
    assert weak.options == (("Skill Level", "3"), ("Threads", "1"), ("Ponder", "false"))
    assert weak.control == TimeControl(main_s=5.0, increment_s=0.05)
    changed = engine("name=weaker 'option.Skill Level=1' tc=nodes=9 weak", named=named)
    assert (changed.name, changed.command, changed.environment) == ("weaker", ("stockfish",), (("A", "b"),))
    assert dict(changed.options) == {"Skill Level": "1", "Threads": "1", "Ponder": "false"}
    assert changed.control == TimeControl(nodes=9)
    assert engine("ours", named=named).command[-1] == str(tmp_path / "my-weights")
    go = engine("go", "go", named)
    assert (go.command, go.directory, go.restart) == (("gnugo", "--mode", "gtp"), str(tmp_path / "go"), True)


def test_a_file_of_notepad(tmp_path: Path) -> None:
    path = tmp_path / "engines.toml"
    path.write_text('[engines.a]\ncommand = "a"\n', encoding="utf-8-sig")
    assert [*read_engines(path)] == ["a"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[engines", "no TOML"),
        ("x = 1", "'x' is not known here"),
        ("", "no engines"),
        ("engines = 3", "no engines"),
        ("[engines]\na = 1", "engine a: an engine is a table"),
        ("[engines.a]\n", "engine a: it needs a command"),
        ('[engines.a]\ncommand = ""', "needs a command"),
        ("[engines.a]\ncommand = [1]", "needs a command"),
        ('[engines.a]\ncommand = "x"\nspeed = 1', "unknown key 'speed'"),
        ('[engines.a]\ncommand = "x"\nlimit = 60', "limit is a text"),
        ('[engines.a]\ncommand = "x"\nrestart = 1', "true or false"),
        ('[engines.a]\ncommand = "x"\nseed = 1.5', "whole number"),
        ('[engines.a]\ncommand = "x"\noptions = 1', "options is a table"),
        ('[engines.a]\ncommand = "x"\noptions = { a = [1] }', "options: a is a text"),
        ('[engines.a]\ncommand = "x"\noptions = { a = "1\\n2" }', "no single line"),
        ('[engines.a]\ncommand = "x"\noptions = { a = nan }', "a is no number that an option takes"),
        ('[engines.a]\ncommand = "x"\noptions = { a = 0x' + "f" * 5000 + " }", "a is no number that an option takes"),
        ('[engines.a]\ncommand = "x"\nseed = 0x' + "f" * 5000, "at most 9 digits"),
        ('[engines.a]\ncommand = "x"\nseed = ' + "9" * 5000, "thousands of digits"),
        ('[engines.a]\ncommand = "x"\nweights = ""', "weights is empty"),
        ('[engines.a]\ncommand = "x"\ndirectory = "a\\u0000b"', "NUL"),
        ("a = " + "[" * 1000 + "]" * 1000, "nested too deeply"),
        ("a." * 20_000 + "a = 1", "200 dots"),
        ("# " + "x" * (1 << 20), "larger than 1 MiB"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "engines.toml"
    path.write_text(text)
    with pytest.raises(BadMatch, match=problem) as caught:
        read_engines(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadMatch, match="cannot read"):
        read_engines(tmp_path / "missing.toml")
