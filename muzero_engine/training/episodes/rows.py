"""`EpisodeRows`: what was played in a few steps of many environments, as it goes from self-play to the replay."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class EpisodeRows:
    """t rows of the b slots from `first_slot` on; row i of a slot is followed by its row i + 1. On the device.

    The last observation of an episode has a row of its own, whose action was not played; the next row is the first of
    the next episode.
    """

    first_slot: int
    packed: Tensor  # uint8[t, b, P], the observation (see slots.packed_bytes)
    age: Tensor  # int32[t, b], steps of the episode before it
    last: Tensor  # bool[t, b], whether it is the last one of its episode
    terminated: Tensor  # bool[t, b]: the step from it ended the episode, or nothing after it counts
    # (`EnvironmentStep.lost`); where it is the last one: the step into it ended the episode
    action: Tensor  # int16[t, b]
    reward: Tensor  # float32[t, b], of the action; 0 where it is the last one
    target_actions: Tensor  # int16[t, b, T], highest probability first, -1 padded
    target_probs: Tensor  # float16[t, b, T], the improved policy
    root_value: Tensor  # float32[t, b], of the search
    divergence: Tensor  # float16[t, b], KL(policy target || prior), nats

    @classmethod
    def empty(
        cls, rows: int, slots: int, *, packed: int, target_actions: int, device: torch.device, first_slot: int = 0
    ) -> Self:
        """Return `rows` of `slots` without anything in them, for observations of `packed` bytes."""

        def zeros(dtype: torch.dtype, *shape: int) -> Tensor:
            return torch.zeros((rows, slots, *shape), dtype=dtype, device=device)

        return cls(
            first_slot=first_slot,
            packed=zeros(torch.uint8, packed),
            age=zeros(torch.int32),
            last=zeros(torch.bool),
            terminated=zeros(torch.bool),
            action=zeros(torch.int16),
            reward=zeros(torch.float32),
            target_actions=zeros(torch.int16, target_actions),
            target_probs=zeros(torch.float16, target_actions),
            root_value=zeros(torch.float32),
            divergence=zeros(torch.float16),
        )

    def first(self, count: int) -> Self:
        """Return the first rows of every slot, the same memory."""
        tensors: dict[str, Any] = {name: getattr(self, name)[:count] for name in PER_ROW}
        return replace(self, **tensors)

    @property
    def count(self) -> int:
        """Return the rows of all slots."""
        return self.age.numel()


PER_ROW = tuple(field.name for field in fields(EpisodeRows) if field.name != "first_slot")
