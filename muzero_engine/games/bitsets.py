"""Sets of squares as Python integers (bit = square = row * W + column), shared by games that keep their boards so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from muzero_engine.games.base import Bools


def members(mask: int) -> Iterator[int]:
    """Return the points of a bit set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def point_set(points: Iterable[int]) -> int:
    """Return the bit set of some points."""
    mask = 0
    for point in points:
        mask |= 1 << point
    return mask


def bit_planes(masks: Iterable[int], points: int) -> Bools:
    """Return bit sets as planes, bool[len(masks), points]."""
    count = 0
    together = 0
    for mask in masks:
        together |= mask << (count * points)
        count += 1
    raw = np.frombuffer(together.to_bytes((count * points + 7) // 8, "little"), dtype=np.uint8)
    bits = np.unpackbits(raw, count=count * points, bitorder="little")
    return bits.view(np.bool_).reshape(count, points)
