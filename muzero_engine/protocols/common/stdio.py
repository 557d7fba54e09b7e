"""Standard input and output: the one place that touches them.

A reader thread puts lines into an `Inbox`; the main thread takes them and hands them to a session; a `Writer`
serialises whole messages from any thread. Only protocol text reaches stdout.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol, TextIO

_GONE = frozenset((errno.EPIPE, errno.ECONNRESET, errno.EIO, errno.EBADF))  # whoever read: a pipe, a socket, a terminal
MOST_CHARACTERS = 16 * 2**20  # of one line: a game of a million moves has 5 MB
MOST_LINES_WAITING = 100_000  # a client that writes more than that ahead waits until some of them are handled
MOST_CHARACTERS_WAITING = 2 * MOST_CHARACTERS


class NoStreams(RuntimeError):
    """Standard input or output is closed, so that no client can be talked to."""


class RefusedLine(str):
    """Stands for a line that was not read; its text says why, for the client."""

    __slots__ = ()


class SessionLog:
    """A file that everything is added to that passes: `>> ` lines from the client, `<< ` lines to it. From any thread.

    It writes nothing until `open`. Where a line cannot be written (a full disk), the log ends with a word on standard
    error, and the session goes on.
    """

    def __init__(self) -> None:
        self._file: TextIO | None = None
        self._lock = threading.Lock()

    def open(self, path: str) -> None:
        """Write into this file from now on; an empty path ends the log. Raises OSError, then there is none."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            if not path:
                return
            if os.path.lexists(path) and not os.path.isfile(path):
                raise OSError(errno.EINVAL, "it is no ordinary file", path)
            try:
                self._file = open(path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # for the session
            except ValueError as error:  # a NUL, or letters that this locale has no bytes for
                raise OSError(errno.EINVAL, f"no file has such a name: {error}", path) from None

    def note(self, mark: str, text: str) -> None:
        """Add each line of `text` behind `mark`."""
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write("".join(f"{mark} {line}\n" for line in text.split("\n")))
                self._file.flush()
            except OSError as error:
                failed, self._file = self._file, None
                with contextlib.suppress(OSError):
                    print(f"the log {failed.name} ends here: {error.strerror or error}", file=sys.stderr)
                with contextlib.suppress(OSError):
                    failed.close()


class Inbox:
    """Lines from the client, in order. `put` and `close` are for the reader thread; the rest for one consumer.

    What waits is bounded: `put` blocks while more waits than `MOST_LINES_WAITING` and `MOST_CHARACTERS_WAITING` say.
    """

    def __init__(self, log: SessionLog | None = None) -> None:
        self._log = log
        self._lines: deque[str] = deque()
        self._characters = 0  # of the lines that wait
        self._changed = threading.Condition()
        self._closed = False
        self._abandoned = False
        self.failure: OSError | None = None  # see `abandon`

    def put(self, line: str) -> None:
        with self._changed:
            while self._full and not self._abandoned:
                self._changed.wait()
            if not self._abandoned:
                self._lines.append(line)
                self._characters += len(line)
            self._changed.notify_all()

    @property
    def _full(self) -> bool:
        return len(self._lines) >= MOST_LINES_WAITING or self._characters >= MOST_CHARACTERS_WAITING

    def close(self) -> None:
        """End of input: nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self, failure: OSError | None = None) -> None:
        """End of input, and nobody waits for answers any more: forget the lines that wait. From any thread.

        `failure` is why answers cannot be written, where there is somebody for whom they were.
        """
        with self._changed:
            self.failure = self.failure or failure
            self._closed = self._abandoned = True
            self._lines.clear()
            self._changed.notify_all()

    @property
    def abandoned(self) -> bool:
        """Return whether the client is gone, so that a search is for nobody."""
        return self._abandoned

    @property
    def closed(self) -> bool:
        """End of input was reached; lines may still wait."""
        return self._closed

    def is_leaving(self, quits: Callable[[str], bool]) -> bool:
        """Return whether the client has said all it will: its input has ended, or a line that waits `quits`."""
        with self._changed:
            return self._closed or any(quits(line) for line in self._lines)

    def get(self) -> str | None:
        """Return the next line without its end; blocks; None at end of input once all lines are taken."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            full = self._full
            line = self._lines.popleft() if self._lines else None
            self._characters -= len(line or "")
            if full:
                self._changed.notify_all()
        if line is not None and self._log is not None:
            self._log.note(">>", line)
        return line

    def wake(self) -> None:
        """End a `wait` early, because there is something else to do. From any thread."""
        with self._changed:
            self._changed.notify_all()

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

    def __init__(
        self, stream: TextIO, on_gone: Callable[[], None] = lambda: None, log: SessionLog | None = None
    ) -> None:
        self._stream = stream
        self.log = log or SessionLog()
        self._on_gone = on_gone
        self._gone = False
        self.failure: OSError | None = None  # why nothing can be written, though nobody has gone
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        """Write `text` and a line end. Non-ASCII characters become `?`."""
        data = text.encode("ascii", "replace").decode("ascii") + "\n"
        with self._lock:
            if self._gone:
                return
            self.log.note("<<", data[:-1])
            try:
                self._stream.write(data)
                self._stream.flush()
            except (ValueError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in _GONE:  # a disk that is full
                    self.failure = error
                self._gone = True
                self._on_gone()


def log_from_the_start(writer: Writer, path: str) -> None:
    """Open the log that a command line asks for; where that fails, say so on standard error and do without."""
    try:
        writer.log.open(path)
    except OSError as error:
        print(f"the log {path} cannot be written: {error.strerror or error}", file=sys.stderr)


class Session(Protocol):
    """One protocol session. All methods are called from the main thread."""

    def handle(self, line: str) -> bool:
        """Handle one line without its end; False ends the session. Never raises for anything a client sends."""
        ...

    def refuse(self, why: str) -> None:
        """Tell the client that a line was not read, and why."""
        ...

    def end_of_input(self) -> None:
        """Stop a running search and answer what is owed: input has ended, and the lines before it were handled."""
        ...

    def close(self) -> None:
        """End threads and free the model; called once, last."""
        ...


def read_lines(stream: TextIO, inbox: Inbox) -> None:
    """Read until the end of input; the stream must not raise for undecodable bytes. A byte order mark is dropped.

    A line of more than `MOST_CHARACTERS` becomes a `RefusedLine`.
    """
    mark = "\ufeff"
    try:
        while line := stream.readline(MOST_CHARACTERS):
            if len(line) < MOST_CHARACTERS or line.endswith("\n"):
                inbox.put(line.removeprefix(mark).rstrip("\r\n"))
            else:
                inbox.put(RefusedLine(f"a line of more than {MOST_CHARACTERS // 2**20} MB was not read"))
                while line and not line.endswith("\n"):
                    line = stream.readline(2**16)
            mark = ""
    except (OSError, ValueError):
        pass  # a closed or broken input is an end of input
    finally:
        inbox.close()


def wait_until_unread(stream: TextIO) -> None:
    """Return once nobody reads what is written to `stream`: its pipe, socket or terminal is closed at the other end.

    Blocks for ever where that cannot be (a file) or cannot be seen (Windows): there a failed write tells.
    """
    poll = getattr(select, "poll", None)
    if poll is None:
        threading.Event().wait()
    else:
        watched = poll()
        watched.register(stream.fileno(), 0)  # errors and ends alone, which are always told
        watched.poll()


def run_session(session: Session, inbox: Inbox) -> None:
    """Feed a session until it ends or input does, then close it. Raises OSError where answers could not be written."""
    _feed(session, inbox)
    if inbox.failure is not None:
        raise inbox.failure


def _feed(session: Session, inbox: Inbox) -> None:
    try:
        while (line := inbox.get()) is not None:
            if isinstance(line, RefusedLine):
                session.refuse(line)
            elif not session.handle(line):
                return
        session.end_of_input()
    finally:
        session.close()


def require_streams() -> None:
    """Raise NoStreams where the process was started without a standard input or output."""
    if sys.stdin is None or sys.stdout is None:
        closed = "input" if sys.stdin is None else "output"
        raise NoStreams(f"standard {closed} is closed: start the program with its input and output connected")


def _read_and_watch(stdin: TextIO, stdout: TextIO, inbox: Inbox) -> None:
    """Fill the inbox; after the end of input abandon it when the answers to what came are for nobody, either."""
    read_lines(stdin, inbox)
    wait_until_unread(stdout)
    inbox.abandon()


def open_stdio() -> tuple[Inbox, Writer]:
    """Start the reader thread on stdin and return its inbox and the writer on stdout. Raises NoStreams."""
    require_streams()
    log = SessionLog()
    inbox = Inbox(log)
    # Bytes that are no UTF-8 come through: they may be a path of another locale, which the system knows by its bytes.
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]  # a TextIOWrapper
    sys.stdout.reconfigure(encoding="ascii")  # type: ignore[union-attr]  # whatever the environment says: see `Writer`
    threading.Thread(target=_read_and_watch, args=(sys.stdin, sys.stdout, inbox), name="stdin", daemon=True).start()
    writer = Writer(sys.stdout, lambda: inbox.abandon(writer.failure), log)
    return inbox, writer
