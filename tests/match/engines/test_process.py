"""Engines as processes: lines, deadlines, ends."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from muzero_engine.match.engines import process as module
from muzero_engine.match.engines.process import EngineProcess, ProcessEnded, ProcessSilent
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.settings.match_settings import BadMatch


@contextmanager
def running(code: str) -> Iterator[EngineProcess]:
    process = EngineProcess([sys.executable, "-S", "-E", "-c", code])
    try:
        yield process
    finally:
        process.close()


def soon() -> float:
    return now() + 20.0


def read_all(process: EngineProcess, deadline: float) -> None:
    while True:
        process.read(deadline)


def test_lines_and_their_times() -> None:
    with running("import sys\nfor line in sys.stdin: print(line.strip() + '!\\r', flush=True)") as process:
        before = now()
        process.send("grüße")
        line = process.read(soon())
        assert line.text == "grüße!"
        assert before <= line.at <= now()
        process.send("old")
        process.send("old")
        while len(process._lines.queue) < 2:
            time.sleep(0.001)
        process.drain()
        process.send("new")
        assert process.read(soon()).text == "new!"


def test_bytes_of_a_name_that_are_no_utf_8_come_through() -> None:
    with running("import sys\nprint(sys.stdin.buffer.readline(), flush=True)") as process:
        process.send("named \udce9")
        assert process.read(soon()).text == repr(b"named \xe9\n")


def test_a_line_after_the_deadline_is_kept_for_later() -> None:
    with running("import time; time.sleep(0.2); print('late', flush=True); time.sleep(20)") as process:
        with pytest.raises(ProcessSilent):
            process.read(now())
        while process._lines.empty():
            time.sleep(0.01)
        with pytest.raises(ProcessSilent):  # it is there, but it came too late
            process.read(now() - 10.0)
        assert process.read(soon()).text == "late"


def test_no_engine_pays_for_the_time_in_which_the_runner_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by Ctrl-Z, and `fg` a minute later: the answer was there in time, and nobody to read it."""
    with running("print(input(), flush=True); input()") as process:
        asked = now()
        monotonic = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 60.0)
        process.send("move")
        line = process.read(asked + 30.0)
        assert line.text == "move"
        assert line.at - asked < 30.0
        with pytest.raises(ProcessSilent):
            process.read(now() + 0.3)  # time goes on


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(7)", "exit code 7"),
        ("import sys; sys.exit('out of memory')", "exit code 1: out of memory"),
        ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("pass", "exit code 0"),
    ],
)
def test_last_words(code: str, words: str) -> None:
    with running(code) as process:
        for _ in range(2):
            with pytest.raises(ProcessEnded, match=words):
                process.read(soon())
        with pytest.raises(ProcessEnded, match=words):
            process.send("hello?")


def test_what_cannot_be_started() -> None:
    with pytest.raises(ProcessEnded, match="cannot start 'no-such-program': No such file"):
        EngineProcess(["no-such-program"])
    with pytest.raises(ProcessEnded, match=r"cannot start '.*' in /no-such-folder"):
        EngineProcess([sys.executable], directory="/no-such-folder")
    with pytest.raises(ProcessEnded, match="cannot start"):
        EngineProcess(["a\0b"])


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("subprocess.Popen", OSError(errno.EMFILE, "Too many open files")),
        ("threading.Thread.start", RuntimeError("no")),
    ],
)
def test_a_machine_that_is_full_is_no_fault_of_an_engine(
    monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"muzero_engine.match.engines.process.{place}", refuse)
    with pytest.raises(BadMatch, match="play fewer games at the same time"):
        EngineProcess([sys.executable, "-c", "pass"])


def test_a_process_that_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_S", 0.2)
    monkeypatch.setattr(module, "QUIT_S", 0.1)
    with running("import time; time.sleep(100)") as process, pytest.raises(ProcessSilent, match="does not read"):
        process.send("x" * (8 << 20))  # more than a pipe holds


def test_a_process_that_never_stops_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIT_S", 0.1)
    with running("while True: print('x' * 50)") as process:
        deadline = now() + 0.3
        with pytest.raises(ProcessSilent):
            read_all(process, deadline)
        process.drain()  # not for ever


@pytest.mark.parametrize("length", [50, 50_000])
def test_what_waits_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(module, "QUIT_S", 0.1)
    monkeypatch.setattr(module, "MAX_WAITING", 1 << 18)
    with running(f"while True: print('x' * {length})") as process:
        while process._lines.qsize() < module.MAX_WAITING:
            time.sleep(0.001)
        waiting = sum(len(line.text) for line in [*process._lines.queue] if line is not None)
        assert waiting < module.MAX_WAITING + length


@pytest.mark.skipif(not module.POSIX, reason="sessions are POSIX")
def test_what_an_engine_left_running_in_another_session_is_not_waited_for() -> None:
    code = (
        "import subprocess, sys\n"
        "print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, flush=True)\n"
        "input()"
    )
    with running(code) as process:
        left = int(process.read(soon()).text)
    os.kill(left, signal.SIGKILL)  # it still runs, and holds the engine's output


def test_an_interrupt_while_it_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with running("import time; time.sleep(60)") as process:
        wait = process._process.wait

        def interrupted() -> int:
            wait()
            raise KeyboardInterrupt

        monkeypatch.setattr(process._process, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.kill()
        with pytest.raises(ProcessEnded, match="killed by SIGKILL"):
            read_all(process, soon())


def test_environment_and_folder(tmp_path: object) -> None:
    code = "import os; print(os.environ['COLOUR'], os.getcwd(), flush=True)"
    process = EngineProcess([sys.executable, "-S", "-c", code], directory=str(tmp_path), environment={"COLOUR": "blue"})
    assert process.read(soon()).text == f"blue {tmp_path}"
    process.close()
    process.close()
