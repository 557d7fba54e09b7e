"""The games in progress of one group of slots, on the training device."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.games.encoding import packed_size
from muzero_engine.training.types import FinishedGames, SearchOutput, surprise

Numbers = npt.NDArray[np.integer]


def to_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor there. CUDA is not waited for; on the CPU it is the same memory."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


class Trajectories:
    """B slots of at most L plies each. Ply `p` of slot `s` is row `s * L + p`."""

    def __init__(
        self,
        slots: int,
        plies: int,
        spec: GameSpec,
        shape: Shape,
        target_actions: int,
        device: torch.device,
        keep_legal: bool = False,
        keep_surprise: bool = False,
    ) -> None:
        """Make empty slots.

        `keep_legal`: legal actions are stored too, so that positions can be searched again. `keep_surprise`: so is what
        a search found, so that batches can be drawn by it.
        """
        rows = slots * plies
        self.plies = plies
        self.target_actions = target_actions
        self._shape = shape
        self._device = device
        self._history = torch.arange(spec.layout.history, device=device)
        self._first = torch.arange(slots, device=device) * plies
        self._packed = torch.zeros((rows, packed_size(spec, shape)), dtype=torch.uint8, device=device)
        legal_bytes = (spec.num_actions(shape) + 7) // 8 if keep_legal else 0
        self._legal = torch.zeros((rows, legal_bytes), dtype=torch.uint8, device=device)
        self._action = torch.zeros(rows, dtype=torch.int16, device=device)
        self._target_actions = torch.full((rows, target_actions), -1, dtype=torch.int16, device=device)
        self._target_probs = torch.zeros((rows, target_actions), dtype=torch.float16, device=device)
        self._root_value = torch.zeros(rows, dtype=torch.float16, device=device)
        self._surprise = torch.zeros((rows, 2 if keep_surprise else 0), dtype=torch.float16, device=device)

    def write_positions(self, ply: Tensor, packed: Tensor, legal: Tensor) -> None:
        """Write uint8[B, packed_size] and uint8[B, ceil(A / 8)] at ply int64[B] of each slot."""
        self._packed[self._first + ply] = packed
        if self._legal.shape[1]:
            self._legal[self._first + ply] = legal

    def write_openings(
        self, slots: Numbers, counts: Numbers, packed: npt.NDArray[np.uint8], actions: npt.NDArray[np.int16]
    ) -> None:
        """Write the first `counts[i]` plies of `slots[i]`, from uint8[n, O, packed_size] and int16[n, O]."""
        if not counts.sum():
            return
        inside = np.arange(actions.shape[1]) < counts[:, None]
        rows = self._rows(slots, counts)
        self._packed[rows] = to_device(packed[inside], self._device)
        self._action[rows] = to_device(actions[inside], self._device)
        self._forget_searches(rows)

    def write_branches(self, slots: Numbers, counts: Numbers, actions: Numbers) -> None:
        """Forget the searches of the first `counts[i]` plies of `slots[i]`, the last of which plays `actions[i]`."""
        rows = self._rows(slots, counts)
        last = to_device(counts.cumsum() - 1, self._device)
        self._action[rows[last]] = to_device(actions.astype(np.int16), self._device)
        self._forget_searches(rows)

    def _forget_searches(self, rows: Tensor) -> None:
        self._legal[rows] = 0
        self._target_actions[rows] = -1
        self._target_probs[rows] = 0
        self._surprise[rows] = 0

    def history(self, ply: Tensor) -> tuple[Tensor, Tensor]:
        """Return (uint8[B, history, packed_size] newest first, bool[B, history] which exist) at ply int64[B]."""
        back = ply.unsqueeze(1) - self._history
        return self._packed[self._first.unsqueeze(1) + back.clamp(min=0)], back >= 0

    def record(self, ply: Tensor, action: Tensor, output: SearchOutput, *, policy: bool = True) -> None:
        """Write the moves int64[B] played at ply int64[B] and what the search said; `policy`: its policy, too."""
        rows = self._first + ply
        self._action[rows] = action.to(torch.int16)
        self._target_actions[rows] = output.target_actions.to(torch.int16) if policy else -1
        self._target_probs[rows] = output.target_probs.to(torch.float16) if policy else 0.0
        self._root_value[rows] = output.value.to(torch.float16)
        if self._surprise.shape[1]:
            surprises = surprise(output)
            if not policy:
                surprises[:, 0] = 0.0
            self._surprise[rows] = surprises

    def take(
        self,
        slots: Numbers,
        lengths: Numbers,
        results: npt.NDArray[np.int8],
        by_rules: npt.NDArray[np.bool_],
        ownership: npt.NDArray[np.int8] | None,
        openings: Numbers,
        skipped: Numbers,
    ) -> FinishedGames:
        """Copy plies `skipped[i]` to `lengths[i]` of `slots[i]`, those before `openings[i]` not searched.

        `results` are player 0's.
        """
        device = self._device
        rows = self._rows(slots, lengths - skipped, skipped)
        lengths, openings = lengths - skipped, openings - skipped
        packed = self._packed[rows]
        random = to_device(_ages(lengths) < np.repeat(openings, lengths), device)
        first_player = to_device(np.repeat(results, lengths), device)
        result = torch.where(packed[:, -1] == 0, first_player, -first_player)
        return FinishedGames(
            shape=self._shape,
            lengths=to_device(lengths.astype(np.int64), device),
            packed=packed,
            action=self._action[rows],
            target_actions=self._target_actions[rows],
            target_probs=self._target_probs[rows],
            root_value=torch.where(random, result.to(torch.float16), self._root_value[rows]),
            result=result,
            by_rules=to_device(by_rules.copy(), device),
            ownership=None if ownership is None else to_device(ownership.copy(), device),
            legal=self._legal[rows] if self._legal.shape[1] else None,
            surprise=self._surprise[rows] if self._surprise.shape[1] else None,
        )

    def state(self, lengths: Numbers) -> dict[str, Tensor]:
        """Return what was played and searched in the first `lengths[s]` plies of every slot s, on the CPU."""
        rows = self._rows(np.arange(len(lengths)), lengths)
        return {name: tensor[rows].cpu() for name, tensor in self._stored().items()}

    def load_state(self, lengths: Numbers, state: dict[str, Tensor]) -> None:
        """Take over what `state` returned; the packed plies are the caller's business (`write_positions`)."""
        rows = self._rows(np.arange(len(lengths)), lengths)
        for name, tensor in self._stored().items():
            tensor[rows] = state[name].to(self._device)

    def _stored(self) -> dict[str, Tensor]:
        return {
            "action": self._action,
            "target_actions": self._target_actions,
            "target_probs": self._target_probs,
            "root_value": self._root_value,
            **({"surprise": self._surprise} if self._surprise.shape[1] else {}),
        }

    def _rows(self, slots: Numbers, counts: Numbers, skipped: Numbers | int = 0) -> Tensor:
        """Return int64[sum of counts]: so many rows of these slots after those skipped, one slot behind the other."""
        first = np.repeat(np.asarray(slots, dtype=np.int64) * self.plies + skipped, counts)
        return to_device(first + _ages(counts), self._device)


def _ages(counts: Numbers) -> npt.NDArray[np.int64]:
    """Return int64[sum of counts]: 0, 1, ... counts[i] - 1 for every i in turn."""
    ends = np.cumsum(counts)
    ages: npt.NDArray[np.int64] = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
    return ages
