"""`muzero-engine ladder` against the one opponent that needs no other program: random moves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from muzero_engine.cli import main
from muzero_engine.commands.ladder.command import _engine
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import Training
from muzero_engine.match.ladder.ladder import LadderSettings
from muzero_engine.match.ladder.opponents import LADDERS
from muzero_engine.match.ladder.rung_games import own_players
from muzero_engine.match.ladder.rungs import read_rungs
from muzero_engine.match.records.verify import verify
from muzero_engine.match.settings.match_settings import BadMatch

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "muzero_engine", "ladder", "--game", "chess"]
FAST = ["--control", "nodes=1"]
SETTINGS = LadderSettings(game="chess", engine="muzero", weights="")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A bundle that says it was trained, so that its value filters the openings, and has no rating yet."""
    folder = Path(shutil.copytree(ROOT / "weights" / "chess", tmp_path / "weights"))
    manifest = read_manifest(folder)
    trained = replace(manifest, training=Training("a little", steps=1), ratings=())
    (folder / "manifest.json").write_text(trained.to_json())
    return folder


@pytest.fixture
def without() -> list[str]:
    """Leaves all opponents out but the random one, whatever is installed here."""
    listed = subprocess.run([*COMMAND, "--list"], capture_output=True, text=True, check=True, timeout=60).stdout
    names = re.findall(r"^ *-?\d+  (\S+(?: \S+)*)", listed, re.MULTILINE)
    assert "random" in names
    assert "stockfish skill 3" in names
    return [word for name in names if name != "random" for word in ("--without", name)]


def ladder(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, cwd=cwd, env=environment)


def records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "games.jsonl").read_text().splitlines()[1:]]


def test_a_ladder_is_climbed_and_gone_on_with(tmp_path: Path, weights: Path, without: list[str]) -> None:
    arguments = ["--weights", str(weights), *FAST, *without]
    first = ladder(*arguments, "--games", "2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "ladders" / "chess"
    assert len(records(folder)) == 2
    assert read_manifest(weights).ratings == ()
    assert "2 games are few: " in first.stdout
    done = ladder(*arguments, "--games", "4", "--write-manifest", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "2 of 4 games are played. 2 games to play, into ladders/chess" in lines
    assert sum(line.startswith(("3/4 games: ", "4/4 games: ")) for line in lines) == 2
    assert not any(line.startswith("1/4") for line in lines)
    assert any(line.startswith("muzero, chess: ") and "4 games at nodes=1, 1 thread" in line for line in lines)
    assert "|Elo|opponent|+-|games|score|won|drawn|lost|" in lines
    assert {(record["pair"], record["game"]) for record in records(folder)} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert {path.name for path in folder.iterdir()} >= {"games.pgn", "ladder.md", "ladder.html", "ratings.png"}
    assert verify(folder).problems == ()
    whole, random = read_manifest(weights).ratings
    assert (whole.opponent, whole.games) == ("the ladder", 4)
    assert (random.opponent, random.games) == ("random", 4)
    assert "nodes=1, 1 thread, 2 games side by side" in random.conditions
    again = ladder(*arguments, "--games", "4", "--threads", "2", cwd=tmp_path)
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert "has another value of threads: 1 where you ask for 2" in again.stderr


def test_rungs_meet_each_other_and_are_counted(tmp_path: Path, without: list[str]) -> None:
    manifest = read_manifest(ROOT / "weights" / "chess")
    strong = [one.name for one in own_players(LADDERS["chess"], manifest.networks_digest())[1:]]
    arguments = ["--rungs", *without, *(word for name in strong for word in ("--without", name))]
    first = ladder(*arguments, "--games", "2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "ladders" / "chess-rungs"
    assert len(records(folder)) == 2
    done = ladder(*arguments, "--games", "4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 games of each step, into ladders/chess-rungs" in done.stdout.splitlines()
    assert sum(line.startswith(("3/4 games: ", "4/4 games: ")) for line in done.stdout.splitlines()) == 2
    (match,) = read_rungs(folder / "rungs.json").matches
    assert (match.games, match.lower, match.seed) == (4, "random", 0)
    assert "--rungs" in match.command
    assert verify(folder).problems == ()


def test_a_ladder_belongs_to_its_processor(tmp_path: Path, weights: Path, without: list[str]) -> None:
    """Games at the same time a move on another one do not count together; to print them again is no harm."""
    arguments = ["--weights", str(weights), *FAST, *without, "--out", str(tmp_path / "out")]
    assert ladder(*arguments, "--games", "2", cwd=tmp_path).returncode == 0
    games = tmp_path / "out" / "games.jsonl"
    header, *rest = games.read_text().splitlines()
    games.write_text("\n".join([json.dumps(json.loads(header) | {"processor": "an abacus"}), *rest, ""]))
    more = ladder(*arguments, "--games", "4", cwd=tmp_path)
    assert more.returncode == 1
    assert more.stderr.count("\n") == 1
    assert "were played on another processor (an abacus; this is " in more.stderr
    same = ladder(*arguments, "--games", "2", "--write-manifest", cwd=tmp_path)
    assert same.returncode == 0, same.stderr
    assert all("an abacus" in rating.conditions for rating in read_manifest(weights).ratings)


def test_ctrl_c_keeps_what_was_played(tmp_path: Path, weights: Path, without: list[str]) -> None:
    arguments = [*COMMAND, "--weights", str(weights), *FAST, *without, "--out", str(tmp_path / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("2/200"):
                break
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert time.monotonic() - began < 30
    assert rest.rstrip().endswith("interrupted: the same command goes on")
    assert len(records(tmp_path / "out")) >= 2
    assert read_manifest(weights).ratings == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--list", "--without", "random"], "--without has no effect beside --list: leave it out"),
        (["--refit", "--games", "4"], "--games has no effect beside --refit: leave it out"),
        (["--rungs", "--write-manifest"], "--write-manifest has no effect beside --rungs: leave it out"),
        (["--write-rungs"], "--write-rungs has an effect only with --rungs"),
    ],
)
def test_flags_that_have_no_effect_are_refused(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(main, ["ladder", "--game", "chess", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--without", "nobody"], "no opponent 'nobody'"),
        (["--control", "soon"], "soon"),
        (["--weights", "nowhere"], "no weights in nowhere"),
        (["--weights", "nowhere", "--rungs"], "leave --weights out"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = ladder(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_game_all_ladders_are_listed_and_none_is_climbed() -> None:
    listed = CliRunner().invoke(main, ["ladder", "--list"])
    assert listed.exit_code == 0
    assert all(f"{name}\n\nElo: " in listed.output for name in LADDERS)
    for arguments in ([], ["--list", "--size", "19"]):
        refused = CliRunner().invoke(main, ["ladder", *arguments])
        assert refused.exit_code == 1
        assert refused.output == "Error: a ladder needs --game: one of chess, go, shogi\n"


def test_what_is_missing_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = ladder("--list", cwd=tmp_path)
    assert done.returncode == 0
    assert "pip install sunfish" in done.stdout


@pytest.mark.parametrize(
    ("game", "control", "problem"),
    [
        ("chess", "none", "it would think for ever"),
        ("shogi", "40/60", "USI has increments and byoyomi of one period"),
        ("go", "depth=3", "GTP cannot say nodes or depth"),
    ],
)
def test_a_control_that_the_protocol_cannot_say_is_refused(game: str, control: str, problem: str) -> None:
    with pytest.raises(BadMatch, match=problem):
        _engine(replace(SETTINGS, game=game, control=control), ROOT)


def test_a_number_of_simulations_is_said_on_the_command_line_where_the_protocol_has_no_word_for_it() -> None:
    """GTP: the engine would think as long as it does without a clock."""
    engine = _engine(replace(SETTINGS, game="go", control="nodes=30"), ROOT)
    assert engine.command[-4:] == ("--visits", "30", "--move-time", "3600")
    assert str(engine.control) == "none"
    assert str(_engine(replace(SETTINGS, control="nodes=30"), ROOT).control) == "nodes=30"
