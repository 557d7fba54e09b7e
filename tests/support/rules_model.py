"""A model that is right: its latents stand for true positions, which the rules move on."""

from __future__ import annotations

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy


class RulesModel:
    """Knows `start` and what can come of it; its policy is even over the legal moves, its value always 0.25."""

    latent_levels = 0

    def __init__(self, start: Position) -> None:
        self._positions = [start.copy()]
        self._actions = start.spec.num_actions(start.shape)

    def initial_inference(self, observed: Floats) -> InitialOutput:
        known = [observation(position) for position in self._positions]
        found = [next(i for i, one in enumerate(known) if np.array_equal(one, wanted)) for wanted in observed]
        value = np.full(len(found), 0.25, dtype=np.float32)
        return InitialOutput(self._latents(found), self._policies(found), value, np.zeros_like(value))

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        states = []
        for index, move in zip(latent[:, 0, 0, 0].astype(int), action, strict=True):
            position = self._positions[index].copy()
            position.push(int(move))
            states.append(len(self._positions))
            self._positions.append(position)
        over = np.array([self._positions[state].outcome() is not None for state in states], dtype=np.float32)
        value = np.full(len(states), 0.25, dtype=np.float32)
        zero = np.zeros_like(value)
        top = top_policy(self._policies(states))
        return RecurrentOutput(self._latents(states), zero, over - 1.0, zero, *top, value, zero)

    def decode(self, latent: Floats) -> Floats:
        """Return what stands on the boards that the latents are of, as `decoder.onnx` gives it."""
        positions = [self._positions[int(index)] for index in latent[:, 0, 0, 0]]
        planes = positions[0].spec.layout.frame_planes
        return np.stack([observation(position)[:planes] for position in positions])

    def _latents(self, states: list[int]) -> Floats:
        latents = np.zeros((len(states), 1, *self._positions[0].shape), dtype=np.float32)
        latents[:, 0, 0, 0] = states
        return latents

    def _policies(self, states: list[int]) -> Floats:
        logits = np.full((len(states), self._actions), -1e9, dtype=np.float32)
        for row, state in enumerate(states):
            logits[row, self._positions[state].legal_actions()] = 0.0
        return logits
