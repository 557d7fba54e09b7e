"""Tiny environments of one's own, whose values are known, and some that misbehave."""

from __future__ import annotations

import itertools
import os
import random
import time
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[Any, float, bool, bool]


class Chain:
    """Five squares; to the right is 1 a step, at the end 10 and over; to the left ends it with 3."""

    actions = 2
    action_names = ("left", "right")
    length = 5

    def reset(self, seed: int) -> Any:
        self.square = 0
        return self._seen()

    def step(self, action: int) -> Answer:
        if action == 0:
            return self._seen(), 3.0, True, False
        self.square += 1
        over = self.square == self.length
        return self._seen(), 10.0 if over else 1.0, over, False

    def _seen(self) -> Any:
        return [float(self.square == square) for square in range(self.length + 1)]


class Bandit:
    """One step: action 0 earns 0 or 10, each half of the times, 1 earns 4, 2 earns 6 one time in three."""

    actions = 3

    def reset(self, seed: int) -> Any:
        self.random = random.Random(seed)
        return [1.0, 0.0]

    def step(self, action: int) -> Answer:
        luck = self.random.random()
        reward = (10.0 * (luck < 0.5), 4.0, 6.0 * (luck < 1 / 3))[action]
        return [0.0, 1.0], reward, True, False


class Lives:
    """Three lives of four steps each; every step earns 1."""

    actions = 2

    def reset(self, seed: int) -> Any:
        self.age, self.lives = 0, 3
        return [0.0, 1.0]

    def step(self, action: int) -> Answer:
        self.age += 1
        self.lives -= self.age % 4 == 0
        return [float(self.age), 1.0], 1.0, not self.lives, False


class Delayed:
    """The first action decides what the 30th step earns, 7 or 2; the others change nothing."""

    actions = 2
    steps = 30

    def reset(self, seed: int) -> Any:
        self.step_number, self.first = 0, 0
        return self._seen()

    def step(self, action: int) -> Answer:
        if self.step_number == 0:
            self.first = action
        self.step_number += 1
        over = self.step_number == self.steps
        return self._seen(), (2.0, 7.0)[self.first] if over else 0.0, over, False

    def _seen(self) -> Any:
        seen = np.zeros(self.steps + 3, dtype=np.float32)
        seen[self.step_number] = 1.0
        if self.step_number:
            seen[self.steps + 1 + self.first] = 1.0
        return seen


class Walk:
    """A random walk by the seed and the actions over bits: its episodes have 3 to 9 steps, some are truncated."""

    actions = 3

    def reset(self, seed: int) -> Any:
        self.random = random.Random(seed)
        self.left = self.random.randint(3, 9)
        self.cut = self.random.random() < 0.4
        return self._seen(0)

    def step(self, action: int) -> Answer:
        self.left -= 1
        over = self.left == 0
        return self._seen(action), self.random.randint(-3, 3) + action / 4, over and not self.cut, over and self.cut

    def _seen(self, action: int) -> Any:
        bits = np.array([self.random.random() < 0.5 for _ in range(2 * 3 * 3)]).reshape(2, 3, 3)
        bits[0, 0] = np.arange(3) == action
        return bits


class Forgetful(Walk):
    """Not the same with the same seed."""

    numbers = itertools.count()

    def reset(self, seed: int) -> Any:
        return super().reset(seed + 1_000_003 * next(self.numbers))


class Endless:
    """Nothing ends it."""

    actions = 2

    def reset(self, seed: int) -> Any:
        return [0.0]

    def step(self, action: int) -> Answer:
        return [float(action)], 0.0, False, False


class Sleeps(Endless):
    """It never begins."""

    def reset(self, seed: int) -> Any:
        time.sleep(3600)


class Closes(Walk):
    """Leaves a file when it is closed."""

    def close(self) -> None:
        Path(os.environ["CLOSED"]).touch()


class NeverCloses(Walk):
    """Its `close` hangs."""

    def close(self) -> None:
        time.sleep(3600)


class Camera:
    """Images uint8[6, 8, 3], black but for one point that moves, blinking; 5 steps."""

    actions = 2

    def reset(self, seed: int) -> Any:
        self.step_number = 0
        return self._seen()

    def step(self, action: int) -> Answer:
        self.step_number += 1
        return self._seen(), 1.0, self.step_number == 5, False

    def _seen(self) -> Any:
        image = np.zeros((6, 8, 3), dtype=np.uint8)
        image[2, self.step_number] = 200 if self.step_number % 2 else 100
        return image

    def render(self) -> Any:
        return self._seen()


class Faulty(Walk):
    """At its fifth step it does what must not be; the subclasses say what."""

    def reset(self, seed: int) -> Any:
        seen = super().reset(seed)
        self.left, self.taken = 100, 0
        return seen

    def step(self, action: int) -> Answer:
        self.taken += 1
        answer = super().step(action)
        return self.wrong(answer) if self.taken == 5 else answer

    def wrong(self, answer: Answer) -> Answer:
        raise ZeroDivisionError("the world\nends")


class Hangs(Faulty):
    """It sleeps."""

    def wrong(self, answer: Answer) -> Answer:
        time.sleep(3600)
        return answer


class Dies(Faulty):
    """It ends its process."""

    def wrong(self, answer: Answer) -> Answer:
        os._exit(3)


class Interrupts(Faulty):
    """It raises what Ctrl-C does."""

    def wrong(self, answer: Answer) -> Answer:
        raise KeyboardInterrupt


class NoReward(Faulty):
    """Its reward is not a number."""

    def wrong(self, answer: Answer) -> Answer:
        return answer[0], float("nan"), False, False


class HugeReward(Faulty):
    """Its reward is more than a float32 holds."""

    def wrong(self, answer: Answer) -> Answer:
        return answer[0], -1e39, False, False


class OtherShape(Faulty):
    """Its observation is of another shape."""

    def wrong(self, answer: Answer) -> Answer:
        return answer[0][:1], 0.0, False, False


class OtherType(Faulty):
    """Its observation is of another type."""

    def wrong(self, answer: Answer) -> Answer:
        return answer[0].astype(np.float32), 0.0, False, False


class Panics(Faulty):
    """It raises what is no Exception, as libraries in Rust do."""

    def wrong(self, answer: Answer) -> Answer:
        raise Panic("the world stops")


class Panic(BaseException):
    """No Exception."""


class Complex(Chain):
    """Its observations turn complex."""

    def step(self, action: int) -> Answer:
        return [1j] * 6, 0.0, False, False


class NoNumbers(Chain):
    """Its observation has a NaN."""

    def step(self, action: int) -> Answer:
        return [float("nan")] * 6, 0.0, False, False
