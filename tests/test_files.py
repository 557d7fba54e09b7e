"""Files are replaced whole, and may be read by whom their owner wants."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from muzero_engine import files
from muzero_engine.files import (
    append_whole,
    expanded,
    locked,
    make_folder,
    new_folder,
    read_limited,
    replace_folder,
    restore_folder,
    temporary_folder,
    write_atomically,
)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.bin"]


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.bin"
    write_atomically(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for write in (write_atomically, append_whole):
        with pytest.raises(OSError, match="no space") as caught:
            write(path, b"")
        assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.bin"]


ABANDONED = (".place.0123456789abcdef", ".place.fedcba9876543210")
OTHERS = (".place.abc", ".place2.0123456789abcdef", "place.0123456789abcdef", ".x.place.0123456789abcdef")


@pytest.mark.skipif(os.name != "posix", reason="only locks tell who is dead")
def test_what_killed_writers_left_is_removed_by_the_next(tmp_path: Path) -> None:
    place = tmp_path / "place"
    for write in ("file", "folder"):
        (tmp_path / ABANDONED[0]).write_bytes(b"half")
        (tmp_path / ABANDONED[1] / "new").mkdir(parents=True)
        for name in OTHERS:
            (tmp_path / name).write_bytes(b"")
        if write == "file":
            write_atomically(place, b"whole")
            assert place.read_bytes() == b"whole"
        else:
            with temporary_folder(place) as made:
                assert made.parent == tmp_path
                assert {path.name for path in tmp_path.iterdir()} == {made.name, "place", *OTHERS}
        assert {path.name for path in tmp_path.iterdir()} == {"place", *OTHERS}


@pytest.mark.skipif(os.name != "posix", reason="only locks tell who is dead")
def test_what_another_writer_is_about_to_put_in_place_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, replace, inner = tmp_path / "place", os.replace, list[str]()

    def another_comes_first(source: Path, target: Path) -> None:
        if not inner:
            inner.append(source.name)
            write_atomically(place, b"inner")
        replace(source, target)

    monkeypatch.setattr(os, "replace", another_comes_first)
    with temporary_folder(place) as made:
        write_atomically(place, b"outer")
        assert made.exists()
    assert place.read_bytes() == b"outer"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_folder_that_cannot_be_filled_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as caught, temporary_folder(tmp_path / "place") as made:
        os.open(made / "none" / "x", os.O_RDONLY)
    assert caught.value.filename == str(tmp_path / "place")
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_that_is_taken_for_abandoned_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, taken = files._held, list[Path]()

    def too_late(descriptor: int, path: Path) -> bool:
        if not taken:
            taken.append(path)
            path.unlink()
        return held(descriptor, path)

    monkeypatch.setattr(files, "_held", too_late)
    write_atomically(tmp_path / "x", b"data")
    assert (tmp_path / "x").read_bytes() == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_a_file_system_without_locks_lets_everybody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("muzero_engine.files.fcntl.lockf", none)
    monkeypatch.setattr("muzero_engine.files.fcntl.flock", none)
    os.close(locked(tmp_path / ".lock"))
    (tmp_path / ".x.0123456789abcdef").write_bytes(b"whose?")
    write_atomically(tmp_path / "x", b"data")
    assert {path.name for path in tmp_path.iterdir()} == {"x", ".lock", ".x.0123456789abcdef"}


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_what_cannot_be_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    for name in ("loop", "dangling", "file"):
        with pytest.raises(NotADirectoryError, match="it is no folder, nor a link to one"):
            make_folder(tmp_path / name)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool) -> None:
    if not exchange:
        monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    place = tmp_path / "place"
    for text in ("old", "new"):
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "x").write_text(text)
        replace_folder(tmp_path / "made", place)
        assert (place / "x").read_text() == text
        assert [entry.name for entry in tmp_path.iterdir()] == ["place"]


def test_a_folder_that_a_kill_left_aside_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, made, replace = tmp_path / "place", tmp_path / "made", os.replace
    for folder in (place, made):
        folder.mkdir()
        (folder / "x").write_text(folder.name)

    def killed(source: Path, target: Path) -> None:
        if source == made:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchanged", lambda *_: False)
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            replace_folder(made, place)
    assert not place.exists()
    restore_folder(place)
    assert (place / "x").read_text() == "place"
    restore_folder(place)  # nothing more to do


def test_a_record_is_added_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    append_whole(path, b"one\n")
    append_whole(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("write", [write_atomically, append_whole])
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_is_as_open_as_the_umask_says(
    tmp_path: Path, umask: Callable[[int], int], write: Callable[[Path, bytes], None], mask: int, mode: int
) -> None:
    umask(mask)
    write(tmp_path / "x", b"data")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == mode


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, umask: Callable[[int], int], mode: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_package_writes_files_in_no_other_way() -> None:
    """Of what is not a log: a log grows line by line, and its reader leaves a last line out that is not whole."""
    logs = {
        "training/report/run_metrics.py",  # metrics
        "protocols/common/stdio.py",  # what a session said and heard
        "training/cluster/link.py",  # what Ray says
    }
    package = Path(__file__).parents[1] / "muzero_engine"
    write = re.compile(
        r"write_text\(|write_bytes\(|open\([^)]*[\"'](w|x|a)b?\+?[\"']|numpy\.savez?|np\.savez?|torch\.save\("
    )
    others = {
        str(path.relative_to(package)): match.group(0)
        for path in package.rglob("*.py")
        if path.name != "files.py" and (match := write.search(path.read_text(encoding="utf-8")))
    }
    assert set(others) == logs, others


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_only_a_regular_file_is_replaced(odd: dict[str, Path], tmp_path: Path) -> None:
    """A report that root wrote to /dev/null took its place, and nothing worked any more."""
    for reason, path in odd.items():
        if path in (
            tmp_path / "pipe",
            tmp_path / "link",
            tmp_path / "loop",
            tmp_path,
        ):  # and no device: it would be gone
            before = path.lstat().st_mode
            with pytest.raises(OSError, match=reason):
                write_atomically(path, b"data")
            assert path.lstat().st_mode == before
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "page").write_bytes(b"old")
    for name, target in (("to page", "there/page"), ("dangling", "there/new")):
        (tmp_path / name).symlink_to(target)
        write_atomically(tmp_path / name, b"new")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / target).read_bytes() == b"new"


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    """What is in the place of a file, or is no name of one."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5 << 30)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to(tmp_path / "pipe")
    return {
        "it is a folder": tmp_path,
        "it is larger than 1 MiB": tmp_path / "large",
        "No such file": tmp_path / "none",
        "name too long": tmp_path / ("x" * 5000),
        "symbolic links": tmp_path / "loop",
        "null": tmp_path / "a\0b",
        "it is no regular file": tmp_path / "link",
        "it is no regular": tmp_path / "pipe",
        "it is no": Path(os.devnull),
    }


@pytest.mark.skipif(os.name != "posix", reason="messages of POSIX")
def test_what_is_no_file_is_refused_at_once(odd: dict[str, Path]) -> None:
    for reason, path in odd.items():
        with pytest.raises(OSError, match=reason):
            read_limited(path, 1 << 20)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_limited(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_limited(tmp_path / "x", 4)


def test_a_home_that_nobody_has_is_a_name_like_others() -> None:
    assert expanded("~nouser/x") == Path("~nouser/x")
    assert expanded("~/x") == Path.home() / "x"


def test_the_package_reads_files_of_others_in_no_other_way() -> None:
    """But for what the system itself writes, and what this program has written a moment before."""
    own = {
        "machine.py",
        "commands/common/machine.py",
        "match/engines/stalls.py",
        "training/run/checkpoint.py",
    }
    package = Path(__file__).parents[1] / "muzero_engine"
    read = re.compile(r"read_text\((encoding|\))|\.read_bytes\(\)|open\(\"rb\"\)|json\.loads?\(|tomllib\.load\(")
    others = {
        str(path.relative_to(package)): match.group(0)
        for path in package.rglob("*.py")
        if path.name not in ("files.py", "dataclass_json.py") and (match := read.search(path.read_text("utf-8")))
    }
    assert set(others) == own, others


@pytest.mark.skipif(sys.platform != "linux", reason="nothing else tells which file a descriptor is")
def test_names_are_on_the_disk_before_a_file_is_said_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, list[str]]] = []  # each folder, and the names in it by then
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            synced.append((path.name, sorted(entry.name for entry in path.iterdir())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    place = tmp_path / "here"
    place.mkdir()
    write_atomically(place / "a", b"1")
    append_whole(place / "b", b"1")
    append_whole(place / "b", b"2")
    assert synced == [("here", ["a"]), ("here", ["a", "b"])]
    synced.clear()
    for content in ("1", "2"):
        with temporary_folder(place / "c") as made:
            (made / content).touch()
            replace_folder(made, place / "c")
    assert [names for name, names in synced if name == "here"] == [["a", "b", "c"], [synced[-1][1][0], "a", "b", "c"]]
    assert [names for name, names in synced if name != "here"] == [["1"], ["2"]]


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folders")
def test_folders_that_cannot_be_synced_are_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no such thing here")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomically(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_whoever_asks_for_a_new_folder_gets_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "2026-01-31-235959")
    with ThreadPoolExecutor(8) as pool:
        names = {folder.name for folder in pool.map(lambda _: new_folder(tmp_path / "runs", "chess"), range(8))}
    assert names == {"chess-2026-01-31-235959", *(f"chess-2026-01-31-235959-{number}" for number in range(2, 9))}
    assert names == {folder.name for folder in (tmp_path / "runs").iterdir()}
