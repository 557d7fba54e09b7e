"""The games in progress of one group of slots, on the training device."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.games.encoding import packed_size
from muzero_engine.training.types import FinishedGames, SearchOutput

Numbers = npt.NDArray[np.integer]


def to_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """An array as a tensor there. CUDA is not waited for; on the CPU it is the same memory."""
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
    ) -> None:
        """`keep_legal`: legal actions are stored too, so that positions can be searched again."""
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

    def write_positions(self, ply: Tensor, packed: Tensor, legal: Tensor) -> None:
        """Writes uint8[B, packed_size] and uint8[B, ceil(A / 8)] at ply int64[B] of each slot."""
        self._packed[self._first + ply] = packed
        if self._legal.shape[1]:
            self._legal[self._first + ply] = legal

    def write_openings(
        self, slots: Numbers, counts: Numbers, packed: npt.NDArray[np.uint8], actions: npt.NDArray[np.int16]
    ) -> None:
        """Writes the first `counts[i]` plies of `slots[i]`, from uint8[n, O, packed_size] and int16[n, O]."""
        if not counts.sum():
            return
        inside = np.arange(actions.shape[1]) < counts[:, None]
        rows = self._rows(slots, counts)
        self._packed[rows] = to_device(packed[inside], self._device)
        self._action[rows] = to_device(actions[inside], self._device)
        self._legal[rows] = 0
        self._target_actions[rows] = -1
        self._target_probs[rows] = 0

    def history(self, ply: Tensor) -> tuple[Tensor, Tensor]:
        """(uint8[B, history, packed_size] newest first, bool[B, history] which of them exist) at ply int64[B]."""
        back = ply.unsqueeze(1) - self._history
        return self._packed[self._first.unsqueeze(1) + back.clamp(min=0)], back >= 0

    def record(self, ply: Tensor, action: Tensor, output: SearchOutput) -> None:
        """Writes the moves int64[B] played at ply int64[B] and what the search said there."""
        rows = self._first + ply
        self._action[rows] = action.to(torch.int16)
        self._target_actions[rows] = output.target_actions.to(torch.int16)
        self._target_probs[rows] = output.target_probs.to(torch.float16)
        self._root_value[rows] = output.value.to(torch.float16)

    def take(
        self,
        slots: Numbers,
        lengths: Numbers,
        results: npt.NDArray[np.int8],
        by_rules: npt.NDArray[np.bool_],
        ownership: npt.NDArray[np.int8] | None,
    ) -> FinishedGames:
        """Copies the first `lengths[i]` plies of `slots[i]`; `results` are player 0's."""
        device = self._device
        rows = self._rows(slots, lengths)
        packed, targets = self._packed[rows], self._target_actions[rows]
        first_player = to_device(np.repeat(results, lengths), device)
        result = torch.where(packed[:, -1] == 0, first_player, -first_player)
        return FinishedGames(
            shape=self._shape,
            lengths=to_device(lengths.astype(np.int64), device),
            packed=packed,
            action=self._action[rows],
            target_actions=targets,
            target_probs=self._target_probs[rows],
            root_value=torch.where(targets[:, 0] < 0, result.to(torch.float16), self._root_value[rows]),
            result=result,
            by_rules=to_device(by_rules.copy(), device),
            ownership=None if ownership is None else to_device(ownership.copy(), device),
            legal=self._legal[rows] if self._legal.shape[1] else None,
        )

    def state(self, lengths: Numbers) -> dict[str, Tensor]:
        """What was played and searched in the first `lengths[s]` plies of every slot s, on the CPU."""
        rows = self._rows(np.arange(len(lengths)), lengths)
        return {name: tensor[rows].cpu() for name, tensor in self._stored().items()}

    def load_state(self, lengths: Numbers, state: dict[str, Tensor]) -> None:
        """The inverse of `state`; the packed plies are the caller's business (`write_positions`)."""
        rows = self._rows(np.arange(len(lengths)), lengths)
        for name, tensor in self._stored().items():
            tensor[rows] = state[name].to(self._device)

    def _stored(self) -> dict[str, Tensor]:
        return {
            "action": self._action,
            "target_actions": self._target_actions,
            "target_probs": self._target_probs,
            "root_value": self._root_value,
        }

    def _rows(self, slots: Numbers, counts: Numbers) -> Tensor:
        """int64[sum of counts]: the first rows of these slots, one slot behind the other."""
        ends = np.cumsum(counts)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
        return to_device(np.repeat(np.asarray(slots, dtype=np.int64) * self.plies, counts) + within, self._device)
