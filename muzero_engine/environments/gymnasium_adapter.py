"""Environments of Gymnasium, MinAtar's and Atari's among them. The only module that knows gymnasium.

MinAtar keeps the last action from one episode to the next, and with sticky actions repeats it; here it begins with
action 0, so that an episode is always the same with the same seed and actions.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.envs.registration import load_env_creator

from muzero_engine.environments.base import BadEnvironment, one_line
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.installing import install_command, pip

MINATAR, ATARI = "MinAtar/", "ALE/"
_MINATAR_ACTIONS = ("stay", "left", "up", "right", "down", "fire")  # its letters n, l, u, r, d, f


class GymnasiumSource:
    """A Gymnasium environment as an `EnvironmentSource`. Raises BadEnvironment where its spaces cannot be learnt."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = env
        inner: Any = env.unwrapped
        self._minatar = inner.game if type(inner).__module__ == "minatar.gym" else None
        action, observation = self._env.action_space, self._env.observation_space
        if not isinstance(action, spaces.Discrete):
            raise BadEnvironment(
                f"its actions are {_named(action)}: only Discrete ones can be learnt; a wrapper may choose among some"
            )
        self.actions, self._first_action = int(action.n), int(action.start)
        self._one_hot = observation if isinstance(observation, spaces.Discrete) else None
        self._bits = _are_bits(observation)
        if not isinstance(observation, spaces.Box | spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete):
            raise BadEnvironment(
                f"its observations are {_named(observation)}: only arrays can be learnt from; "
                "gymnasium.wrappers.FlattenObservation makes some"
            )

    @property
    def action_names(self) -> tuple[str, ...]:
        """Return what Atari and MinAtar call their actions, or the `action_names` of a class of one's own."""
        inner: Any = self._env.unwrapped
        if hasattr(inner, "get_action_meanings"):
            return tuple(inner.get_action_meanings())
        if self._minatar is not None:
            return tuple(_MINATAR_ACTIONS[action] for action in inner.action_set)
        return tuple(getattr(inner, "action_names", ()))

    @property
    def lives(self) -> int:
        """Return how many lives Atari says are left, or the `lives` of a class of one's own; 0 of others."""
        inner: Any = self._env.unwrapped
        return int(inner.ale.lives() if hasattr(inner, "ale") else getattr(inner, "lives", 0))

    def reset(self, seed: int) -> Any:
        """Begin an episode."""
        if self._minatar is not None:
            self._minatar.last_action = 0
        observation, _ = self._env.reset(seed=seed)
        return self._array(observation)

    def step(self, action: int) -> Any:
        """Act; what is known besides the reward is dropped."""
        observation, reward, terminated, truncated, _ = self._env.step(action + self._first_action)
        return self._array(observation), reward, terminated, truncated

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return a picture; None where it was not made for that, or what draws it is not installed."""
        if self._env.render_mode != "rgb_array":
            return None
        try:
            picture = self._env.render()
        except gymnasium.error.DependencyNotInstalled:
            return None
        if not isinstance(picture, np.ndarray):
            return None
        return picture if picture.dtype == np.uint8 else (255 * picture.clip(0, 1)).astype(np.uint8)

    def close(self) -> None:
        """Give back what it holds."""
        self._env.close()

    def _array(self, observation: Any) -> Any:
        if self._bits:
            return np.asarray(observation) != 0
        if self._one_hot is None:
            return observation
        array = np.zeros(int(self._one_hot.n), dtype=np.float32)
        array[int(observation) - int(self._one_hot.start)] = 1.0
        return array


def _are_bits(space: spaces.Space[Any]) -> bool:
    """Return whether observations are planes: two or three axes of whole numbers that are 0 or 1."""
    if isinstance(space, spaces.Box):
        whole = np.issubdtype(space.dtype, np.integer)
        return whole and len(space.shape) in (2, 3) and bool((space.low == 0).all() and (space.high == 1).all())
    return isinstance(space, spaces.MultiBinary) and len(space.shape) in (2, 3)


def made_by_id(settings: EnvironmentSettings, *, picture: bool) -> tuple[GymnasiumSource, bool]:
    """Return the environment of this Gymnasium id, and whether it repeats actions itself as `settings.sticky` says.

    Raises BadEnvironment.
    """
    name = settings.id
    arguments: dict[str, Any] = {"render_mode": "rgb_array"} if picture else {}
    repeats = settings.sticky >= 0
    if name.startswith(MINATAR):
        minatar = _imported("minatar.gym", name, install_command("environments"))
        if not any(known.startswith(MINATAR) for known in gymnasium.registry):
            minatar.register_envs()
        arguments |= {"sticky_action_prob": settings.sticky} if repeats else {}
    elif name.startswith(ATARI):
        licence = "its licence is the GPL, so that it is yours to install"
        ale = _imported("ale_py", name, f"{pip()} install ale-py ({licence})")
        ale.ALEInterface.setLoggerMode(ale.LoggerMode.Error)  # else each worker says who made it
        arguments |= {"frameskip": 1} | ({"repeat_action_probability": settings.sticky} if repeats else {})
    else:
        repeats = False
    if settings.max_steps:
        arguments["max_episode_steps"] = -1  # without its own limit

    try:
        with _quiet():
            env = gymnasium.make(name, disable_env_checker=True, **arguments)
        return GymnasiumSource(env), repeats
    except BadEnvironment as error:
        raise BadEnvironment(f"{name}: {error}") from None
    except gymnasium.error.Error as error:
        raise BadEnvironment(f"{name}: {' '.join(str(error).split())}") from error
    except Exception as error:  # whatever an environment does when it is made
        raise BadEnvironment(f"{name} cannot be made: {one_line(error)}") from error


def class_of(name: str) -> object:
    """Return what makes the environment of this Gymnasium id, which has been made; None where that is not known."""
    spec = gymnasium.registry.get(name.rpartition(":")[2])
    try:
        return load_env_creator(spec.entry_point) if spec is not None and isinstance(spec.entry_point, str) else None
    except (ImportError, AttributeError):
        return None


def _imported(module: str, name: str, install: str) -> Any:
    """Return a module that has the environment of this name. Raises BadEnvironment where it is not installed."""
    try:
        with _quiet():
            return importlib.import_module(module)
    except ImportError as error:
        raise BadEnvironment(f"{name} needs {module.partition('.')[0]}: {install} ({error})") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what packages of others say of themselves while they are imported or made."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _named(space: spaces.Space[Any]) -> str:
    return str(space) if len(str(space)) < 60 else type(space).__name__
