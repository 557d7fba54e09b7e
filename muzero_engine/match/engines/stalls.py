"""When a processor of this machine stood still: what sleeps on it wakes much later, whatever the cause.

A virtual machine may lose a processor for 160 ms at a time, which its system need not even count as stolen. An engine
that is to move within 100 ms is late then, and so is whoever sleeps 10 ms on that processor. No game is lost by that:
where an answer comes too late, the time in which any processor stood still is taken off.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from types import TracebackType
from typing import NamedTuple, Self

from muzero_engine.match.engines.running_time import now

SLEEP_S = 0.01
LATE_S = 0.025  # a sleep that ends so much too late was a stall
SETTLE_S = 0.03  # until whoever slept through a stall has told of it
KEPT = 1000  # stalls


class Stall(NamedTuple):
    """A time in which a processor stood still (`running_time.now`)."""

    begin: float
    end: float


class StallWatch:
    """Watches every processor that this process may use while a context holds, or several; one, where there is no
    choosing of processors. From any thread. The context that ends last waits until nobody watches any more."""

    def __init__(self) -> None:
        self._stalls: deque[Stall] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._contexts = 0
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """Return the last ones, of all processors."""
        return tuple(self._stalls.copy())

    def during(self, since: float, until: float) -> float:
        """Return the seconds between two moments (`running_time.now`) in which a processor stood still."""
        seconds = 0.0
        for stall in sorted(self.stalls):
            begin, end = max(stall.begin, since), min(stall.end, until)
            if begin < end:
                seconds += end - begin
                since = end
        return seconds

    def tell(self, stall: Stall) -> None:
        """Take note of a stall."""
        self._stalls.append(stall)

    def __enter__(self) -> Self:
        with self._lock:
            self._contexts += 1
            if self._contexts == 1:
                self._over = threading.Event()
                cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else (None,)
                self._threads = [
                    threading.Thread(target=self._watch, args=(core, self._over), daemon=True) for core in cores
                ]
                for thread in self._threads:
                    thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._contexts -= 1
            if self._contexts:
                return
            self._over.set()
            threads = self._threads
        for thread in threads:
            thread.join()

    def _watch(self, core: int | None, over: threading.Event) -> None:
        if core is not None:
            with contextlib.suppress(OSError):  # it was taken away meanwhile
                os.sched_setaffinity(threading.get_native_id(), {core})
        begun = now()
        while not over.wait(SLEEP_S):
            woken = now()
            if woken - begun - SLEEP_S > LATE_S:
                self.tell(Stall(begun + SLEEP_S, woken))
            begun = now()


WATCH = StallWatch()  # of this process's matches
