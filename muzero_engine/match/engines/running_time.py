"""The clock of all games and deadlines: time that passes while this program runs.

Whoever stops a match (Ctrl-Z, then `fg`), or lets the machine sleep where its clock goes on meanwhile, takes no time
from the engine that is to move: it may have answered, and nobody was there to read it. Whoever waits looks at the clock
every `LOOK_S`, so that this program did not run where nobody has looked for much longer.
"""

from __future__ import annotations

import threading
import time

LOOK_S = 0.2  # at most, between two looks of who waits
STOPPED_S = 2.0  # without a look, and this time does not count


class _RunningTime:
    """For all threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._lost = 0.0

    def now(self) -> float:
        with self._lock:
            at = time.monotonic()
            if at - self._looked > STOPPED_S:
                self._lost += at - self._looked
            self._looked = at
            return at - self._lost


_CLOCK = _RunningTime()


def now() -> float:
    """Return seconds, from any beginning, of the time in which this program ran. From any thread."""
    return _CLOCK.now()
