"""Writing files and folders so that a kill at any moment leaves the old one or the new one, never a part; and whole
records after another, of which a kill can spoil the last one at most. Reading files of which nothing is known.

A new file may be read and written by whom the process's umask lets; a file that is replaced keeps its permissions.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import inspect
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PERMISSIONS = 0o666  # of which the system takes away what the umask says
_AS_BYTES = getattr(os, "O_BINARY", 0)  # Windows would turn line ends
_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe that came into a file's place meanwhile is not waited for
_MORE = 1 << 16  # bytes
_LINUX_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_DARWIN_SWAP = 2  # RENAME_SWAP of renamex_np(2)
_DAY_S = 86400.0

NO_REGULAR_FILE = "it is no regular file"


def page_mark(kind: str) -> str:
    """Return what the head of a page (HTML) of this program has, so that nothing else is taken for one: of a match, of
    training, of an analysis."""
    return f'<meta name="generator" content="muzero-engine {kind}">'


def new_folder(place: Path, start: str) -> Path:
    """Make a folder in another one and return it, named by what it is of and when it was begun.

    Programs that begin in the same second get one each. Raises OSError, with a sentence.
    """
    make_folder(place)
    name = f"{start}-{time.strftime('%Y-%m-%d-%H%M%S')}"
    for number in count(1):
        folder = place / (name if number == 1 else f"{name}-{number}")
        with named(folder), contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("there are numbers enough")


def folder_name(name: str) -> str:
    """Return a name without what folders cannot have in theirs: MinAtar-Breakout-v1 of MinAtar/Breakout-v1."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")


def read_limited(path: Path, limit: int) -> bytes:
    """Return what is in a regular file of at most `limit` bytes.

    Raises OSError, whose `strerror` is a sentence, also for a folder, a pipe, a device, a file that is larger (EFBIG),
    and a name that no file can have. Nothing of these is opened or waited for.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise _too_large(path, limit)
        data = file.read(min(limit, size) + 1)
        while size < len(data) <= limit and (more := file.read(_MORE)):  # it grows, or is the system's
            data += more
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def read_beginning(path: Path, size: int) -> bytes:
    """Return the first `size` bytes of a regular file, or all of a shorter one. Raises OSError as `read_limited`."""
    with _opened(path) as file:
        return file.read(size)


def expanded(text: str) -> Path:
    """Return the path of a text, in which `~` and `~user` are folders; as it stands where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def code_digest(kind: object) -> str:
    """Return a short hash of the file that a class or function is written in; "" where there is none to be read."""
    try:
        file = inspect.getsourcefile(kind)  # type: ignore[arg-type]  # it says of anything else that it is none
        return "" if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
    except (TypeError, OSError):
        return ""


def text_bytes(text: str) -> bytes:
    """Return a text as UTF-8. What stands for bytes that are none, in the name of a file for one, is written with
    backslashes."""
    return text.encode(errors="backslashreplace")


def behind_link(path: Path) -> Path:
    """Return the place that a path is a link to, whether there is anything or not; itself where it is none."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path`, or what it is a link to, by a file with these bytes, through a temporary file in the same folder.

    Temporary files of its writers that were killed are removed. Raises OSError, also where something is in its place
    that is no regular file: a folder, or a device, which would be gone.
    """
    with named(path):
        with contextlib.suppress(FileNotFoundError):
            _require_regular(path, os.stat(path))
        _replace(behind_link(path), data)


def _replace(path: Path, data: bytes) -> None:
    _remove_abandoned(path)
    while True:
        temporary = _beside(path)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_BYTES, _PERMISSIONS)
        if _held(descriptor, temporary):
            break
        os.close(descriptor)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if path.exists():
                os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
            if fcntl is not None:  # it is held until it has its name
                os.replace(temporary, path)
        if fcntl is None:  # Windows renames no open file
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):  # it has its name, and only then something failed
            os.unlink(temporary)
        raise
    _keep_names(path.parent)


def _keep_names(folder: Path) -> None:
    """Return when the names in a folder are on the disk, as far as the system does that: what was renamed there keeps
    its new name through a loss of power."""
    if fcntl is None:  # Windows opens no folders
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """Make a folder beside `place`, which is to be its next content, and remove what is left of it in the end.

    Such folders that killed writers of `place` left are removed. Raises OSError.
    """
    _remove_abandoned(place)
    while True:
        temporary = _beside(place)
        with named(place):
            temporary.mkdir()
        descriptor = None if fcntl is None else os.open(temporary, os.O_RDONLY)  # Windows opens no folders
        if descriptor is None or _held(descriptor, temporary):
            break
        os.close(descriptor)
    try:
        with named(place):
            yield temporary
    finally:
        if descriptor is not None:
            os.close(descriptor)
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(place: Path) -> Path:
    """Return a name beside `place` for what is to take its place."""
    return place.parent / f".{place.name}.{secrets.token_hex(8)}"


def _held(descriptor: int, path: Path) -> bool:
    """Hold what was just made at `path` until this descriptor is closed; return False where it was taken for abandoned
    in the instant before that, and removed."""
    if fcntl is not None:
        with contextlib.suppress(OSError):  # a file system without locks, where nothing is ever taken for abandoned
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.path.lexists(path)


def _remove_abandoned(place: Path) -> None:
    """Remove what writers of `place` made beside it whom a kill has ended, as far as the system lets."""
    ours = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{16}}")
    with contextlib.suppress(OSError):
        for path in [entry for entry in place.parent.iterdir() if ours.fullmatch(entry.name)]:
            with contextlib.suppress(OSError), _if_abandoned(path):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


@contextlib.contextmanager
def _if_abandoned(path: Path) -> Iterator[None]:
    """Take hold of what is at `path`. Raises OSError where somebody else holds it, or where that cannot be told and it
    is not older than a day."""
    if fcntl is None:
        if time.time() - path.stat().st_mtime < _DAY_S:
            raise BlockingIOError
        yield
        return
    descriptor = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def locked(path: Path) -> int:
    """Lock a file, which is made where it is missing, until the descriptor that is returned is closed or this process
    ends, however it ends. Raises BlockingIOError where another process has locked it, and OSError.

    Where the system, or the file system, has no locks, everybody gets in.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if fcntl is not None:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                os.close(descriptor)
                raise BlockingIOError(errno.EAGAIN, "another program uses it", str(path)) from None
    return descriptor


def lock_lost(descriptor: int, path: Path) -> bool:
    """Return whether the file that `locked` has locked is no longer at its path: it was removed with its folder, or
    another one is there, which somebody else may have locked."""
    try:
        return not os.path.samestat(os.stat(path), os.fstat(descriptor))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # a disk that cannot be reached may be back by the time something is written
        return False


def make_folder(path: Path) -> None:
    """Make a folder, and those that it is in, where they are missing. Raises OSError, with a sentence."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder, nor a link to one", str(path)) from None


def require_writable(folder: Path) -> None:
    """Raise OSError where no file can be made in a folder, which `write_atomically` does."""
    with named(folder):
        tempfile.TemporaryFile(dir=folder).close()


def append_whole(path: Path, data: bytes, *, new: bool = True) -> None:
    """Add these bytes to the end of a file in one piece, and return when they are on the disk. Raises OSError.

    Without `new` the file must be there: what it began with is no use without it.
    """
    with named(path):
        began = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if new else 0) | _AS_BYTES, _PERMISSIONS)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if began:
            _keep_names(path.parent)


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Let OSError name this file, as it does not where an open one cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # else it is a sentence
            error.filename = str(path)
        raise


def replace_folder(new: Path, place: Path) -> None:
    """Put the folder `new`, which lies beside it, in the place of another one, which is removed. Raises OSError.

    The two change places in one act where the system can. Elsewhere the old one steps aside for an instant, in which a
    kill leaves nothing at `place`: `restore_folder` puts that right. A loss of power leaves one of the two as well.
    """
    _keep_names(new)
    if place.exists() and _exchanged(new, place):
        _keep_names(place.parent)
        shutil.rmtree(new)
        return
    aside = set_aside(place)
    if place.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(place, aside)
    os.replace(new, place)
    _keep_names(place.parent)
    shutil.rmtree(aside, ignore_errors=True)


def restore_folder(place: Path) -> None:
    """Bring the old folder back where a kill in `replace_folder` left nothing at `place`. Raises OSError."""
    if not place.exists() and set_aside(place).exists():
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


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file to read it. Raises OSError as `read_limited`."""
    try:
        _require_regular(path, os.stat(path))
        file = os.fdopen(os.open(path, os.O_RDONLY | _AT_ONCE | _AS_BYTES), "rb")
    except ValueError as error:  # a NUL in the path
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    with file:
        _require_regular(path, os.fstat(file.fileno()))
        yield file


def _require_regular(path: Path, status: os.stat_result) -> None:
    """Raise OSError where this is not the status of a regular file."""
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, NO_REGULAR_FILE, str(path))


def _too_large(path: Path, limit: int) -> OSError:
    room = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return OSError(errno.EFBIG, f"it is larger than {room}", str(path))
