"""How much memory a search may be promised: what is asked for, as far as the machine has it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

SHARE = 0.75  # of the machine's memory, or of what its container grants: the rest is for everything else
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def obtainable_mb(asked_mb: int) -> int:
    """Return `asked_mb`, or less where so much cannot be had; at least 1."""
    machine = machine_mb()
    mb = asked_mb if machine is None else min(asked_mb, int(SHARE * machine))
    while mb > 1:
        try:
            np.empty(mb << 20, dtype=np.uint8)  # address space only: nothing is touched
        except (MemoryError, ValueError):
            mb //= 2
        else:
            return mb
    return 1


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
