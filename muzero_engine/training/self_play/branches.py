"""Where games branch: the move of each game in progress that its search was least sure of, and the second choice there.

A share of the games (`SelfPlaySettings.branch_share`) begins as the game before in its slot did, up to that move, and
plays the second choice. So what a player was in doubt about is tried both ways, where games from the beginning would
seldom come by again (KataGo forks games likewise).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from muzero_engine.training.types import SearchOutput

NOWHERE = -1  # instead of a ply: no search of the game was in doubt


def second_choice(output: SearchOutput, action: Tensor) -> tuple[Tensor, Tensor]:
    """Return int64[B], the best move of the improved policy but for `action` int64[B], and float32[B], the doubt.

    The doubt is the probability of that move times (1 - |root value|): there is none where only one move is searched,
    and little where the game is decided. So it lies in [0, 1].
    """
    place = (output.target_actions[:, :1] == action.unsqueeze(1)).long()  # 0 or 1: where the best other move stands
    place = place.clamp(max=output.target_actions.shape[1] - 1)
    second = output.target_actions.gather(1, place).squeeze(1)
    probability = output.target_probs.gather(1, place).squeeze(1)
    other = (second >= 0) & (second != action)
    return second, torch.where(other, probability * (1 - output.value.abs()), 0.0)


class Branches:
    """For each of B slots, where the game in progress was most in doubt, on the host."""

    def __init__(self, slots: int, device: torch.device) -> None:
        self.ply = np.full(slots, NOWHERE, dtype=np.int32)
        self.action = np.zeros(slots, dtype=np.int32)
        self._doubt = np.zeros(slots, dtype=np.float32)
        pinned = device.type == "cuda"
        self._host_action = torch.zeros(slots, dtype=torch.int64, pin_memory=pinned)
        self._host_doubt = torch.zeros(slots, dtype=torch.float32, pin_memory=pinned)

    def launch(self, output: SearchOutput, action: Tensor) -> None:
        """Queue what `take` takes: the second choices of a search whose moves are `action`."""
        second, doubt = second_choice(output, action)
        self._host_action.copy_(second, non_blocking=True)
        self._host_doubt.copy_(doubt, non_blocking=True)

    def take(self, ply: npt.NDArray[np.int64]) -> None:
        """Take over the search at ply int64[B] where it was more in doubt than all before; the device is done."""
        doubt = self._host_doubt.numpy()
        more = doubt > self._doubt
        self._doubt[more] = doubt[more]
        self.ply[more] = ply[more]
        self.action[more] = self._host_action.numpy()[more]

    def forget(self, slots: npt.NDArray[np.int64]) -> None:
        """New games are in these slots."""
        self.ply[slots] = NOWHERE
        self._doubt[slots] = 0.0

    def state(self) -> dict[str, Tensor]:
        """Return what `load_state` takes."""
        arrays = {"branch_ply": self.ply, "branch_action": self.action, "doubt": self._doubt}
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` returned."""
        for name, array in (("branch_ply", self.ply), ("branch_action", self.action), ("doubt", self._doubt)):
            array[:] = state[name].numpy()
