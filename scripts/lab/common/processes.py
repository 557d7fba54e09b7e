"""The processes of this machine, as Linux tells them."""

from __future__ import annotations

import contextlib
from pathlib import Path

Processes = dict[int, tuple[int, str]]  # parent and command line by number


def processes() -> Processes:
    """Return the parent and the command line of every process."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                status = (folder / "stat").read_text()
                parent = int(status.rpartition(")")[2].split()[1])
                found[int(folder.name)] = (parent, (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def descendants(*roots: int) -> Processes:
    """Return the processes that these ones started, and so on, without themselves."""
    there, found = processes(), set(roots)
    while more := {pid for pid, (parent, _) in there.items() if parent in found} - found:
        found |= more
    return {pid: there[pid] for pid in found - set(roots) if pid in there}
