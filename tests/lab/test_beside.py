"""Runs of training beside each other: who gets which GPU and cores, and that their commands are understood."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from lab import beside
from lab.beside import deal

from muzero_engine.cli import main

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

    def start(command: tuple[str, ...], log: Path, cores: set[int], *, gpus: str) -> subprocess.Popen[bytes]:
        begun.append(command)
        return subprocess.Popen(["true"])

    monkeypatch.setattr(beside, "start", start)
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
