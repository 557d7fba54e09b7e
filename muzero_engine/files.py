"""Writing files and folders so that a kill at any moment leaves the old one or the new one, never a part; and whole
records after another, of which a kill can spoil the last one at most.

A new file may be read and written by whom the process's umask lets; a file that is replaced keeps its permissions.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path

_PERMISSIONS = 0o666  # of which the system takes away what the umask says
_AS_BYTES = getattr(os, "O_BINARY", 0)  # Windows would turn line ends
_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_LINUX_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_DARWIN_SWAP = 2  # RENAME_SWAP of renamex_np(2)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by a file with these bytes, through a temporary file in the same folder. Raises OSError."""
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_BYTES, _PERMISSIONS)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def append_whole(path: Path, data: bytes) -> None:
    """Add these bytes to the end of a file in one piece, and return when they are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _AS_BYTES, _PERMISSIONS)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_folder(new: Path, place: Path) -> None:
    """Put the folder `new`, which lies beside it, in the place of another one, which is removed. Raises OSError.

    The two change places in one act where the system can. Elsewhere the old one steps aside for an instant, in which a
    kill leaves nothing at `place`: `restore_folder` puts that right.
    """
    if place.exists() and _exchanged(new, place):
        shutil.rmtree(new)
        return
    aside = set_aside(place)
    if place.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(place, aside)
    os.replace(new, place)
    shutil.rmtree(aside, ignore_errors=True)


def restore_folder(place: Path) -> None:
    """Bring the old folder back where a kill in `replace_folder` left nothing at `place`. Raises OSError."""
    if not place.exists():
        with contextlib.suppress(FileNotFoundError):
            os.replace(set_aside(place), place)


def set_aside(place: Path) -> Path:
    """Return where the old folder is while `replace_folder` puts a new one in its place."""
    return place.with_name(f".{place.name}.old")


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one act; return False where the system or the file system cannot."""
    function, arguments = {
        "linux": ("renameat2", (_HERE, os.fsencode(one), _HERE, os.fsencode(other), _LINUX_EXCHANGE)),
        "darwin": ("renamex_np", (os.fsencode(one), os.fsencode(other), _DARWIN_SWAP)),
    }.get(sys.platform, (None, ()))
    if function is None:
        return False
    try:
        return bool(getattr(ctypes.CDLL(None), function)(*arguments) == 0)
    except (AttributeError, OSError):
        return False
