"""Writing files so that a kill at any moment leaves the old file or the new one, never a part; and whole records after
another, of which a kill can spoil the last one at most.

A new file may be read and written by whom the process's umask lets; a file that is replaced keeps its permissions.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

_PERMISSIONS = 0o666  # of which the system takes away what the umask says
_AS_BYTES = getattr(os, "O_BINARY", 0)  # Windows would turn line ends


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
