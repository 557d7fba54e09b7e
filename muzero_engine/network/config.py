"""`NetworkConfig`: everything that decides the shape of h, g and f, as plain data.

It travels as JSON in the metadata of every checkpoint, so that a checkpoint needs nothing beside it. Importing this
module does not import torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from muzero_engine.dataclass_json import BadData, from_data, parse_json, to_data
from muzero_engine.games.base import ActionTable, Game, Shape, Turn

MAX_BOARD = 32


class BadConfig(ValueError):
    """A network configuration that cannot be built; the message names the field and what it may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """The game's side (`for_game` fills it in) and the size of the network. Raises BadConfig."""

    game: str
    game_version: int
    shapes: tuple[Shape, ...]  # boards (rows, columns); with more than one the network takes any size
    planes: int  # channels of the observation
    action_planes: int  # P: policy planes; action = plane * H * W + square
    extra_actions: int  # actions without a square (pass), after the planes
    kinds: int  # constant planes of an action (promotion piece, dropped piece), see ActionTable
    turn: Turn
    ownership: bool = False
    channels: int = 96
    representation_blocks: int = 8
    dynamics_blocks: int = 4
    value_channels: int = 32  # of the 1x1 convolution before the pooled heads (value, reward)
    value_hidden: int = 64  # of the fully connected layer after pooling

    def __post_init__(self) -> None:
        _require(bool(self.game), "game", "a name", self.game)
        _require(self.game_version >= 1, "game_version", "1 or more", self.game_version)
        _require(bool(self.shapes), "shapes", "at least one board", self.shapes)
        for shape in self.shapes:
            fits = len(shape) == 2 and all(1 <= side <= MAX_BOARD for side in shape)
            _require(fits, "shapes", f"boards of 1 to {MAX_BOARD} rows and columns", shape)
        for name in ("planes", "action_planes", "channels", "value_channels", "value_hidden"):
            _require(getattr(self, name) >= 1, name, "1 or more", getattr(self, name))
        for name in ("extra_actions", "kinds", "representation_blocks", "dynamics_blocks"):
            _require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        if self.size_agnostic:
            only_placing = self.action_planes == 1 and self.kinds == 0
            _require(only_placing, "shapes", "one board, unless actions only name a point", self.shapes)

    @property
    def size_agnostic(self) -> bool:
        """Return whether one network serves several boards; its actions are then the points and `extra_actions`."""
        return len(self.shapes) > 1

    @property
    def action_input_planes(self) -> int:
        """Return the channels that an action takes in g: to, from and one a kind.

        It is `to` alone where actions only name a point.
        """
        return 1 if self.size_agnostic else 2 + self.kinds

    def num_actions(self, shape: Shape) -> int:
        """Return A, the number of actions on a board of this shape."""
        return self.action_planes * shape[0] * shape[1] + self.extra_actions

    @classmethod
    def for_game(cls, game: Game, **sizes: int) -> Self:
        """Return the configuration of a game; `sizes` are the fields from `channels` on."""
        spec = game.spec
        table: ActionTable = game.action_table(spec.shapes[0])
        return cls(
            game=spec.name,
            game_version=spec.version,
            shapes=tuple(spec.shapes),
            planes=spec.layout.planes,
            action_planes=spec.action_planes,
            extra_actions=spec.extra_actions,
            kinds=table.kinds,
            turn=spec.turn,
            ownership=spec.ownership,
            **sizes,
        )

    def to_json(self) -> str:
        """Return one line of JSON that `from_json` reads back to an equal configuration."""
        return json.dumps(to_data(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the configuration of a text. Raises BadConfig for anything that `to_json` would not have written."""
        try:
            return from_data(cls, parse_json(text), "the network configuration", complete=True)
        except BadData as error:
            if different := ", ".join(sorted((*error.missing, *error.unknown))):
                raise BadConfig(f"the network configuration has missing or unknown fields: {different}") from None
            raise BadConfig(str(error) if not error.path else f"the network configuration's {error}") from None
        except BadConfig:
            raise
        except ValueError as error:
            raise BadConfig(f"the network configuration is not JSON: {error}") from error


def _require(holds: bool, field: str, condition: str, value: object) -> None:
    if not holds:
        raise BadConfig(f"the network configuration's {field} must be {condition}, not {value!r}")
