"""Latents of the tree come back as they were put in, in bytes or in floats."""

from __future__ import annotations

import numpy as np

from muzero_engine.search.memory import LatentPool, TreeMemory

SHAPE = (3, 4, 5)


def test_latents_come_back_as_they_were() -> None:
    pool = LatentPool(SHAPE, 4)
    latents = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
    slots = pool.put(latents)
    assert pool.available == 1
    assert np.array_equal(pool.get(slots[::-1]), latents[::-1])
    pool.release(slots[1])
    assert pool.put(latents[:1]) == [slots[1]]


def test_a_byte_holds_a_level_exactly_and_rounds_the_rest() -> None:
    pool = LatentPool(SHAPE, 8, levels=255)
    step = np.float32(1 / 255)
    levels = np.random.default_rng(1).integers(0, 256, (4, *SHAPE)).astype(np.float32) * step
    levels[0, 0, 0, :2] = 0.0, 1.0
    stored = pool.get(pool.put(levels))
    assert stored.dtype == np.float32
    assert np.array_equal(stored, levels)
    between = np.random.default_rng(2).random((2, *SHAPE), dtype=np.float32)
    before = between.copy()
    assert np.array_equal(pool.get(pool.put(between)), np.rint(between / step) * step)
    assert np.array_equal(between, before)


def test_four_times_as_many_latents_fit_as_bytes() -> None:
    shape = (96, 9, 9)
    slots = []
    for levels in (0, 255):
        memory = TreeMemory(64, 8, levels)
        memory.clear(shape)
        slots.append(memory.pool.slots)
    assert slots == [48 * 2**20 // (4 * 96 * 81), 48 * 2**20 // (96 * 81)]
