"""What `TorchKernels` does, as four Triton kernels: one launch each, no answer to the host, fit for a CUDA graph.

- select: one warp a game; its lanes are the children of the node at hand, and the walk is a loop inside the kernel.
- top-K: one program a row. The K-th highest value is found bit by bit: floats become integers of the same order, and
  each step counts how many reach a candidate threshold (16 steps for bfloat16 logits). A scan then gives every
  survivor its place in the order of actions. Exact, without sorting.
- backup: 32 games a program, one a lane, in step towards the root.

`search/` and `TorchKernels` pick children as well (see `tree`, which says why); tests/training/search/
test_triton_kernels.py holds these kernels to `TorchKernels`, step by step.

Needs Triton (it comes with PyTorch for CUDA); with TRITON_INTERPRET=1 everything also runs on a CPU, for tests.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from muzero_engine.training.search.tree import MIN_PRIOR, SearchTree, SelectionSettings

TINY = tl.constexpr(MIN_PRIOR)
LOWEST = tl.constexpr(-(2**31))  # below the integer of every float
GAMES_PER_PROGRAM = 32  # one warp: no lane is a copy of another that could read what the first has written
SMALLEST_BLOCK = 16
MAX_ACTIONS = 1 << 15  # two counts share an int32 in the scan


class TritonKernels:
    """See `TreeKernels`. `warps` (at most, a row) and `chunk` (of a row, placed at a time) tune the top-K kernel."""

    def __init__(self, *, warps: int = 8, chunk: int = 1024) -> None:
        self._warps = warps
        self._chunk = chunk

    def select(self, tree: SearchTree, simulation: int, settings: SelectionSettings) -> None:
        selection = tree.selection
        _select[(tree.batch,)](
            tree.child,
            tree.action,
            tree.logit,
            tree.parent,
            tree.visits,
            tree.raw_value,
            tree.q,
            tree.root_score,
            tree.considered,
            tree.passed_over,
            tree.schedule,
            selection.parent,
            selection.action,
            selection.leaf,
            selection.latent,
            simulation,
            settings.depth,
            settings.c_visit,
            settings.c_scale,
            settings.min_range,
            BATCH=tree.batch,
            NODES=tree.nodes,
            WIDTH=tree.width,
            BLOCK=_block(tree.width),
            RESCALE=settings.rescale,
            num_warps=1,
        )

    def expand(self, tree: SearchTree, logits: Tensor, children: int) -> None:
        self._top(logits, children, tree.logit, tree.action, tree.selection.leaf, tree.nodes, tree.width)

    def backup(self, tree: SearchTree, reward: Tensor, discount: Tensor, value: Tensor) -> None:
        _backup[(triton.cdiv(tree.batch, GAMES_PER_PROGRAM),)](
            reward.contiguous(),
            discount.contiguous(),
            value.contiguous(),
            tree.selection.leaf,
            tree.parent,
            tree.visits,
            tree.raw_value,
            tree.mean,
            tree.reward,
            tree.discount,
            tree.q,
            BATCH=tree.batch,
            NODES=tree.nodes,
            BLOCK=GAMES_PER_PROGRAM,
            num_warps=1,
        )

    def top(self, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
        highest = torch.empty(len(values), count, dtype=torch.float32, device=values.device)
        indices = torch.empty(len(values), count, dtype=torch.int32, device=values.device)
        self._top(values, count, highest, indices, indices, 0, count)
        return highest, indices.long()

    def _top(
        self, values: Tensor, count: int, highest: Tensor, indices: Tensor, leaf: Tensor, nodes: int, width: int
    ) -> None:
        """Write row b of the answer to row b * nodes + leaf[b] of `highest` and `indices`; to row b if `nodes` is 0."""
        values = values.contiguous()
        actions = values.shape[1]
        if actions > MAX_ACTIONS:
            raise ValueError(f"the search on a GPU takes at most {MAX_ACTIONS} actions, not {actions}")
        block = _block(actions)
        _top[(len(values),)](
            values,
            highest,
            indices,
            leaf,
            ACTIONS=actions,
            COUNT=count,
            NODES=nodes,
            WIDTH=width,
            BLOCK=block,
            CHUNK=min(block, self._chunk),
            HALF=values.dtype == torch.bfloat16,
            num_warps=max(1, min(self._warps, block // 256)),
        )


def _block(elements: int) -> int:
    """Return how many a program has room for: half of a warp's lanes at least, also for environments of two actions."""
    return max(SMALLEST_BLOCK, int(triton.next_power_of_2(elements)))


@triton.jit
def _children(
    child,
    logit,
    visits,
    q,
    game,
    node,
    raw,
    others,
    slot,
    c_visit,
    c_scale,
    min_range,
    NODES: tl.constexpr,
    WIDTH: tl.constexpr,
    RESCALE: tl.constexpr,
):
    """Return (child, visits, prior logit, sigma(completed Q)) of a node's slots; float32[BLOCK] or int32.

    `others` says how many actions have no slot and count with v_mix where Q is rescaled.
    """
    inside = slot < WIDTH
    row = (game * NODES + node) * WIDTH + slot
    following = tl.load(child + row, mask=inside, other=0)
    prior = tl.load(logit + row, mask=inside, other=float("-inf"))
    seen = following > 0
    edge = game * NODES + following
    count = tl.load(visits + edge, mask=seen, other=0)
    value = tl.load(q + edge, mask=seen, other=0.0)
    total = tl.sum(count, 0)
    weight = tl.where(seen, tl.maximum(tl.exp(prior - tl.max(prior, 0)), TINY), 0.0)
    average = tl.sum(weight * value, 0) / tl.maximum(tl.sum(weight, 0), TINY)
    mixed = (raw + total * average) / (1 + total)
    completed = tl.where(seen, value, mixed)
    if RESCALE:
        real = prior > float("-inf")
        least = tl.min(tl.where(real, completed, float("inf")), 0)
        greatest = tl.max(tl.where(real, completed, float("-inf")), 0)
        least = tl.where(others > 0, tl.minimum(least, mixed), least)
        greatest = tl.where(others > 0, tl.maximum(greatest, mixed), greatest)
        narrow = 2.0 * min_range * tl.sqrt(tl.abs(mixed) + 1.0)
        completed = (completed - least) / tl.maximum(greatest - least, narrow)
    transformed = (c_visit + tl.max(count, 0)) * c_scale * completed
    return following, count, prior, transformed


@triton.jit(do_not_specialize=["simulation", "max_depth"])
def _select(
    child,
    action,
    logit,
    parent,
    visits,
    raw_value,
    q,
    root_score,
    considered,
    passed_over,
    schedule,
    out_parent,
    out_action,
    out_leaf,
    out_latent,
    simulation,
    max_depth,
    c_visit,
    c_scale,
    min_range,
    BATCH: tl.constexpr,
    NODES: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    RESCALE: tl.constexpr,
):
    game = tl.program_id(0)
    slot = tl.arange(0, BLOCK)
    due = tl.load(schedule + tl.load(considered + game) * (NODES - 1) + simulation)
    score = tl.load(root_score + game * WIDTH + slot, mask=slot < WIDTH, other=float("-inf"))
    raw = tl.load(raw_value + game * NODES)
    others = tl.load(passed_over + game)
    following, count, prior, transformed = _children(
        child, logit, visits, q, game, 0, raw, others, slot, c_visit, c_scale, min_range, NODES, WIDTH, RESCALE
    )
    best = tl.argmax(tl.where(count == due, score + transformed, float("-inf")), 0)
    reached = tl.sum(tl.where(slot == best, following, 0), 0)
    node = reached * 0
    depth = reached * 0 + 1
    while (reached > 0) & (depth < max_depth):
        node = reached
        depth += 1
        raw = tl.load(raw_value + game * NODES + node)
        others = reached * 0
        following, count, prior, transformed = _children(
            child, logit, visits, q, game, node, raw, others, slot, c_visit, c_scale, min_range, NODES, WIDTH, RESCALE
        )
        improved = prior + transformed
        improved = tl.exp(improved - tl.max(improved, 0))
        improved = improved / tl.sum(improved, 0)
        gap = improved - count / (1.0 + tl.sum(count, 0))
        best = tl.argmax(tl.where(prior > float("-inf"), gap, float("-inf")), 0)
        reached = tl.sum(tl.where(slot == best, following, 0), 0)
    edge = (game * NODES + node) * WIDTH + best
    leaf = tl.where(reached > 0, reached, simulation + 1)
    tl.store(child + edge, leaf)
    tl.store(parent + game * NODES + leaf, node)
    tl.store(out_parent + game, node.to(tl.int64))
    tl.store(out_action + game, tl.load(action + edge).to(tl.int64))
    tl.store(out_leaf + game, leaf.to(tl.int64))
    tl.store(out_latent + game, node.to(tl.int64) * BATCH + game)


@triton.jit
def _keys(start, index, ACTIONS: tl.constexpr, HALF: tl.constexpr):
    """Return a row's values and integers of the same order (int16's range for bfloat16); the lowest past its end."""
    inside = index < ACTIONS
    value = tl.load(start + index, mask=inside, other=0.0).to(tl.float32)
    value = tl.where(value == 0.0, 0.0, value)  # -0 equals 0
    bits = value.to(tl.int32, bitcast=True)
    key = tl.where(inside, bits ^ ((bits >> 31) & 0x7FFFFFFF), LOWEST)
    if HALF:
        key = key >> 16
    return value, key


@triton.jit
def _top(
    values,
    highest,
    indices,
    leaf,
    ACTIONS: tl.constexpr,
    COUNT: tl.constexpr,
    NODES: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    CHUNK: tl.constexpr,
    HALF: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    start = values + row * ACTIONS
    _, key = _keys(start, tl.arange(0, BLOCK), ACTIONS, HALF)
    TOP_BIT: tl.constexpr = 15 if HALF else 31
    enough = tl.sum((key >= 0).to(tl.int32), 0) >= COUNT
    threshold = tl.where(enough, 0, LOWEST >> (31 - TOP_BIT))
    for step in range(1, TOP_BIT + 1):
        candidate = threshold + (1 << (TOP_BIT - step))
        enough = tl.sum((key >= candidate).to(tl.int32), 0) >= COUNT
        threshold = tl.where(enough, candidate, threshold)
    spare = COUNT - tl.sum((key > threshold).to(tl.int32), 0)  # places left for those equal to the threshold

    out = row * WIDTH
    if NODES > 0:
        out = (row * NODES + tl.load(leaf + row)) * WIDTH
    done = spare * 0  # above the threshold, times 65536, plus equal to it, so far
    for first in range(0, ACTIONS, CHUNK):  # read once more, from the cache: all at once needs too many registers
        index = first + tl.arange(0, CHUNK)
        value, part = _keys(start, index, ACTIONS, HALF)
        above = part > threshold
        level = part == threshold
        marks = (above.to(tl.int32) << 16) + level.to(tl.int32)
        counts = done + tl.cumsum(marks, 0)
        levels = counts & 0xFFFF
        kept = above | (level & (levels <= spare))
        place = out + (counts >> 16) + tl.minimum(levels, spare) - 1
        tl.store(highest + place, value, mask=kept)
        tl.store(indices + place, index, mask=kept)
        done += tl.sum(marks, 0)


@triton.jit
def _backup(
    reward,
    discount,
    value,
    leaf,
    parent,
    visits,
    raw_value,
    mean,
    rewards,
    discounts,
    q,
    BATCH: tl.constexpr,
    NODES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    game = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    walking = game < BATCH
    base = game * NODES
    node = tl.load(leaf + game, mask=walking, other=0).to(tl.int32)
    r = tl.load(reward + game, mask=walking, other=0.0)
    d = tl.load(discount + game, mask=walking, other=0.0)
    v = tl.load(value + game, mask=walking, other=0.0)
    tl.store(rewards + base + node, r, mask=walking)
    tl.store(discounts + base + node, d, mask=walking)
    tl.store(raw_value + base + node, v, mask=walking)
    average = v
    count = tl.load(visits + base + node, mask=walking, other=0)
    tl.store(visits + base + node, count + 1, mask=walking)
    while tl.max(walking.to(tl.int32), 0) > 0:
        tl.store(mean + base + node, average, mask=walking)
        tl.store(q + base + node, r + d * average, mask=walking)
        v = r + d * v
        node = tl.load(parent + base + node, mask=walking, other=0)
        count = tl.load(visits + base + node, mask=walking, other=0)
        average = (tl.load(mean + base + node, mask=walking, other=0.0) * count + v) / (count + 1)
        tl.store(visits + base + node, count + 1, mask=walking)
        tl.store(mean + base + node, average, mask=walking)
        walking = walking & (node > 0)
        r = tl.load(rewards + base + node, mask=walking, other=0.0)
        d = tl.load(discounts + base + node, mask=walking, other=0.0)
