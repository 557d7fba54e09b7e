"""From action integers to the planes that g sees (see `ActionTable`): built inside the graph, all zero for a pass.

A constant plane `a / |A|`, as some ports of MuZero use, hides which squares an action touches and does not learn.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from muzero_engine.games.base import ActionTable
from muzero_engine.network.config import BadConfig, NetworkConfig


class TableActionPlanes(nn.Module):
    """For a fixed board: `to`, `from` and one constant plane a kind, looked up in the game's table."""

    def __init__(self, config: NetworkConfig, table: ActionTable) -> None:
        super().__init__()
        actions = config.num_actions(config.shapes[0])
        if any(column.shape != (actions,) for column in (table.from_square, table.to_square, table.kind)):
            raise BadConfig(f"the action table of {config.game} does not have {actions} actions")
        if table.kinds != config.kinds:
            raise BadConfig(f"the action table of {config.game} has {table.kinds} kinds, not {config.kinds}")
        columns = np.stack([table.to_square, table.from_square, table.kind], axis=1)
        self.table: Tensor
        self.squares: Tensor
        self.kinds: Tensor
        self.shape = config.shapes[0]
        self.num_kinds = config.kinds
        area = self.shape[0] * self.shape[1]
        self.register_buffer("table", torch.from_numpy(columns.astype(np.int16)), persistent=False)
        self.register_buffer("squares", torch.arange(area), persistent=False)
        self.register_buffer("kinds", torch.arange(config.kinds), persistent=False)

    def forward(self, action: Tensor, latent: Tensor) -> Tensor:
        """Return float[B, 2 + kinds, H, W] of `latent`'s dtype from int64[B]."""
        rows, columns = self.shape
        entries = self.table[action].long()  # int64[B, 3]
        on_board = (entries[:, :2, None] == self.squares).to(latent.dtype).view(-1, 2, rows, columns)
        if not self.num_kinds:
            return on_board
        of_kind = (entries[:, 2:] == self.kinds).to(latent.dtype)[:, :, None, None]
        return torch.cat([on_board, of_kind.expand(-1, -1, rows, columns)], dim=1)


class PointActionPlanes(nn.Module):
    """For boards of any size whose actions name a point: one plane, all zero for an action past the points."""

    def forward(self, action: Tensor, latent: Tensor) -> Tensor:
        """Return float[B, 1, H, W] of `latent`'s dtype from int64[B]."""
        rows, columns = latent.shape[2], latent.shape[3]
        squares = torch.arange(rows * columns, device=action.device)
        return (action[:, None] == squares).to(latent.dtype).view(-1, 1, rows, columns)


class ConstantActionPlanes(nn.Module):
    """For actions without a square, those of environments: one plane an action, 1 everywhere or 0."""

    def __init__(self, actions: int) -> None:
        super().__init__()
        self.actions = actions

    def forward(self, action: Tensor, latent: Tensor) -> Tensor:
        """Return float[B, actions, H, W] of `latent`'s dtype from int64[B]."""
        numbers = torch.arange(self.actions, device=action.device)
        planes = (action[:, None] == numbers).to(latent.dtype)[:, :, None, None]
        return planes.expand(-1, -1, latent.shape[2], latent.shape[3])


def action_planes(config: NetworkConfig, table: ActionTable | None) -> nn.Module:
    """Return the module for a configuration. Raises BadConfig where a fixed board comes without its table."""
    if not config.action_planes:
        return ConstantActionPlanes(config.extra_actions)
    if config.size_agnostic:
        return PointActionPlanes()
    if table is None:
        raise BadConfig(f"a network for {config.game} needs its action table")
    return TableActionPlanes(config, table)
