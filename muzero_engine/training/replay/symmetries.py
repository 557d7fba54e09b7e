"""Random exact symmetries of a game, drawn for each position of a batch and held over its unroll.

The symmetries of a spec commute with its turn of the board (all of them where it does not turn; left-right reversal
where it is mirrored or rotated), so that one symmetry is right for every step, each in its own mover's frame.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from muzero_engine.games.base import Game, Shape
from muzero_engine.games.encoding import square_permutation
from muzero_engine.training.types import Batch


class Symmetries:
    """The symmetries of a game on a board of one shape (those that transpose only where it is square)."""

    def __init__(self, game: Game, shape: Shape, device: torch.device) -> None:
        square = shape[0] == shape[1]
        self.elements = tuple(symmetry for symmetry in game.spec.symmetries if square or symmetry < 4)
        sources = [np.argsort(square_permutation(symmetry, shape)) for symmetry in self.elements]
        actions = [game.action_permutation(symmetry, shape) for symmetry in self.elements]
        self._sources = torch.from_numpy(np.stack(sources)).to(device)  # int64[S, H * W]: the square it comes from
        self._actions = torch.from_numpy(np.stack(actions)).to(device)  # int64[S, A]: the action it becomes

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return int64[count] random indices of `elements`."""
        return torch.randint(len(self.elements), (count,), generator=generator, device=self._sources.device)

    def planes(self, planes: Tensor, index: Tensor) -> Tensor:
        """Return float[M, ..., H, W] turned by `elements[index[m]]`."""
        flat = planes.reshape(len(planes), -1, self._sources.shape[1])
        source = self._sources[index].unsqueeze(1).expand_as(flat)
        return flat.gather(2, source).view(planes.shape)

    def actions(self, actions: Tensor, index: Tensor) -> Tensor:
        """Return int64[M, ...] turned by `elements[index[m]]`; -1 stays -1."""
        row = index.view(-1, *[1] * (actions.dim() - 1))
        return torch.where(actions < 0, actions, self._actions[row, actions.clamp(min=0)])

    def apply(self, batch: Batch, index: Tensor) -> Batch:
        """Return the batch with everything that knows squares turned."""
        later, ownership = batch.later_observation, batch.ownership
        return replace(
            batch,
            observation=self.planes(batch.observation, index),
            later_observation=None if later is None else self.planes(later, index),
            action=self.actions(batch.action, index),
            target_actions=self.actions(batch.target_actions, index),
            ownership=None if ownership is None else self.planes(ownership, index),
        )
