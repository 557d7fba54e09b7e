"""A model that says how long it computes."""

from __future__ import annotations

import time

from muzero_engine.arrays import Floats, Ints
from muzero_engine.model import InitialOutput, Model, RecurrentOutput


class TimedModel:
    """A model that adds up how long it computes. The search calls it from one thread at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.seconds = 0.0

    @property
    def latent_levels(self) -> int:
        return self._model.latent_levels

    def initial_inference(self, observation: Floats) -> InitialOutput:
        start = time.perf_counter()
        output = self._model.initial_inference(observation)
        self.seconds += time.perf_counter() - start
        return output

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        start = time.perf_counter()
        output = self._model.recurrent_inference(latent, action)
        self.seconds += time.perf_counter() - start
        return output
