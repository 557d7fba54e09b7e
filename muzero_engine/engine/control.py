"""How other threads reach into a running search.

Everything that the session's thread may change about a search is one immutable value, `Terms`. `Control` replaces it as
a whole, under a lock; the search's thread reads the reference once and so never sees one part of a change without the
rest (a search that no longer ponders, but whose clock still counts from its beginning).

Ctrl-C raises in the session's thread wherever that is, also a second time while it deals with the first. So the locks
and the queue here are those that Python has in C: none stays taken, as that of `threading.Event` and
`threading.Condition` may when an exception comes inside of it.
"""

from __future__ import annotations

import enum
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from muzero_engine.engine.limits import Clock, Limits


class Phase(enum.Enum):
    """What may end a search besides `stop` and its limit of nodes, and when its result may be told."""

    PONDERING = "pondering"  # the opponent is thinking: the limits wait, and the result is held back, for `ponderhit`
    ENDLESS = "endless"  # no limit counts, and the result is held back until `stop`
    COUNTED = "counted"  # the limits count, and the result is told at once


def _phase_of(limits: Limits) -> Phase:
    if limits.ponder:
        return Phase.PONDERING
    return Phase.ENDLESS if limits.endless else Phase.COUNTED


@dataclass(frozen=True, slots=True)
class Terms:
    """What a search is held to from one moment on."""

    phase: Phase
    limits: Limits
    since: float  # `time.monotonic()` of the moment from which the times of `limits` count
    stopped: bool = False

    @property
    def elapsed_ms(self) -> float:
        """Return the milliseconds since the limits count."""
        return 1000.0 * (time.monotonic() - self.since)


class Finish:
    """The end of something, which comes once and which any thread may wait for."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self.come = False

    def set(self) -> None:
        """Say that it has come, once."""
        self.come = True
        self._gate.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it comes, for `timeout` seconds at most; return whether it has."""
        if not self.come and self._gate.acquire(timeout=-1 if timeout is None else timeout):
            self._gate.release()  # for the next who waits
        return self.come


class Control:
    """The terms of one search. `stop` and `ponderhit` may be called from any thread, the others from the search's."""

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.Lock()
        self._changes: SimpleQueue[None] = SimpleQueue()
        self._terms = Terms(_phase_of(limits), limits, time.monotonic())

    @property
    def terms(self) -> Terms:
        """Return the terms of this moment. Whoever asks for more than one thing takes them from one value."""
        return self._terms

    def stop(self) -> None:
        """End the search as soon as it has something to say."""
        with self._lock:
            self._terms = replace(self._terms, stopped=True)
        self._changes.put(None)

    def ponderhit(self, clock: Clock | None) -> None:
        """Let the limits count from now on, with this clock in place of theirs if one is given.

        Nothing happens to a search that does not ponder.
        """
        with self._lock:
            terms = self._terms
            if terms.phase is not Phase.PONDERING:
                return
            limits = replace(terms.limits, ponder=False)
            if clock is not None:
                limits = replace(limits, clock=clock, infinite=False)
            self._terms = Terms(_phase_of(limits), limits, time.monotonic(), terms.stopped)
        self._changes.put(None)

    def wait_until(self, elapsed_ms: float) -> None:
        """Block until so much time has gone since the limits count, or until `stop`."""
        while not self._terms.stopped and (left := elapsed_ms - self._terms.elapsed_ms) > 0.0:
            with suppress(Empty):
                self._changes.get(timeout=left / 1000.0)

    def hold(self) -> None:
        """Block a finished search until its result may be told: until `stop`, or until its limits count."""
        while not self._terms.stopped and self._terms.phase is not Phase.COUNTED:
            self._changes.get()
