"""Episodes as `watch` plays them."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from muzero_engine.commands.common.environments import EnvironmentPlayer, Thought
from muzero_engine.environments.base import Environment, Observation
from muzero_engine.environments.stacking import FrameStack

Picture = npt.NDArray[np.uint8]  # uint8[rows, columns, 3]


class EpisodeEnd(enum.Enum):
    """Why an episode is over."""

    TERMINATED = "terminated"  # by the environment
    TRUNCATED = "truncated"  # by a limit of steps
    STOPPED = "stopped"  # by Ctrl-C


@dataclass(frozen=True, slots=True)
class Scene:
    """What was to be seen before an action."""

    observation: Observation  # the newest, [planes, rows, columns]
    picture: Picture | None  # as the environment draws itself


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode of n steps; the lists have an entry a step."""

    seed: int
    ending: EpisodeEnd
    thoughts: Sequence[Thought]
    rewards: Sequence[float]
    scenes: Sequence[Scene]  # of the first steps, as many as were asked for, and of the end where these are all
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


def play_episode(
    environment: Environment,
    player: EnvironmentPlayer,
    seed: int,
    *,
    scenes: int = 0,
    on_step: Callable[[int, float], None] = lambda _steps, _total: None,
) -> Episode:
    """Play one episode to its end, or to Ctrl-C. `scenes` steps are kept to be drawn; `on_step` hears of each step's
    number and of the return so far."""
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
                seen.append(Scene(newest, environment.render()))
            thought = player.think(observed)
            step = environment.step(thought.action)
            thoughts.append(thought)
            rewards.append(float(step.reward))
            total += rewards[-1]
            newest, observed = step.observation, stack.add(step.observation)
            on_step(len(rewards), total)
            if step.terminated or step.truncated:
                break
        if len(seen) == len(rewards):
            seen.append(Scene(newest, environment.render()))
        if not step.terminated:
            last_value = player.think(observed).value
        ending = EpisodeEnd.TERMINATED if step.terminated else EpisodeEnd.TRUNCATED
    except KeyboardInterrupt:
        last_value = thoughts[-1].value if thoughts else 0.0
    thoughts = thoughts[: len(rewards)]
    return Episode(seed, ending, thoughts, rewards, seen, last_value)
