"""One group of slots: environments, search and the rows that are played.

`launch` queues a search on the device and returns at once (on CUDA), `dispatch` waits for its actions and hands them to
the environments, `settle` waits for these. Two groups in turn keep both sides busy. Everything that is learnt from is
written on the device; nothing here goes through the slots one by one but where episodes end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from muzero_engine.training.config import SelfPlaySettings
from muzero_engine.training.episodes.observations import History
from muzero_engine.training.episodes.pool import EnvironmentPool
from muzero_engine.training.episodes.rows import EpisodeRows
from muzero_engine.training.episodes.slots import EnvironmentGroup, packed_bytes
from muzero_engine.training.episodes.statistics import EpisodeCounts
from muzero_engine.training.self_play.rules import KEEP, START
from muzero_engine.training.self_play.slot_group import chosen_actions
from muzero_engine.training.self_play.trajectories import to_device
from muzero_engine.training.types import BadState, RootSearch, SearchOutput

_FIRST_STEPS = 256  # of the running episodes there is room for at first


class EpisodeGroup:
    """B slots that are searched together; `index` is their number in the pool."""

    def __init__(
        self,
        *,
        index: int,
        pool: EnvironmentPool,
        group: EnvironmentGroup,
        settings: SelfPlaySettings,
        search: RootSearch,
        target_actions: int,
        device: torch.device,
        dtype: torch.dtype,
        clip_rewards: bool,
    ) -> None:
        self.slots, self.first_slot = group.slots, group.first_slot
        self._index, self._pool, self._buffers = index, pool, pool.buffers[index]
        self._settings, self._search = settings, search
        self._device, self._dtype, self._target_actions = device, dtype, target_actions
        self._clip_rewards = clip_rewards  # whether rows have their signs; `counts` have them whole
        self._packed_bytes = packed_bytes(group.spec)
        self._history = History(group.spec, group.slots, device)
        self._legal = torch.ones((group.slots, group.spec.actions), dtype=torch.bool, device=device)
        self._played = np.zeros((group.slots, _FIRST_STEPS), dtype=np.int16)  # actions of the running episodes
        self._returns = np.zeros(group.slots)  # of the running episodes, undiscounted
        self._last = np.zeros(group.slots, dtype=np.bool_)  # whether the current observation is the last of its episode
        self._host_action = torch.zeros(group.slots, dtype=torch.int64, pin_memory=device.type == "cuda")
        self._searched = torch.cuda.Event() if device.type == "cuda" else None  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._rows = self._empty(0)
        self._count = 0  # whole rows

    def start(self) -> None:
        """Begin episode `EnvironmentBuffers.number` in every slot. Raises EnvironmentFailed."""
        self._pool.start(self._index)
        self._take_observations()

    def begin(self, rows: int) -> None:
        """Make room for the rows of a call of `EpisodePlay.play`."""
        self._rows, self._count = self._empty(rows), 0

    def rows(self) -> EpisodeRows:
        """Return the whole rows since `begin`."""
        return self._rows.first(self._count)

    def launch(self, generator: torch.Generator) -> SearchOutput:
        """Search all slots."""
        rows, count, settings = self._rows, self._count, self._settings
        output = self._search.run(self._history.stacked(self._dtype), self._legal, generator=generator)
        sampled = self._history.age < settings.temperature_plies
        action = chosen_actions(output, sampled, generator, settings.temperature)
        if settings.random_share:
            anything = torch.randint(self._legal.shape[1], action.shape, generator=generator, device=self._device)
            chance = torch.rand(action.shape, generator=generator, device=self._device)
            action = torch.where(chance < settings.random_share, anything, action)
        self._host_action.copy_(action, non_blocking=True)
        rows.packed[count] = self._history.newest
        rows.age[count] = self._history.age
        rows.action[count] = action
        rows.target_actions[count] = output.target_actions
        rows.target_probs[count] = output.target_probs
        rows.root_value[count] = output.value
        rows.divergence[count] = output.divergence
        if self._searched is not None:
            self._searched.record()
        return output

    def dispatch(self) -> None:
        """Wait for the search and let the environments take its actions. Raises EnvironmentFailed."""
        if self._searched is not None:
            self._searched.synchronize()
        buffers, actions = self._buffers, self._host_action.numpy()
        ages = buffers.age
        if ages.max() >= self._played.shape[1]:
            self._played = np.pad(self._played, ((0, 0), (0, self._played.shape[1])))
        self._played[np.arange(self.slots), ages] = actions
        buffers.action[:] = actions
        terminated = buffers.terminated & self._last
        self._rows.last[self._count] = to_device(self._last.copy(), self._device)
        self._rows.terminated[self._count] = to_device(terminated, self._device)
        self._pool.submit(self._index)

    def settle(self, counts: EpisodeCounts) -> None:
        """Wait for the environments, count steps and episodes that ended, end the row. Raises EnvironmentFailed."""
        self._pool.wait(self._index)
        buffers, rows = self._buffers, self._rows
        reward = to_device(buffers.reward, self._device)
        rows.reward[self._count] = reward.sign() if self._clip_rewards else reward
        rows.terminated[self._count] |= to_device(buffers.terminated | buffers.lost, self._device)
        self._count += 1
        self._take_observations()
        counts.steps += int(np.count_nonzero(buffers.age))  # the others have begun an episode
        slots = np.flatnonzero(self._last)
        if len(slots):
            counts.add(self._returns[slots], buffers.age[slots], buffers.truncated[slots])

    def _take_observations(self, moved: npt.NDArray[np.bool_] | None = None) -> None:
        """Take over what the environments say; with `moved` bool[B], of those alone."""
        buffers, device = self._buffers, self._device
        packed, age = to_device(buffers.packed, device), to_device(buffers.age, device)
        self._history.push(packed, age, None if moved is None else to_device(moved, device))
        added = np.where(buffers.age == 0, 0.0, self._returns + buffers.reward)
        self._returns = added if moved is None else np.where(moved, added, self._returns)
        self._last = buffers.terminated | buffers.truncated

    def state(self) -> dict[str, Tensor]:
        """Return the episodes in progress, on the CPU: their actions, and what is seen after them."""
        buffers = self._buffers
        played = np.arange(self._played.shape[1]) < buffers.age[:, None]
        arrays: dict[str, npt.NDArray[Any]] = {
            "number": buffers.number,
            "age": buffers.age,
            "packed": buffers.packed,
            "action": self._played[played],  # one slot behind the other
        }
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> int:
        """Take up saved episodes by playing their actions again; return how many slots did not come out as they were.

        These begin their next episode. Raises BadState, EnvironmentFailed.
        """
        ages, buffers = state["age"].numpy().astype(np.int64), self._buffers
        if len(ages) != self.slots:
            raise BadState(
                f"the saved episodes fill {len(ages)} slots, not {self.slots}: self_play.games was different"
            )
        if state["packed"].shape[1] != self._packed_bytes:
            raise BadState(
                "the saved episodes have observations of another size: the environment's settings were different"
            )
        number, steps = state["number"].numpy(), max(_FIRST_STEPS, int(ages.max(initial=0)) + 1)
        self._played = np.zeros((self.slots, steps), dtype=np.int16)
        self._played[np.arange(steps) < ages[:, None]] = state["action"].numpy()
        buffers.number[:] = number
        self.start()
        for step in range(int(ages.max(initial=0))):
            behind = step < ages
            self._pool.step(self._index, np.where(behind, self._played[:, step], KEEP))
            self._take_observations(behind)
        other = (buffers.number != number) | (buffers.age != ages)
        other |= (buffers.packed != state["packed"].numpy()).any(axis=1)
        if other.any():
            buffers.number[:] = number + 1
            self._pool.step(self._index, np.where(other, START, KEEP))
            self._take_observations(other)
        return int(other.sum())

    def _empty(self, rows: int) -> EpisodeRows:
        return EpisodeRows.empty(
            rows,
            self.slots,
            packed=self._packed_bytes,
            target_actions=self._target_actions,
            device=self._device,
            first_slot=self.first_slot,
        )
