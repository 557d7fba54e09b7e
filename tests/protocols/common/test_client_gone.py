"""A client that goes away ends the engine's process, whatever it searches: nobody else would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
