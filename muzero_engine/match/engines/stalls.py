"""How long the machine stood still: a virtual machine's processor was to run, and its host let another one run instead.

No game is lost by that: where an answer comes too late, what the processor that lost most has lost while it was waited
for is taken off, and told with the move (`PlyRecord.stalled_s`). Linux counts it, in steps of 10 ms ("steal" in
/proc/stat). That is read before each question that has a clock (33 us with two processors) and after each late answer.

Time in which a processor is merely busy, with the opponent or whatever else runs, is the engine's, as everywhere. So is
what nobody counts: nothing is taken off on macOS and Windows, or where a host does not tell. How late a sleeping thread
wakes would show more, but a busy processor as well: with 8 busy programs on each of two, an engine that was late in
every game lost none of 10.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

COUNTERS = Path("/proc/stat")
_STEAL = 8  # the word of a processor's line, its name being word 0


def stolen_s() -> dict[str, float]:
    """Return the seconds that each processor of this process has lost since the machine started; {}: not known."""
    if not hasattr(os, "sched_getaffinity"):  # no Linux
        return {}
    try:
        lines = COUNTERS.read_text().splitlines()
    except OSError:
        return {}
    tick = 1.0 / os.sysconf("SC_CLK_TCK")
    usable = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    processors = [words for words in map(str.split, lines) if len(words) > _STEAL and words[0] in usable]
    return {words[0]: int(words[_STEAL]) * tick for words in processors}


def stalled_s(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return the seconds that the processor which lost most has lost between two readings of `stolen_s`."""
    return max((after[name] - before[name] for name in before.keys() & after.keys()), default=0.0)
