"""The GTP engine in a process of its own, with clients that others wrote: Sabaki's library and GNU Go.

Sabaki's library is the npm package `@sabaki/gtp`. It is looked for in $MUZERO_NODE_MODULES, or in this repository's
.cache/node/node_modules, where `npm install --prefix .cache/node @sabaki/gtp` puts it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import pytest
from support.gnugo import GnuGo
from support.records import record_path

ROOT = Path(__file__).parents[3]
ENGINE = [sys.executable, "-m", "support.gtp_fake"]
PROGRAM = [sys.executable, "-m", "muzero_engine", "gtp"]  # the whole program, with the weights that come along
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}


class Process:
    """Our engine in a process of its own."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        out, err = self.process.communicate("quit\n", timeout=20)
        assert out == "=\n\n"
        assert err == ""
        assert self.process.returncode == 0

    def ask(self, command: str) -> str:
        """The response's text; AssertionError if it is a failure."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "":
            lines.append(line)
        response = "\n".join(lines)
        assert response.startswith("="), f"{command}: {response}"
        return response[1:].strip()


def run_engine(text: str) -> list[str]:
    """What the engine writes for all of the input at once."""
    done = subprocess.run(ENGINE, input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n")


def test_end_of_input_ends_the_process_with_every_answer_given() -> None:
    lines = run_engine("boardsize 5\nkata-set-param maxVisits 9\n1 genmove b\n2 name\r\n\n3 kata-analyze b 10")
    assert lines[:4] == ["=", "", "=", ""]
    assert re.fullmatch(r"=1 ([A-E][1-5]|pass)", lines[4])
    assert lines[5:7] == ["", "=2 MuZero Engine (fake model)"]
    assert lines[8] == "=3"
    assert lines[-2:] == ["", ""]


def test_commands_through_a_pipe_search_to_their_own_limits() -> None:
    lines = run_engine("boardsize 5\nkata-set-param maxVisits 300\nkata-genmove_analyze b 100000\ngenmove w\nquit\n")
    last = [line for line in lines if line.startswith("info ")][-1]  # a slow machine reports on the way as well
    assert sum(int(number) for number in re.findall(r" visits (\d+)", last)) == 300
    assert re.fullmatch(r"= ([A-E][1-5]|pass)", lines[-5])


@pytest.fixture(scope="module")
def sabaki() -> dict[str, Any]:
    """What Sabaki's library saw in one session with our engine."""
    modules = Path(os.environ.get("MUZERO_NODE_MODULES") or ROOT / ".cache" / "node" / "node_modules")
    node = shutil.which("node")
    assert node is not None, "this test needs Node.js: install the package nodejs"
    package = modules / "@sabaki" / "gtp"
    assert package.is_dir(), f"{package} is missing: npm install --prefix {modules.parent} @sabaki/gtp"
    script = ROOT / "tests" / "support" / "sabaki_gtp.js"
    done = subprocess.run(
        [node, str(script), str(modules), *ENGINE],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert isinstance(seen, dict)
    return seen


def entries(line: str) -> list[tuple[str, list[str]]]:
    """(move, variation) of each entry of an info line that Sabaki would take."""
    return [
        (match[1], match[2].split())
        for part in re.split(r"\s*info\s+", line)[1:]
        if (match := re.fullmatch(r"move (\S+) .+ order \d+ pv ([-\w\s]+)", part.strip()))
    ]


def test_sabaki_sets_positions_up(sabaki: dict[str, Any]) -> None:
    assert sabaki["name"] == "MuZero Engine (fake model)"
    assert sorted(sabaki["four"]) == ["C3", "C7", "E5", "G7"]
    assert sorted(sabaki["branch"]) == ["C3", "C6", "D3", "E5"]
    assert sabaki["oblong"] == ["E4"]
    assert sabaki["illegal"] == {"id": None, "content": "illegal move", "error": True}


def test_sabaki_sees_analysis_and_ends_it(sabaki: dict[str, Any]) -> None:
    (kata, komi), (lz, _) = sabaki["kata"], sabaki["lz"]
    assert komi == "6.5"
    assert sabaki["after"] == "2"
    for line in kata:
        moves, _, ownership = line.partition(" ownership ")
        assert len([float(x) for x in ownership.split()]) == 81
        assert len(entries(moves)) > 5
    for line in lz:
        assert len(entries(line)) == line.count("info move")
        assert all(pv[0] == move for move, pv in entries(line))


def test_sabaki_follows_genmove(sabaki: dict[str, Any]) -> None:
    final = sabaki["genmove"][-2]
    assert final.startswith("play ")
    history = sabaki["history"]
    assert history[0] == ["play", "B", "E5"]
    assert [move[:2] for move in history[1:]] == [["play", "W"], ["play", "B"]]
    assert history[-1][2].upper() == final.split()[1].upper()
    assert sorted(vertex for _, _, vertex in history if vertex != "PASS") == sorted(sabaki["final"])
    assert sabaki["parallel"] == ["MuZero Engine (fake model)", "", "7.5"]
    assert sabaki["stopped"] is True
    assert sabaki["stderr"] == []
    failed = [name for name, error, _ in sabaki["responses"] if error]
    assert failed == ["play"]


class RefereeClock:
    """Main time, then periods of `period` seconds for `stones` moves each."""

    def __init__(self, main: float, period: float, stones: int) -> None:
        self.settings = f"time_settings {main:.0f} {period:.0f} {stones}"
        self._period, self._stones = period, stones
        self._left, self._to_play = main, 0

    def time_left(self) -> str:
        return f"{self._left:.2f} {self._to_play}"

    def spend(self, seconds: float) -> None:
        """A move took this long; AssertionError if the time is up."""
        self._left -= seconds
        if self._left <= 0.0 and self._to_play == 0 and self._stones:  # the first move beyond main time
            self._left, self._to_play = self._left + self._period, self._stones
        assert self._left > 0.0, "lost on time"
        if self._to_play:
            self._to_play -= 1
            if self._to_play == 0:
                self._left, self._to_play = self._period, self._stones


@pytest.mark.parametrize(
    ("ours", "ponder", "main", "period", "stones"), [("black", False, 6.0, 0.0, 0), ("white", True, 2.0, 3.0, 25)]
)
def test_game_with_gnu_go(ours: str, ponder: bool, main: float, period: float, stones: int) -> None:
    """The whole program on a clock: both agree on every move and, once the dead stones are gone, on the score."""
    clock = RefereeClock(main, period, stones)
    with Process(PROGRAM) as engine, GnuGo() as gnugo:
        for command in ("boardsize 9", "clear_board", "komi 6.5"):
            engine.ask(command)
            gnugo.ask(command)
        engine.ask("kata-set-rules tromp-taylor")  # all stones are alive
        engine.ask(clock.settings)
        engine.ask(f"kata-set-param ponder {ponder}")
        gnugo.ask("level 1")
        passes, plies, colour = 0, 0, "black"
        while passes < 2:
            assert plies < 500, "the game does not end"
            if colour == ours:
                engine.ask(f"time_left {colour} {clock.time_left()}")
                started = time.monotonic()
                move = engine.ask(f"genmove {colour}").lower()
                clock.spend(time.monotonic() - started)
                gnugo.ask(f"play {colour} {move}")
            else:
                move = gnugo.ask(f"genmove {colour}").lower()
                assert move != "resign", "GNU Go gives up against random numbers"
                engine.ask(f"play {colour} {move}")
            assert set(engine.ask("final_status_list alive").lower().split()) == set(stones_of(gnugo))
            passes = passes + 1 if move == "pass" else 0
            colour = "white" if colour == "black" else "black"
            plies += 1
        engine.ask(f"printsgf {record_path(f'gtp-{ours}-against-gnugo.sgf')}")
        dead = gnugo.words("final_status_list dead")
        alive = [f"{colour} {vertex}" for vertex, colour in stones_of(gnugo).items() if vertex not in dead]
        engine.ask(f"set_position {' '.join(alive)}")
        assert engine.ask("final_score") == gnugo.ask("final_score")


def stones_of(gnugo: GnuGo) -> dict[str, str]:
    """Vertex in lower case -> colour of each stone on GNU Go's board."""
    return {vertex: colour for colour in ("black", "white") for vertex in gnugo.words(f"list_stones {colour}")}
