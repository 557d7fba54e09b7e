"""When a processor of this machine stood still: what sleeps 5 ms on it wakes much later, whatever the cause.

A virtual machine may lose a processor for 150 ms and more, which it need not even count as stolen. An engine that is to
move within 100 ms loses on time then, and nothing of the program is at fault.
"""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import NamedTuple, Self

SLEEP_S = 0.005
LATE_S = 0.025  # a sleep that ends so much too late was a stall


class Stall(NamedTuple):
    """One time at which a processor stood still."""

    ended: float  # `time.time`
    seconds: float


class StallWatch:
    """Looks for stalls of every processor that this process may use, while the context holds; of one, without Linux."""

    def __init__(self) -> None:
        self.stalls: list[Stall] = []
        self._over = threading.Event()
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
        self._threads = [threading.Thread(target=self._watch, args=(core,), daemon=True) for core in cores]

    def longest(self, since: float, until: float) -> float:
        """Return the seconds of the longest stall that ended between two moments (`time.time`), 0.0 for none."""
        return max((stall.seconds for stall in tuple(self.stalls) if since <= stall.ended <= until), default=0.0)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, core: int | None) -> None:
        if core is not None:
            os.sched_setaffinity(threading.get_native_id(), {core})
        while not self._over.is_set():
            begun = time.monotonic()
            time.sleep(SLEEP_S)
            late = time.monotonic() - begun - SLEEP_S
            if late > LATE_S:
                self.stalls.append(Stall(time.time(), late))
