"""How much memory a search may be promised: what is asked for, as far as the machine has it."""

from __future__ import annotations

import numpy as np

from muzero_engine.machine import machine_mb

SHARE = 0.75  # of the machine's memory, or of what its container grants: the rest is for everything else


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
