"""The Triton kernels against their reference in torch, on random trees: on a GPU, or in Triton's interpreter.

    pytest tests/training/search/test_triton_kernels.py                       # where there is a CUDA device
    TRITON_INTERPRET=1 pytest tests/training/search/test_triton_kernels.py    # on a CPU, with Triton installed

`tests/training/search/test_batched.py` proves the reference itself, against mctx and against the engine's formulas.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import fields

import pytest
import torch
from torch import Tensor

from muzero_engine.training.search.root import halving_schedule
from muzero_engine.training.search.tree import SearchTree, SelectionSettings, TorchKernels, TreeKernels

ROUNDING = 1e-5  # two ways of adding up; a larger difference is an error
NEAR_TIES = 2e-3  # share of walks that may part where two children score the same to rounding

on_gpu = torch.cuda.is_available()
interpreted = importlib.util.find_spec("triton") is not None and os.environ.get("TRITON_INTERPRET") == "1"
pytestmark = pytest.mark.skipif(
    not (on_gpu or interpreted), reason="Triton's kernels need a CUDA device, or Triton with TRITON_INTERPRET=1"
)
DEVICE = torch.device("cuda" if on_gpu else "cpu")
GAMES, SIMULATIONS = (512, 16) if on_gpu else (12, 8)


@pytest.fixture(scope="module")
def triton_kernels() -> TreeKernels:
    from muzero_engine.training.search.triton_kernels import TritonKernels

    return TritonKernels()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("actions", "count"),
    [(1, 1), (2, 2), (3, 2), (9, 9), (9, 4), (82, 32), (362, 32), (700, 16), (2187, 32), (4672, 32), (4672, 16)],
)
def test_the_highest_of_a_row_equal_those_of_the_reference(
    triton_kernels: TreeKernels, actions: int, count: int, dtype: torch.dtype
) -> None:
    """Rows with many equal values, zeros of both signs and infinities."""
    draw = torch.Generator(DEVICE).manual_seed(1)
    values = torch.randn(GAMES, actions, device=DEVICE, generator=draw)
    values[1::4] = (values[1::4] * 2).round()
    values[2::4, actions // 3 :] = -torch.inf
    values[3::4] = torch.copysign(torch.zeros_like(values[3::4]), values[3::4])
    values = values.to(dtype)
    top, indices = triton_kernels.top(values, count)
    reference_top, reference_indices = TorchKernels().top(values, count)
    assert torch.equal(indices, reference_indices)
    assert torch.equal(top, reference_top)


@pytest.mark.parametrize("rescale", [False, True], ids=["game", "environment"])
@pytest.mark.parametrize(
    ("actions", "children", "candidates", "depth"),
    [(82, 32, 16, 0), (9, 9, 9, 0), (300, 8, 16, 3), (40, 20, 1, 0), (2, 2, 2, 0), (6, 6, 4, 0)],
)
def test_trees_grow_as_the_reference_grows_them(
    triton_kernels: TreeKernels, actions: int, children: int, candidates: int, depth: int, rescale: bool
) -> None:
    """Random trees grow with the reference; every step of every simulation is compared. Those of environments have
    values of hundreds, discounts in [0, 1], and half of their roots more legal actions than candidates."""
    reference, parted = TorchKernels(), 0
    draw = torch.Generator(DEVICE).manual_seed(2)
    settings = SelectionSettings(depth or SIMULATIONS, 50.0, 0.1, rescale, 0.5 if rescale and depth else 1e-8)
    size = 100.0 if rescale else 1.0  # of values
    schedule = torch.tensor(halving_schedule(candidates, SIMULATIONS), dtype=torch.int32, device=DEVICE)
    tree, ours = (SearchTree.empty(GAMES, max(children, candidates), schedule) for _ in range(2))

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, device=DEVICE, generator=draw)

    most = 2 * candidates if rescale else candidates
    legal = torch.randint(1, most + 1, (GAMES,), device=DEVICE, generator=draw)
    score, action = reference.top(noise(GAMES, actions), candidates)
    score[torch.arange(candidates, device=DEVICE) >= legal[:, None]] = -torch.inf
    logit = torch.where(score > -torch.inf, noise(GAMES, candidates), -torch.inf)
    tree.plant(action, logit, score, legal, size * noise(GAMES).tanh())
    for simulation in range(SIMULATIONS):
        copy_tree(tree, ours)
        reference.select(tree, simulation, settings)
        triton_kernels.select(ours, simulation, settings)
        parts = (tree.selection.latent != ours.selection.latent) | (tree.selection.action != ours.selection.action)
        parted += int(parts.sum())
        if not parts.any():
            assert largest_difference(tree, ours) == 0.0, f"selection of simulation {simulation}"
        copy_tree(tree, ours)
        logits = noise(GAMES, actions)
        ends = torch.rand(GAMES, device=DEVICE, generator=draw)
        discount = 1.0 - ends if rescale else ends - 1.0
        answer = (size * noise(GAMES).tanh() * ends, discount, size * noise(GAMES).tanh())
        for kernels, grown in ((reference, tree), (triton_kernels, ours)):
            kernels.expand(grown, logits, children)
            kernels.backup(grown, *answer)
        assert largest_difference(tree, ours) <= size * ROUNDING, f"expansion and backup of simulation {simulation}"
    assert parted <= NEAR_TIES * GAMES * SIMULATIONS


def copy_tree(source: SearchTree, target: SearchTree) -> None:
    for ours, theirs in zip(tensors(target), tensors(source), strict=True):
        ours.copy_(theirs)


def tensors(tree: SearchTree) -> list[Tensor]:
    own = [getattr(tree, field.name) for field in fields(tree) if field.name != "selection"]
    return own + [getattr(tree.selection, field.name) for field in fields(tree.selection)]


def largest_difference(first: SearchTree, second: SearchTree) -> float:
    gaps = (
        torch.where(ours == theirs, 0.0, (ours.double() - theirs.double()).abs()).max()
        for ours, theirs in zip(tensors(first), tensors(second), strict=True)
    )
    return float(torch.stack(list(gaps)).nan_to_num(nan=torch.inf).max())
