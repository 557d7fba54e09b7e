"""The process beside the search: it answers, may die or hang at any moment, and never outlives the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.engine_client import PATIENCE

import muzero_engine.engine.mate_helper
from muzero_engine.engine.mate_helper import UNANSWERED, MateFound, MateHelper, spawn_process
from muzero_engine.games.registry import load_game

SHOGI = load_game("shogi")
SFEN = "4p1l1k/6P2/6R2/4+Pg3/9/9/9/9/K8 b PG 1"  # mate in three

ANSWERS = """
import json, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    if "ask" in told:
        print(json.dumps({"of": told["ask"], "after": None, "moves": [told["problem"]]}))
        print(json.dumps({"of": told["ask"], "end": True}), flush=True)
"""
SILENT = "import sys\nfor line in sys.stdin: pass"
DIES = "input()"


def spawning(program: str) -> Callable[[], subprocess.Popen[str]]:
    def spawn() -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen([sys.executable, "-I", "-S", "-c", program], text=True, **pipes)  # type: ignore[call-overload,no-any-return]  # pipes

    return spawn


@pytest.fixture
def helper_of() -> Iterator[Callable[[str], MateHelper]]:
    helpers: list[MateHelper] = []

    def make(program: str) -> MateHelper:
        helpers.append(MateHelper(SHOGI, spawning(program)))
        return helpers[-1]

    yield make
    for helper in helpers:
        helper.close()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"  # an orphan that nobody has waited for yet
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_real_process_proves_a_mate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muzero_engine.engine.mate_helper, "START_S", PATIENCE)
    helper = MateHelper(SHOGI)
    assert helper.start()
    helper.wait_ready()
    assert helper._answers.ready
    process = helper._process
    assert process is not None
    position = SHOGI.from_text(SFEN)
    assert helper.ask(helper.problem(position), ["P*9b"], 10_000)
    assert helper.wait(PATIENCE)
    (found,) = helper.take()
    assert found.after is None
    assert len(found.moves) == 3
    assert not helper.wait(PATIENCE)  # it has come to its end
    helper.close()
    assert process.returncode is not None
    assert not helper.ask("p", [], 1)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what is loaded")
def test_the_process_loads_no_runtime_and_is_nice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()  # nor does it need the folder that the session was started in
    process = spawn_process("shogi")
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"ready": True}
        assert "onnxruntime" not in Path(f"/proc/{process.pid}/maps").read_text()
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > os.getpriority(os.PRIO_PROCESS, os.getpid())
        assert os.getpgid(process.pid) != os.getpgid(0)  # Ctrl-C in a terminal is not for it
    finally:
        muzero_engine.engine.mate_helper._kill(process)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
def test_the_process_ends_with_a_parent_that_was_killed() -> None:
    program = (
        "import time\nfrom muzero_engine.engine.mate_helper import spawn_process\n"
        "print(spawn_process('shogi').pid, flush=True)\ntime.sleep(600)"
    )
    root = Path(muzero_engine.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_there(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_there(pid))


def test_a_helper_that_nobody_has_any_more_takes_its_process_with_it() -> None:
    helper = MateHelper(SHOGI, spawning(SILENT))
    assert helper.start()
    process = helper._process
    assert process is not None
    del helper
    assert process.returncode is not None


def test_only_answers_to_the_last_question_count(helper_of: Callable[[str], MateHelper]) -> None:
    helper = helper_of(ANSWERS)
    for problem in ("p", "q"):
        assert helper.ask(problem, [], 1)
    wait_until(lambda: helper._answers.ended == 2)
    assert helper.take() == [MateFound(None, ("q",))]
    assert helper.take() == []


def test_a_dead_process_is_told_once_and_started_again_later(
    helper_of: Callable[[str], MateHelper], monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = helper_of(DIES)
    assert helper.ask("p", [], 1)
    assert not helper.wait(PATIENCE)
    helper.put_first("m")  # into a pipe that nobody reads
    helper.rest()
    first = helper._process
    assert first is not None
    wait_until(lambda: first.returncode is not None)  # no zombie is left
    assert not helper.ask("q", [], 1)
    assert helper.notice is not None
    assert "has ended" in helper.notice
    assert not helper.ask("q", [], 1)
    monkeypatch.setattr(muzero_engine.engine.mate_helper, "RESTART_S", 0.0)
    assert helper.ask("r", [], 1)
    assert not helper.wait(PATIENCE)


def test_a_process_that_hangs_is_asked_no_more_and_ended_at_last(
    helper_of: Callable[[str], MateHelper], monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = helper_of(SILENT)
    for _ in range(UNANSWERED):
        assert helper.ask("p", [], 1)
    assert not helper.ask("p", [], 1)  # it may only be slow
    assert helper._process is not None
    assert helper.notice is None
    monkeypatch.setattr(muzero_engine.engine.mate_helper, "HANG_S", -1.0)
    assert not helper.ask("p", [], 1)
    assert helper._process is None
    assert helper.notice is not None


def test_a_process_that_catches_up_is_asked_again(helper_of: Callable[[str], MateHelper]) -> None:
    helper = helper_of(ANSWERS)
    assert helper.start()
    helper._answers.asked += UNANSWERED
    assert not helper.start()
    assert helper._behind_since is not None
    helper._answers.ended = helper._answers.asked
    assert helper.ask("p", [], 1)
    assert helper._behind_since is None


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_where_no_process_can_be_started_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    helper = MateHelper(SHOGI)
    assert not helper.start()
    assert not helper.ask("p", [], 1)
    assert helper.notice is not None
    assert helper.notice.startswith("no forced mates are looked for: ")
    assert helper.take() == []
    assert not helper.wait(0.0)
    helper.wait_ready()
    helper.close()
