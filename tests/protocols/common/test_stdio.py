"""Lines come in and go out whole, whatever the other side of the pipe does."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from support.transcript import Output

from muzero_engine.protocols.common import stdio
from muzero_engine.protocols.common.stdio import Inbox, SessionLog, Writer, read_lines, run_session


class Recorder:
    """A session that notes what happens to it and ends at `quit`."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def handle(self, line: str) -> bool:
        self.events.append(line)
        return line != "quit"

    def refuse(self, why: str) -> None:
        self.events.append(f"<refused: {why}>")

    def end_of_input(self) -> None:
        self.events.append("<end>")

    def close(self) -> None:
        self.events.append("<close>")


def run(text: str) -> list[str]:
    inbox = Inbox()
    read_lines(io.StringIO(text, newline=""), inbox)
    session = Recorder()
    run_session(session, inbox)
    return session.events


def test_lines_come_without_their_ends() -> None:
    assert run("a\r\n b\t\n\nlast") == ["a", " b\t", "", "last", "<end>", "<close>"]


def test_a_byte_order_mark_is_dropped() -> None:
    assert run("\ufeffugi\r\n\ufeffa\n") == ["ugi", "\ufeffa", "<end>", "<close>"]


@pytest.mark.parametrize("rest", [0, 1, 70_000])
def test_a_line_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch, rest: int) -> None:
    monkeypatch.setattr(stdio, "MOST_CHARACTERS", 2**20)
    assert run("a" * (2**20 - 1) + "\nb\n")[1:] == ["b", "<end>", "<close>"]
    refused = "<refused: a line of more than 1 MB was not read>"
    assert run("a" * (2**20 + rest) + "\nb\n") == [refused, "b", "<end>", "<close>"]
    assert run("a" * (2**20 + rest)) == [refused, "<end>", "<close>"]


@pytest.mark.parametrize("bound", ["MOST_LINES_WAITING", "MOST_CHARACTERS_WAITING"])
def test_a_client_that_writes_far_ahead_waits(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(stdio, bound, 10)
    inbox = Inbox()
    reader = threading.Thread(target=read_lines, args=(io.StringIO("a\n" * 50), inbox), daemon=True)
    reader.start()
    taken = 0
    while inbox.get() is not None:
        taken += 1
        assert len(inbox._lines) <= 10
    assert taken == 50
    reader.join(10)
    assert not reader.is_alive()


def test_a_client_that_is_gone_does_not_keep_the_reader_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "MOST_LINES_WAITING", 10)
    inbox = Inbox()
    reader = threading.Thread(target=read_lines, args=(io.StringIO("a\n" * 50), inbox), daemon=True)
    reader.start()
    inbox.wait(10)
    inbox.abandon()
    reader.join(10)
    assert not reader.is_alive()
    assert inbox.get() is None


def test_a_session_that_ends_reads_no_further() -> None:
    assert run("a\nquit\nb\n") == ["a", "quit", "<close>"]


def test_a_session_is_closed_when_it_fails() -> None:
    class Failing(Recorder):
        def handle(self, line: str) -> bool:
            raise KeyboardInterrupt

    inbox = Inbox()
    inbox.put("a")
    session = Failing()
    try:
        run_session(session, inbox)
    except KeyboardInterrupt:
        assert session.events == ["<close>"]
    else:
        raise AssertionError("the interrupt was lost")


def test_a_broken_input_is_the_end_of_input() -> None:
    stream = io.StringIO("a\n")
    stream.close()
    inbox = Inbox()
    read_lines(stream, inbox)
    assert inbox.closed
    assert inbox.get() is None


def test_get_waits_for_a_line() -> None:
    inbox = Inbox()
    timer = threading.Timer(0.05, inbox.put, ["late"])
    timer.start()
    assert inbox.get() == "late"
    timer.join()


def test_wait_tells_whether_something_is_there() -> None:
    inbox = Inbox()
    assert not inbox.wait(0.0)
    inbox.put("a")
    assert inbox.wait(0.0)
    assert inbox.get() == "a"
    inbox.close()
    assert not inbox.wait(60.0)  # no line will come


def test_who_waits_for_a_line_can_be_woken() -> None:
    inbox = Inbox()
    timer = threading.Timer(0.05, inbox.wake)
    timer.start()
    assert not inbox.wait(3600.0)
    timer.join()


def test_lines_for_a_client_that_is_gone_are_forgotten() -> None:
    inbox = Inbox()
    inbox.put("a")
    inbox.abandon()
    inbox.put("b")
    assert inbox.abandoned
    assert inbox.closed
    assert inbox.get() is None


def test_only_ascii_is_written() -> None:
    output = Output()
    Writer(output).write("na\u00efve \u265e\nsecond")
    assert output.all == ["na?ve ?", "second"]


def test_messages_of_two_threads_do_not_mix() -> None:
    output = Output()
    writer = Writer(output)

    def write(word: str) -> None:
        for _ in range(200):
            writer.write(f"{word} 1\n{word} 2")

    threads = [threading.Thread(target=write, args=(word,)) for word in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = list(zip(output.all[::2], output.all[1::2], strict=True))
    assert len(pairs) == 400
    assert set(pairs) == {("a 1", "a 2"), ("b 1", "b 2")}


def test_a_client_that_went_away_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    Writer(stream).write("anything")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_a_log_that_a_full_disk_ends_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SessionLog()
    full = Path("/dev/full").open("a")  # noqa: SIM115  # the log closes it
    monkeypatch.setattr(stdio, "open", lambda *_, **__: full, raising=False)
    log.open(str(tmp_path / "log"))
    for _ in range(3):
        log.note(">>", "isready")
    assert capsys.readouterr().err == "the log /dev/full ends here: No space left on device\n"
    assert full.closed
