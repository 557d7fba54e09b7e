"""What an environment is: a world of one player who acts, sees and is rewarded, as in Gymnasium.

An *episode* is to an environment what a game is to a board game; it is made of *steps*. It ends by *termination*, after
which nothing can be earned, or by *truncation*, where it would have gone on (a time limit).

Observations have three axes, (planes, rows, columns): planes of bits, images of bytes, and vectors, whose n numbers are
n planes of one square.
"""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

CLOSE_SECONDS = 5.0  # that environments have to give back what they hold

Observation = npt.NDArray[Any]  # bool, uint8 or float32 [planes, rows, columns], see `ObservationKind`


class BadEnvironment(ValueError):
    """An environment that cannot be made or is of a kind that cannot be learnt; the message is a sentence."""


class EnvironmentFailed(RuntimeError):
    """An environment raised, hung or said what it must not; the message is a sentence with its place."""


def one_line(error: BaseException) -> str:
    """Return what somebody else's code raised, for a sentence."""
    return f"{type(error).__name__}: {shown(error, 280)}".strip()


def shown(value: object, most: int = 60) -> str:
    """Return what somebody else's code gave, for a sentence: at most so many characters."""
    try:
        return " ".join(str(value).split())[:most]
    except Exception:  # its text is somebody else's code as well, and numbers may have too many digits
        return f"a {type(value).__name__}"


class ObservationKind(enum.Enum):
    """What observations are made of."""

    PLANES = "planes"  # bits: bool
    IMAGE = "image"  # bytes: uint8
    VECTOR = "vector"  # numbers: float32, (n, 1, 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of an observation's elements."""
        kinds = {ObservationKind.PLANES: np.bool_, ObservationKind.IMAGE: np.uint8, ObservationKind.VECTOR: np.float32}
        return np.dtype(kinds[self])


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """What a network and a search must know of an environment."""

    id: str
    kind: ObservationKind
    shape: tuple[int, int, int]  # (planes, rows, columns) that the network sees: the `stack` newest observations
    actions: int  # A: actions are 0 to A - 1, all of them always allowed
    stack: int = 1
    action_names: tuple[str, ...] = ()  # of each, where it says them

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Return (planes, rows, columns) of one observation."""
        return self.shape[0] // self.stack, self.shape[1], self.shape[2]

    @property
    def board(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.shape[1], self.shape[2]


class EnvironmentStep(NamedTuple):
    """What came of an action."""

    observation: Observation
    reward: float
    terminated: bool
    truncated: bool
    lost: bool = False  # a life, after which nothing is to be learnt from though the episode goes on


class Environment(Protocol):
    """One environment, used by one thread. After an episode has ended only `reset` may be called."""

    @property
    def spec(self) -> EnvironmentSpec:
        """Return what it is; always the same."""
        ...

    def reset(self, seed: int) -> Observation:
        """Begin an episode, which with the same actions is always the same, and return its first observation."""
        ...

    def step(self, action: int) -> EnvironmentStep:
        """Act. What is returned is not written to afterwards."""
        ...

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return uint8[rows, columns, 3], a picture for people of what was reached last; None where there is none."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def close_all(environments: Iterable[Environment], seconds: float = CLOSE_SECONDS) -> None:
    """Close environments. What raises is let be, and what takes longer than so many seconds is left behind."""

    def close() -> None:
        for environment in environments:
            with contextlib.suppress(BaseException):
                environment.close()

    closing = threading.Thread(target=close, daemon=True)
    closing.start()
    closing.join(seconds)
