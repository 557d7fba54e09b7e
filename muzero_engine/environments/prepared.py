"""`PreparedEnvironment`: an environment as somebody wrote it, with steps and observations as settings want them.

What a source shows first says what its observations are: bits in two or three axes are planes, bytes in two or three
axes are an image, everything else is a vector. In three axes the planes (an image's colours) come first or last: where
a square is left, else where fewer are than rows or columns (`train` says what it takes them for).
"""

from __future__ import annotations

import contextlib
import inspect
import math
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from muzero_engine.environments.base import (
    BadEnvironment,
    EnvironmentFailed,
    EnvironmentSpec,
    EnvironmentStep,
    Observation,
    ObservationKind,
    one_line,
    shown,
)
from muzero_engine.environments.images import ImageFormat
from muzero_engine.environments.settings import MOST_STEPS, EnvironmentSettings

MOST_NUMBERS = 4096  # of a vector
MOST_REWARD = 1e30  # of a step, so that sums of rewards stay numbers in float32
Shown = Callable[[npt.NDArray[Any]], Observation]


class EnvironmentSource(Protocol):
    """What a class of one's own needs.

    `action_names`, `lives` (how many are left), `render()` and `close()` are used where it has them.
    """

    actions: int  # how many there are

    def reset(self, seed: int) -> Any:
        """Begin an episode and return its first observation, an array or a list of numbers."""
        ...

    def step(self, action: int) -> Any:
        """Act; return (observation, reward, terminated, truncated), perhaps with something behind."""
        ...


class _Told:
    """Makes whatever somebody else's code raises inside an EnvironmentFailed that begins with `what`, but Ctrl-C."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt):
            raise EnvironmentFailed(f"{self._what} {one_line(error)}") from error


class PreparedEnvironment:
    """An `Environment` over a source. Raises BadEnvironment where the source cannot be learnt.

    `tells_lives` says whether lives are asked for, and some are left at the beginning.
    """

    def __init__(self, source: EnvironmentSource, settings: EnvironmentSettings, *, sticky: float) -> None:
        """Prepare it; `sticky` is how likely a step repeats the action before it, besides what the source does."""
        self._source, self._id = source, settings.id
        self._step_told = _Told(f"{self._id} raised")
        self._skip, self._sticky, self._no_ops = settings.frame_skip, sticky, settings.no_ops
        self._limit = settings.max_steps or MOST_STEPS
        actions = getattr(source, "actions", None)
        if not isinstance(actions, int | np.integer) or actions < 1:
            said = ascii(actions)[:60] if isinstance(actions, str) else shown(actions)
            raise BadEnvironment(f"{self._id} must say how many actions it has (actions = 2), not {said}")
        self._asks_lives = settings.life_ends
        self._random = random.Random(0)
        self._last = self._age = self._lives = 0
        try:
            self._by_name = not _takes_position(source.reset)
            first = self._begun(0)
            self.tells_lives = self._left() > 0
            kind, shape, self._shown = _format(first, settings)
        except BadEnvironment as error:
            raise BadEnvironment(f"{self._id}: {error}") from None
        except Exception as error:
            raise BadEnvironment(f"{self._id} cannot begin an episode: {one_line(error)}") from error
        self._raw_shape, self._raw_type = first.shape, first.dtype
        self._vector = kind is ObservationKind.VECTOR
        self._brightest = kind is ObservationKind.IMAGE and self._skip > 1
        try:
            self._observation(first)
        except EnvironmentFailed as error:
            raise BadEnvironment(str(error)) from None
        self._spec = EnvironmentSpec(
            id=settings.id,
            kind=kind,
            shape=(shape[0] * settings.stack, *shape[1:]),
            actions=int(actions),
            stack=settings.stack,
            action_names=_names(source),
        )

    @property
    def spec(self) -> EnvironmentSpec:
        """Return what it is."""
        return self._spec

    def reset(self, seed: int) -> Observation:
        """Begin an episode. Raises EnvironmentFailed."""
        self._last = self._age = 0
        if self._sticky or self._no_ops:
            self._random.seed(seed)
        with _Told(f"{self._id} cannot begin an episode:"):
            raw = self._begun(seed)
            for _ in range(self._random.randint(0, self._no_ops) if self._no_ops else 0):
                raw, _, terminated, truncated, *_ = self._source.step(0)
                if terminated or truncated:
                    raw = self._begun(seed)
            self._lives = self._left()
        return self._observation(np.asarray(raw))

    def step(self, action: int) -> EnvironmentStep:
        """Act. Raises EnvironmentFailed where the source raises or says what it must not."""
        reward, before, raw = 0.0, None, np.zeros(0)
        terminated = truncated = False
        for _ in range(self._skip):
            if not self._sticky or self._random.random() >= self._sticky:
                self._last = action
            if self._brightest and raw.size:
                before = np.array(raw)
            with self._step_told:
                answer = self._source.step(self._last)
            try:
                raw, gained, terminated, truncated, *_ = answer
                raw = np.asarray(raw)
            except (TypeError, ValueError):
                what = "its step must return (observation, reward, terminated, truncated)"
                raise EnvironmentFailed(f"{self._id}: {what}, not {shown(answer)}") from None
            try:
                reward += gained if type(gained) in (float, int) else self._number(gained)
            except OverflowError:
                reward = math.inf
            if type(terminated) is not bool or type(truncated) is not bool:
                terminated, truncated = self._flag(terminated), self._flag(truncated)
            if terminated or truncated:
                break
        if not -MOST_REWARD < reward < MOST_REWARD:  # NaN is neither
            raise EnvironmentFailed(f"{self._id} gave a reward of {reward}, which is no number to learn from")
        self._age += 1
        if before is not None and raw.shape == self._raw_shape:
            raw = np.maximum(raw, before) if before.shape == raw.shape else before
        observation = self._observation(raw)
        lost = False
        if self._asks_lives:
            with self._step_told:
                left = self._left()
            lost, self._lives = left < self._lives, left
        truncated = truncated or (self._age >= self._limit and not terminated)
        return EnvironmentStep(observation, reward, terminated, truncated, lost)

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return a picture uint8[rows, columns, 3] of what was reached last; None where there is none.

        Raises EnvironmentFailed where the source cannot draw, or draws something else.
        """
        render = getattr(self._source, "render", None)
        if render is None:
            return None
        with _Told(f"{self._id} cannot be drawn:"):
            picture = render()
        if picture is None:
            return None
        pixels = np.asarray(picture)
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            what = f"{pixels.dtype}{list(pixels.shape)}"
            raise EnvironmentFailed(f"{self._id} must be drawn as uint8[rows, columns, 3], not as {what}")
        return pixels

    def close(self) -> None:
        """Give back what the source holds."""
        close = getattr(self._source, "close", None)
        if close is not None:
            with contextlib.suppress(EnvironmentFailed), _Told(f"{self._id} cannot be closed:"):
                close()  # it is not needed any more, whatever it says

    def _left(self) -> int:
        """Return how many lives are left; 0 where that is not asked for or not known."""
        return int(getattr(self._source, "lives", 0)) if self._asks_lives else 0

    def _begun(self, seed: int) -> npt.NDArray[Any]:
        """Return the first observation of an episode, without what Gymnasium has behind it."""
        first = self._source.reset(seed=seed) if self._by_name else self._source.reset(seed)
        if isinstance(first, tuple) and len(first) == 2 and isinstance(first[1], dict):
            first = first[0]
        return np.asarray(first)

    def _flag(self, said: Any) -> bool:
        """Return whether an episode is said to have ended by what is no Python bool."""
        array = np.asarray(said)
        if array.size != 1 or array.dtype.kind not in "biu" or array.item() not in (0, 1):
            what = "terminated and truncated, the third and fourth of what its step returns, must be True or False"
            raise EnvironmentFailed(f"{self._id}: {what}, not {shown(said)!r}")
        return bool(array.item())

    def _number(self, reward: Any) -> float:
        """Return a reward that is no Python number, such as an array of one."""
        array = np.asarray(reward)
        if array.size != 1 or array.dtype.kind not in "biuf":
            raise EnvironmentFailed(f"{self._id} gave a reward of {shown(reward)!r}, which is no number to learn from")
        return float(array.item())

    def _observation(self, raw: npt.NDArray[Any]) -> Observation:
        if raw.shape != self._raw_shape:
            raise EnvironmentFailed(
                f"{self._id} showed an observation of shape {list(raw.shape)}, not {list(self._raw_shape)} as before"
            )
        if raw.dtype != self._raw_type and not (self._vector and raw.dtype.kind in "biuf"):
            raise EnvironmentFailed(
                f"{self._id} showed an observation of type {raw.dtype}, not {self._raw_type} as before"
            )
        observation = self._shown(raw)
        if self._vector and not math.isfinite(float(observation.sum())):
            raise EnvironmentFailed(
                f"{self._id} showed an observation with numbers that float32 cannot hold (NaN, infinite, too large)"
            )
        return observation


def _format(
    first: npt.NDArray[Any], settings: EnvironmentSettings
) -> tuple[ObservationKind, tuple[int, int, int], Shown]:
    """Return what observations like this are, their (planes, rows, columns), and what makes them so."""
    if first.dtype == np.bool_ and first.ndim in (2, 3):
        last = _planes_last(first.shape)
        shape = first.shape if first.ndim == 3 else (*first.shape, 1)
        planes, rows, columns = (shape[2], *shape[:2]) if last else shape

        def transposed(raw: npt.NDArray[Any]) -> Observation:
            return raw.reshape(shape).transpose(2, 0, 1).copy() if last else raw.copy()

        return ObservationKind.PLANES, (planes, rows, columns), transposed
    if first.dtype == np.uint8 and first.ndim in (2, 3):
        image = ImageFormat(first.shape, settings.size, settings.grey)
        return ObservationKind.IMAGE, image.shape, image.shown
    if not first.size:
        raise BadEnvironment("observations must have numbers in them, and the first has none")
    if first.dtype.kind not in "biuf":
        raise BadEnvironment(f"observations must be arrays of numbers, not of {first.dtype}")
    if first.size > MOST_NUMBERS:
        raise BadEnvironment(
            f"an observation of {first.size:,} numbers is no vector to learn from (at most {MOST_NUMBERS:,}): "
            "show one image as uint8 of two or three axes, and planes as bool"
        )

    def vector(raw: npt.NDArray[Any]) -> Observation:
        with np.errstate(over="ignore"):  # it is told in a sentence
            return raw.astype(np.float32).reshape(-1, 1, 1)

    return ObservationKind.VECTOR, (first.size, 1, 1), vector


def _takes_position(reset: Callable[..., Any]) -> bool:
    """Return whether the seed may come without its name."""
    try:
        inspect.signature(reset).bind(0)
    except TypeError:
        return False
    except ValueError:  # it is not written in Python
        return True
    return True


def _names(source: EnvironmentSource) -> tuple[str, ...]:
    """Return the names of the actions where each has one; whatever else somebody calls so is none."""
    try:
        names = tuple(str(name) for name in getattr(source, "action_names", ()))
    except Exception:
        return ()
    return names if len(names) == source.actions else ()


def _planes_last(shape: tuple[int, ...]) -> bool:
    """Return whether the last axis of planes is that of the planes, and not the first.

    The other two are a board: a square where just one way makes one, else the longer ones.
    """
    if len(shape) == 2:
        return True
    squares = shape[0] == shape[1], shape[1] == shape[2]
    return squares[0] if squares[0] != squares[1] else shape[2] <= shape[0]
