"""Environments slot by slot, reading and writing numpy arrays that processes may share. No torch here.

A slot plays one episode after the other. What is random about an episode follows from the run's seed, the rank, the
slot and the number of the episode in its slot, so that it is the same however many processes share the slots.

The last observation of an episode is shown like any other, so that it is searched and its value known; the action that
comes back is not played, and the step that it would have been begins the next episode instead.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from muzero_engine.environments.base import (
    Environment,
    EnvironmentFailed,
    EnvironmentSpec,
    Observation,
    ObservationKind,
    close_all,
)
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.training.self_play.rules import KEEP, START, ArraysLayout, arrays_over, arrays_size


def packed_bytes(spec: EnvironmentSpec) -> int:
    """Return P, the bytes of one observation: planes as bits (`numpy.packbits`), the others as they are."""
    count = int(np.prod(spec.frame_shape))
    return (count + 7) // 8 if spec.kind is ObservationKind.PLANES else count * spec.kind.dtype.itemsize


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentGroup:
    """One group of slots: B copies of an environment."""

    settings: EnvironmentSettings
    spec: EnvironmentSpec
    slots: int  # B
    first_slot: int  # number of the first slot among all groups of this rank, for the seeds
    seed: int
    rank: int

    def memory_size(self) -> int:
        """Return the bytes of memory that `buffers_over` needs."""
        return arrays_size(EnvironmentBuffers.layout(self))

    def buffers_over(self, memory: Any) -> EnvironmentBuffers:
        """Return the arrays over a writable buffer of `memory_size` bytes."""
        return EnvironmentBuffers(*arrays_over(memory, EnvironmentBuffers.layout(self)))

    def slice_of(self, buffers: EnvironmentBuffers, first: int, end: int) -> EnvironmentSlice:
        """Return the slots from `first` to before `end`. Raises BadEnvironment."""
        return EnvironmentSlice(self, buffers, first, end)


@dataclass(frozen=True, slots=True)
class EnvironmentBuffers:
    """What the environments and the search tell each other about the B slots of a group; P bytes an observation."""

    action: npt.NDArray[np.int32]  # [B] in: the action, or KEEP, START
    number: npt.NDArray[np.int64]  # [B] in and out: number of the current episode in its slot, from 0
    packed: npt.NDArray[np.uint8]  # [B, P] the current observation, see `packed_bytes`
    age: npt.NDArray[np.int32]  # [B] steps of the episode before it
    reward: npt.NDArray[np.float32]  # [B] of the step into it; 0 where it is the first of its episode
    terminated: npt.NDArray[np.bool_]  # [B] whether that step ended the episode, after which nothing is earned
    truncated: npt.NDArray[np.bool_]  # [B] whether it was cut off there; not both
    lost: npt.NDArray[np.bool_]  # [B] whether that step lost a life, see `EnvironmentStep`

    @staticmethod
    def layout(group: EnvironmentGroup) -> ArraysLayout:
        """Return the type and the shape of each array, in their order."""
        kinds: ArraysLayout = [
            (np.int32, ()),
            (np.int64, ()),
            (np.uint8, (packed_bytes(group.spec),)),
            (np.int32, ()),
            (np.float32, ()),
            (np.bool_, ()),
            (np.bool_, ()),
            (np.bool_, ()),
        ]
        return [(dtype, (group.slots, *rest)) for dtype, rest in kinds]


class EnvironmentSlice:
    """The slots from `first` to before `end` of a group."""

    def __init__(self, group: EnvironmentGroup, buffers: EnvironmentBuffers, first: int, end: int) -> None:
        """Make the environments; they begin at START. Raises BadEnvironment."""
        self._group, self._buffers = group, buffers
        self._rows = slice(first, end)
        count = end - first
        self._environments: list[Environment] = [load_environment(group.settings) for _ in range(count)]
        packed = buffers.packed[self._rows]
        self._bits: npt.NDArray[np.bool_] | None = None
        if group.spec.kind is ObservationKind.PLANES:
            self._bits = np.zeros((count, *group.spec.frame_shape), dtype=np.bool_)
        # where observations are written to: planes are packed together when all slots have moved
        self._frames: npt.NDArray[Any] = (
            packed.view(group.spec.kind.dtype).reshape(count, *group.spec.frame_shape)
            if self._bits is None
            else self._bits
        )
        self._number, self._age = [0] * count, [0] * count
        self._reward = [0.0] * count
        self._terminated, self._truncated, self._lost = [False] * count, [False] * count, [False] * count

    def step(self) -> None:
        """Do what `EnvironmentBuffers.action` says in every slot. Raises EnvironmentFailed."""
        buffers, rows = self._buffers, self._rows
        actions = buffers.action[rows].tolist()
        if START in actions:
            self._number = [
                new if action == START else old
                for action, new, old in zip(actions, buffers.number[rows].tolist(), self._number, strict=True)
            ]
        for i, action in enumerate(actions):
            if action >= 0 and not (self._terminated[i] or self._truncated[i]):
                self._advance(i, action)
            elif action != KEEP:
                self._number[i] += action != START
                self._begin(i)
        if self._bits is not None:
            buffers.packed[rows] = np.packbits(self._bits.reshape(len(actions), -1), axis=1)
        buffers.number[rows], buffers.age[rows] = self._number, self._age
        buffers.reward[rows] = self._reward
        buffers.terminated[rows], buffers.truncated[rows] = self._terminated, self._truncated
        buffers.lost[rows] = self._lost

    def _advance(self, i: int, action: int) -> None:
        try:
            observation, reward, terminated, truncated, lost = self._environments[i].step(action)
            self._show(i, observation)
        except Exception as error:
            raise self._failed(i, error) from error
        self._age[i] += 1
        self._reward[i] = reward
        self._terminated[i], self._truncated[i] = terminated, truncated and not terminated
        self._lost[i] = lost

    def _begin(self, i: int) -> None:
        try:
            self._show(i, self._environments[i].reset(self.seed(i, self._number[i])))
        except Exception as error:
            raise self._failed(i, error) from error
        self._age[i], self._reward[i] = 0, 0.0
        self._terminated[i] = self._truncated[i] = self._lost[i] = False

    def _show(self, i: int, observation: Observation) -> None:
        self._frames[i] = observation

    def seed(self, i: int, number: int) -> int:
        """Return the seed of an episode of the i-th slot, of 31 bits (numpy's old generators take no more than 32)."""
        group = self._group
        slot = group.first_slot + self._rows.start + i
        return random.Random(f"{group.seed} {group.rank} {slot} {number}").getrandbits(31)

    def _failed(self, i: int, error: Exception) -> EnvironmentFailed:
        what = str(error) if isinstance(error, EnvironmentFailed) else f"{type(error).__name__}: {error}"
        slot = self._group.first_slot + self._rows.start + i
        return EnvironmentFailed(f"{what} (slot {slot}, episode {self._number[i]}, step {self._age[i]})")

    def close(self) -> None:
        """Close the environments."""
        close_all(self._environments)
