"""`Manifest`: what a weights bundle says about itself, read strictly from `manifest.json`.

The manifest is the model card of a bundle in a form that a program can check: which game and which version of its
planes and actions the network was made for, its size, how it was trained, what it scored, and the hash of every file. A
bundle comes from anywhere (a download, a training run that was killed), so nothing in it is believed before it is
checked, and every complaint is one sentence (`BadWeights`).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from muzero_engine.dataclass_json import MAY_LACK, BadData, Rule, from_data, parse_json, to_data
from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.inference.levels import MOST_LEVELS, LevelTable
from muzero_engine.inference.levels import Line as Line
from muzero_engine.returns import BadReturns, DiscountedReturns

FORMAT = 3  # since it, the graphs' weights are those of the checkpoint
MANIFEST = "manifest.json"
INITIAL = "initial.onnx"
RECURRENT = "recurrent.onnx"
RECURRENT_INT8 = "recurrent.int8.onnx"
CHECKPOINT = "checkpoint.safetensors"  # the weights of these graphs, and what training goes on from
PICTURE = "training.png"  # the curves of the training
HISTORY = "training.jsonl"  # what they are drawn from
DECODER = "decoder.onnx"  # the board back from a latent, to look at what is imagined
CARD = "README.md"  # the model card for people, beside a bundle that is in a repository; no program reads it
PLAYING_FILES = (INITIAL, RECURRENT, RECURRENT_INT8)
REQUIRED_FILES = (INITIAL, RECURRENT, CHECKPOINT)
UNPLAYED_FILES = (PICTURE, HISTORY, DECODER)  # an installation may lack them
KNOWN_FILES = (*REQUIRED_FILES, RECURRENT_INT8, *UNPLAYED_FILES)
MAX_MANIFEST_BYTES = 1 << 20
MAX_SIDE = 32
MAX_COUNT = 1 << 53
MAX_OBSERVATION = 1 << 26  # numbers
MAX_FILE_BYTES = 1 << 30  # what is shipped for a game has a hundredth of it


def _whole(least: int, most: int = MAX_COUNT) -> Rule:
    to = "" if most == MAX_COUNT else f" to {most}"
    return Rule(lambda number: least <= number <= most, f"a whole number from {least}{to}")


def _are_boards(shapes: tuple[Shape, ...]) -> bool:
    return all(1 <= side <= MAX_SIDE for shape in shapes for side in shape)


FromZero = Annotated[int, _whole(0)]
FromOne = Annotated[int, _whole(1)]
FileSize = Annotated[int, _whole(1, MAX_FILE_BYTES)]
Number = Annotated[float, Rule(lambda number: math.isfinite(number) and abs(number) <= MAX_COUNT, "a number")]
Positive = Annotated[float, Rule(lambda number: 0 < number <= MAX_COUNT, "a number above 0")]
Digest = Annotated[str, Rule(lambda text: re.fullmatch("[0-9a-f]{64}", text), "64 hexadecimal digits")]
_BOARDS = f"a list of boards like [8, 8], at most {MAX_SIDE} rows and columns"
Boards = Annotated[tuple[Shape, ...], Rule(_are_boards, _BOARDS)]
SomeBoards = Annotated[tuple[Shape, ...], Rule(lambda shapes: shapes and _are_boards(shapes), _BOARDS)]


def weight_name(tensor: str) -> str:
    """Return what a tensor of the checkpoint is called in a graph that uses it."""
    return f"network.{tensor}.half"


class BadWeights(ValueError):
    """A weights bundle that cannot be used; the message is one sentence on what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of the bundle."""

    sha256: Digest  # lower case
    size: FileSize  # bytes

    @classmethod
    def of(cls, data: bytes) -> FileInfo:
        """Return what describes a file of these bytes."""
        return cls(hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """The size of h and g. `channels` are those of a latent."""

    channels: FromOne
    representation_blocks: FromZero
    dynamics_blocks: FromZero


@dataclass(frozen=True, slots=True)
class Training:
    """How the weights came about."""

    note: Line  # for people: "untrained" or how and on what it was trained
    games: FromZero = 0  # games of self-play
    plies: FromZero = field(default=0, metadata=MAY_LACK)  # positions searched in them
    steps: FromZero = 0  # optimiser steps
    device_hours: Number = 0.0  # hours of one accelerator
    boards: Boards = field(default=(), metadata=MAY_LACK)  # of the last run's self-play; empty: not known

    @property
    def untrained(self) -> bool:
        return self.steps == 0


@dataclass(frozen=True, slots=True)
class Rating:
    """A measured strength."""

    elo: Number  # difference to the opponent (or the value on its scale, as `conditions` says)
    error: Number  # half-width of the 95% interval, Elo
    opponent: Line
    games: FromZero
    conditions: Line  # time or simulations a move, hardware, openings


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDescription:
    """The environment that a network was made for, as it was made there. Nothing else is needed to play in it."""

    spec: EnvironmentSpec
    settings: EnvironmentSettings
    returns: DiscountedReturns
    c_scale: Positive = field(default=0.1, metadata=MAY_LACK)  # of searches there, as in training (`SearchConfig`)
    min_range: Positive = field(default=0.05, metadata=MAY_LACK)  # the same
    clip_rewards: bool = field(default=False, metadata=MAY_LACK)  # the network knows rewards as -1, 0 or 1 alone

    @property
    def consistent(self) -> bool:
        """Return whether an environment can be so."""
        spec = self.spec
        sizes = all(1 <= size <= MAX_OBSERVATION for size in spec.shape) and math.prod(spec.shape) <= MAX_OBSERVATION
        stacked = spec.stack == self.settings.stack and spec.shape[0] % spec.stack == 0
        return sizes and stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A bundle's description. Board sizes are (rows, columns); the first is the default."""

    game: Line  # or the id of an environment
    game_version: FromOne
    shapes: SomeBoards  # of latents, and in games of observations
    planes: FromOne  # channels of an observation
    action_planes: FromZero  # P: actions are P * H * W + extra_actions; 0 in environments alone
    extra_actions: FromZero
    ownership: bool  # whether initial.onnx has an ownership output
    network: NetworkSize
    training: Training
    ratings: tuple[Rating, ...]
    licence: Line  # SPDX identifier
    files: dict[str, FileInfo]
    levels: LevelTable | None = field(default=None, metadata=MAY_LACK)  # None: this network's were not measured
    environment: EnvironmentDescription | None = field(default=None, metadata=MAY_LACK)  # None: a board game
    format: FromOne = FORMAT

    def num_actions(self, shape: Shape) -> int:
        """Return A, the number of actions on a board of this shape."""
        return self.action_planes * shape[0] * shape[1] + self.extra_actions

    def observation_shape(self, shape: Shape) -> tuple[int, int, int]:
        """Return (planes, rows, columns) of an observation whose latent has this shape."""
        return (self.planes, *shape) if self.environment is None else self.environment.spec.shape

    def networks_digest(self) -> str:
        """Return a short hash of the networks that play, by which games with the same ones are known.

        Graphs in 32 bits have their numbers in the checkpoint; an 8-bit one has its own, which tell networks apart too.
        """
        names = PLAYING_FILES if RECURRENT_INT8 in self.files else (*PLAYING_FILES, CHECKPOINT)
        hashes = sorted(self.files[name].sha256 for name in names if name in self.files)
        return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]

    def summary(self) -> str:
        """Return one line for greetings: the network's size and how it was trained."""
        size = self.network
        shape = f"{size.channels} channels, {size.representation_blocks}+{size.dynamics_blocks} blocks"
        return f"{self.game} network, {shape}, {self.training.note}"

    @property
    def fits_its_environment(self) -> bool:
        """Return whether the network's side is that of the environment; that a board game has none fits."""
        if self.environment is None:
            return True
        spec = self.environment.spec
        ours = (self.game, self.planes, self.action_planes, self.extra_actions, len(self.shapes))
        return self.environment.consistent and ours == (spec.id, spec.shape[0], 0, spec.actions, 1)

    def check_game(self, spec: GameSpec, source: str) -> None:
        """Raise BadWeights unless the bundle at `source` was made for this version of this game."""
        if self.environment is not None:
            raise BadWeights(
                f"the weights in {source} are for the environment {self.game}, not {spec.name}: see them act with "
                f"muzero-engine watch --weights {source}, or choose another folder"
            )
        if self.game != spec.name:
            raise BadWeights(f"the weights in {source} are for {self.game}, not {spec.name}: choose another folder")
        if self.game_version != spec.version:
            raise BadWeights(
                f"the weights in {source} are for version {self.game_version} of {spec.name}'s planes and actions, "
                f"and this program has version {spec.version}: export them again or use the weights that came along"
            )
        ours = (spec.layout.planes, spec.action_planes, spec.extra_actions, spec.ownership)
        theirs = (self.planes, self.action_planes, self.extra_actions, self.ownership)
        if ours != theirs:
            raise BadWeights(
                f"the weights in {source} have {theirs[:3]} planes, action planes and extra actions where "
                f"{spec.name} has {ours[:3]}: export them again or use the weights that came along"
            )
        foreign = [shape for shape in self.shapes if shape not in spec.shapes]
        if foreign:
            raise BadWeights(
                f"the weights in {source} are for a board of {foreign[0][0]}x{foreign[0][1]}, which {spec.name} does "
                "not have: use the weights that came along"
            )

    def to_json(self) -> str:
        """Return indented JSON that `from_json` reads back to an equal manifest."""
        data = to_data(self)
        if self.environment is None:
            del data["environment"]  # so that board games' files stay as they were
        return json.dumps(data, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, data: bytes, source: str) -> Self:
        """Read a manifest. Raises BadWeights, naming `source`, for anything that `to_json` would not have written."""
        where = f"{MANIFEST} in {source}"
        try:
            document: Any = parse_json(data)
        except ValueError:
            raise BadWeights(f"{where} is not valid JSON: export or install the weights again") from None
        try:
            file_format = from_data(_Format, document, "it", ignored=True, complete=True).format
            if file_format != FORMAT:
                raise BadWeights(
                    f"{where} has format {file_format} and this program reads format {FORMAT}: "
                    "use a version of muzero-engine that fits, or export the weights again"
                )
            manifest = from_data(cls, document, "it", complete=True)
        except BadData as error:
            if error.unknown and not error.missing:
                names = ", ".join(map(repr, error.unknown))
                raise BadWeights(
                    f"{where} has what this version of muzero-engine does not know ({names[:100]}): "
                    "use a newer version, or export the weights again"
                ) from None
            raise _damaged(where, *_complaint(error)) from None
        except BadReturns as error:
            raise BadWeights(f"{where} is damaged, {error}: export or install the weights again") from None
        if manifest.environment is None:
            if not manifest.action_planes:
                raise _damaged(where, "action_planes", "a whole number from 1")
        elif not manifest.fits_its_environment:
            raise _damaged(where, "environment.spec", "that of its network")
        if manifest.levels is not None and not manifest.levels.rises:
            wanted = f"a list of 2 to {MOST_LEVELS} levels, their ratings (elo) rising, a whole number among them"
            raise _damaged(where, "levels.levels", wanted)
        for name in manifest.files:
            if name not in KNOWN_FILES:
                raise _damaged(where, f"files.{name!r}", f"one of {', '.join(KNOWN_FILES)}")
        for name in REQUIRED_FILES:
            if name not in manifest.files:
                raise _damaged(where, f"files.{name}", "present")
        return manifest


@dataclass(frozen=True, slots=True)
class _Format:
    """What every manifest has, whatever its format."""

    format: FromOne
    game: str


def described_game(data: bytes) -> str | None:
    """Return what the weights of a manifest are for, whatever its format; None where it is none of a bundle."""
    try:
        return from_data(_Format, parse_json(data), "it", ignored=True, complete=True).game
    except ValueError:
        return None


def _complaint(error: BadData) -> tuple[str, str]:
    """Return the place in the manifest that is wrong, and what it must be."""
    if error.missing or error.unknown:
        member = error.missing[0] if error.missing else repr(error.unknown[0])
        return f"{error.path}.{member}".lstrip("."), "present" if error.missing else "absent"
    return error.path or "it", error.expected


def _damaged(where: str, place: str, expected: str) -> BadWeights:
    return BadWeights(f"{where} is damaged, {place} must be {expected}: export or install the weights again")
