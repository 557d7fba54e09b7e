"""What the system says of a process (Linux; elsewhere there is nothing to be learnt)."""

from __future__ import annotations

import os
import re
from pathlib import Path


def memory_mb(process: int) -> float:
    """Return the resident memory of a process in MiB, 0 where the system does not say."""
    return _status(process, "VmRSS") / 1024


def peak_memory_mb(process: int) -> float:
    """Return the most memory in MiB that a process has held resident since it became this program.

    What `wait4` tells counts the memory of the process that started it as well, until it became another program.
    """
    return _status(process, "VmHWM") / 1024


def growth_fault(megabytes: list[int], bound: float) -> str:
    """Return what is wrong with memory that was looked at ten times: "" where it stayed within the first's bound."""
    return (
        f"memory {megabytes[0]} to {max(megabytes)} MB"
        if megabytes and max(megabytes) > (1 + bound) * megabytes[0]
        else ""
    )


def thread_count(process: int) -> int:
    """Return the number of its threads."""
    return _status(process, "Threads")


def open_files(process: int) -> int:
    """Return the number of its open file descriptors."""
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0


def _status(process: int, field: str) -> int:
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:  # it has just ended
        return 0
    found = re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
