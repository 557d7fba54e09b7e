"""A session of a protocol as a client sees it: a process, lines to it, and lines from it with their times."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import IO, NamedTuple, Self

REPOSITORY = Path(__file__).resolve().parents[4]
PATIENCE_S = 60.0  # for an answer

# How a session of each protocol is started; few simulations where none are asked for.
PROTOCOLS = {
    "uci": ("uci",),
    "usi": ("usi",),
    "ugi": ("ugi", "--game", "othello"),
    "gtp": ("gtp", "--visits", "2"),
    "analysis": ("analysis", "--visits", "2"),
}
# Lines with which a client begins, a search among them, so that the network is there; and lines that end all searches,
# of which the last one is answered.
FIRST = {
    "uci": ("uci", "ucinewgame", "position startpos", "go nodes 9"),
    "usi": ("usi", "usinewgame", "position startpos", "go nodes 9"),
    "ugi": ("ugi", "uginewgame", "position startpos", "go nodes 9"),
    "gtp": ("boardsize 19", "clear_board", "genmove b", "boardsize 9", "clear_board", "genmove b", "final_score"),
    "analysis": (
        '{"id":"first","rules":"nz","boardXSize":19,"boardYSize":19,"maxVisits":20,"includeMovesOwnership":true}',
        '{"id":"first","rules":"nz","boardXSize":9,"boardYSize":9,"maxVisits":2}',
    ),
}
STOP = {
    **dict.fromkeys(("uci", "usi", "ugi"), ("stop", "isready")),
    "gtp": ("protocol_version",),
    "analysis": ('{"id":"stop","action":"terminate_all"}',),
}
GAMES = {"uci": "chess", "usi": "shogi", "ugi": "othello", "gtp": "go", "analysis": "go"}


class Line(NamedTuple):
    """A line that a session wrote, without its end."""

    at: float  # perf_counter
    text: str


class Unanswered(RuntimeError):
    """A session that died or does not answer; the message says which."""


def environment() -> dict[str, str]:
    """Return the environment of the program of this checkout."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])}


class Session:
    """A session of the program of this checkout. Ends with the `with` block, by force if need be."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start it with these arguments of the command line."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end of the `with` block
        self._process = subprocess.Popen(
            [sys.executable, "-m", "muzero_engine", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
        )
        self._heard: queue.Queue[Line | None] = queue.Queue()
        self._ear = threading.Thread(target=self._hear, daemon=True)
        self._ear.start()

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def send(self, *lines: str) -> None:
        """Send lines. Raises Unanswered where nobody reads them any more."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("".join(line + "\n" for line in lines).encode(errors="surrogateescape"))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unanswered("died") from None

    def next(self, patience: float = PATIENCE_S) -> Line:
        """Return the next line; blocks. Raises Unanswered after `patience` seconds, and at the end of its output."""
        try:
            line = self._heard.get(timeout=patience)
        except queue.Empty:
            raise Unanswered("no answer") from None
        if line is None:
            raise Unanswered("died")
        return line

    def until(self, wanted: Callable[[str], bool]) -> Line:
        """Return the next line that is wanted; those before it are passed over. Raises Unanswered."""
        while not wanted((line := self.next()).text):
            pass
        return line

    def pending(self) -> list[Line]:
        """Return the lines that have come already."""
        lines = []
        while not self._heard.empty():
            if (line := self._heard.get()) is not None:
                lines.append(line)
        return lines

    def close(self) -> str:
        """End the input and wait for the end; return what is wrong with it, "" for nothing."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(PATIENCE_S)
        except BrokenPipeError:
            pass
        except subprocess.TimeoutExpired:
            return "does not end with its input"
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read(64 << 20)
        if b"Traceback" in said:
            return "traceback: " + ascii(said[said.rfind(b"Traceback") :].decode(errors="replace")[-300:])
        return f"ended with {self._process.returncode}" if self._process.returncode else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._ear.join()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):
                assert stream is not None
                stream.close()

    def _hear(self) -> None:
        for line in self._process.stdout or ():
            self._heard.put(Line(perf_counter(), line.decode(errors="replace").rstrip("\r\n")))
        self._heard.put(None)
