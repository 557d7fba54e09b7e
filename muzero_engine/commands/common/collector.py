"""Python's garbage collector, and the heap of the C library, in a process that plays.

The engine frees a tree by reference counts alone (nothing in a search refers back to it), so it needs no collector and
leaves it as it is: that is the program's business, and one decision for the whole process. What there is to decide: a
full collection looks at every object there is, the nodes of a large tree among them, and meanwhile no `stop` is obeyed.
With the default `Hash` of 256 MB (48,000 nodes) that was 37 ms, once in a search; with 4 GB and 400,000 nodes 0.3 s and
9% of the time of a search whose network costs nothing. Without full collections the longest pause is 1 ms at 600,000
nodes, and the cost 2 to 4% of such a search: half a percent of one with a network.

Each search has a thread of its own, and glibc would give each a heap (up to eight for each core) that never shrinks
below what lies at its end. Over 60,000 lines that change options and search a session grew from 78 to 123 MB, and by as
much again on a machine of 32 cores; with one heap for all threads it stays at 76. What lies free between what is in use
stays with the process as well, until the C library is asked to give it back: so it is before a network is loaded, when
the one before and its tree are gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

NEVER = 1 << 30  # young collections between two full ones
_HEAPS = -8  # M_ARENA_MAX of mallopt(3)
_OTHER_LIBRARY = AttributeError, OSError, TypeError  # than glibc; Windows has none of no name


def no_full_collections() -> None:
    """Let this process collect young objects only, from now on.

    Cycles that outlive two young collections are never freed then: a program that makes many of them does without this.
    """
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)


def one_heap() -> None:
    """Let all threads of this process share a heap of the C library. Nothing where that is not glibc.

    It counts where it comes before the process's second thread, which numpy may start already.
    """
    with contextlib.suppress(*_OTHER_LIBRARY):
        ctypes.CDLL(None).mallopt(_HEAPS, 1)


def give_back_memory() -> None:
    """Give the system the pages of the C library's heap that are free. Nothing where that is not glibc."""
    with contextlib.suppress(*_OTHER_LIBRARY):
        ctypes.CDLL(None).malloc_trim(0)
