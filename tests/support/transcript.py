"""Transcripts: files that say what is sent to a session and what it must answer.

    # comment; empty lines are ignored
    > uci                  this line is handed to the session
    < id name .+           the next output line must match this regular expression in full (nothing: an empty line)
    <~ uciok               skip output lines until one matches in full
    <! bestmove .*         no line that came since the last match (and waits to be read) matches
    <-                     nothing waits to be read
    @ finish               calls the test's action of this name
    $ end of input         calls `Session.end_of_input`

Output that comes from another thread is waited for (`TIMEOUT_S`).
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from muzero_engine.protocols.common.stdio import Session

TIMEOUT_S = 20.0


class Output(io.StringIO):
    """A stream for `Writer` that hands out whole lines; `write` may come from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._partial = ""
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self.all: list[str] = []

    def write(self, text: str) -> int:
        with self._changed:
            *lines, self._partial = (self._partial + text).split("\n")
            self._lines.extend(lines)
            self.all.extend(lines)
            self._changed.notify_all()
        return len(text)

    def next(self, timeout: float = TIMEOUT_S) -> str:
        """Return the next line, and wait for it. Raises AssertionError when none comes."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self._lines), timeout), "no more output came"
            return self._lines.popleft()

    def until(self, pattern: str, timeout: float = TIMEOUT_S) -> list[str]:
        """Return the lines up to and with the first that matches in full. Raises AssertionError when none comes."""
        seen: list[str] = []
        deadline = time.monotonic() + timeout
        while not seen or not re.fullmatch(pattern, seen[-1]):
            try:
                seen.append(self.next(max(deadline - time.monotonic(), 0.0)))
            except AssertionError:
                raise AssertionError(f"nothing matches {pattern!r} in {seen}") from None
        return seen

    def waiting(self) -> list[str]:
        """Return the lines not taken yet, and take none."""
        with self._changed:
            return list(self._lines)


def play_transcript(
    path: Path, session: Session, output: Output, actions: Mapping[str, Callable[[], None]] | None = None
) -> None:
    """Play a transcript file against a session whose `Writer` writes to `output`. Raises AssertionError."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        mark, _, text = line.partition(" ")
        where = f"{path.name}:{number}: {line}"
        match mark:
            case "" | "#":
                continue
            case ">":
                session.handle(text)
            case "<":
                got = output.next()
                assert re.fullmatch(text, got), f"{where}\ngot: {got}"
            case "<~":
                try:
                    output.until(text)
                except AssertionError as error:
                    raise AssertionError(f"{where}\n{error}") from None
            case "<!":
                wrong = [got for got in output.waiting() if re.fullmatch(text, got)]
                assert not wrong, f"{where}\ngot: {wrong}"
            case "<-":
                assert not output.waiting(), f"{where}\ngot: {output.waiting()}"
            case "@":
                assert actions is not None, where
                actions[text]()
            case "$":
                session.end_of_input()
            case _:
                raise AssertionError(f"{where}\nunknown mark {mark!r}")
