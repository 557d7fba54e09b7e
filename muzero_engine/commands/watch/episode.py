"""Episodes as `watch` plays them."""

from __future__ import annotations

import enum
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from muzero_engine.commands.common.environments import EnvironmentPlayer, Thought
from muzero_engine.environments.base import Environment, EnvironmentFailed, Observation, ObservationKind
from muzero_engine.environments.stacking import FrameStack

Picture = npt.NDArray[np.uint8]  # uint8[rows, columns, 3]


class EpisodeEnd(enum.Enum):
    """Why an episode is over."""

    TERMINATED = "terminated"  # by the environment
    TRUNCATED = "truncated"  # by a limit of steps that the environment has
    CUT = "cut off by --max-steps"
    STOPPED = "stopped"  # by Ctrl-C


class Scene:
    """What was to be seen before an action, in little memory."""

    def __init__(self, observation: Observation, picture: Picture | None, why_none: str = "") -> None:
        """Keep the newest observation, [planes, rows, columns], and how the environment draws itself, if it does;
        `why_none` is what went wrong where it tried to."""
        self.observation = observation
        self.why_none = why_none
        self._packed = None if picture is None else zlib.compress(picture.tobytes(), level=1)
        self._shape = () if picture is None else picture.shape

    @property
    def picture(self) -> Picture | None:
        """Return how the environment draws itself, uint8[rows, columns, 3]."""
        if self._packed is None:
            return None
        return np.frombuffer(zlib.decompress(self._packed), dtype=np.uint8).reshape(self._shape)


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode of n steps."""

    seed: int
    ending: EpisodeEnd
    rewards: Sequence[float]  # n of them
    thoughts: Sequence[Thought]  # of the first steps, as many as were asked for
    scenes: Sequence[Scene]  # of the same steps, and of the end where these are all
    last_value: float  # the discounted return expected from the last observation on: 0 after a termination

    @property
    def total(self) -> float:
        """Return the sum of the rewards."""
        return math.fsum(self.rewards)

    def returns(self, discount: float) -> list[float]:
        """Return the discounted return that came from each step on, what was cut off by its expected value."""
        following = self.last_value
        result: list[float] = []
        for reward in reversed(self.rewards):
            following = reward + discount * following
            result.append(following)
        return result[::-1]


def _scene(environment: Environment, observation: Observation) -> Scene:
    """Return what is to be seen. Planes are drawn from the observation; whatever somebody's `render` does, an episode
    goes on."""
    if environment.spec.kind is ObservationKind.PLANES:
        return Scene(observation, None)
    try:
        picture = environment.render()
    except EnvironmentFailed as error:
        return Scene(observation, None, str(error))
    return Scene(observation, picture)


def play_episode(
    environment: Environment,
    player: EnvironmentPlayer,
    seed: int,
    *,
    max_steps: int,
    scenes: int = 0,
    on_step: Callable[[int, float], None] = lambda _steps, _total: None,
) -> Episode:
    """Play one episode to its end, for `max_steps` at most, or to Ctrl-C. Of `scenes` steps all is kept that is drawn;
    `on_step` hears of each step's number and of the return so far."""
    stack = FrameStack(environment.spec)
    thoughts: list[Thought] = []
    rewards: list[float] = []
    seen: list[Scene] = []
    ending = EpisodeEnd.STOPPED
    last_value, total = 0.0, 0.0
    try:
        newest = environment.reset(seed)
        observed = stack.begin(newest)
        while True:
            if len(seen) < scenes:
                seen.append(_scene(environment, newest))
            thought = player.think(observed)
            step = environment.step(thought.action)
            if len(thoughts) < len(seen):
                thoughts.append(thought)
            rewards.append(float(step.reward))
            total += rewards[-1]
            newest, observed = step.observation, stack.add(step.observation)
            on_step(len(rewards), total)
            last_value = thought.value
            if step.terminated or step.truncated or len(rewards) == max_steps:
                break
        if len(seen) == len(rewards):
            seen.append(_scene(environment, newest))
        last_value = 0.0 if step.terminated else player.think(observed).value
        over = EpisodeEnd.TRUNCATED if step.truncated else EpisodeEnd.CUT
        ending = EpisodeEnd.TERMINATED if step.terminated else over
    except KeyboardInterrupt:
        pass
    return Episode(seed, ending, rewards, thoughts[: len(rewards)], seen, last_value)
