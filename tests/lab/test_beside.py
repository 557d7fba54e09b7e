"""Runs of training beside each other: who gets which GPU and cores, and that their commands are understood."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lab import beside
from lab.beside import deal
from lab.campaign.step import start
from support.cycles import run_records

from muzero_engine.cli import main
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.run_metrics import METRICS_FILE, lines

ORDERS = [
    "a --game tictactoe --preset tiny",
    "b --game go --set 'self_play.komi=5.5'",
    "c --game chess",
    "d --env X-v1",
]


def test_gpus_and_cores_are_dealt_out_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(9)))
    runs = deal(ORDERS, tmp_path)
    assert [(run.name, run.gpu, run.cores) for run in runs] == [
        ("a", "4", {0, 1}),
        ("b", "4", {2, 3}),
        ("c", "7", {4, 5}),
        ("d", "7", {6, 7}),
    ]
    assert runs[1].options == ["--game", "go", "--set", "self_play.komi=5.5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert [(run.gpu, run.cores) for run in deal(ORDERS, tmp_path)[1:]] == [("", {1}), ("", {0, 1}), ("", {0, 1})]


def test_their_commands_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = deal(ORDERS[:1], tmp_path)
    begun: list[tuple[str, ...]] = []

    def started(command: tuple[str, ...], log: Path, cores: set[int], *, gpus: str) -> subprocess.Popen[bytes]:
        begun.append(command)
        return subprocess.Popen(["true"])

    monkeypatch.setattr(beside, "start", started)
    run.train(321.4)
    (command,) = begun
    assert run.child is not None
    run.child.wait()
    name, *arguments = command[command.index("muzero_engine") + 1 :]
    with main.make_context("muzero-engine", [name, *arguments]) as context:
        subcommand = main.get_command(context, name)
        assert subcommand is not None
        asked = subcommand.make_context(name, list(arguments), parent=context).params
    assert asked["time_limit"] == 321.0
    assert asked["resume"] == "auto"
    assert asked["folder"] == tmp_path / "a"


def test_what_a_run_returned_in_one_episode_is_told(tmp_path: Path) -> None:
    (run,) = deal(ORDERS[3:], tmp_path)
    run.folder.mkdir()
    run.child = subprocess.Popen(["true"])
    run.child.wait()
    once = EpisodesRecord.of([7.0], [15.0], 0)
    records = [replace(record, evaluation=once) for record in run_records(4)]
    (run.folder / METRICS_FILE).write_bytes(lines(records))
    assert run.said().endswith(f"; at step {records[-1].step:,}: {once.sentence()}")


def test_a_run_that_its_minutes_ended_is_not_over(tmp_path: Path) -> None:
    (run,) = deal(ORDERS[:1], tmp_path)
    run.log.write_text("all steps are done: runs/a/checkpoint-4\n")
    run.said_before = run.log.stat().st_size
    for said, over in (("the time is up: runs/a/checkpoint-2\n", False), ("its duration is over: runs/a\n", True)):
        with run.log.open("a") as log:
            log.write(said)
        assert run.over is over


def test_no_run_is_left_where_something_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def started(*arguments: object, **more: object) -> subprocess.Popen[bytes]:
        begun.append(start(*arguments, **more))  # type: ignore[arg-type]
        return begun[-1]

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError("the disk is full")

    sleeps = "import sys, time; 'quick' in sys.argv or time.sleep(600)"
    monkeypatch.setattr(beside, "TRAIN", (sys.executable, "-c", sleeps))
    monkeypatch.setattr(beside, "start", started)
    monkeypatch.setattr(beside, "finish", full)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["beside.py", str(tmp_path / "out"), "a quick", "b slow"])
    with pytest.raises(OSError, match="the disk is full"):
        beside.main()
    assert [child.poll() is not None for child in begun] == [True, True]
