"""A network of another size that begins with what one has learnt: a larger one computes the same.

This is Chen et al. 2016, "Net2Net", for these towers. More blocks: a fresh residual block is the identity on what is
not negative (see `blocks`), and so is what enters a tower. New blocks come first in their tower, so that the others
keep their places from its end, which say which of them are pooled.

More channels: what the network has learnt does not look at the new ones (zeros), which are those of a fresh network but
for their size: in the residual streams they begin so small that the largest activation, to which latents are scaled,
stays what it was. They do not begin at zero, from where no gradient would pass their ReLU.

Fewer blocks: the first ones of the tower go. What is left computes something else, and has to learn what they did.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from muzero_engine.network.blocks import StandardisedConv
from muzero_engine.network.config import BadConfig, Stem
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.stems import VectorStem

NEW_CHANNELS = 0.5  # of the size that they have in a fresh network
TOWERS = {"representation_blocks": "representation_tower", "dynamics_blocks": "dynamics_tower"}
SIZES = ("channels", *TOWERS)


def resized(
    network: MuZeroNetwork,
    seed: int,
    *,
    channels: int | None = None,
    representation_blocks: int | None = None,
    dynamics_blocks: int | None = None,
) -> MuZeroNetwork:
    """Return a copy of this size (None: as it is).

    Unless it has fewer blocks it computes the same, up to rounding where it has more channels. Raises BadConfig for
    fewer channels, and for more of a network for images.
    """
    old = network.config
    config = dataclasses.replace(
        old,
        channels=old.channels if channels is None else channels,
        representation_blocks=old.representation_blocks if representation_blocks is None else representation_blocks,
        dynamics_blocks=old.dynamics_blocks if dynamics_blocks is None else dynamics_blocks,
    )
    if config.channels < old.channels:
        raise BadConfig(f"channels cannot be {config.channels}: the network has {old.channels}, and can only get more")
    if config.channels > old.channels and old.stem is Stem.IMAGE:
        raise BadConfig("channels of a network for images stay as they are: only its towers can get more blocks")
    more = {tower: getattr(config, name) - getattr(old, name) for name, tower in TOWERS.items()}
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        result = MuZeroNetwork(config)
    widths = (old.channels, config.channels)
    with torch.no_grad():
        for stem in (result.representation_stem, result.dynamics_stem):
            if isinstance(stem, StandardisedConv):
                stem.gain[old.channels :] *= NEW_CHANNELS
            elif isinstance(stem, VectorStem):
                stem.linear.weight[old.channels :] *= NEW_CHANNELS
        for name, module in network.named_modules():
            if (place := _place(name, more)) is not None:
                _learn(result.get_submodule(place), module, widths)
    return result.train(network.training)


def _learn(larger: nn.Module, smaller: nn.Module, widths: tuple[int, int]) -> None:
    """Give a layer the weights of a smaller one: new outputs stay as they are, old ones see nothing of new inputs."""
    for name, parameter in smaller.named_parameters(recurse=False):
        learnt: Tensor = parameter
        place = larger.get_parameter(name)
        if name != "weight" or learnt.dim() == 1:
            place[: len(learnt)] = learnt
            continue
        if learnt.shape[1:] != place.shape[1:] and isinstance(smaller, StandardisedConv):
            learnt = learnt - learnt.mean(dim=(1, 2, 3), keepdim=True)  # then zeros change neither mean nor length
        rows = torch.zeros_like(place[: len(learnt)])
        rows[:, _inputs(learnt.shape[1], place.shape[1], widths)] = learnt
        place[: len(learnt)] = rows


def _inputs(have: int, more: int, widths: tuple[int, int]) -> Tensor:
    """Return int64[have]: where the inputs of a layer are among `more` of them.

    They are some groups of all channels (one, or what pooling makes of them), then what else there is (an action).
    """
    before, after = widths
    groups = (more - have) // (after - before) if more > have else 0
    starts = torch.arange(groups)[:, None] * after
    rest = torch.arange(have - groups * before) + groups * after
    return torch.cat([(starts + torch.arange(before)).flatten(), rest])


def _place(name: str, more: dict[str, int]) -> str | None:
    """Return where a module goes; None for one of a block that goes away."""
    tower, _, rest = name.partition(".")
    if tower not in more or not rest:
        return name
    block, _, inner = rest.partition(".")
    number = int(block) + more[tower]
    return ".".join(filter(None, (tower, str(number), inner))) if number >= 0 else None
