"""The program with a moment at which it kills itself: `python fragile.py AT COUNT -- ARGUMENT ...`.

Nothing of the program knows of it: the system calls that change a folder are wrapped before it starts. AT is one of

- `point`: at the COUNT-th moment before or after a rename, an exchange of folders, a removal, or in the middle of what
  is added to a file; 0: never, and the number of such moments is written to the file that FRAGILE_POINTS names;
- `second`: when the process has used the processor for COUNT seconds, whatever it does.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = "FRAGILE_POINTS"
TOO_SMALL = 2  # bytes that are added whole


def die() -> None:
    """End this process as a kill, or the loss of power, would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Points:
    """Counts moments, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        """End at the moment of this number, from 1; 0: never."""
        self.count = 0
        self._last = last
        self._lock = threading.Lock()

    def reached(self) -> bool:
        """Count a moment; return whether it is the last."""
        with self._lock:
            self.count += 1
            return self.count == self._last

    def around(self, function: Callable[..., Any], *, before: bool = True) -> Callable[..., Any]:
        """Return the function with a moment before it, and one after it."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if before and self.reached():
                die()
            result = function(*args, **kwargs)
            if self.reached():
                die()
            return result

        return wrapped

    def within(self, write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
        """Return `os.write` with a moment at which half is written."""

        def wrapped(descriptor: int, data: bytes) -> int:
            if len(data) > TOO_SMALL and self.reached():
                write(descriptor, data[: len(data) // 2])
                die()
            return write(descriptor, data)

        return wrapped


def install(points: Points) -> None:
    """Wrap the calls."""
    from muzero_engine import files

    for module, name in ((os, "replace"), (os, "rename"), (files, "_exchanged")):
        setattr(module, name, points.around(getattr(module, name)))
    for name in ("unlink", "rmdir"):
        setattr(os, name, points.around(getattr(os, name), before=False))
    setattr(os, "write", points.within(os.write))  # noqa: B010  # its own type takes more than bytes


def die_after(seconds: float) -> None:
    """End this process once it has used the processor for so long."""

    def watch() -> None:
        while time.process_time() < seconds:
            time.sleep(0.002)
        die()

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run the program."""
    at, count, _, *arguments = sys.argv[1:]
    if at == "second":
        die_after(float(count))
    else:
        points = Points(int(count))
        install(points)
        if POINTS in os.environ:
            atexit.register(lambda: Path(os.environ[POINTS]).write_text(str(points.count)))
    from muzero_engine.cli import main as program

    sys.argv = ["muzero-engine", *arguments]
    program()


if __name__ == "__main__":
    main()
