"""Environments in worker processes: the same episodes as without, and no silent ends."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from muzero_engine.environments.base import EnvironmentFailed
from muzero_engine.environments.registry import environment_spec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.training.episodes.pool import EnvironmentPool
from muzero_engine.training.episodes.slots import EnvironmentBuffers, EnvironmentGroup
from muzero_engine.training.self_play.rules import KEEP, START


def groups(name: str, slots: int = 5, **settings: object) -> list[EnvironmentGroup]:
    environment = EnvironmentSettings(id=f"support.environments:{name}", **settings)  # type: ignore[arg-type]  # the tests name the fields
    spec = environment_spec(environment)
    return [
        EnvironmentGroup(settings=environment, spec=spec, slots=slots, first_slot=slots * group, seed=3, rank=0)
        for group in range(2)
    ]


def steps(pool: EnvironmentPool, count: int) -> list[bytes]:
    """Everything the environments say while both groups act."""
    said = []
    for step in range(count):
        for group in range(2):
            buffers = pool.step(group, START if step == 0 else (np.arange(5) + step) % 2)
            said.append(b"".join(getattr(buffers, field.name).tobytes() for field in fields(EnvironmentBuffers)))
    return said


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["Walk", "Chain", "Camera"])
def test_episodes_do_not_depend_on_the_number_of_workers(name: str) -> None:
    with EnvironmentPool(groups(name), 0) as alone, EnvironmentPool(groups(name), 2) as pool:
        assert pool.workers == 2
        assert steps(pool, 25) == steps(alone, 25)


def test_an_episode_that_ended_is_seen_once_more_and_the_next_one_begins() -> None:
    with EnvironmentPool(groups("Walk"), 0) as pool:
        pool.start(0)
        ends = {"terminated": 0, "truncated": 0}
        before = None
        for _ in range(60):
            buffers = pool.step(0, 1)
            now = {field.name: getattr(buffers, field.name).copy() for field in fields(EnvironmentBuffers)}
            assert not (now["terminated"] & now["truncated"]).any()
            ends = {name: count + int(now[name].sum()) for name, count in ends.items()}
            if before is not None:
                over = before["terminated"] | before["truncated"]
                assert np.array_equal(now["number"], before["number"] + over)
                assert np.array_equal(now["age"], np.where(over, 0, before["age"] + 1))
                assert not now["reward"][over].any()
                assert not (now["terminated"] | now["truncated"])[over].any()
            before = now
        assert min(ends.values()) > 5


def test_slots_are_kept_and_begun_as_asked() -> None:
    with EnvironmentPool(groups("Walk"), 0) as pool:
        pool.start(0)
        first = pool.buffers[0].packed.copy()
        pool.step(0, [KEEP, 1, 1, 1, KEEP])
        assert pool.buffers[0].age.tolist() == [0, 1, 1, 1, 0]
        assert np.array_equal(pool.buffers[0].packed[[0, 4]], first[[0, 4]])
        pool.buffers[0].number[:] = 9
        pool.step(0, [START, KEEP, KEEP, START, KEEP])
        assert pool.buffers[0].number.tolist() == [9, 0, 0, 9, 0]
        other = pool.buffers[0].packed[0].copy()
        pool.buffers[0].number[:] = 0
        pool.step(0, START)
        assert np.array_equal(pool.buffers[0].packed, first)
        assert not np.array_equal(other, first[0])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("workers", [0, 1])
def test_environments_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setenv("CLOSED", str(tmp_path / "closed"))
    with EnvironmentPool(groups("Closes"), workers) as pool:
        pool.start(0)
        (tmp_path / "closed").unlink(missing_ok=True)  # of the one that was only asked what it is
    assert (tmp_path / "closed").exists()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "Faulty",
            r"^environment worker 0 failed: support.environments:Faulty raised ZeroDivisionError: the world ends",
        ),
        ("NoReward", r"gave a reward of nan, which is no number to learn from \(slot 0, episode 0, step 4\)$"),
        ("OtherShape", r"shape \[1, 3, 3\], not \[2, 3, 3\] as before \(slot 0, episode 0, step 4\)$"),
        ("Dies", r"^environment worker 0 ended with exit code 3"),
        ("Panics", r"^environment worker 0 failed: support.environments:Panics raised Panic: the world stops "),
        ("Interrupts", r"^environment worker 0 failed: KeyboardInterrupt$"),
        (
            "Hangs",
            r"^environment worker 0 has not answered for 0.5 seconds: support.environments:Hangs hangs, or needs more",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(name: str, reason: str) -> None:
    with EnvironmentPool(groups(name), 1) as pool:
        pool.start(0)
        for _ in range(4):
            pool.step(0, 0)
        if name == "Hangs":
            pool.patience = 0.5  # before, a busy machine may take its time
        with pytest.raises(EnvironmentFailed, match=reason) as failed:
            pool.step(0, 0)
        assert "\n" not in str(failed.value)
