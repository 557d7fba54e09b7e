"""How many leaves the network evaluates at once: measured for each board, again where there is far more time for it."""

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
        self._known: dict[Shape, tuple[int, float]] = {}  # and the seconds in which they were measured

    def forget(self) -> None:
        """Forget all: the model is another one."""
        self._known.clear()

    def of(self, model: Model, shape: Shape, seconds: float = TUNING_S, due: Callable[[], bool] = lambda: False) -> int:
        """Return that of a board, measured now in so many seconds at most, where it is not known from at least half as
        many; one that was `due` to end before is measured again."""
        seconds = min(seconds, TUNING_S)
        known, spent = self._known.get(shape, (0, 0.0))
        if known and seconds < 2 * spent:
            return known
        batch = FIXED_BATCH if self._measure is None else self._measure(model, shape, seconds, due)
        if due():
            return known or batch
        self._known[shape] = batch, seconds
        return batch
