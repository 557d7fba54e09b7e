"""What settings make of an environment's steps and observations, and what is said of those that misbehave."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from muzero_engine.environments import prepared
from muzero_engine.environments.base import BadEnvironment, Environment, EnvironmentFailed, ObservationKind
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.environments.stacking import FrameStack


def made(name: str, **settings: object) -> Environment:
    return load_environment(EnvironmentSettings(id=f"support.environments:{name}", **settings))  # type: ignore[arg-type]  # the tests name the fields


def test_skipped_steps_add_their_rewards_and_end_with_the_episode() -> None:
    environment = made("Chain", frame_skip=3)
    environment.reset(0)
    step = environment.step(1)
    assert (step.reward, step.terminated) == (3.0, False)
    step = environment.step(1)
    assert (step.reward, step.terminated) == (1.0 + 10.0, True)
    assert step.observation.ravel().tolist() == [0, 0, 0, 0, 0, 1]


def test_sticky_actions_repeat_the_one_before_as_often_as_they_should() -> None:
    environment = made("Chain", sticky=0.25)
    stuck = 0
    for seed in range(2000):
        environment.reset(seed)
        stuck += environment.step(1).terminated  # action 0, the one before the first
    assert stuck / 2000 == pytest.approx(0.25, abs=0.03)
    environment.reset(5)
    first = [environment.step(1).terminated for _ in range(1)]
    environment.reset(5)
    assert [environment.step(1).terminated for _ in range(1)] == first


def test_episodes_begin_after_some_steps_of_nothing() -> None:
    environment = made("Delayed", no_ops=4)
    begins = {int(environment.reset(seed).ravel()[:31].argmax()) for seed in range(60)}
    assert begins == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("name", "skip", "asked", "lost"),
    [
        ("Lives", 1, True, [4, 8, 12]),
        ("Lives", 3, True, [2, 3, 4]),  # of four steps of three
        ("Lives", 1, False, []),
        ("Chain", 1, True, []),  # which tells none
    ],
)
def test_lost_lives_are_told_where_they_are_asked_for(name: str, skip: int, asked: bool, lost: list[int]) -> None:
    environment = made(name, frame_skip=skip, life_ends=asked)
    for _ in range(2):
        environment.reset(0)
        found = []
        for number in range(1, 13):
            step = environment.step(1)
            found += [number] * step.lost
            if step.terminated:
                break
        assert found == lost


def test_long_episodes_are_truncated() -> None:
    environment = made("Chain", max_steps=3)
    environment.reset(0)
    steps = [environment.step(1) for _ in range(3)]
    assert [(step.terminated, step.truncated) for step in steps] == [(False, False), (False, False), (False, True)]
    environment.reset(0)
    assert not environment.step(1).truncated
    environment = made("Chain", max_steps=5)
    environment.reset(0)
    assert [environment.step(1) for _ in range(5)][-1][2:4] == (True, False)  # it ended by itself


def test_episodes_that_would_never_end_are_truncated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST_STEPS", 8)
    environment = made("Endless")
    environment.reset(0)
    assert [environment.step(0).truncated for _ in range(8)] == [False] * 7 + [True]


@pytest.mark.parametrize(("grey", "planes"), [(True, 1), (False, 3)])
def test_images_have_one_size_and_colours_or_not(grey: bool, planes: int) -> None:
    environment = made("Camera", size=12, grey=grey, stack=2)
    spec = environment.spec
    assert (spec.kind, spec.shape, spec.frame_shape) == (ObservationKind.IMAGE, (2 * planes, 12, 12), (planes, 12, 12))
    seen = environment.reset(0)
    assert seen.dtype == np.uint8
    assert seen.shape == (planes, 12, 12)
    assert 0 < seen.max() <= 100
    row, column = np.unravel_index(seen[0].argmax(), (12, 12))
    assert (row // 2, column) == (2, 0)
    picture = environment.render()
    assert picture is not None
    assert picture.shape == (6, 8, 3)


def test_of_skipped_images_the_last_two_are_shown_as_one() -> None:
    environment = made("Camera", size=8, frame_skip=3)
    environment.reset(0)
    seen = environment.step(0).observation[0]
    bright = sorted(np.unique(np.argwhere(seen > 30)[:, 1]).tolist())
    assert bright == [2, 3]
    assert environment.step(0).terminated  # of steps 4 and 5


def test_stacks_hold_the_newest_observations_first() -> None:
    environment = made("Walk", stack=3)
    stack = FrameStack(environment.spec)
    frames = [environment.reset(3)]
    seen = [stack.begin(frames[0])]
    for _ in range(3):
        frames.append(environment.step(1).observation)
        seen.append(stack.add(frames[-1]))
    assert [each.shape for each in seen] == [environment.spec.shape] * 4
    assert np.array_equal(seen[3], np.concatenate([frames[3], frames[2], frames[1]]))
    assert np.array_equal(seen[1], np.concatenate([frames[1], frames[0], np.zeros_like(frames[0])]))
    assert not stack.begin(frames[2])[2:].any()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Faulty", r"Faulty raised ZeroDivisionError: the world ends$"),
        ("NoReward", r"NoReward gave a reward of nan"),
        ("HugeReward", r"HugeReward gave a reward of -1e\+39, which is no number to learn from"),
        ("OtherShape", r"OtherShape showed an observation of shape \[1, 3, 3\], not \[2, 3, 3\] as before"),
        ("Panics", r"Panics raised Panic: the world stops$"),
        ("OtherType", r"OtherType showed an observation of type float32, not bool as before"),
    ],
)
def test_what_an_environment_must_not_do_is_said_in_a_sentence(name: str, reason: str) -> None:
    environment = made(name)
    environment.reset(1)
    for _ in range(4):
        environment.step(0)
    with pytest.raises(EnvironmentFailed, match=reason):
        environment.step(0)


@pytest.mark.parametrize(
    ("answer", "reward"),
    [
        (([0.0], np.array([1.5]), False, False), 1.5),
        (([0.0], np.float32(2), np.True_, False), 2.0),
        (([0.0], np.int64(3), 0, 0, {}), 3.0),
        (([0.0], None, False, False), r"gave a reward of 'None', which is no number"),
        (([0.0], 10**5000, False, False), r"gave a reward of inf, which is no number"),
        (([0.0], [10**5000], False, False), r"gave a reward of 'a list', which is no number"),
        (([0.0], 1j, False, False), r"gave a reward of '1j', which is no number"),
        (([0.0], "1", False, False), r"gave a reward of '1', which is no number"),
        (([0.0], np.zeros(2), False, False), r"gave a reward of '\[0. 0.\]', which is no number"),
        (
            ([0.0], 1.0, True),
            r"its step must return \(observation, reward, terminated, truncated\), not \(\[0.0\], 1.0, True\)",
        ),
        (([0.0], 1.0, False, {"x": 1}), r"terminated and truncated, .* must be True or False, not \"{'x': 1}\""),
        (([0.0], 1.0, "no", False), r"must be True or False, not 'no'"),
        (([[0.0], [0.0, 1.0]], 1.0, False, False), r"its step must return"),
        (None, r"its step must return \(observation, reward, terminated, truncated\), not None"),
        (([1e300], 1.0, True, False), r"numbers that float32 cannot hold"),
    ],
)
def test_what_a_step_returns(monkeypatch: pytest.MonkeyPatch, answer: Any, reward: float | str) -> None:
    environment = made("Endless")
    environment.reset(0)
    monkeypatch.setattr("support.environments.Endless.step", lambda self, action: answer)
    if isinstance(reward, float):
        step = environment.step(0)
        assert (step.reward, type(step.reward), type(step.terminated)) == (reward, float, bool)
    else:
        with pytest.raises(EnvironmentFailed, match=reward):
            environment.step(0)


def test_reset_may_be_that_of_gymnasium(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = []

    def reset(self: object, *, seed: int | None = None, options: object = None) -> tuple[list[float], dict[str, int]]:
        seeds.append(seed)
        return [7.0], {"lives": 3}

    monkeypatch.setattr("support.environments.Endless.reset", reset)
    assert made("Endless").reset(5).tolist() == [[[7.0]]]
    assert seeds == [0, 5]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (lambda self: 1 / 0, "Camera cannot be drawn: ZeroDivisionError"),
        (lambda self: np.zeros((0, 4, 3), np.uint8), r"uint8\[rows, columns, 3\], not as uint8\[0, 4, 3\]"),
        (lambda self: np.zeros((4, 4, 3)), r"must be drawn as uint8\[rows, columns, 3\], not as float64\[4, 4, 3\]"),
        (lambda self: "a cat", r"not as <U5\[\]"),
    ],
)
def test_pictures_that_are_none(monkeypatch: pytest.MonkeyPatch, picture: Any, reason: str) -> None:
    environment = made("Camera")
    monkeypatch.setattr("support.environments.Camera.render", picture)
    with pytest.raises(EnvironmentFailed, match=reason):
        environment.render()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("NoNumbers", r"numbers that float32 cannot hold"),
        ("Complex", r"Complex showed an observation of type complex128, not float64 as before$"),
    ],
)
def test_observations_of_no_numbers_are_refused(name: str, reason: str) -> None:
    environment = made(name)
    environment.reset(0)
    with pytest.raises(EnvironmentFailed, match=reason):
        environment.step(0)


@pytest.mark.parametrize("game", ["Breakout", "Asterix", "SpaceInvaders", "Freeway", "Seaquest"])
def test_minatar_plays_an_episode_again(game: str) -> None:
    """Its own `reset` keeps the last action, which sticky actions repeat: episodes of one environment then differ by
    what was played before."""
    environment = load_environment(EnvironmentSettings(id=f"MinAtar/{game}-v1", sticky=0.5))
    played = []
    for before in (0, 1, 2):
        environment.reset(before)
        for _ in range(before):
            environment.step(environment.spec.actions - 1)
        rng = random.Random(game)
        line = [environment.reset(7)]
        for _ in range(60):
            step = environment.step(rng.randrange(environment.spec.actions))
            line.append(np.append(step.observation, step.reward))
            if step.terminated:
                break
        played.append(line)
    assert len(played[0]) > 5
    for other in played[1:]:
        assert len(other) == len(played[0])
        assert all(np.array_equal(one, two) for one, two in zip(played[0], other, strict=True))


def test_an_environment_that_shows_no_numbers_at_first_is_refused_before_it_is_learnt() -> None:
    class Nothing:
        actions = 2

        def reset(self, seed: int) -> list[float]:
            return [float("nan")]

        def step(self, action: int) -> None:
            raise AssertionError

    with pytest.raises(BadEnvironment, match=r"mine showed an observation with numbers that float32 cannot hold"):
        prepared.PreparedEnvironment(Nothing(), EnvironmentSettings(id="mine"), sticky=0.0)


@pytest.mark.parametrize(
    ("shape", "last"),
    [
        ((10, 10, 4), True),
        ((4, 10, 10), False),
        ((6, 6, 6), True),
        ((7, 7, 12), True),
        ((12, 7, 7), False),
        ((2, 6, 7), False),
        ((6, 7, 2), True),
        ((4, 10, 12), False),
        ((20, 10, 3), True),
        ((3, 20, 10), False),
        ((5, 9), True),
    ],
)
def test_planes_come_first_or_last(shape: tuple[int, ...], last: bool) -> None:
    assert prepared._planes_last(shape) is last
