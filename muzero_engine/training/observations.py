"""Observations from packed plies on the device: `games.encoding` in torch, for many positions at once.

Equal to `encoding.observation_from_packed` to the last bit in float32. Shapes depend on the arguments' shapes only and
no value is read back, so that the calls may be captured in a CUDA graph.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from muzero_engine.games.base import FrameLayout, GameSpec, Shape, Turn


def unpacked_bits(packed: Tensor, count: int) -> Tensor:
    """Return uint8[..., count] of 0 and 1 from uint8[..., ceil(count / 8)] (`numpy.packbits`: big-endian bits)."""
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=packed.device)
    bits = packed.unsqueeze(-1).bitwise_right_shift(shifts).bitwise_and(1)
    return bits.flatten(-2)[..., :count]


def packed_bits(bits: Tensor) -> Tensor:
    """Undo `unpacked_bits`: return uint8[..., ceil(n / 8)] from bool[..., n]."""
    padded = torch.nn.functional.pad(bits.to(torch.uint8), (0, -bits.shape[-1] % 8))
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=bits.device)
    return (
        padded.view(*bits.shape[:-1], padded.shape[-1] // 8, 8)
        .bitwise_left_shift(shifts)
        .sum(dim=-1, dtype=torch.uint8)
    )


def observations(
    packed: Tensor, present: Tensor, spec: GameSpec, shape: Shape, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Return dtype[M, planes, H, W] in the mover's frame from uint8[M, history, packed_size], newest first.

    `present` is bool[M, history]: plies that exist. Absent ones are zero whatever their bytes say; where the newest is
    absent the whole observation is zero.
    """
    layout = spec.layout
    positions, history, _ = packed.shape
    bits = layout.frame_planes * shape[0] * shape[1]
    end = (bits + 7) // 8
    frames = unpacked_bits(packed[..., :end], bits).view(positions, history, layout.frame_planes, *shape)
    p = layout.per_player
    exchanged = torch.cat([frames[:, :, p : 2 * p], frames[:, :, :p], frames[:, :, 2 * p :]], dim=2)
    second = (packed[:, 0, -1] == 1).view(-1, 1, 1, 1, 1)
    frames = torch.where(second, _turned(exchanged, spec.turn), frames) * present.view(positions, history, 1, 1, 1)
    count = history * layout.frame_planes
    observation = torch.empty((positions, layout.planes, *shape), dtype=dtype, device=packed.device)
    observation[:, :count] = frames.view(positions, count, *shape)
    if layout.scalars:
        low, high = packed[:, 0, end:-1].to(torch.int32).view(positions, layout.scalars, 2).unbind(2)
        unsigned = low + 256 * high
        scalars = unsigned - 65536 * (unsigned >= 32768)
        constants = scalars.to(torch.float32) / _scales(layout, packed.device) * present[:, :1]
        observation[:, count:] = constants[:, :, None, None].to(dtype)
    return observation


@functools.cache
def _scales(layout: FrameLayout, device: torch.device) -> Tensor:
    return torch.tensor(layout.scalar_scales, dtype=torch.float32, device=device)


def _turned(planes: Tensor, turn: Turn) -> Tensor:
    match turn:
        case Turn.NONE:
            return planes
        case Turn.MIRROR:
            return planes.flip(-2)
        case Turn.ROTATE:
            return planes.flip(-2, -1)
