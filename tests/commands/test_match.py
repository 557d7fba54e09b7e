"""`muzero-engine match`, with scripted, random and real engines."""

from __future__ import annotations

import itertools
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
from click.testing import CliRunner, Result
from support.matches import SCRIPT
from support.other_rules import problems

from muzero_engine import __version__
from muzero_engine.cli import main
from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, read_manifest
from muzero_engine.inference.manifest import CHECKPOINT, MANIFEST
from muzero_engine.match.engines import base
from muzero_engine.match.records.moves import move_count
from muzero_engine.match.records.store import LOCK, Store, recorded_games
from muzero_engine.match.results.statistics import RatedGame, Tally

ROOT = Path(__file__).resolve().parents[2]


def scripted(protocol: str, *arguments: str) -> str:
    return " ".join([sys.executable, "-S", "-E", str(SCRIPT), protocol, *arguments])


def match(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["match", *map(str, arguments)], catch_exceptions=False)


def lines(folder: Path) -> list[str]:
    return (folder / "games.jsonl").read_text().splitlines()[1:]


def assert_right(folder: Path) -> None:
    """Nothing is wrong with the games by this project's rules, nor by those of other people's programs."""
    result = match("--verify", folder)
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output
    assert problems(folder) == []


def program(name: str) -> str:
    path = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/games")
    assert path is not None, f"these tests need {name}"
    return path


def test_what_was_taken_off_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = itertools.count(step=1000.0)
    monkeypatch.setattr(base, "stolen_s", lambda: {"cpu0": float(next(lost))})
    out = tmp_path / "m"
    engines = ["-e", f"name=late tc=movetime=0.000001,margin=0 {scripted('uci')}", "-e", f"name=b {scripted('uci')}"]
    result = match("--game", "chess", *engines, "--random-plies", 0, "--pairs", 1, "--out", out)
    assert result.exit_code == 0, result.output
    stalled = json.loads((out / "summary.json").read_text())["stalled"]
    assert stalled["moves"] > 2
    line = f"in {stalled['moves']} moves time was taken off in which the machine stood still"
    assert line in result.output
    assert line in (out / "report.html").read_text()
    assert_right(out)


def test_two_engines(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", f"name=a {scripted('uci')}", "-e", f"name=b {scripted('uci')}"]
    result = match("--game", "chess", *engines, "--random-plies", 0, "--pairs", 2, "--out", out, "--every", 2)
    assert result.exit_code == 0, result.output
    assert "4 games to play" in result.output
    assert "4/4: b - a 1/2-1/2 (threefold repetition; 4 moves" in result.output
    assert "a - b: +0 =4 -0, 50.0%" in result.output
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["games"], summary["finished"]) == (4, True)
    assert summary["players"][0]["endings"] == {"rules": 4}
    assert summary["pairings"][0]["pairs"] == [0, 0, 2, 0, 0]
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (out / "ratings.png").read_bytes().startswith(b"\x89PNG")
    assert_right(out)
    (out / "games.jsonl").unlink()
    for path in sorted(path for path in out.iterdir() if path.name != LOCK):  # all but the games are still there
        refused = match("--game", "chess", "-e", "random", "-e", "random", "--pairs", 1, "--out", out)
        assert (refused.exit_code, "would be written over" in refused.output) == (1, True), path
        named = re.search(r"m/(\S+) is there already", refused.output)
        assert named is not None
        (out / named[1]).unlink()
    assert [path.name for path in out.iterdir()] == [LOCK]


def test_everybody_against_everybody_with_a_bad_engine(tmp_path: Path) -> None:
    toml = tmp_path / "engines.toml"
    toml.write_text(
        f'[engines.good]\ncommand = "{scripted("usi")}"\n'
        f'[engines.bad]\ncommand = "{scripted("usi", "--fault", "illegal", "--at", "2")}"\n'
        '[engines.floor]\ncommand = "random"\nlimit = "none"\n'
    )
    out = tmp_path / "m"
    flags = ["--pairs", 1, "--concurrency", 2, "--max-plies", 30, "--random-plies", 0]
    result = match("--game", "shogi", "--engines", toml, *flags, "--out", out)
    assert result.exit_code == 0, result.output
    assert len(lines(out)) == 6
    summary = json.loads((out / "summary.json").read_text())
    faults = {row["name"]: row["endings"].get("illegal move", 0) for row in summary["players"]}
    assert faults["bad"] == 4
    assert_right(out)


def test_a_gauntlet_of_go(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", "name=a random", "-e", "name=b seed=1 random", "-e", "name=c seed=2 random"]
    flags = ["--format", "gauntlet", "--size", 5, "--komi", 0.5, "--pairs", 1, "--anchor", "b=100"]
    result = match("--game", "go", *engines, *flags, "--out", out)
    assert result.exit_code == 0, result.output
    assert len(lines(out)) == 4
    assert "+100  fixed" in result.output
    assert_right(out)


def test_a_test_stops_a_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, add = [], Tally.add

    def counting(tally: Tally, game: RatedGame) -> None:
        counted.append(game)
        add(tally, game)

    monkeypatch.setattr(Tally, "add", counting)
    out = tmp_path / "m"
    engines = ["-e", f"name=good {scripted('uci')}", "-e", f"name=bad {scripted('uci', '--fault', 'illegal')}"]
    flags = ["--random-plies", 0, "--pairs", 500, "--sprt", 0, 200, "--out", out, "-q", "--every", 0]
    result = match("--game", "chess", *engines, *flags)
    assert result.exit_code == 0, result.output
    assert "H1 accepted" in result.output
    assert len(lines(out)) < 100
    assert len(counted) == len(lines(out))  # each game once, not all of them after each
    assert json.loads((out / "summary.json").read_text())["sprt"]["verdict"] == "H1"
    again = match("--game", "chess", *engines, *flags, "--resume")
    assert len(lines(out)) < 100
    assert "H1 accepted" in again.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_and_resumed(tmp_path: Path, number: int) -> None:
    """No game is lost and none is played twice, and the schedule is that of an uninterrupted match."""
    out = tmp_path / "m"
    slow = scripted("uci", "--fault", "slow", "--delay", "0.1")  # 0.8 s a game, all of it asleep
    arguments = ["match", "--game", "chess", "-e", f"name=a {slow}", "-e", f"name=b {slow}", "--pairs", "4"]
    arguments += ["--random-plies", "0", "--concurrency", "2", "--every", "0", "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "muzero_engine", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        while "2/8" not in process.stdout.readline():
            pass
        process.send_signal(number)
        output = process.stdout.read()
        code = process.wait(timeout=60)
    if number != signal.SIGKILL:
        assert code == 130
        assert "--resume goes on" in output
    before = lines(out)
    assert 2 <= len(before) < 8
    assert match(*arguments[1:]).output.count("holds games already") == 1
    result = match(*arguments[1:], "--resume", "--concurrency", 6)
    assert result.exit_code == 0, result.output
    after = lines(out)
    kept = before if before[-1] in after else before[:-1]  # a kill may cut the last line
    assert after[: len(kept)] == kept
    played = [(data["pair"], data["game"]) for data in map(json.loads, after)]
    assert sorted(played) == [(pair, game) for pair in range(4) for game in (0, 1)]
    assert "0 games to play" in match(*arguments[1:], "--resume").output
    changed = match(*arguments[1:], "--resume", "--seed", 9)
    assert changed.exit_code == 1
    assert "another value of seed: 0 where you ask for 9" in changed.output
    assert_right(out)


def test_ctrl_c_reaches_no_engine_and_leaves_none(tmp_path: Path) -> None:
    """Ctrl-C in a terminal goes to the whole process group; games that wait for an engine end at once."""
    note = tmp_path / "pids"
    hanging = tmp_path / "hanging"
    hanging.write_text(f'#!/bin/sh\necho $$ >> "{note}"\nexec {scripted("uci", "--fault", "hang")}\n')
    hanging.chmod(0o755)
    command = [sys.executable, "-m", "muzero_engine", "match", "--game", "chess", "-e", f"name=a {hanging}"]
    command += ["-e", f"name=b {hanging}", "--tc", "1000", "--concurrency", "2", "--out", str(tmp_path / "m")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 60.0
        while not (note.exists() and len(note.read_text().split()) == 4) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    for pid in map(int, note.read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_no_match_is_put_among_the_files_of_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    result = match("--game", "tictactoe", "-e", "name=a random", "-e", "random", "--out", tmp_path)
    assert result.output == f"Error: {tmp_path} holds a bundle of weights: choose another folder\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--game", "chess"], "there are no engines"),
        (["--game", "chess", "-e", "random"], "two engines or more"),
        (["--game", "chess", "--opening-plies", "1"], "--opening-plies has an effect only with --openings"),
        (["--game", "othello", "--scoring", "engines"], "engines of othello cannot be asked who has won"),
        (["--game", "chess", "--sprt-model", "logistic"], "--sprt-model has an effect only with --sprt"),
        (["--game", "chess", "-e", "random", "-e", "no-such-program"], "cannot start 'no-such-program'"),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--komi", "5"], "chess has no komi"),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--tc", "fast"], "no time control"),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--anchor", "x=5"], "the engines are a, random"),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--anchor", "a=1e308"], "NAME=ELO, at most 10,000"),
        (
            ["--game", "chess", "-e", "name=a random", "-e", "random", "--anchor", "a=5", "--anchor", "a=6"],
            "a has another one already",
        ),
        (
            ["--game", "chess", "-e", "name=a random", "-e", "random", "--openings", "x.sgf"],
            "games of go, not of chess",
        ),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--sprt", "5", "0"], "elo0 < elo1"),
        (["--game", "chess", "-e", "name=a random", "-e", "random", "--resume"], "--out FOLDER"),
        (["--game", "chess", "-e", "muzero --multipv 3", "-e", "random", "--resume"], "--out FOLDER"),  # an older one's
        (["--game", "chess", "--engines", "missing.toml"], "cannot read missing.toml"),
        (
            ["--game", "chess", "-e", "name=a random", "-e", "random", "--random-plies", "5", "--max-plies", "5"],
            "--max-plies 5 leaves nothing to play behind",
        ),
        (  # an older one's
            [
                "--game",
                "tictactoe",
                "-e",
                "name=a random",
                "-e",
                "random",
                "--random-plies",
                "2",
                "--max-plies",
                "2",
                "--resume",
            ],
            "--out FOLDER",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = match(*arguments)
    assert result.exit_code == 1
    errors = [line for line in result.output.splitlines() if "games to play" not in line]
    assert len(errors) == 1
    assert problem in errors[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "engine",
    [
        "weights=W/tictactoe muzero",
        "option.WeightsFile=W/tictactoe muzero",
        "muzero --weights=W/tictactoe",
        "name=muzero env.MUZERO_WEIGHTS=W muzero",
        f"name=muzero '{sys.executable}' -m muzero_engine ugi --game tictactoe --weights W/tictactoe",
    ],
)
def test_a_match_is_not_gone_on_with_by_another_network(tmp_path: Path, engine: str) -> None:
    weights = Path(shutil.copytree(default_weights_dir("tictactoe"), tmp_path / "tictactoe"))
    engines = [
        "-e",
        engine.replace("W/", f"{tmp_path}/").replace("=W", f"={tmp_path}"),
        "-e",
        "random",
        "--tc",
        "nodes=1",
    ]
    arguments = ["--game", "tictactoe", *engines, "--pairs", "1", "--out", str(tmp_path / "m")]
    assert match(*arguments).exit_code == 0
    assert "0 games to play" in match(*arguments, "--resume").output
    manifest = read_manifest(weights)
    files = manifest.files | {CHECKPOINT: replace(manifest.files[CHECKPOINT], sha256="0" * 64)}
    (weights / MANIFEST).write_text(replace(manifest, files=files).to_json())
    refused = match(*arguments, "--resume")
    assert refused.exit_code == 1
    assert "muzero has another network, or other levels, by now than in the games in " in refused.output


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (False, "a has another network, or other levels, by now; games"),
        (True, "a has lost its network: there are no weights in "),
    ],
)
def test_a_match_ends_where_an_engine_is_started_with_another_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool, words: str
) -> None:
    weights = Path(shutil.copytree(default_weights_dir("tictactoe"), tmp_path / "tictactoe"))
    manifest = read_manifest(weights)
    files = manifest.files | {CHECKPOINT: replace(manifest.files[CHECKPOINT], sha256="0" * 64)}
    add = Store.add

    def add_and_replace(store: Store, record: GameRecord) -> None:
        add(store, record)
        if gone:
            shutil.rmtree(weights)
        else:
            (weights / MANIFEST).write_text(replace(manifest, files=files).to_json())

    monkeypatch.setattr(Store, "add", add_and_replace)
    engine = f"name=a restart=true env.MUZERO_WEIGHTS={tmp_path} {scripted('ugi')}"
    out = tmp_path / "m"
    ended = match("--game", "tictactoe", "-e", engine, "-e", "random", "--random-plies", 0, "--pairs", 2, "--out", out)
    assert ended.exit_code == 1
    assert words in ended.output.splitlines()[-1]
    assert ended.output.endswith("with the network of the beginning --resume goes on\n")
    assert len(lines(out)) == 1


def test_games_that_faults_decided_are_told(tmp_path: Path) -> None:
    engines = ["-e", f"name=a {scripted('ugi', '--fault', 'exit')}", "-e", "random", "--pairs", 1]
    result = match("--game", "tictactoe", *engines, "--out", tmp_path / "m")
    assert "\na: 2 games lost by crash\n" in result.output
    assert "a: 2 games lost by crash" in (tmp_path / "m" / "report.html").read_text()


def test_a_match_at_a_level_is_not_gone_on_with_by_other_levels(tmp_path: Path) -> None:
    weights = Path(shutil.copytree(default_weights_dir("tictactoe"), tmp_path / "weights"))
    manifest = read_manifest(weights)
    assert manifest.levels is not None
    first, *others = manifest.levels.levels
    levels = replace(manifest.levels, levels=(replace(first, elo=first.elo - 140.0), *others))
    for level, refused in (("", False), (f"--level {round(manifest.levels.highest)}", True)):
        engines = ["-e", f"weights={weights} muzero {level}", "-e", "random", "--tc", "nodes=1"]
        out = ["--out", str(tmp_path / f"refused {refused}")]
        (weights / MANIFEST).write_text(manifest.to_json())
        assert match("--game", "tictactoe", *engines, "--pairs", "1", *out).exit_code == 0
        (weights / MANIFEST).write_text(replace(manifest, levels=levels).to_json())
        again = match("--game", "tictactoe", *engines, "--pairs", "1", *out, "--resume")
        assert ("or other levels, by now" in again.output) is refused


def test_a_match_is_not_gone_on_with_by_another_program(tmp_path: Path) -> None:
    arguments = ["--game", "tictactoe", "-e", "muzero", "-e", "random", "--tc", "nodes=1", "--out", str(tmp_path / "m")]
    assert match(*arguments, "--pairs", "1").exit_code == 0
    file = tmp_path / "m" / "games.jsonl"
    text = file.read_text()
    assert f"MuZero Engine {__version__}" in text
    file.write_text(text.replace(f"MuZero Engine {__version__}", "MuZero Engine 0.0.9"))
    refused = match(*arguments, "--pairs", "2", "--resume")
    assert refused.exit_code == 1
    assert refused.output.splitlines()[-1].startswith(
        f"Error: muzero calls itself 'MuZero Engine {__version__}', and 'MuZero Engine 0.0.9' in the games in "
    )
    assert match(*arguments, "--pairs", "1", "--resume").exit_code == 0  # nothing is left to play


def test_engines_of_one_name_get_numbers(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", "random", "-e", "seed=2 random", "-e", "name='random 1' seed=3 random"]
    result = match("--game", "tictactoe", *engines, "--pairs", 1, "--out", out, "--anchor", "random 3=5")
    assert result.exit_code == 0, result.output
    players = {record.first for record in recorded_games(out)}
    assert players == {"random 1", "random 2", "random 3"}


def test_moves_are_counted_as_the_record_of_the_game_counts_them(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", "seed=1 random", "-e", "seed=2 random", "--max-plies", 21, "--random-plies", 5, "--pairs", 1]
    result = match("--game", "chess", *engines, "--out", out)
    assert "(the cap of 21 plies; 11 moves, " in result.output
    assert " 11. " in " ".join((out / "games.pgn").read_text().split())
    assert [move_count(record) for record in recorded_games(out)] == [11, 11]
    record = recorded_games(out)[0]
    begun_by_black = replace(record, start="4k3/8/8/8/8/8/8/4K3 b - - 0 9", opening_moves=(), moves=record.moves[:2])
    assert move_count(begun_by_black) == 2  # 9... and 10.
    assert move_count(replace(begun_by_black, moves=())) == 0


@pytest.mark.parametrize("game", ["chess", "go", "othello"])
def test_an_engine_without_its_network_is_refused_before_the_first_game(tmp_path: Path, game: str) -> None:
    """As it can be told over UCI, GTP and UGI."""
    weights, out = Path(shutil.copytree(ROOT / "weights" / game, tmp_path / "weights")), tmp_path / "m"
    (weights / "recurrent.onnx").write_bytes(b"not what the manifest says")
    result = match("--game", game, "-e", "random", "-e", f"weights={weights} muzero", "--out", out)
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert result.output.startswith("Error: muzero does not start: ")
    assert "recurrent.onnx" in result.output
    assert not out.exists()


def test_games_beyond_the_pairs_that_are_asked_for_are_not_counted(tmp_path: Path) -> None:
    arguments = ["--game", "tictactoe", "-e", "random", "-e", "seed=2 random", "--out", tmp_path / "m"]
    match(*arguments, "--pairs", 2)
    result = match(*arguments, "--pairs", 1, "--resume")
    assert result.exit_code == 1
    assert "holds a game of pair 1, which is beyond --pairs 1" in result.output


def test_a_folder_that_is_wrong_is_verified(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", f"name=a {scripted('uci')}", "-e", f"name=b {scripted('uci')}"]
    match("--game", "chess", *engines, "--random-plies", 0, "--pairs", 1, "--out", out, "-q")
    result = match("--verify", out)
    assert result.output == f"{out}: 2 games (2 rules), 16 plies: nothing is wrong\n"
    games = out / "games.jsonl"
    games.write_text(games.read_text().replace('"points":0.5', '"points":1.0', 1))
    result = match("--verify", out)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{out}: 2 games (2 rules), 16 plies: 2 wrong",
        "  line 2: 1 points by threefold repetition, but it is 0.5 by threefold repetition",
        "  games.pgn differs from games.jsonl in game 1",
    ]


@pytest.mark.parametrize("header", [None, "", "{}", '{"store":99}', "[]"])
def test_what_is_no_folder_of_a_match_is_said_in_one_line(tmp_path: Path, header: str | None) -> None:
    if header is not None:
        (tmp_path / "games.jsonl").write_text(header)
    result = match("--verify", tmp_path)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert str(tmp_path) in result.output
    assert result.output.count("\n") == 1


def test_openings_from_a_file_and_balanced_ones(tmp_path: Path) -> None:
    book = tmp_path / "book.epd"
    book.write_text('rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - id "king\'s pawn";\n')
    players = ["--game", "chess", "-e", "name=a random", "-e", "name=b random", "--pairs", 1, "--max-plies", 10]
    result = match(*players, "--openings", book, "--out", tmp_path / "m")
    assert result.exit_code == 0, result.output
    assert "king's pawn" in (tmp_path / "m" / "games.pgn").read_text()
    result = match(*players, "--balance", 0.9, "--out", tmp_path / "n")
    assert result.exit_code == 0, result.output
    assert_right(tmp_path / "m")
    assert_right(tmp_path / "n")


def test_real_engines_of_chess(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", f"'option.Skill Level=0' option.Threads=1 name=sf0 {program('stockfish')}", "-e", "muzero"]
    result = match("--game", "chess", *engines, "--tc", "nodes=20", "--pairs", 1, "--out", out, "--concurrency", 2)
    assert result.exit_code == 0, result.output
    assert_right(out)


def test_real_engines_of_shogi(tmp_path: Path) -> None:
    out = tmp_path / "m"
    engines = ["-e", f"name=fairy {program('fairy-stockfish')}", "-e", "muzero"]
    result = match("--game", "shogi", *engines, "--tc", "nodes=10", "--pairs", 1, "--max-plies", 60, "--out", out)
    assert result.exit_code == 0, result.output
    assert all(json.loads(line)["ending"] in ("rules", "resignation", "ply cap") for line in lines(out))
    assert_right(out)


def test_a_game_without_a_protocol_of_its_own(tmp_path: Path) -> None:
    """Over UGI, its records lines of moves, which serve as openings again."""
    out, again = tmp_path / "m", tmp_path / "n"
    engines = ["--game", "tictactoe", "-e", "option.Seed=1 tc=nodes=50 muzero", "-e", "seed=3 random"]
    result = match(*engines, "--pairs", 3, "--random-plies", 2, "--out", out)
    assert result.exit_code == 0, result.output
    assert match("--verify", out).exit_code == 0
    game = load_game("tictactoe")
    records = recorded_games(out)
    assert [(record.pair, record.game) for record in records] == [(pair, half) for pair in range(3) for half in (0, 1)]
    assert {record.first for record in records} == {"muzero", "random"}
    for record, line in zip(records, (out / "games.ugi").read_text().splitlines(), strict=True):
        assert record.ending is Ending.RULES
        position = game.initial((3, 3))
        moves = line.removeprefix("startpos moves ").split()
        assert moves == [*record.opening_moves, *(ply.move for ply in record.moves)]
        for move in moves:
            assert position.outcome() is None
            position.push(position.parse_action(move))
        outcome = position.outcome()
        assert outcome is not None
        assert (record.winner, record.reason) == (outcome.winner, outcome.reason)
    result = match(*engines, "--openings", out / "games.ugi", "--opening-plies", 3, "--pairs", 1, "--out", again)
    assert result.exit_code == 0, result.output
    assert {record.ending for record in recorded_games(again)} == {Ending.RULES}


@pytest.mark.parametrize("scoring", ["tromp-taylor", "engines"])
def test_real_engines_of_go(tmp_path: Path, scoring: str) -> None:
    out = tmp_path / "m"
    gnugo = f"{program('gnugo')} --mode gtp --level 1 --chinese-rules --positional-superko --forbid-suicide"
    extra = "--capture-all-dead --play-out-aftermath --never-resign"
    engines = ["-e", f"name=gnugo tc=none {gnugo} {extra}", "-e", "name=ours tc=movetime=0.02,margin=30 muzero"]
    flags = ["--size", 5, "--pairs", 1, "--scoring", scoring, "--out", out]
    result = match("--game", "go", *engines, *flags)
    assert result.exit_code == 0, result.output
    assert all(json.loads(line)["ending"] in ("rules", "resignation", "ply cap") for line in lines(out))
    assert_right(out)
