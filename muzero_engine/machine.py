"""What this machine, or the container that this process runs in, has."""

from __future__ import annotations

import math
import os
from pathlib import Path

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def machine_mb() -> float | None:
    """Return the MB of memory that this machine has, or this container may use; None where that is not told."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        total = 0
    try:
        limit = int(_LIMIT.read_text())
    except (OSError, ValueError):  # no container, or "max"
        limit = 0
    known = [amount for amount in (total, limit) if amount > 0]
    return min(known) / (1 << 20) if known else None


def usable_cores() -> int:
    """Return how many processor cores this process may run on, and its container may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = _QUOTA.read_text().split()
        return max(1, min(cores, math.ceil(int(granted) / int(period))))
    except (OSError, ValueError):  # no container, or "max"
        return cores
