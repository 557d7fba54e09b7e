"""The line that tells a person how a run is doing: one that is rewritten on a terminal, one every so often in a log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

LOG_SECONDS = 10.0  # between lines where there is no terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the line tells. Rates are those of the last cycle, all ranks together; losses those of its last steps."""

    step: int
    steps: int
    games: int
    moves_per_second: float
    simulations_per_second: float
    losses: tuple[tuple[str, float], ...]  # (name, value); none before the first gradient step
    seconds_left: float | None  # to the last step or to the time limit; None: not yet known


def status_line(status: Status) -> str:
    """Return one line for people."""
    share = 100 * status.step // max(status.steps, 1)
    parts = [
        f"step {status.step:,}/{status.steps:,} ({share}%)",
        f"{status.games:,} games",
        f"{short_number(status.moves_per_second)} moves/s",
        f"{short_number(status.simulations_per_second)} simulations/s",
        *(f"{name} {value:.3f}" for name, value in status.losses),
    ]
    if status.seconds_left is not None:
        parts.append(f"{clock_text(status.seconds_left)} left")
    return "  ".join(parts)


def short_number(value: float) -> str:
    """Return three digits and a thousand's letter: 950, 1.23k, 45.6k, 1.09M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:#.3g}".rstrip(".") + letter
    return f"{value:.0f}"


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
        every: float = LOG_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._silent = silent
        self._terminal = stream.isatty()
        self._every = every
        self._clock = clock
        self._last: float | None = None  # when the last line of a log was written
        self._open = False  # whether the terminal's line is unfinished

    def show(self, status: Status) -> None:
        """Rewrite the terminal's line; in a log write one if the last is old enough."""
        if self._silent:
            return
        line = status_line(status)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\x1b[K{line[:width]}")
            self._open = True
            return
        now = self._clock()
        if self._last is None or now - self._last >= self._every:
            self._last = now
            self._write(f"{line}\n")

    def note(self, text: str) -> None:
        """Write a line that stays."""
        if self._silent:
            return
        self._write(f"\r\x1b[K{text}\n" if self._open else f"{text}\n")
        self._open = False

    def close(self) -> None:
        """End an unfinished line."""
        if self._open:
            self._write("\n")
            self._open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
