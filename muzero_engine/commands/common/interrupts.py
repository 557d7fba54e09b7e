"""Long commands end in good order when they are told to."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the exit code that shells expect after Ctrl-C
_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


@contextmanager
def signals_as_ctrl_c(raised: type[BaseException] = KeyboardInterrupt) -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM and SIGHUP too, as Ctrl-C does, while the context holds; or something else,
    where Ctrl-C means less than the end. For the main thread.

    SIGHUP is what the system sends when the terminal is closed, and the shell once more: nothing is written to it from
    then on, and no further one is heard. What ignores SIGHUP, as `nohup` lets it, goes on doing so.
    """
    streams = [(name, getattr(sys, name)) for name in ("stdout", "stderr")]
    terminals = [name for name, stream in streams if stream is not None and stream.isatty()]  # one that is gone is none

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        if number == _HANG_UP:
            signal.signal(number, signal.SIG_IGN)
            for name in terminals:
                setattr(sys, name, io.StringIO())
        raise raised

    numbers = [signal.SIGTERM, *([_HANG_UP] if _HANG_UP and signal.getsignal(_HANG_UP) != signal.SIG_IGN else [])]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)
