"""Standard input and output: the one place that touches them.

A reader thread puts lines into an `Inbox`; the main thread takes them and hands them to a session; a `Writer`
serialises whole messages from any thread. Only protocol text reaches stdout.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol, TextIO


class Inbox:
    """Lines from the client, in order. `put` and `close` are for the reader thread; the rest for one consumer."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._abandoned = False

    def put(self, line: str) -> None:
        with self._changed:
            if not self._abandoned:
                self._lines.append(line)
            self._changed.notify_all()

    def close(self) -> None:
        """End of input: nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """End of input, and nobody waits for answers any more: forget the lines that wait. From any thread."""
        with self._changed:
            self._closed = self._abandoned = True
            self._lines.clear()
            self._changed.notify_all()

    @property
    def abandoned(self) -> bool:
        """Whether the client is gone, so that a search is for nobody."""
        return self._abandoned

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
        """Wait up to `timeout` seconds for a line; return whether one is there. At the end of input none will come."""
        with self._changed:
            if not self._lines and not self._closed:
                self._changed.wait(timeout)
            return bool(self._lines)


class Writer:
    """Writes whole messages to the client, flushed, from any thread.

    Where that fails the client is gone: `on_gone` is called, once, and nothing is written any more.
    """

    def __init__(self, stream: TextIO, on_gone: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._on_gone = on_gone
        self._gone = False
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Write `text` and a line end. Non-ASCII characters become `?`."""
        data = text.encode("ascii", "replace").decode("ascii") + "\n"
        with self._lock:
            if self._gone:
                return
            try:
                self._stream.write(data)
                self._stream.flush()
            except (ValueError, OSError):  # a stream that is closed, a pipe that is broken
                self._gone = True
                self._on_gone()


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
    """Read until the end of input; the stream must not raise for undecodable bytes. A byte order mark is dropped."""
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
    # Bytes that are no UTF-8 come through: they may be a path of another locale, which the system knows by its bytes.
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]  # a TextIOWrapper
    threading.Thread(target=read_lines, args=(sys.stdin, inbox), name="stdin", daemon=True).start()
    return inbox, Writer(sys.stdout, on_gone=inbox.abandon)
