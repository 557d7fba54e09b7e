"""What this machine, or the container that this process runs in, has."""

from __future__ import annotations

import os
from pathlib import Path

_LIMIT = Path("/sys/fs/cgroup/memory.max")


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
