"""One program at a time trains in the folder of a run."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from muzero_engine.files import lock_lost, locked, make_folder

LOCK = ".lock"


class RunInUse(RuntimeError):
    """Another program trains in the folder; the message names it and says what to do."""


class RunRemoved(RuntimeError):
    """The folder of a run is not there any more, or is another one; the message says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} was removed, moved or replaced while the run went on: the run ends, and writes nothing there"
        )


class RunLock:
    """Keeps other programs out of a run's folder until it is released or this process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Lock nothing yet."""
        self._folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Lock the folder, which is made where it is missing; once is enough. Raises RunInUse, OSError."""
        if self._descriptor is not None:
            return
        make_folder(self._folder)
        try:
            self._descriptor = locked(self._folder / LOCK)
        except BlockingIOError:
            raise RunInUse(
                f"another program trains in {self._folder}: when it has ended, go on with --resume, "
                "or choose another folder"
            ) from None

    @property
    def lost(self) -> bool:
        """Return whether the folder was locked and is no longer there, or another one is in its place."""
        return self._descriptor is not None and lock_lost(self._descriptor, self._folder / LOCK)

    def release(self) -> None:
        """Let others in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
