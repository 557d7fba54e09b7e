"""Deterministic models without a network, for tests of the search, the engine and the protocols."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy


class HashModel:
    """Pseudo-random policies and values, a pure function of the observation and of the actions since the root.

    The latent is float32[B, channels, H, W] in [0, 1]; its first cell carries the state's hash; the model has no state.
    `calls` and `evaluations` count recurrent inferences.
    """

    latent_levels = 0

    def __init__(self, spec: GameSpec, shape: Shape, *, value_scale: float = 0.5, channels: int = 1) -> None:
        self._channels = channels
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
        latent = np.zeros((len(state), self._channels, *self._shape), dtype=np.float32)
        latent[:, 0, 0, 0] = state / 1024.0
        value = self._values[state] * np.float32(self._scale)
        return latent, self._policies[state % 64], value, (1.0 - np.abs(value)) * np.float32(0.5)

    def initial_inference(self, observation: Floats) -> InitialOutput:
        weights = np.arange(1, observation[0].size + 1, dtype=np.float64).reshape(observation[0].shape) % 977
        state = (np.abs((observation * weights).sum(axis=(1, 2, 3))) * 16).astype(np.int64) % 1024
        latent, policy, value, draw = self._state(state)
        ownership = np.tile(value[:, None, None], (1, *self._shape)) if self._ownership else None
        return InitialOutput(latent, policy, value, draw, ownership)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        self.calls += 1
        self.evaluations += len(action)
        before = np.rint(latent[:, 0, 0, 0] * 1024.0).astype(np.int64)
        state = (before * 1103 + action * 89 + 12345) % 1024
        following, policy, value, draw = self._state(state)
        zero = np.zeros(len(action), dtype=np.float32)
        return RecurrentOutput(following, zero, zero - 1.0, zero, *top_policy(policy), value, draw)


class TreeModel:
    """A model written down by hand: `states[name]` says everything about a state, `edges[name, action]` about an edge.

    The latent is float32[B, 1, 1, 1] and carries the state's index. Edges that are not written down lead to the state
    "lost track": uniform policy, value 0.
    """

    latent_levels = 0

    def __init__(self, actions: int, states: dict[str, State], edges: dict[tuple[str, int], Edge]) -> None:
        self._states = {**states, "lost track": State((0.0,) * actions, 0.0)}
        self._names = list(self._states)
        self._edges = edges

    def initial_inference(self, observation: Floats) -> InitialOutput:
        root = self._states[self._names[0]]
        return InitialOutput(
            np.zeros((1, 1, 1, 1), dtype=np.float32),
            np.array([root.logits], dtype=np.float32),
            np.array([root.value], dtype=np.float32),
            np.array([root.draw], dtype=np.float32),
        )

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        edges = [
            self._edges.get((self._names[int(state)], int(a)), Edge("lost track"))
            for state, a in zip(latent[:, 0, 0, 0], action, strict=True)
        ]
        states = [self._states[edge.to] for edge in edges]
        indices = [self._names.index(edge.to) for edge in edges]
        return RecurrentOutput(
            np.array(indices, dtype=np.float32).reshape(-1, 1, 1, 1),
            np.array([edge.reward for edge in edges], dtype=np.float32),
            np.array([edge.discount for edge in edges], dtype=np.float32),
            np.array([edge.draw for edge in edges], dtype=np.float32),
            *top_policy(np.array([state.logits for state in states], dtype=np.float32)),
            np.array([state.value for state in states], dtype=np.float32),
            np.array([state.draw for state in states], dtype=np.float32),
        )


@dataclass(frozen=True, slots=True)
class State:
    """Policy logits, value and draw probability of a state, its own mover's view."""

    logits: tuple[float, ...]
    value: float
    draw: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an action leads, its reward (mover's view), its discount and its probability of ending in a draw."""

    to: str
    reward: float = 0.0
    discount: float = -1.0
    draw: float = 0.0


class ConfidentModel:
    """Says at every ply that the root's mover stands at `value`, that the game is a draw with probability `draw`, and
    that `favourite` will be played (prior near 1)."""

    latent_levels = 0

    def __init__(self, actions: int, shape: Shape, *, value: float, favourite: int, draw: float = 0.0) -> None:
        self._shape = shape
        self._value = value
        self._draw = np.float32(draw)
        self._logits = np.zeros(actions, dtype=np.float32)
        self._logits[favourite] = 8.0

    def initial_inference(self, observation: Floats) -> InitialOutput:
        latent = np.zeros((1, 1, *self._shape), dtype=np.float32)
        value = np.full(1, self._value, dtype=np.float32)
        return InitialOutput(latent, self._logits[None], value, np.full(1, self._draw))

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        turned = 1.0 - latent
        zero = np.zeros(len(action), dtype=np.float32)
        value = np.where(turned[:, 0, 0, 0] > 0.5, -self._value, self._value).astype(np.float32)
        policy = top_policy(np.tile(self._logits, (len(action), 1)))
        return RecurrentOutput(turned, zero, zero - 1.0, zero, *policy, value, zero + self._draw)


class ReturnsModel:
    """Another model in an environment: its values times `size`, rewards, and discounts of 0.97 without a change of
    player; one edge in eight ends the episode."""

    latent_levels = 0

    def __init__(self, model: HashModel, *, size: float) -> None:
        self._model = model
        self._size = np.float32(size)

    def initial_inference(self, observation: Floats) -> InitialOutput:
        out = self._model.initial_inference(observation)
        return replace(out, value=out.value * self._size, draw=out.draw * 0)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        out = self._model.recurrent_inference(latent, action)
        reward = out.draw * self._size  # any numbers will do
        goes_on = (action % 8 != 3).astype(np.float32)
        value = out.value * self._size
        return replace(out, reward=reward, discount=np.float32(0.97) * goes_on, value=value, draw=out.draw * 0)
