"""One engine as a process: lines out, lines in with the time at which they came, and an end that leaves nothing behind.

Each process leads a session (on POSIX) of its own, so that Ctrl-C in the terminal does not reach it and whatever it
started is killed with it. Until that is done the process is not waited for, so that its number cannot go to another.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

from muzero_engine.match.engines.running_time import LOOK_S, now
from muzero_engine.match.settings.match_settings import BadMatch

POSIX = os.name == "posix"
MAX_LINE = 1 << 20  # bytes; a longer line is cut into several
MAX_WAITING = 16 << 20  # bytes of lines that nobody has read yet; then the engine has to wait
SMALL_LINE = 1 << 10  # bytes; a smaller line counts as that
STDERR_LINES = 20  # that are kept
SEND_S = 10.0  # to take a line
QUIT_S = 2.0  # to leave after `quit`
_FULL = frozenset((errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM))  # of files, processes, memory
END_S = 0.5  # between the end of a process's output and its own
LEFT_S = 0.5  # for the output to end once the process is killed: what it started may have left its session, and hold it


class ProcessFailure(RuntimeError):
    """What a process did instead of its work; the message says it in a few words."""


class ProcessEnded(ProcessFailure):
    """The process ended, closed its output or could not be started."""


class MachineIsFull(BadMatch):
    """The system has no room for another process, which is no fault of an engine."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(
            f"cannot start {program!a}: {reason}: play fewer games at the same time, or raise the system's limit "
            "(ulimit -a); the games that are over are kept"
        )


class ProcessSilent(ProcessFailure):
    """No line came in time, or none was taken."""


class EngineLine(NamedTuple):
    """A line of output, without its end, and when it was read (`running_time.now`)."""

    text: str
    at: float


class _WaitingLines(queue.Queue["EngineLine | None"]):
    """Lines that nobody has read yet, and None for the end; its size is counted in bytes."""

    taken = 0

    def _qsize(self) -> int:
        return self.taken

    def _put(self, item: EngineLine | None) -> None:
        super()._put(item)
        self.taken += _size(item)

    def _get(self) -> EngineLine | None:
        item = super()._get()
        self.taken -= _size(item)
        return item


def _size(item: EngineLine | None) -> int:
    return SMALL_LINE if item is None else max(SMALL_LINE, sys.getsizeof(item.text))


class EngineProcess:
    """A running engine. One thread at a time may use it; `kill` may come from any thread."""

    def __init__(
        self, command: Sequence[str], *, directory: str | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start the program. Raises ProcessEnded where that fails, MachineIsFull where no program could be started."""
        try:
            self._process = subprocess.Popen(
                [*command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                start_new_session=POSIX,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            if isinstance(error, OSError) and error.errno in _FULL:
                raise MachineIsFull(command[0], reason) from None
            where = f" in {directory}" if directory else ""
            raise ProcessEnded(f"cannot start {command[0]!a}{where}: {reason}") from None
        assert self._process.stdin is not None  # it is written to past its buffer
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        if POSIX:
            os.set_blocking(self._stdin.fileno(), False)
        self._lines = _WaitingLines(MAX_WAITING)
        self._early: EngineLine | None = None  # came after the deadline of a `read`
        self._ended = False
        self._left = False  # whether what still comes is read no more
        self._errors: deque[str] = deque(maxlen=STDERR_LINES)
        self._kill_lock = threading.Lock()
        self._reaped = False
        self._readers = (
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        )
        try:
            for reader in self._readers:
                reader.start()
        except RuntimeError as error:  # the system has no thread left
            self._process.kill()
            self._process.wait()
            raise MachineIsFull(command[0], str(error)) from None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def errors(self) -> list[str]:
        """Return the last lines of standard error."""
        return list(self._errors)

    def send(self, line: str) -> None:
        """Write a line. Raises ProcessEnded, or ProcessSilent if the process does not read."""
        data = memoryview(f"{line}\n".encode(errors="surrogateescape"))
        deadline = time.monotonic() + SEND_S
        try:
            while data:
                try:
                    written = os.write(self._stdin.fileno(), data)
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise ProcessSilent("it does not read its input") from None
                    select.select([], [self._stdin], [], SEND_S)
                    continue
                data = data[written:]
        except (OSError, ValueError):  # ValueError: closed
            raise ProcessEnded(self._last_words()) from None

    def read(self, deadline: float) -> EngineLine:
        """Return the next line that came before the deadline (`running_time.now`).

        Raises ProcessSilent if there is none, and keeps the first one after it for the next call; ProcessEnded at the
        end.
        """
        line, self._early = self._early, None
        if line is None and not self._ended:
            line = self._next(deadline)
            self._ended = line is None
        if line is None:
            raise ProcessEnded(self._last_words())
        if line.at > deadline:
            self._early = line
            raise ProcessSilent("no answer")
        return line

    def _next(self, deadline: float) -> EngineLine | None:
        """Wait for a line, or for the end (None). Raises ProcessSilent."""
        while True:
            try:
                return self._lines.get(timeout=max(0.0, min(LOOK_S, deadline - now())))
            except queue.Empty:
                if now() >= deadline:
                    raise ProcessSilent("no answer") from None

    def drain(self) -> None:
        """Throw away the lines that nobody asked for; not more than can wait, since an engine may write for ever."""
        self._early = None
        with contextlib.suppress(queue.Empty):
            for _ in range(MAX_WAITING // SMALL_LINE):
                if self._ended:
                    break
                self._ended = self._lines.get_nowait() is None

    def close(self, farewell: str | None = "quit") -> None:
        """Say farewell, wait a little, then kill what is left. Safe to call again."""
        if farewell is not None and not self._reaped:
            with contextlib.suppress(ProcessFailure):
                self.send(farewell)
        with contextlib.suppress(OSError):
            self._stdin.close()
        if farewell is not None:
            self._wait_for_end(QUIT_S)
        self.kill()
        deadline = time.monotonic() + LEFT_S
        while any(reader.is_alive() for reader in self._readers) and not self._left:
            self._left = time.monotonic() > deadline
            self.drain()
            for reader in self._readers:
                reader.join(0.01)

    def kill(self) -> None:
        """Kill the process and all that it started. Safe to call again, from any thread."""
        with self._kill_lock:
            if self._reaped:
                return
            if POSIX:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            try:
                self._process.wait()
            finally:  # a second Ctrl-C may come here
                self._reaped = self._process.returncode is not None

    def _wait_for_end(self, seconds: float) -> None:
        """Wait until the process has ended, without reaping it on POSIX; its output is thrown away meanwhile."""
        deadline = time.monotonic() + seconds
        pause = 0.001
        while not self._reaped and not self._has_ended() and time.monotonic() < deadline:
            self.drain()
            time.sleep(pause)
            pause = min(2.0 * pause, 0.05)

    def _has_ended(self) -> bool:
        with self._kill_lock:
            if self._reaped:
                return True
            if not hasattr(os, "waitid"):  # Windows, and macOS before Python 3.13
                return self._process.poll() is not None
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _last_words(self) -> str:
        """Return how the process ended, with the last line of its standard error."""
        self._wait_for_end(END_S)
        ended = self._has_ended()
        self.kill()
        code = self._process.returncode
        if not ended:
            how = "it closed its output"
        elif code < 0:
            how = f"killed by {_signal_name(-code)}"
        else:
            how = f"exit code {code}"
        self._readers[1].join(0.5)
        said = next((line for line in reversed(self._errors) if line.strip()), "")
        return f"{how}: {said.strip()[:200]}" if said else how

    def _read_output(self, stream: IO[bytes]) -> None:
        with stream:
            while (data := stream.readline(MAX_LINE)) and not self._left:
                at = now()
                self._lines.put(EngineLine(_text(data), at))
        self._lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        with stream:
            while (data := stream.readline(MAX_LINE)) and not self._left:
                self._errors.append(_text(data))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").rstrip("\r\n")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
