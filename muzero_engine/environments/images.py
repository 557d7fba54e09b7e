"""Images as a network sees them: of one size, grey or in colours, planes first. Pillow resizes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from muzero_engine.environments.base import BadEnvironment, Observation
from muzero_engine.installing import install_command

_COLOURS = (1, 3)  # planes that images come with


class ImageFormat:
    """From images of one shape to uint8[planes, size, size]; `shape` is that. Raises BadEnvironment."""

    def __init__(self, shape: tuple[int, ...], size: int, grey: bool) -> None:
        """Take images uint8[rows, columns], [rows, columns, 1 or 3] or [1 or 3, rows, columns]."""
        try:
            from PIL import Image
        except ImportError:
            raise BadEnvironment(f"images are resized by Pillow: {install_command('environments')}") from None
        self._image = Image
        full = shape if len(shape) == 3 else (*shape, 1)
        self._first = full[2] not in _COLOURS
        colours = full[0] if self._first else full[2]
        if colours not in _COLOURS:
            raise BadEnvironment(
                f"an image has 1 or 3 planes, first or last, not the shape {list(shape)}: images are stacked here, by "
                "environment.stack, and not by a wrapper"
            )
        self._colours, self._size = colours, size
        self._luma = grey and colours == 3
        self.shape = (1 if grey else colours, size, size)

    def shown(self, raw: npt.NDArray[Any]) -> Observation:
        """Return uint8[planes, size, size]."""
        pixels = raw.transpose(1, 2, 0) if self._first else raw
        if self._colours == 1:
            pixels = pixels.reshape(pixels.shape[:2])
        image = self._image.fromarray(np.ascontiguousarray(pixels))
        if self._luma:
            image = image.convert("L")
        if image.size != (self._size, self._size):
            image = image.resize((self._size, self._size), self._image.Resampling.BILINEAR)
        array = np.asarray(image, dtype=np.uint8)
        return array[None].copy() if array.ndim == 2 else array.transpose(2, 0, 1).copy()
