"""What is seen of an environment as a picture: its own, or the observation drawn."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from muzero_engine.commands.watch.episode import Scene
from muzero_engine.environments.base import EnvironmentSpec, Observation, ObservationKind
from muzero_engine.training.report.progress import plain_number

GROUND = "#0b0e13"
CELL = "#161c26"
# of planes, in turn: told apart by people who see colours in other ways, too (Okabe and Ito 2008, brightened)
PLANE_COLOURS = (
    "#5bb8f5",
    "#ffd34d",
    "#f2813a",
    "#3ecf8e",
    "#e27bb1",
    "#b39dff",
    "#f5f7fa",
    "#ff6b6b",
    "#2fd6d6",
    "#b5e655",
)
GAP = 0.08  # of a cell
INSET = 0.22  # of a cell: how much smaller a further plane is drawn in a cell where there is one
NEAR = 8.0  # numbers of a vector of this size fill most of their bar


def scenery(scene: Scene, spec: EnvironmentSpec, side: int) -> Image.Image:
    """Return a picture of at most `side` x `side` pixels. Planes are always drawn here, larger and in more colours than
    environments themselves do."""
    if spec.kind is ObservationKind.PLANES:
        return _planes(scene.observation, side)
    if scene.picture is not None:
        return _fitted(Image.fromarray(scene.picture), side)
    if spec.kind is ObservationKind.IMAGE:
        return _fitted(_image(scene.observation), side)
    return _vector(scene.observation, side)


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """Return a picture as large as it may be: enlarged in whole steps first, so that pixels stay sharp."""
    factor = side / max(picture.size)
    if factor > 1.0:
        whole = math.ceil(factor)
        picture = picture.resize((picture.width * whole, picture.height * whole), Image.Resampling.NEAREST)
        factor = side / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _image(observation: Observation) -> Image.Image:
    """Return an image that is observed, uint8[1 or 3, rows, columns], or the first plane of any other number."""
    if len(observation) == 3:
        return Image.fromarray(np.ascontiguousarray(observation.transpose(1, 2, 0)))
    return Image.fromarray(observation[0]).convert("RGB")


def _planes(observation: Observation, side: int) -> Image.Image:
    """Return bits [planes, rows, columns] as coloured squares; where several planes are set, one inside the other."""
    planes, rows, columns = observation.shape
    cell = side // max(rows, columns)
    picture = Image.new("RGB", (cell * columns, cell * rows), GROUND)
    draw = ImageDraw.Draw(picture)
    for row in range(rows):
        for column in range(columns):
            colours = [
                PLANE_COLOURS[plane % len(PLANE_COLOURS)]
                for plane in range(planes - 1, -1, -1)
                if observation[plane, row, column]
            ]
            for depth, colour in enumerate(colours or [CELL]):
                inset = cell * (GAP + INSET * depth)
                if 2 * inset < cell - 2:
                    left, top = column * cell + inset, row * cell + inset
                    right, bottom = (column + 1) * cell - 1 - inset, (row + 1) * cell - 1 - inset
                    draw.rounded_rectangle((left, top, right, bottom), radius=cell * 0.12, fill=colour)
    return picture


def _vector(observation: Observation, side: int) -> Image.Image:
    """Return numbers [n, 1, 1] as bars to the right (positive) and to the left, by their logarithms."""
    numbers = observation[:, 0, 0].astype(np.float64)
    bar = min(side / len(numbers), side / 8)
    picture = Image.new("RGB", (side, max(1, round(bar * len(numbers)))), GROUND)
    draw = ImageDraw.Draw(picture)
    middle = side / 2
    font = ImageFont.load_default(max(7, min(13, round(0.7 * bar))))
    for index, number in enumerate(numbers.tolist()):
        top, bottom = index * bar + bar * GAP, (index + 1) * bar - bar * GAP
        draw.rectangle((0, top, side, bottom), fill=CELL)
        length = min(math.log1p(abs(number)) / math.log1p(NEAR), 1.1) / 1.1 * middle
        ends = (middle, middle + length) if number >= 0 else (middle - length, middle)
        draw.rectangle((ends[0], top, ends[1], bottom), fill=PLANE_COLOURS[0] if number >= 0 else PLANE_COLOURS[2])
        draw.text((side - 6, (top + bottom) / 2), plain_number(number, 3), font=font, fill="#8f9bae", anchor="rm")
    draw.line((middle, 0, middle, picture.height), fill="#8f9bae", width=2)
    return picture
