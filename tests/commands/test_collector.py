"""What a command that plays does to the garbage collector and the heap of its process."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys

import pytest

from muzero_engine.commands.common.collector import NEVER, give_back_memory, no_full_collections, one_heap


def test_young_objects_are_collected_and_old_ones_are_not() -> None:
    before = gc.get_threshold()
    try:
        no_full_collections()
        assert gc.isenabled()
        assert gc.get_threshold() == (*before[:2], NEVER)
        fulls = gc.get_stats()[2]["collections"]
        kept = [[index] for index in range(200_000)]
        assert gc.get_stats()[2]["collections"] == fulls
        assert len(kept) == 200_000
    finally:
        gc.set_threshold(*before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_a_process_that_plays_has_one_heap() -> None:
    """The memory of threads, one after another and at once, lies in the heap of the process."""
    program = """
import ctypes, threading
from muzero_engine.cli import main
main.get_command(None, "uci")
import numpy
library, heaps = ctypes.CDLL(None), set()
library.malloc.restype = ctypes.c_void_p
barrier = threading.Barrier(8)
def allocate():
    heaps.add(library.malloc(2000) >> 26)  # a heap of a thread begins at a multiple of 64 MB
    barrier.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(heaps))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(told) <= 2  # one may lie across such a multiple


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked")
def test_free_memory_between_what_is_in_use_is_given_back() -> None:
    program = """
import os
from pathlib import Path
from muzero_engine.commands.common.collector import give_back_memory
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
parts = [bytearray(50_000) for _ in range(2000)]
del parts[:-1]
before = resident()
give_back_memory()
print(before - resident())
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(told) > 50  # of 95 MB


def test_a_library_without_heaps_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.commands.common.collector.ctypes.CDLL", lambda _: object())
    one_heap()
    give_back_memory()
