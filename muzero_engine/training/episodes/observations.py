"""Observations of environments from their bytes, on the device, and the stacks that a network sees."""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.training.episodes.slots import packed_bytes
from muzero_engine.training.observations import unpacked_bits


def stacked(packed: Tensor, present: Tensor, spec: EnvironmentSpec, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return [M, planes, rows, columns] of the spec from uint8[M, stack, P], newest first; absent ones are zeros.

    `present` is bool[M, stack]. Planes are of `dtype`, images uint8, vectors float32.
    """
    positions, planes = len(packed), spec.frame_shape[0]
    rows, columns = spec.board
    match spec.kind:
        case ObservationKind.PLANES:
            frames = unpacked_bits(packed, planes * rows * columns).to(dtype)
        case ObservationKind.IMAGE:
            frames = packed
        case ObservationKind.VECTOR:
            frames = packed.contiguous().view(torch.float32)
    if spec.stack > 1:
        frames = torch.where(present.unsqueeze(2), frames, torch.zeros((), dtype=frames.dtype, device=frames.device))
    return frames.view(positions, spec.shape[0], rows, columns)


def shifted(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Return [M, planes, rows, columns], each image moved by -most to most points in both directions, all its planes
    alike; points that come in are those of the edge (Kostrikov et al. 2020, section 3.1)."""
    count, _, rows, columns = images.shape
    device = images.device
    by = torch.randint(-most, most + 1, (2, count, 1), generator=generator, device=device)
    row = (torch.arange(rows, device=device) + by[0]).clamp(0, rows - 1)
    column = (torch.arange(columns, device=device) + by[1]).clamp(0, columns - 1)
    image = torch.arange(count, device=device)
    return images[image[:, None, None], :, row[:, :, None], column[:, None, :]].permute(0, 3, 1, 2).contiguous()


class History:
    """The newest observations of B slots."""

    def __init__(self, spec: EnvironmentSpec, slots: int, device: torch.device) -> None:
        self._spec, self._device = spec, device
        self._packed = torch.zeros((slots, spec.stack, packed_bytes(spec)), dtype=torch.uint8, device=device)
        self._age = torch.zeros(slots, dtype=torch.int32, device=device)
        self._back = torch.arange(spec.stack, dtype=torch.int32, device=device)

    @property
    def age(self) -> Tensor:
        """Return int32[B], the steps of the episodes before the newest observations; not a copy."""
        return self._age

    @property
    def newest(self) -> Tensor:
        """Return uint8[B, P]; not a copy."""
        return self._packed[:, 0]

    def push(self, packed: Tensor, age: Tensor, moved: Tensor | None = None) -> None:
        """Take the next observations uint8[B, P] of ages int32[B]; where `moved` bool[B] is false nothing changes."""
        pushed = torch.cat([packed.unsqueeze(1), self._packed[:, :-1]], dim=1)
        if moved is not None:
            pushed = torch.where(moved[:, None, None], pushed, self._packed)
            age = torch.where(moved, age, self._age)
        self._packed, self._age = pushed, age.clone()

    def stacked(self, dtype: torch.dtype) -> Tensor:
        """Return what the network sees now, see `stacked`."""
        return stacked(self._packed, self._back <= self._age.unsqueeze(1), self._spec, dtype)
