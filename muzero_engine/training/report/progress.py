"""The line that tells a person how a run is doing: on a terminal rewritten, with a bar; in a log one every so often."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from muzero_engine.training.report.words import GAME_WORDS, RunWords

LOG_SECONDS = 10.0  # between lines where there is no terminal
TERMINAL_SECONDS = 0.2  # between those of a terminal
BAR = 20  # characters
LEAST_TOLD, MOST_TOLD = 1e-4, 1e15  # numbers of less are told as 0, of more with an exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the line tells, all ranks together.

    Rates are of the last cycle, or of this one as far as it is; losses those of the last steps.
    """

    step: int
    steps: int
    games: int  # that ended
    plies: int  # of self-play
    filled: float | None = None  # how full the replay is, about, in [0, 1), before the first gradient step; None: full
    moves_per_second: float
    simulations_per_second: float
    losses: tuple[tuple[str, float], ...]  # (name, value); none before the first gradient step
    seconds_left: float | None  # to the last step or the time limit, or to the first step; None: not yet known
    doing: str = ""  # what goes on besides playing and learning
    who_plays: str = ""  # besides this process
    mean_return: float | None = None  # of the episodes that ended in the last cycle that had any
    words: RunWords = GAME_WORDS

    @property
    def share(self) -> float:
        """Return how much is done of the run, or of the filling of the replay before it, in [0, 1]."""
        if self.filled is not None:
            return self.filled
        return min(1.0, self.step / max(self.steps, 1))


def status_line(status: Status, *, width: int | None = None) -> str:
    """Return one line for people.

    In a `width`, of a terminal, what goes on besides, the time that is left and what episodes return come first, and
    what does not fit whole is left out.
    """
    share = int(100 * status.share + 1e-9)
    filling = status.filled is not None
    words = status.words
    begin = f"filling the replay ({share}%)" if filling else f"step {status.step:,}/{status.steps:,} ({share}%)"
    played = [
        f"{status.games:,} {words.games}",
        f"{status.plies:,} {words.plies}",
        f"{short_number(status.moves_per_second)} {words.moves}/s",
        f"{short_number(status.simulations_per_second)} simulations/s",
        *([status.who_plays] if status.who_plays else []),
    ]
    returned = [] if status.mean_return is None else [f"return {plain_number(status.mean_return)}"]
    learnt = [f"{name} {value:.3f}" for name, value in status.losses]
    doing = [status.doing] if status.doing else []
    left = []
    if status.seconds_left is not None:
        clock = clock_text(status.seconds_left)
        left = [f"first step in about {clock}" if filling else f"{clock} left"]
    if width is None:
        return "  ".join([begin, *played, *returned, *learnt, *doing, *left])
    parts = [begin, *doing, *left, *returned, *played, *learnt]
    while len(parts) > 1 and len("  ".join(parts)) > width:
        parts.pop()
    return "  ".join(parts)[: max(width, 0)]


def bar(share: float) -> str:
    """Return a bar that is full to a share in [0, 1]."""
    done = int(BAR * share)
    return f"[{'#' * done}{'-' * (BAR - done)}]"


def short_number(value: float) -> str:
    """Return three digits and a thousand's letter: 950, 1.23k, 45.6k, 1.09M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:#.3g}".rstrip(".") + letter
    return f"{value:.0f}"


def plain_number(number: float, digits: int = 4) -> str:
    """Return a number in so many digits as people write it: 0.125, 12.5, 12500; 0 where it is less than 0.0001."""
    size = abs(number)
    if size < LEAST_TOLD:
        return "0"
    return f"{number:.0f}" if 10 ** (digits - 1) <= size < MOST_TOLD else f"{number:.{digits}g}"


def clock_text(seconds: float) -> str:
    """Return a time as hours, minutes and seconds: 0:07, 12:34, 3:05:00."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Writes status lines and notes to a stream. Only the main rank has one that writes: `silent` makes one that does
    not."""

    def __init__(
        self,
        stream: TextIO,
        *,
        silent: bool = False,
        every: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to `stream`; `every` so many seconds at most a line: LOG_SECONDS, TERMINAL_SECONDS on a terminal."""
        self._stream = stream
        self._silent = silent
        self._terminal = stream.isatty()
        self._every = (TERMINAL_SECONDS if self._terminal else LOG_SECONDS) if every is None else every
        self._clock = clock
        self._last: float | None = None  # when the last line was written
        self._open = False  # whether the terminal's line is unfinished

    def show(self, make: Callable[[], Status]) -> None:
        """Rewrite the terminal's line, or write one in a log, with what `make` returns, if the last is old enough."""
        now = self._clock()
        if self._silent or (self._last is not None and now - self._last < self._every):
            return
        self._last = now
        status = make()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1 - len("^C")
            start = f"{bar(status.share)} "
            line = f"{start}{status_line(status, width=width - len(start))}"
            self._write(f"\r\x1b[K{line[: max(width, 0)]}")
            self._open = True
        else:
            self._write(f"{status_line(status)}\n")

    def note(self, text: str) -> None:
        """Write a line that stays."""
        if self._silent:
            return
        self._write(f"\r\x1b[K{text}\n" if self._open else f"{text}\n")
        self._open = False

    def note_from_handler(self, text: str) -> None:
        """Write a line that stays from the handler of a signal, which may have interrupted any other call."""
        if self._silent:
            return
        line = f"\r\x1b[K{text}\n" if self._open else f"{text}\n"
        self._open = False
        try:
            os.write(self._stream.fileno(), line.encode())  # past the buffer, which may be in use
        except (OSError, ValueError):  # it is no file
            self._write(line)

    def close(self) -> None:
        """End an unfinished line."""
        if self._open:
            self._write("\n")
            self._open = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone, a log on a full disk: the run goes on
            self._stream.write(text)
            self._stream.flush()
