"""Values soon after: targets that tell more of a position, and less of the rest of its game, than the result does.

The target of a horizon h is the mean of the root values from a position on, in which a value n plies on weighs
(1 - 1 / h) ** n, and the game's result stands for all that would follow its end (KataGo, "Short-term value targets").
"""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.training.config import HORIZONS


def short_values(root_value: Tensor, result: Tensor, mover: Tensor, lengths: Tensor) -> Tensor:
    """Return float32[n, len(HORIZONS)] in [-1, 1] for games one behind the other, each of `lengths` int64[games] plies.

    `root_value` float[n] in [-1, 1] and `result` int8[n] in {-1, 0, 1} are views of the player to move, as is what is
    returned; `mover` uint8[n] is that player, 0 or 1.
    """
    device, games, longest = root_value.device, len(lengths), int(lengths.max())
    sign = 1.0 - 2.0 * mover.float()
    inside = torch.arange(longest, device=device) < lengths.unsqueeze(1)  # bool[games, longest]
    values = torch.zeros(games, longest, device=device)
    values[inside] = root_value.float() * sign  # player 0's view
    decay = 1.0 - 1.0 / torch.tensor(HORIZONS, device=device)
    last = lengths.cumsum(0) - 1
    ahead = (result[last].float() * sign[last]).unsqueeze(1).expand(-1, len(HORIZONS))
    averages = torch.zeros(games, longest, len(HORIZONS), device=device)
    for ply in reversed(range(longest)):
        mixed = (1.0 - decay) * values[:, ply, None] + decay * ahead
        ahead = torch.where(inside[:, ply, None], mixed, ahead)
        averages[:, ply] = ahead
    return averages[inside] * sign.unsqueeze(1)
