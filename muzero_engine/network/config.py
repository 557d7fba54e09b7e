"""`NetworkConfig`: everything that decides the shape of h, g and f, as plain data.

It travels as JSON in the metadata of every checkpoint, so that a checkpoint needs nothing beside it. Importing this
module does not import torch.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from dataclasses import dataclass, field
from typing import Self

from muzero_engine.dataclass_json import MAY_LACK, BadData, from_data, parse_json, to_data
from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.games.base import ActionTable, Game, Shape, Turn
from muzero_engine.returns import BadReturns, DiscountedReturns

MAX_BOARD = 32
MOST_CHANNELS, MOST_BLOCKS = 100_000, 1000  # beyond which a mistake is likelier
SIZES = ("channels", "representation_blocks", "dynamics_blocks", "value_channels", "value_hidden")  # fields to choose
IMAGE_STEP = 16  # pixels of a side that become one square of the latent


class BadConfig(ValueError):
    """A network configuration that cannot be built; the message names the field and what it may hold."""


class Stem(enum.Enum):
    """What h makes of an observation before its tower."""

    BOARD = "board"  # one convolution: planes of the latent's own rows and columns
    IMAGE = "image"  # downsampling by IMAGE_STEP, numbers from 0 to 255
    VECTOR = "vector"  # numbers of any size, one plane each on a board of one square


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """What is learnt (`for_game`, `for_environment` fill it in) and the size of the network. Raises BadConfig."""

    game: str  # or the id of an environment
    game_version: int
    shapes: tuple[Shape, ...]  # boards (rows, columns) of latents; with more than one the network takes any size
    planes: int  # channels of the observation
    action_planes: int  # P: policy planes; action = plane * H * W + square; 0 in environments
    extra_actions: int  # actions without a square (pass), after the planes
    kinds: int  # constant planes of an action (promotion piece, dropped piece), see ActionTable
    turn: Turn
    ownership: bool = False
    channels: int = 96
    representation_blocks: int = 8
    dynamics_blocks: int = 4
    value_channels: int = 32  # of the 1x1 convolution before the pooled heads (value, reward)
    value_hidden: int = 64  # of the fully connected layer after pooling
    returns: DiscountedReturns | None = field(default=None, metadata=MAY_LACK)  # of an environment; None: of a game
    stem: Stem = field(default=Stem.BOARD, metadata=MAY_LACK)

    def __post_init__(self) -> None:
        _require(bool(self.game), "game", "a name", self.game)
        _require(self.game_version >= 1, "game_version", "1 or more", self.game_version)
        _require(bool(self.shapes), "shapes", "at least one board", self.shapes)
        for shape in self.shapes:
            fits = len(shape) == 2 and all(1 <= side <= MAX_BOARD for side in shape)
            _require(fits, "shapes", f"boards of 1 to {MAX_BOARD} rows and columns", shape)
        for name in ("planes", "channels", "value_channels", "value_hidden"):
            width = getattr(self, name)
            _require(1 <= width <= MOST_CHANNELS, name, f"1 to {MOST_CHANNELS:,}", width)
        if self.returns is None:
            _require(self.action_planes >= 1, "action_planes", "1 or more", self.action_planes)
            _require(self.stem is Stem.BOARD, "stem", "board, as there are no returns", self.stem.value)
        else:
            _require(self.action_planes == 0, "action_planes", "0, as there are returns", self.action_planes)
            _require(self.extra_actions >= 1, "extra_actions", "1 or more", self.extra_actions)
            _require(len(self.shapes) == 1, "shapes", "one board, as there are returns", self.shapes)
        for name in ("extra_actions", "kinds"):
            _require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        for name in ("representation_blocks", "dynamics_blocks"):
            blocks = getattr(self, name)
            _require(0 <= blocks <= MOST_BLOCKS, name, f"0 to {MOST_BLOCKS:,}", blocks)
        if self.size_agnostic:
            only_placing = self.action_planes == 1 and self.kinds == 0
            _require(only_placing, "shapes", "one board, unless actions only name a point", self.shapes)

    @property
    def size_agnostic(self) -> bool:
        """Return whether one network serves several boards; its actions are then the points and `extra_actions`."""
        return len(self.shapes) > 1

    @property
    def one_player(self) -> bool:
        """Return whether this is an environment: nobody answers, and nothing turns."""
        return self.returns is not None

    @property
    def action_input_planes(self) -> int:
        """Return the channels that an action takes in g: to, from and one a kind.

        It is `to` alone where actions only name a point, and one an action where none has a square.
        """
        if not self.action_planes:
            return self.extra_actions
        return 1 if self.size_agnostic else 2 + self.kinds

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Return (planes, rows, columns) of an observation for the first of `shapes`."""
        rows, columns = self.shapes[0]
        step = IMAGE_STEP if self.stem is Stem.IMAGE else 1
        return self.planes, step * rows, step * columns

    def num_actions(self, shape: Shape) -> int:
        """Return A, the number of actions on a board of this shape."""
        return self.action_planes * shape[0] * shape[1] + self.extra_actions

    @classmethod
    def for_game(cls, game: Game, **sizes: int) -> Self:
        """Return the configuration of a game; `sizes` are fields of SIZES."""
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
            returns=None,
            stem=Stem.BOARD,
            **sizes,
        )

    @classmethod
    def for_environment(cls, spec: EnvironmentSpec, returns: DiscountedReturns, **sizes: int) -> Self:
        """Return the configuration of an environment; `sizes` are fields of SIZES."""
        planes, rows, columns = spec.shape
        stem = _STEMS[spec.kind]
        if stem is Stem.IMAGE:
            if rows % IMAGE_STEP or columns % IMAGE_STEP:
                raise BadConfig(
                    f"images of {rows}x{columns} do not fit the network: choose a size that is a multiple of "
                    f"{IMAGE_STEP}, like 96"
                )
            rows, columns = rows // IMAGE_STEP, columns // IMAGE_STEP
        return cls(
            game=spec.id,
            game_version=1,
            shapes=((rows, columns),),
            planes=planes,
            action_planes=0,
            extra_actions=spec.actions,
            kinds=0,
            turn=Turn.NONE,
            ownership=False,
            returns=returns,
            stem=stem,
            **{**(VECTOR_HEADS if stem is Stem.VECTOR else ENVIRONMENT_HEADS), **sizes},
        )

    def to_json(self) -> str:
        """Return one line of JSON that `from_json` reads back to an equal configuration.

        What came later and is as it was before is left out, so that files stay as they were.
        """
        data = to_data(self)
        for each in dataclasses.fields(self):
            if each.metadata.get("may_lack") and getattr(self, each.name) == each.default:
                del data[each.name]
        return json.dumps(data, sort_keys=True)

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
        except BadReturns as error:
            raise BadConfig(f"the network configuration's returns cannot be: {error}") from None
        except ValueError as error:
            raise BadConfig(f"the network configuration is not JSON: {error}") from error


ENVIRONMENT_HEADS = {"value_channels": 16, "value_hidden": 128}  # they see every square of the latent
VECTOR_HEADS = {"value_channels": 64, "value_hidden": 128}  # it has but one
_STEMS = {
    ObservationKind.PLANES: Stem.BOARD,
    ObservationKind.IMAGE: Stem.IMAGE,
    ObservationKind.VECTOR: Stem.VECTOR,
}


def _require(holds: bool, field: str, condition: str, value: object) -> None:
    if not holds:
        raise BadConfig(f"the network configuration's {field} must be {condition}, not {value!r}")
