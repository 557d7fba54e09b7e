"""Clients that go away and clients that write without end: neither takes a processor or the memory for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
QUERY = {
    "id": "q",
    "rules": "tromp-taylor",
    "boardXSize": 5,
    "boardYSize": 5,
    "moves": [],
    "maxVisits": 10**9,
    "reportDuringSearchEvery": 0.1,
}
SESSIONS = {
    "uci": ("support.uci_fake", "go infinite"),
    "usi": ("support.usi_fake", "go infinite"),
    "ugi": ("muzero_engine ugi --game tictactoe", "go infinite"),
    "gtp": ("support.gtp_fake", "kata-analyze b 10"),
    "analysis": ("support.gtp_fake analysis", json.dumps(QUERY)),
}


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is seen only when it is written to")
def test_a_search_without_reports_ends_with_its_client() -> None:
    module, line = "support.gtp_fake analysis", json.dumps({**QUERY, "reportDuringSearchEvery": 10**6})
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", *module.split()], stdin=pipe, stdout=pipe, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.close()
        time.sleep(1.0)
        assert process.poll() is None
        process.stdout.close()
        try:
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("protocol", "input_stays_open"), [*((protocol, True) for protocol in SESSIONS), ("analysis", False)]
)
def test_a_client_that_is_gone_ends_the_session(protocol: str, input_stays_open: bool) -> None:
    module, line = SESSIONS[protocol]
    command = [sys.executable, "-m", *module.split()]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        if not input_stays_open:
            process.stdin.close()
        try:
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
        assert process.stderr.read() == ""


@pytest.mark.parametrize("protocol", SESSIONS)
def test_a_line_without_end_is_answered_by_one_line(protocol: str) -> None:
    module, _ = SESSIONS[protocol]
    process = subprocess.run(
        [sys.executable, "-m", *module.split()],
        input="7" * 17 * 2**20 + "\n",
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    lines = [line for line in process.stdout.splitlines() if line]
    assert len(lines) == 1
    assert "a line of more than 16 MB was not read" in lines[0]
    assert lines[0].startswith({"gtp": "? ", "analysis": '{"error"'}.get(protocol, "info string error: "))
    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_notices_that_cannot_be_written_end_no_session() -> None:
    command = [sys.executable, "-m", "muzero_engine", "gtp", "--visits", "2", "--level", "5k"]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            command,
            input="boardsize 13\ngenmove b\nname\nquit\n",  # the level was measured on another board
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
        )
    assert (run.returncode, run.stdout.count("=")) == (0, 4)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_answers_that_cannot_be_written_are_no_success() -> None:
    command = [sys.executable, "-m", "muzero_engine", "ugi", "--game", "tictactoe"]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            command, input="ugi\nquit\n", stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60
        )
    assert (run.returncode, run.stderr) == (1, "Error: standard output: No space left on device\n")
