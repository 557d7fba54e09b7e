"""`Manifest`: what a weights bundle says about itself, read strictly from `manifest.json`.

The manifest is the model card of a bundle in a form that a program can check: which game and which version of its
planes and actions the network was made for, its size, how it was trained, what it scored, and the hash of every file. A
bundle comes from anywhere (a download, a training run that was killed), so nothing in it is believed before it is
checked, and every complaint is one sentence (`BadWeights`).
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, Self

from muzero_engine.games.base import GameSpec, Shape

FORMAT = 3  # since it, the graphs' weights are those of the checkpoint
MANIFEST = "manifest.json"
INITIAL = "initial.onnx"
RECURRENT = "recurrent.onnx"
RECURRENT_INT8 = "recurrent.int8.onnx"
CHECKPOINT = "checkpoint.safetensors"  # the weights of these graphs, and what training goes on from
PICTURE = "training.png"  # the curves of the training
HISTORY = "training.jsonl"  # what they are drawn from
CARD = "README.md"  # the model card for people, beside a bundle that is in a repository; no program reads it
REQUIRED_FILES = (INITIAL, RECURRENT, CHECKPOINT)
UNPLAYED_FILES = (PICTURE, HISTORY)  # an installation may lack them
KNOWN_FILES = (*REQUIRED_FILES, RECURRENT_INT8, *UNPLAYED_FILES)
MAX_MANIFEST_BYTES = 1 << 20
MAX_SIDE = 32
MAX_COUNT = 1 << 53


def weight_name(tensor: str) -> str:
    """What a tensor of the checkpoint is called in a graph that uses it."""
    return f"network.{tensor}.half"


class BadWeights(ValueError):
    """A weights bundle that cannot be used; the message is one sentence on what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of the bundle."""

    sha256: str  # 64 lower-case hexadecimal digits
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """The size of h and g. `channels` are those of a latent."""

    channels: int
    representation_blocks: int
    dynamics_blocks: int


@dataclass(frozen=True, slots=True)
class Training:
    """How the weights came about."""

    note: str  # for people: "untrained" or how and on what it was trained
    games: int = 0  # games of self-play
    plies: int = 0  # positions searched in them
    steps: int = 0  # optimiser steps
    device_hours: float = 0.0  # hours of one accelerator
    boards: tuple[Shape, ...] = ()  # of the last run's self-play; empty: not known

    @property
    def untrained(self) -> bool:
        return self.steps == 0


@dataclass(frozen=True, slots=True)
class Rating:
    """A measured strength."""

    elo: float  # difference to the opponent (or the value on its scale, as `conditions` says)
    error: float  # half-width of the 95% interval, Elo
    opponent: str
    games: int
    conditions: str  # time or simulations a move, hardware, openings


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A bundle's description. Board sizes are (rows, columns); the first is the default."""

    game: str
    game_version: int
    shapes: tuple[Shape, ...]
    planes: int  # channels of an observation
    action_planes: int  # P: actions are P * H * W + extra_actions
    extra_actions: int
    ownership: bool  # whether initial.onnx has an ownership output
    network: NetworkSize
    training: Training
    ratings: tuple[Rating, ...]
    licence: str  # SPDX identifier
    files: dict[str, FileInfo]
    format: int = FORMAT

    def num_actions(self, shape: Shape) -> int:
        """A: the number of actions on a board of this shape."""
        return self.action_planes * shape[0] * shape[1] + self.extra_actions

    def summary(self) -> str:
        """One line for greetings: the network's size and how it was trained."""
        size = self.network
        shape = f"{size.channels} channels, {size.representation_blocks}+{size.dynamics_blocks} blocks"
        return f"{self.game} network, {shape}, {self.training.note}"

    def check_game(self, spec: GameSpec, source: str) -> None:
        """Raises BadWeights unless the bundle at `source` was made for this version of this game."""
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
        """Indented JSON that `from_json` reads back to an equal manifest."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, data: bytes, source: str) -> Self:
        """Reads a manifest. Raises BadWeights, naming `source`, for anything that `to_json` would not have written."""
        where = f"{MANIFEST} in {source}"
        try:
            document: Any = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadWeights(f"{where} is not valid JSON: export or install the weights again") from None
        fields = _Fields(document, where, "")
        found_format = fields.integer("format", 1)
        if found_format != FORMAT:
            raise BadWeights(
                f"{where} has format {found_format} and this program reads format {FORMAT}: "
                "use a version of muzero-engine that fits, or export the weights again"
            )
        manifest = cls(
            format=found_format,
            game=fields.text("game"),
            game_version=fields.integer("game_version", 1),
            shapes=_shapes(fields, "shapes", 1),
            planes=fields.integer("planes", 1),
            action_planes=fields.integer("action_planes", 1),
            extra_actions=fields.integer("extra_actions", 0),
            ownership=fields.boolean("ownership"),
            network=_network(fields.section("network")),
            training=_training(fields.section("training")),
            ratings=tuple(_rating(rating) for rating in fields.sections("ratings")),
            licence=fields.text("licence"),
            files=_files(fields.section("files")),
        )
        fields.nothing_else()
        return manifest


class _Fields:
    """The members of a JSON object, taken one by one with their types checked."""

    def __init__(self, value: object, where: str, path: str) -> None:
        self._where = where
        self.path = path
        if not isinstance(value, dict):
            raise self.wrong(path.rstrip(".") or "it", "an object")
        self.members: dict[str, Any] = dict(value)
        self._taken: set[str] = set()

    def wrong(self, name: str, wanted: str) -> BadWeights:
        return BadWeights(f"{self._where} is damaged, {name} must be {wanted}: export or install the weights again")

    def take(self, name: str) -> Any:
        if name not in self.members:
            raise self.wrong(self.path + name, "present")
        self._taken.add(name)
        return self.members[name]

    def integer(self, name: str, low: int) -> int:
        value = self.take(name)
        if type(value) is not int or not low <= value <= MAX_COUNT:
            raise self.wrong(self.path + name, f"a whole number from {low}")
        return value

    def number(self, name: str) -> float:
        value = self.take(name)
        if type(value) not in (int, float) or not abs(value) <= MAX_COUNT or not math.isfinite(value):
            raise self.wrong(self.path + name, "a number")
        return float(value)

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.wrong(self.path + name, "a line of text")
        return value

    def boolean(self, name: str) -> bool:
        value = self.take(name)
        if type(value) is not bool:
            raise self.wrong(self.path + name, "true or false")
        return value

    def section(self, name: str) -> _Fields:
        return _Fields(self.take(name), self._where, f"{self.path}{name}.")

    def items(self, name: str) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list):
            raise self.wrong(self.path + name, "a list")
        return value

    def sections(self, name: str) -> list[_Fields]:
        return [_Fields(item, self._where, f"{self.path}{name}[{i}].") for i, item in enumerate(self.items(name))]

    def nothing_else(self) -> None:
        unknown = sorted(set(self.members) - self._taken)
        if unknown:
            raise self.wrong(f"{self.path}{unknown[0]!r}", "absent")


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _shapes(fields: _Fields, name: str, least: int) -> tuple[Shape, ...]:
    shapes = fields.items(name)
    if len(shapes) < least or not all(_is_shape(shape) for shape in shapes):
        raise fields.wrong(fields.path + name, f"a list of boards like [8, 8], at most {MAX_SIDE} rows and columns")
    return tuple((rows, columns) for rows, columns in shapes)


def _is_shape(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(side) is int and 1 <= side <= MAX_SIDE for side in value)
    )


def _network(fields: _Fields) -> NetworkSize:
    network = NetworkSize(
        channels=fields.integer("channels", 1),
        representation_blocks=fields.integer("representation_blocks", 0),
        dynamics_blocks=fields.integer("dynamics_blocks", 0),
    )
    fields.nothing_else()
    return network


def _training(fields: _Fields) -> Training:
    training = Training(
        note=fields.text("note"),
        games=fields.integer("games", 0),
        plies=fields.integer("plies", 0) if "plies" in fields.members else 0,  # early bundles do not say it
        steps=fields.integer("steps", 0),
        device_hours=fields.number("device_hours"),
        boards=_shapes(fields, "boards", 0) if "boards" in fields.members else (),
    )
    fields.nothing_else()
    return training


def _rating(fields: _Fields) -> Rating:
    rating = Rating(
        elo=fields.number("elo"),
        error=fields.number("error"),
        opponent=fields.text("opponent"),
        games=fields.integer("games", 0),
        conditions=fields.text("conditions"),
    )
    fields.nothing_else()
    return rating


def _files(fields: _Fields) -> dict[str, FileInfo]:
    files = {}
    for name in fields.members:
        if name not in KNOWN_FILES:
            raise fields.wrong(f"files.{name!r}", f"one of {', '.join(KNOWN_FILES)}")
        file = fields.section(name)
        digest = file.text("sha256")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise fields.wrong(f"files.{name}.sha256", "64 hexadecimal digits")
        files[name] = FileInfo(sha256=digest, size=file.integer("size", 1))
        file.nothing_else()
    for name in REQUIRED_FILES:
        if name not in files:
            raise fields.wrong(f"files.{name}", "present")
    return files
