"""How many leaves the network evaluates at once: measured once for each board, in the time that there is."""

from __future__ import annotations

from collections.abc import Callable

from muzero_engine.games.base import Shape
from muzero_engine.model import Model

BatchTuner = Callable[[Model, Shape, float, Callable[[], bool]], int]  # with its seconds, and what ends it earlier

TUNING_S = 0.6  # in which a batch is measured, where a move has so much time
FIXED_BATCH = 8  # where the result must not depend on the machine's speed


class Batches:
    """The sizes of one model's batches, by board."""

    def __init__(self, measure: BatchTuner | None) -> None:
        """Take what measures them; without it all are FIXED_BATCH."""
        self._measure = measure
        self._known: dict[Shape, int] = {}

    def forget(self) -> None:
        """Forget all: the model is another one."""
        self._known.clear()

    def of(self, model: Model, shape: Shape, seconds: float = TUNING_S, due: Callable[[], bool] = lambda: False) -> int:
        """Return that of a board, measured now where it is not known, in so many seconds at most; the next time again
        where it was `due` to end."""
        if (known := self._known.get(shape)) is not None:
            return known
        batch = FIXED_BATCH if self._measure is None else self._measure(model, shape, min(seconds, TUNING_S), due)
        if not due():
            self._known[shape] = batch
        return batch
