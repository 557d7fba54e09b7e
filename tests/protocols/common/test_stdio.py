"""Lines come in and go out whole, whatever the other side of the pipe does."""

from __future__ import annotations

import io
import threading

from support.transcript import Output

from muzero_engine.protocols.common.stdio import Inbox, Writer, read_lines, run_session


class Recorder:
    """A session that notes what happens to it and ends at `quit`."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def handle(self, line: str) -> bool:
        self.events.append(line)
        return line != "quit"

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
