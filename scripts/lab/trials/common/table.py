"""What the trials print: a table that grows on standard output, progress on standard error, and an exit code."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

PROGRESS_S = 5.0  # between two lines


class Table:
    """A table whose lines are printed as they come. The first column is text to the left, the last one the fault."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Print the head, and let Ctrl-C end this process, which it does not where a shell started it behind `&`."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._widths = [max(len(column), 9) for column in columns]
        self.faults = 0
        self._shown_at = time.monotonic() - PROGRESS_S
        self._line([*columns, "fault"])

    def row(self, name: str, *figures: str | float, fault: str = "") -> None:
        """Print a line; figures that are no text get two digits, or none where they are whole numbers."""
        texts = [x if isinstance(x, str) else f"{x:,d}" if isinstance(x, int) else f"{x:,.2f}" for x in figures]
        self.faults += bool(fault)
        self._line([name, *texts, fault or "-"])

    def progress(self, text: str) -> None:
        """Show how far it is, every few seconds at most."""
        if time.monotonic() - self._shown_at >= PROGRESS_S:
            self._shown_at = time.monotonic()
            print(f"... {text}", file=sys.stderr, flush=True)

    def end(self, *, stopped: bool = False) -> NoReturn:
        """End the program: with 130 where Ctrl-C stopped it, 1 where there were faults."""
        sys.exit(130 if stopped else 1 if self.faults else 0)

    def _line(self, texts: Sequence[str]) -> None:
        name, *figures, fault = texts
        cells = [text.rjust(width) for text, width in zip(figures, self._widths[1:], strict=True)]
        print(" ".join([name.ljust(self._widths[0] + 5), *cells, "", fault]), flush=True)
