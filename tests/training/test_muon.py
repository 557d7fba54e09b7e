"""Muon: orthogonal turns of filters of length 1."""

from __future__ import annotations

import math

import pytest
import torch
from support.networks import random_observations, tiny_network

from muzero_engine.games.registry import load_game
from muzero_engine.network.blocks import StandardisedConv
from muzero_engine.training.config import LearnerSettings, Optimiser
from muzero_engine.training.muon import MOMENTUM, Muon, orthogonal, unit_filters_
from muzero_engine.training.optimiser import make_optimisers

TICTACTOE = load_game("tictactoe")


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8)])
def test_singular_values_become_about_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    matrices = torch.randn(3, *shape) * torch.logspace(-1, 1, shape[1])  # singular values far apart
    found = orthogonal(matrices)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6
    assert values.max() < 1.3
    turned = left.mT @ found @ right.mT  # the singular vectors stay
    torch.testing.assert_close(turned, torch.diag_embed(turned.diagonal(dim1=1, dim2=2)), atol=1e-4, rtol=0)


def test_a_zero_gradient_turns_nothing() -> None:
    assert torch.equal(orthogonal(torch.zeros(1, 4, 9)), torch.zeros(1, 4, 9))


def test_filters_turn_by_the_angle_that_the_rate_says() -> None:
    torch.manual_seed(2)
    filters = torch.nn.Parameter(torch.randn(16, 8, 3, 3) * 5.0)
    muon = Muon([filters], lr=1.0, scale=0.2)
    before = filters.detach().flatten(1).clone()
    torch.testing.assert_close(before.norm(dim=1), torch.ones(16))
    torch.testing.assert_close(before.mean(dim=1), torch.zeros(16), atol=1e-6, rtol=0)
    filters.grad = torch.randn(16, 8, 3, 3)
    muon.param_groups[0]["lr"] = 1e-3
    muon.step()
    after = filters.detach().flatten(1)
    torch.testing.assert_close(after.norm(dim=1), torch.ones(16))
    angle = torch.acos((before.double() * after.double()).sum(dim=1).clamp(max=1.0))
    wanted = 1e-3 * 0.2 * math.sqrt(72)
    assert (angle < 1.3 * wanted).all()
    assert (angle > 0.5 * wanted).all()
    momentum = muon.state[filters]["momentum_buffer"]
    torch.testing.assert_close(momentum, (1 - MOMENTUM) * filters.grad)


def test_it_goes_downhill() -> None:
    """Filters find the direction that a plain quadratic asks for, against gradients of very different sizes."""
    torch.manual_seed(3)
    wanted = torch.randn(4, 2, 3, 3)
    unit_filters_([wanted])
    filters = torch.nn.Parameter(torch.randn(4, 2, 3, 3))
    muon = Muon([filters], lr=0.02, scale=0.2)
    sizes = torch.logspace(-2, 0, 4)[:, None, None, None]
    for step in range(300):
        muon.param_groups[0]["lr"] = 0.05 * (1 - step / 300)
        filters.grad = sizes * (filters.detach() - wanted)
        muon.step()
    assert (filters.detach() * wanted).sum(dim=(1, 2, 3)).min() > 0.99


def test_filters_have_muon_and_the_rest_adamw() -> None:
    network = tiny_network(TICTACTOE)
    seen = torch.from_numpy(random_observations(TICTACTOE, (3, 3), 5))
    with torch.no_grad():
        before = network.represent(seen)
    muon, adamw = make_optimisers(network, LearnerSettings(optimiser=Optimiser.MUON))
    turned = {id(parameter) for group in muon.param_groups for parameter in group["params"]}
    rest = {id(parameter) for group in adamw.param_groups for parameter in group["params"]}
    filters = {id(child.weight) for child in network.modules() if isinstance(child, StandardisedConv)}
    assert turned == filters
    assert turned | rest == {id(parameter) for parameter in network.parameters()}
    assert not turned & rest
    with torch.no_grad():
        torch.testing.assert_close(network.represent(seen), before, atol=1e-3, rtol=1e-3)  # their length means nothing
