"""Deterministic models without a network, for tests of the search, the engine and the protocols."""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.model import Floats, Ints, RecurrentOutput, RootOutput


class HashModel:
    """Pseudo-random policies and values, a pure function of the observation and of the actions since the root.

    The latent is float32[B, 1, H, W] in [0, 1]; its first cell carries the state's hash, so the model has no state.
    `calls` and `evaluations` count recurrent inferences.
    """

    def __init__(self, spec: GameSpec, shape: Shape, *, value_scale: float = 0.5) -> None:
        self._actions = spec.num_actions(shape)
        self._shape = shape
        self._scale = value_scale
        self._ownership = spec.ownership
        table = np.random.default_rng(1234)
        self._policies = table.normal(size=(64, self._actions)).astype(np.float32)
        self._values = table.uniform(-1.0, 1.0, size=1024).astype(np.float32)
        self.calls = 0
        self.evaluations = 0

    def _state(self, state: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        latent = np.zeros((len(state), 1, *self._shape), dtype=np.float32)
        latent[:, 0, 0, 0] = state / 1024.0
        value = self._values[state] * np.float32(self._scale)
        return latent, self._policies[state % 64], value, (1.0 - np.abs(value)) * np.float32(0.5)

    def initial_inference(self, observation: Floats) -> RootOutput:
        weights = np.arange(1, observation[0].size + 1, dtype=np.float64).reshape(observation[0].shape) % 977
        state = (np.abs((observation * weights).sum(axis=(1, 2, 3))) * 16).astype(np.int64) % 1024
        latent, policy, value, draw = self._state(state)
        ownership = np.tile(value[:, None, None], (1, *self._shape)) if self._ownership else None
        return RootOutput(latent, policy, value, draw, ownership)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        self.calls += 1
        self.evaluations += len(action)
        before = np.rint(latent[:, 0, 0, 0] * 1024.0).astype(np.int64)
        state = (before * 1103 + action * 89 + 12345) % 1024
        following, policy, value, draw = self._state(state)
        zero = np.zeros(len(action), dtype=np.float32)
        return RecurrentOutput(following, zero, zero - 1.0, zero, policy, value, draw)
