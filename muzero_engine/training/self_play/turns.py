"""`GroupsInTurn`: groups of slots over one pool of workers, which are searched and stepped in turn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor

from muzero_engine.training.self_play.workers import WorkerPool
from muzero_engine.training.types import BadState


class SlotsInTurn(Protocol):
    """One of the groups."""

    @property
    def slots(self) -> int:
        """Return their number."""
        ...

    def start(self) -> None:
        """Begin in every slot."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return what is in progress, on the CPU."""
        ...


G = TypeVar("G", bound=SlotsInTurn)


class GroupsInTurn(Generic[G]):
    """What `SelfPlay` and `EpisodePlay` have in common. Use it as a context manager, or `close` it: it owns processes.

    Random numbers on the device are drawn from `_generator`, which is seeded for each rank.
    """

    def __init__(
        self, pool: WorkerPool[Any], groups: Sequence[G], *, seed: int, rank: int, device: torch.device
    ) -> None:
        """Take over a pool and its groups; `_start` begins them."""
        self._pool, self._groups = pool, list(groups)
        self.slots = sum(group.slots for group in groups)
        self._device = device
        self._generator = torch.Generator(device).manual_seed((seed * 65_537 + rank) % 2**63)
        self.moves = self.games = 0  # of this call of `play`, so far

    def _start(self) -> None:
        try:
            for group in self._groups:
                group.start()
        except BaseException:
            self.close()
            raise

    @property
    def who_plays(self) -> str:
        """Return nothing: this process plays."""
        return ""

    @property
    def left(self) -> str:
        """Return who was not waited for when the run was asked to stop: then nothing in progress is left to go on with.

        Empty where nobody was.
        """
        return self._pool.left

    def turns(self, plies: int) -> int:
        """Return how often `play` calls `meanwhile`."""
        return self._rounds(plies) * len(self._groups)

    def _rounds(self, plies: int) -> int:
        return max(1, math.ceil(plies / self.slots))

    def _state(self) -> dict[str, Tensor]:
        """Return the random numbers and what is in progress, on the CPU; nothing where a worker was left behind."""
        if self.left:
            return {}
        state = {f"generator.{self._device.type}": self._generator.get_state()}
        for index, group in enumerate(self._groups):
            state |= {f"{index}.{name}": tensor for name, tensor in group.state().items()}
        return state

    def _states_of_groups(self, state: Mapping[str, Tensor], what: str) -> Iterator[tuple[G, dict[str, Tensor]]]:
        """Yield each group with its part of what `_state` returned. Raises BadState where there were other groups."""
        groups = {name.partition(".")[0] for name in state if not name.startswith("generator.")}
        if len(groups) != len(self._groups):
            raise BadState(f"there are saved {what} of {len(groups)} groups, not {len(self._groups)}")
        for index, group in enumerate(self._groups):
            prefix = f"{index}."
            yield group, {name[len(prefix) :]: x for name, x in state.items() if name.startswith(prefix)}

    def _load_generator(self, state: Mapping[str, Tensor]) -> None:
        """Go on with the random numbers of a state of the same kind of device."""
        if (generator := state.get(f"generator.{self._device.type}")) is not None:
            self._generator.set_state(generator)

    def close(self) -> None:
        """End the worker processes."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
