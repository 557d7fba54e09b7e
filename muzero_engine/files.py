"""Writing files and folders so that a kill at any moment leaves the old one or the new one, never a part; and whole
records after another, of which a kill can spoil the last one at most. Reading files of which nothing is known.

A new file may be read and written by whom the process's umask lets; a file that is replaced keeps its permissions.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path

_PERMISSIONS = 0o666  # of which the system takes away what the umask says
_AS_BYTES = getattr(os, "O_BINARY", 0)  # Windows would turn line ends
_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe that came into a file's place meanwhile is not waited for
_MORE = 1 << 16  # bytes
_LINUX_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_DARWIN_SWAP = 2  # RENAME_SWAP of renamex_np(2)

NO_REGULAR_FILE = "it is no regular file"


def read_limited(path: Path, limit: int) -> bytes:
    """Return what is in a regular file of at most `limit` bytes.

    Raises OSError, whose `strerror` is a sentence, also for a folder, a pipe, a device, a file that is larger (EFBIG),
    and a name that no file can have. Nothing of these is opened or waited for.
    """
    try:
        _require_regular(path, os.stat(path))
        with os.fdopen(os.open(path, os.O_RDONLY | _AT_ONCE | _AS_BYTES), "rb") as file:
            status = os.fstat(file.fileno())
            _require_regular(path, status)
            if status.st_size > limit:
                raise _too_large(path, limit)
            data = file.read(min(limit, status.st_size) + 1)
            while status.st_size < len(data) <= limit and (more := file.read(_MORE)):  # it grows, or is the system's
                data += more
    except ValueError as error:  # a NUL in the path
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def expanded(text: str) -> Path:
    """Return the path of a text, in which `~` and `~user` are folders; as it stands where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


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


def _require_regular(path: Path, status: os.stat_result) -> None:
    """Raise OSError where this is not the status of a regular file."""
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, NO_REGULAR_FILE, str(path))


def _too_large(path: Path, limit: int) -> OSError:
    room = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return OSError(errno.EFBIG, f"it is larger than {room}", str(path))
