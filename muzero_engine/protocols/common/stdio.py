"""Standard input and output: the one place that touches them.

A reader thread puts lines into an `Inbox`; the main thread takes them and hands them to a session; a `Writer`
serialises whole messages from any thread. Only protocol text reaches stdout.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import Protocol, TextIO


class Inbox:
    """Lines from the client, in order. `put` and `close` are for the reader thread; the rest for one consumer."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, line: str) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    def close(self) -> None:
        """End of input: nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """End of input was reached; lines may still wait."""
        return self._closed

    def get(self) -> str | None:
        """Return the next line without its end; blocks; None at end of input once all lines are taken."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            return self._lines.popleft() if self._lines else None

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a line or the end of input; return whether one is there."""
        with self._changed:
            if not self._lines and not self._closed:
                self._changed.wait(timeout)
            return bool(self._lines) or self._closed


class Writer:
    """Writes whole messages to the client, flushed, from any thread. A client that went away is no error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Write `text` and a line end. Non-ASCII characters become `?`."""
        data = text.encode("ascii", "replace").decode("ascii") + "\n"
        with self._lock:
            try:
                self._stream.write(data)
                self._stream.flush()
            except (BrokenPipeError, ValueError, OSError):
                pass  # the client is gone; end of input follows


class Session(Protocol):
    """One protocol session. All methods are called from the main thread."""

    def handle(self, line: str) -> bool:
        """Handle one line without its end; False ends the session. Never raises for anything a client sends."""
        ...

    def end_of_input(self) -> None:
        """Stop a running search and answer what is owed: input has ended, and the lines before it were handled."""
        ...

    def close(self) -> None:
        """End threads and free the model; called once, last."""
        ...


def read_lines(stream: TextIO, inbox: Inbox) -> None:
    """Read until the end of input; undecodable bytes must be replaced by the stream. A byte order mark is dropped."""
    try:
        for number, line in enumerate(stream):
            inbox.put((line if number else line.removeprefix("\ufeff")).rstrip("\r\n"))
    except (OSError, ValueError):
        pass  # a closed or broken input is an end of input
    finally:
        inbox.close()


def run_session(session: Session, inbox: Inbox) -> None:
    """Feed a session until it ends or input does, then close it."""
    try:
        while (line := inbox.get()) is not None:
            if not session.handle(line):
                return
        session.end_of_input()
    finally:
        session.close()


def open_stdio() -> tuple[Inbox, Writer]:
    """Start the reader thread on stdin and return its inbox and the writer on stdout."""
    inbox = Inbox()
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # TextIOWrapper in practice
    threading.Thread(target=read_lines, args=(sys.stdin, inbox), name="stdin", daemon=True).start()
    return inbox, Writer(sys.stdout)
