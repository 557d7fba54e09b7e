"""Bounded memory: latents in a pool of slots, and what to drop when nodes or slots run out.

A quarter of the memory is for nodes, the rest for latents. A clock hand sweeps over the nodes; what had no visit since
the hand passed last is dropped first: its latent (computed again from an ancestor's if it is ever needed), or, where
nodes are short, its childless children (their visits stay counted in it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from muzero_engine.arrays import Floats
from muzero_engine.search.tree import FREE, NO_SLOT, NODE_BYTES, ROOT, Tree

_MIN_NODES = 4096
_MIN_LATENTS = 128


class LatentPool:
    """`slots` latents of one shape. Memory is committed only as slots are first used. Not thread-safe.

    Where the model rounds its latents to levels (`Model.latent_levels`), a byte holds all that it reads of a number,
    else it takes four.
    """

    def __init__(self, shape: tuple[int, ...], slots: int, levels: int = 0) -> None:
        """Make room for latents of `shape`, (C, H, W), at least two of them (the root's and one more)."""
        if slots < 2:
            raise ValueError("a latent pool has at least two slots")
        self._pool = np.empty((slots, *shape), dtype=np.uint8 if levels else np.float32)
        self._step = np.float32(1 / levels) if levels else None
        self._work = np.empty((0, *shape), dtype=np.float32)  # used again and again: fresh memory costs more than this
        self._free: list[int] = []
        self._used = 0
        self.slots = slots

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (C, H, W), the shape of one latent."""
        return self._pool.shape[1:]

    @property
    def available(self) -> int:
        """Return how many slots can be taken before one must be released."""
        return len(self._free) + self.slots - self._used

    def clear(self) -> None:
        """Release every slot."""
        self._free.clear()
        self._used = 0

    def put(self, latents: Floats) -> list[int]:
        """Store float32[B, C, H, W] and return the B slots. There must be `available` >= B."""
        taken = [self._take() for _ in range(len(latents))]
        if self._step is None:
            self._pool[taken] = latents
        else:
            rounded = self._working(len(latents))
            np.divide(latents, self._step, out=rounded)
            np.rint(rounded, out=rounded)
            self._pool[taken] = rounded
        return taken

    def _take(self) -> int:
        if self._free:
            return self._free.pop()
        self._used += 1
        return self._used - 1

    def get(self, slots: list[int]) -> Floats:
        """Return the latents of B slots, float32[B, C, H, W], a copy that holds until the next `get` or `put`."""
        latents = self._working(len(slots))
        if self._step is None:
            np.take(self._pool, slots, axis=0, out=latents, mode="clip")
        else:
            latents[...] = self._pool[slots]
            latents *= self._step
        return latents

    def _working(self, count: int) -> Floats:
        """Return float32[count, C, H, W] to write into."""
        if len(self._work) < count:
            self._work = np.empty((count, *self.shape), dtype=np.float32)
        return self._work[:count]

    def release(self, slot: int) -> None:
        self._free.append(slot)


class TreeMemory:
    """What a tree of at most `memory_mb` MB may hold. Not thread-safe."""

    def __init__(self, memory_mb: int, batch_size: int, levels: int = 0) -> None:
        """Set the sizes; `levels` are those of the latents, see `LatentPool`."""
        self._levels = levels
        memory = memory_mb << 20
        self.max_nodes = max(_MIN_NODES, memory // 4 // NODE_BYTES)
        self._latent_bytes = memory - memory // 4
        self._min_slots = max(_MIN_LATENTS, 4 * batch_size)
        self._hand = ROOT
        self.pool = LatentPool((1, 1, 1), 2)

    def clear(self, latent_shape: tuple[int, ...]) -> None:
        """Make room for a new tree with latents of this shape (C, H, W)."""
        size = math.prod(latent_shape) * (1 if self._levels else 4)
        slots = min(max(self._min_slots, self._latent_bytes // size), self.max_nodes)
        if self.pool.shape != latent_shape or self.pool.slots != slots:
            self.pool = LatentPool(latent_shape, slots, self._levels)
        self.pool.clear()
        self._hand = ROOT

    def reserve_latents(self, tree: Tree, count: int, keep: Sequence[int]) -> None:
        """Drop latents until `count` slots are free; never the root's, nor those of the nodes to `keep`."""
        while self.pool.available < count:
            node = self._sweep(tree)
            if tree.slot[node] != NO_SLOT and node not in keep:
                self.pool.release(tree.slot[node])
                tree.slot[node] = NO_SLOT

    def make_room(self, tree: Tree) -> bool:
        """Return whether a node may be created, dropping others where memory is full; no path in flight is cut."""
        if len(tree) < self.max_nodes:
            return True
        for _ in range(2 * self.max_nodes):
            node = self._sweep(tree)
            kids = tree.kids[node]
            idle = tree.visits[node] == tree.done[node]
            if kids and idle and all(not tree.kids[kid] and tree.visits[kid] == tree.done[kid] for kid in kids):
                for kid in kids:
                    if tree.slot[kid] != NO_SLOT:
                        self.pool.release(tree.slot[kid])
                    tree.free(kid)
                tree.kids[node] = []
                tree.seen_prior[node] = 0.0
                return True
        return False

    def _sweep(self, tree: Tree) -> int:
        """Return the next node (never the root) that had no visit since the hand passed it last."""
        while True:
            self._hand = self._hand + 1 if self._hand + 1 < len(tree.parent) else ROOT + 1
            node = self._hand
            visits = tree.visits[node]
            if tree.parent[node] != FREE:
                if tree.stamp[node] == visits:
                    return node
                tree.stamp[node] = visits
