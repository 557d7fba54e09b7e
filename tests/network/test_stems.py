"""What h does before its tower: images."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.network.fresh import fresh_environment_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.stems import ChannelNorm
from muzero_engine.returns import DiscountedReturns

SIDE = 48


def image_network(side: int, *, seed: int = 0) -> MuZeroNetwork:
    spec = EnvironmentSpec(id="screen", kind=ObservationKind.IMAGE, shape=(1, side, side), actions=2)
    returns = DiscountedReturns(discount=0.9, support=10)
    return fresh_environment_network(spec, returns, seed, channels=8, representation_blocks=1, dynamics_blocks=0)


def screens(count: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return uint8[count, 1, SIDE, SIDE], bright walls and a ball of two points, and whether it is above the middle."""
    picture = torch.full((SIDE, SIDE), 87, dtype=torch.uint8)
    picture[:6] = picture[-6:] = 236
    picture[:6, 12:16] = 20
    row = torch.randint(6, SIDE - 8, (count,), generator=draw)
    column = torch.randint(0, SIDE, (count,), generator=draw)
    result = picture.repeat(count, 1, 1, 1)
    for below in range(2):
        result[torch.arange(count), 0, row + below, column] = 236
    return result, (row < SIDE // 2 - 1).long()


def test_each_channel_of_each_sample_is_normalised() -> None:
    norm = ChannelNorm(2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0]))
        norm.bias.copy_(torch.tensor([0.0, 3.0]))
    x = torch.tensor([[[0, 0, 0, 4], [1, 3, 5, 7]], [[8, 8, 8, 8], [30, 10, 10, 10]]]).float().view(2, 2, 2, 2)
    third, fifth = 1 / math.sqrt(3), 1 / math.sqrt(5)  # means 1, 4, 8, 15, variances 3, 5, 0, 75
    expected = torch.tensor(
        [
            [[-third, -third, -third, 3 * third], [3 - 6 * fifth, 3 - 2 * fifth, 3 + 2 * fifth, 3 + 6 * fifth]],
            [[0, 0, 0, 0], [3 + 6 * third, 3 - 2 * third, 3 - 2 * third, 3 - 2 * third]],
        ]
    ).view(2, 2, 2, 2)
    torch.testing.assert_close(norm(x), expected, rtol=1e-4, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        assert norm(x.bfloat16()).dtype == torch.bfloat16


def test_a_small_bright_thing_is_seen_on_a_picture_that_stands_still() -> None:
    """Forty batches of 16 tell where it is. Without a `ChannelNorm` the loss is then still ln 2."""
    network, draw = image_network(SIDE), torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)

    def loss(count: int) -> Tensor:
        observation, above = screens(count, draw)
        return F.cross_entropy(network.predict(network.represent(observation)).policy_logits, above)

    for _ in range(40):
        optimiser.zero_grad()
        loss(16).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
    with torch.no_grad():
        assert loss(64) < 0.75 * math.log(2)


@pytest.mark.parametrize("side", [16, 32, 48])
@torch.no_grad()
def test_images_of_any_size_are_seen(side: int) -> None:
    """Also where so few squares are left that there is nothing to normalise."""
    images = torch.randint(0, 256, (4, 1, side, side), generator=torch.Generator().manual_seed(0))
    made = image_network(side).representation_stem(images.float()).flatten(1)
    assert (made[:, None] - made[None]).abs().amax(dim=2).gt(0.02).sum() == 4 * 3
