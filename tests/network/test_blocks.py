"""The blocks: standardised filters that fold away, pooling, and a fresh block that is the identity."""

from __future__ import annotations

import pytest
import torch

from muzero_engine.network.blocks import (
    GlobalPool,
    PooledBias,
    ResidualBlock,
    StandardisedConv,
    Tower,
    bounded,
    same_size_conv,
)


def test_filters_are_standardised() -> None:
    torch.manual_seed(0)
    conv = StandardisedConv(16, 8, 3, gain=2.0)
    with torch.no_grad():
        conv.weight.mul_(7).add_(3)
    filters = conv.filters()
    assert filters.mean(dim=(1, 2, 3)).abs().max() < 1e-6
    deviation = filters.std(dim=(1, 2, 3), correction=0) * (16 * 9) ** 0.5
    torch.testing.assert_close(deviation, torch.full((8,), 2.0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("size", [1, 3])
def test_a_folded_convolution_computes_the_same(size: int) -> None:
    torch.manual_seed(0)
    conv = StandardisedConv(5, 7, size)
    with torch.no_grad():
        conv.bias.normal_()
    x = torch.rand(2, 5, 6, 4)
    assert conv(x).shape == (2, 7, 6, 4)
    torch.testing.assert_close(conv.folded()(x), conv(x))


@pytest.mark.parametrize(("inputs", "outputs", "size"), [(8, 16, 3), (5, 16, 3), (8, 3, 1), (5, 3, 3)])
def test_channels_filled_up_for_tensor_cores_change_nothing(inputs: int, outputs: int, size: int) -> None:
    torch.manual_seed(0)
    x, filters, bias = torch.rand(2, inputs, 5, 4), torch.randn(outputs, inputs, size, size), torch.randn(outputs)
    aligned = same_size_conv(x, filters, bias, align=True)
    torch.testing.assert_close(aligned, same_size_conv(x, filters, bias, align=False))
    torch.testing.assert_close(same_size_conv(x, filters, None, align=True), aligned - bias[:, None, None])


def test_pooling_tells_boards_apart_only_when_size_agnostic() -> None:
    small, large = torch.ones(1, 3, 9, 9), torch.ones(1, 3, 19, 19)
    fixed, agnostic = GlobalPool(size_agnostic=False), GlobalPool(size_agnostic=True)
    assert fixed(small).shape == (1, fixed.factor * 3)
    assert torch.equal(fixed(small), fixed(large))
    assert agnostic(small).shape == (1, agnostic.factor * 3)
    torch.testing.assert_close(agnostic(small)[0, -3:], torch.full((3,), -0.5))
    torch.testing.assert_close(agnostic(large)[0, -3:], torch.full((3,), 0.5))


def test_a_pooled_bias_carries_a_corner_to_every_point() -> None:
    torch.manual_seed(0)
    bias = PooledBias(4, size_agnostic=False)
    with torch.no_grad():
        bias.linear.bias.fill_(10.0)
    x = torch.zeros(1, 4, 5, 5)
    marked = x.clone()
    marked[0, 2, 0, 0] = 1.0
    assert ((bias(marked) - bias(x))[0, :, 4, 4].abs() > 0).any()


@pytest.mark.parametrize("pooled", [False, True])
def test_a_fresh_block_is_the_identity_and_learns(pooled: bool) -> None:
    torch.manual_seed(0)
    block = ResidualBlock(4, pooled=pooled, size_agnostic=False)
    x = torch.rand(2, 4, 3, 3)
    torch.testing.assert_close(block(x), x)
    block(x).square().sum().backward()
    assert block.second.gain.grad is not None
    assert block.second.gain.grad.abs().sum() > 0


@pytest.mark.parametrize("blocks", [0, 1, 2, 5])
def test_the_last_block_of_a_tower_is_pooled(blocks: int) -> None:
    tower = Tower(4, blocks, size_agnostic=False)
    pooled = [isinstance(block.bias, PooledBias) for block in tower]
    assert pooled == [(blocks - i) % 2 == 1 for i in range(blocks)]


def test_bounded_fills_zero_to_one_and_survives_silence() -> None:
    x = torch.rand(3, 4, 5, 5) * torch.tensor([1e-3, 1.0, 1e3]).view(3, 1, 1, 1)
    y = bounded(x)
    assert y.min() >= 0
    torch.testing.assert_close(y.amax(dim=(1, 2, 3)), torch.ones(3))
    assert torch.equal(bounded(torch.zeros(1, 4, 5, 5)), torch.zeros(1, 4, 5, 5))


def test_gradients_of_maxima_go_to_one_entry() -> None:
    """By index, not by equality: see `_learning`."""
    x = torch.tensor([[1.0, 4.0], [4.0, 2.0]]).expand(1, 3, 2, 2).clone().requires_grad_()
    pooled = GlobalPool(size_agnostic=False)(x)[:, 3:]
    assert torch.equal(pooled, torch.full((1, 3), 4.0))
    (gradient,) = torch.autograd.grad(pooled.sum(), x)
    assert gradient.sum() == 3.0
    assert gradient.count_nonzero() == 3
    (gradient,) = torch.autograd.grad(bounded(x).sum(), x)
    assert (gradient == 0.25).sum() == 11
    assert gradient.min().item() == pytest.approx(0.25 - 33 / 16)


def test_maxima_are_the_same_with_and_without_gradients() -> None:
    x = torch.rand(2, 3, 5, 4, requires_grad=True)
    with torch.no_grad():
        expected = bounded(x), GlobalPool(size_agnostic=True)(x)
    assert torch.equal(bounded(x), expected[0])
    assert torch.equal(GlobalPool(size_agnostic=True)(x), expected[1])
