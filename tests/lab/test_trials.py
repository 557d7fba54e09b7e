"""Short forms of the trials, and that they see the faults that they look for."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab.trials import day, fuzz, hostile_files, latency, soak
from lab.trials.common.fuzzed_lines import Fuzzer
from lab.trials.common.processes import growth_fault
from lab.trials.common.replies import replies_of
from lab.trials.common.sessions import PROTOCOLS
from lab.trials.common.table import Table
from lab.trials.hostile.weights import tensor_kinds
from lab.trials.killing import matches, training
from lab.trials.killing.runs import Faulty, Kill, Plan, Tally, hidden_files, killed, next_kill, whole_checkpoints
from safetensors.numpy import save_file

from muzero_engine.games.registry import BUILT_IN
from muzero_engine.match.settings.engine_text import parse_engine


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_session_outlives_fuzzed_lines(protocol: str) -> None:
    tally = fuzz.fuzz(protocol, 100, seed=2)
    assert (tally.lines, tally.fault) == (100, "")
    assert tally.replies > 10
    assert len(tally.megabytes) == 2  # of 50 lines each


@pytest.mark.parametrize("protocol", ["ugi", "gtp", "analysis"])
def test_a_day_of_a_gui(protocol: str) -> None:
    found = day.day(protocol, 10, seed=2)
    assert (found.searches, found.fault) == (10, "")


@pytest.mark.parametrize("protocol", ["ugi", "gtp", "analysis"])
def test_searches_are_stopped(protocol: str) -> None:
    times = latency.stop_times(protocol, 3, 1, Table(("protocol",)))
    assert len(times) == 3
    assert min(times) > 0.0


@pytest.mark.parametrize("way", soak.WAYS)
def test_matches_take_the_engines_of_every_way(way: soak.Way) -> None:
    for game in BUILT_IN:
        control, texts = soak.engines(game, way)
        assert [parse_engine(text, {}).settings(game, control).name for text in texts] == ["first", "second"]


def test_games_of_the_runner_have_no_fault(tmp_path: Path) -> None:
    folder = tmp_path / "games"
    assert soak.played("tictactoe", soak.NODES, 2, folder, 2, Table(("game",))) == ""
    verified, fault = soak.faults_of(folder)
    assert verified is not None
    assert (len(verified.records), fault) == (2, "")


def test_a_run_that_is_killed_at_a_rename_goes_on(tmp_path: Path) -> None:
    tally, run = Tally(), tmp_path / "run"
    command = training.command(run, steps=4)
    assert killed(command, Kill("point", 25), tally)
    assert (tally.kills, tally.at_points) == (1, 1)
    steps = whole_checkpoints(run)
    assert not killed(command, None, tally)
    assert whole_checkpoints(run)[-1] == 4 > max([-1, *steps])
    assert hidden_files(run) == 0


def test_hostile_tensors_give_one_line_each(tmp_path: Path) -> None:
    for kind in list(tensor_kinds(tmp_path))[3:8:2]:
        outcome = hostile_files.call(kind)
        assert outcome.fault(most_seconds=60.0, most_megabytes=300.0) is None, outcome.said
        assert "checkpoint.safetensors" in outcome.said


# What the trials see


@pytest.mark.parametrize(
    ("protocol", "sent", "heard", "fault"),
    [
        ("uci", ["joho go nodes 1", "isready"], ["info depth 1", "bestmove e2e4", "readyok"], ""),
        ("uci", ["go nodes 1"], ["bestmove e2e4", "bestmove e2e4"], "a bestmove too many"),
        ("uci", ["go nodes 1"], ["Traceback (most recent call last):"], "an odd line"),
        ("usi", ["joho go nodes 1"], ["bestmove 7g7f"], "a bestmove too many"),
        ("usi", ["go mate 1"], ["checkmate nomate"], ""),
        ("ugi", ["ponderhit go nodes 1"], ["bestmove a1"], ""),
        ("gtp", ["7 name", "# no command", "undo"], ["=7 x", "", "? cannot undo", ""], ""),
        ("gtp", ["7 name"], ["=8 x"], "a response to '8'"),
        ("gtp", ["name"], ["= x", "", "= x"], "a response too many"),
        ("gtp", ["name"], ["x"], "a line outside a response"),
        ("analysis", ["x"], ['{"error":"the line is not valid JSON"}'], ""),
        ("analysis", ["x"], ['{"error":"x"}', '{"error":"x"}'], "an answer too many"),
    ],
)
def test_replies_are_counted(protocol: str, sent: list[str], heard: list[str], fault: str) -> None:
    replies = replies_of(protocol)
    for line in sent:
        replies.sent(line)
    assert replies.owed or fault
    problems = [problem for line in heard if (problem := replies.heard(line))]
    assert (problems == []) if not fault else problems[0].startswith(fault)
    assert replies.owed == 0 or fault


def test_a_query_owes_an_answer_for_each_position() -> None:
    replies = replies_of("analysis")
    board = '"rules":"chinese","boardXSize":5,"boardYSize":5,"moves":[["B","A1"],["W","B2"]]'
    replies.sent(f'{{"id":"a",{board},"analyzeTurns":[0,1,1]}}')
    assert replies.owed == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_fuzzed_lines_are_lines_of_the_protocol(protocol: str) -> None:
    fuzzer = Fuzzer(protocol, random.Random(1), ["Hash"])
    lines = [fuzzer.line() for _ in range(300)]
    assert not any("\n" in line or "quit" in line for line in lines)
    whole = {"uci": "go infinite", "usi": "go infinite", "ugi": "go infinite", "gtp": "clear_board"}.get(
        protocol, '"moves"'
    )
    assert any(whole in line for line in lines)
    assert lines == [
        line
        for fuzzer in [Fuzzer(protocol, random.Random(1), ["Hash"])]
        for line in (fuzzer.line() for _ in range(300))
    ]


def test_a_checkpoint_that_is_not_whole_is_seen(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint-3"
    checkpoint.mkdir()
    with pytest.raises(Faulty, match="checkpoint-3 is not whole"):
        whole_checkpoints(tmp_path)
    entry = {"size": 1, "sha256": hashlib.sha256(b"a").hexdigest()}
    (checkpoint / "checkpoint.json").write_text(json.dumps({"files": {"weights": entry}}))
    (checkpoint / "weights").write_bytes(b"a")
    assert whole_checkpoints(tmp_path) == [3]
    (checkpoint / "weights").write_bytes(b"b")
    with pytest.raises(Faulty, match="another weights"):
        whole_checkpoints(tmp_path)


def test_tensors_are_the_same_in_whatever_order(tmp_path: Path) -> None:
    one, two = np.zeros(2, np.float32), np.ones((1, 3), np.int64)
    files: dict[str, dict[str, Any]] = {"a": {"x": one, "y": two}, "b": {"y": two, "x": one}, "c": {"x": two, "y": two}}
    for name, tensors in files.items():
        metadata = {"shapes": json.dumps({key: list(value.shape) for key, value in tensors.items()})}
        save_file(tensors, tmp_path / name, metadata=metadata)
    same, turned, other = (training.tensors_of(tmp_path / name) for name in "abc")
    assert same == turned != other


def test_a_game_that_is_there_twice_is_seen(tmp_path: Path) -> None:
    game = '{"pair":0,"game":1}\n'
    (tmp_path / "games.jsonl").write_text('{"store":1}\n' + game + '{"pair":0')
    assert list(matches.games_of(tmp_path)) == [(0, 1)]
    (tmp_path / "games.jsonl").write_text('{"store":1}\n' + game + game)
    with pytest.raises(Faulty, match="twice"):
        matches.games_of(tmp_path)


def test_as_many_kills_as_planned_are_at_renames() -> None:
    plan, tally, rng = Plan(kills=20, at_points=7, seed=1), Tally(), random.Random(1)
    while (kill := next_kill(plan, tally, rng, moment=Kill("second", 1.0), most_points=5)) is not None:
        tally.kills += 1
        tally.at_points += kill.at == "point"
    assert (tally.kills, tally.at_points) == (20, 7)


def test_memory_that_grows_is_seen() -> None:
    assert growth_fault([100, 90, 109], 0.1) == ""
    assert growth_fault([100, 111, 100], 0.1) == "memory 100 to 111 MB"
