"""Long commands end in good order when they are told to."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the exit code that shells expect after Ctrl-C
WAKE_S = 0.05  # in which a signal is handled where nothing hinders it
_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


@contextmanager
def signals_as_ctrl_c(raised: type[BaseException] = KeyboardInterrupt) -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM and SIGHUP too, as Ctrl-C does, while the context holds; or something else,
    where Ctrl-C means less than the end: no signal is heard after it. For the main thread.

    SIGHUP is what the system sends when the terminal is closed, and the shell once more: nothing is written to it from
    then on, and no further one is heard. What ignores SIGHUP, as `nohup` lets it, goes on doing so. Signals that come
    at the same moment, as at the end of a session, are one: `input` does not bear a handler after one that raised.
    """
    streams = [(name, getattr(sys, name)) for name in ("stdout", "stderr")]
    terminals = [name for name, stream in streams if stream is not None and stream.isatty()]  # one that is gone is none

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        came = _with_it(number, numbers)
        if _HANG_UP in came:
            signal.signal(_HANG_UP, signal.SIG_IGN)
            for name in terminals:
                setattr(sys, name, io.StringIO())
        if came == {signal.SIGINT}:
            raise KeyboardInterrupt
        if raised is not KeyboardInterrupt:
            for each in numbers:
                signal.signal(each, signal.SIG_IGN)
        raise raised

    numbers = [signal.SIGTERM, *([_HANG_UP] if _HANG_UP and signal.getsignal(_HANG_UP) != signal.SIG_IGN else [])]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)


def _with_it(number: int, numbers: list[signal.Signals]) -> set[int]:
    """Return a signal that is being handled and those of these numbers that came with it, which are handled by that."""
    came: set[int] = set()
    before = {each: signal.signal(each, lambda other, _frame: came.add(other)) for each in numbers}
    signal.raise_signal(number)  # whose handler runs at once, and those that are due with it
    for each, handler in before.items():
        signal.signal(each, handler)
    return came


@contextmanager
def signals_end_input() -> Iterator[None]:
    """Let `input` notice every signal at once, while the context holds. For the main thread.

    Of two that come at the same moment the system may give both to a thread of some library, and `input` would wait for
    the next key until what is to be done about them is done: so it is woken, by a signal that means nothing to it.
    """
    if not hasattr(signal, "SIGWINCH"):  # Windows has no such signals
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    main = threading.get_ident()

    def wake() -> None:
        while os.read(reader, 64):
            time.sleep(WAKE_S)
            signal.pthread_kill(main, signal.SIGWINCH)

    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    waker = threading.Thread(target=wake, daemon=True)
    waker.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        waker.join()
        os.close(reader)
