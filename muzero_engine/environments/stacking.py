"""`FrameStack`: the newest observations of an episode as one array, for who steps a single environment."""

from __future__ import annotations

import numpy as np

from muzero_engine.environments.base import EnvironmentSpec, Observation


class FrameStack:
    """The `EnvironmentSpec.stack` newest observations, newest first; zeros where the episode is younger."""

    def __init__(self, spec: EnvironmentSpec) -> None:
        self._planes = spec.frame_shape[0]
        self._stacked = np.zeros(spec.shape, dtype=spec.kind.dtype)

    def begin(self, observation: Observation) -> Observation:
        """Return what the network sees of the first observation of an episode: [planes, rows, columns] of the spec."""
        self._stacked = np.zeros_like(self._stacked)
        return self.add(observation)

    def add(self, observation: Observation) -> Observation:
        """Return what it sees of the next one. Arrays returned before stay as they are."""
        older = self._stacked[: len(self._stacked) - self._planes]
        self._stacked = np.concatenate([observation, older])
        return self._stacked
