"""Rules in worker processes: the same games as without, and no silent ends."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muzero_engine.training.ranks import BadWorld
from muzero_engine.training.self_play import workers
from muzero_engine.training.self_play.rules import START, Buffers, RulesError, RulesSettings
from muzero_engine.training.self_play.workers import LeftBehind, RulesPool, default_workers


def groups() -> list[RulesSettings]:
    return [
        RulesSettings(
            game="tictactoe",
            shape=(3, 3),
            slots=7,
            first_slot=7 * group,
            seed=3,
            rank=0,
            cap=9,
            opening_plies=2,
            decisive_moves=True,
            no_resign_share=0.5,
            branch_share=0.0,
            komi=0.0,
            komi_spread=0.0,
        )
        for group in range(2)
    ]


def steps(pool: RulesPool, count: int) -> list[bytes]:
    """Everything the rules say while both groups play their first legal moves."""
    said = []
    for step in range(count):
        for group, buffers in enumerate(pool.buffers):
            first_legal = np.unpackbits(buffers.legal, axis=1).argmax(axis=1)
            buffers.action[:] = START if step == 0 else first_legal
            pool.submit(group)
        for group, buffers in enumerate(pool.buffers):
            pool.wait(group)
            said.append(b"".join(getattr(buffers, field.name).tobytes() for field in fields(Buffers)))
    return said


@pytest.mark.timeout(60)
def test_games_do_not_depend_on_the_number_of_workers() -> None:
    with RulesPool(groups(), 0) as alone:
        expected = steps(alone, 20)
    with RulesPool(groups(), 3) as pool:
        assert pool.workers == 3
        assert steps(pool, 20) == expected


@pytest.mark.timeout(60)
def test_failures_and_deaths_of_workers_are_reported() -> None:
    pool = RulesPool(groups(), 2)
    try:
        steps(pool, 2)
        pool.buffers[1].action[:] = 9
        pool.submit(1)
        with pytest.raises(RulesError, match=r"^rules worker 0 failed: tictactoe, slot 0, game 0, .*IllegalMove"):
            pool.wait(1)
    finally:
        pool.close()
    with RulesPool(groups(), 1) as pool:
        steps(pool, 1)
        process = pool._processes[0]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(RulesError, match=r"^rules worker 0 was killed by signal 9"):
            steps(pool, 2)


@pytest.mark.timeout(60)
def test_what_failed_is_said_to_whoever_asks_for_more() -> None:
    """Between the two questions the worker has said what is wrong with the first, and ended."""
    with RulesPool(groups(), 1) as pool:
        steps(pool, 1)
        pool.buffers[0].action[:] = 9
        pool.submit(0)
        pool._processes[0].join()
        with pytest.raises(RulesError, match=r"^rules worker 0 failed: tictactoe, slot 0, game 0, .*IllegalMove"):
            pool.submit(1)


MAIN = """
import multiprocessing, os, signal
from muzero_engine.training.self_play.rules import START
from muzero_engine.training.self_play.workers import RulesPool, interrupts_blocked
from test_workers import groups
if __name__ == "__main__":
    with interrupts_blocked():
        multiprocessing.get_context("spawn").Process(target=print).start()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    pool = RulesPool(groups(), 1)
    pool.buffers[0].action[:] = START
    pool.submit(0)
    pool.wait(0)
    process = pool._processes[0].pid
    maps = open(f"/proc/{process}/maps").read() if os.path.exists("/proc/self/maps") else ""
    os.kill(process, signal.SIGINT)
    pool.submit(0)
    pool.wait(0)
    print(process, "libtorch" in maps, {signal.SIGINT, signal.SIGTERM} <= blocked, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.timeout(60)
def test_workers_ignore_interrupts_load_no_torch_and_die_with_the_main_process(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(MAIN)
    here = Path(__file__)
    path = os.pathsep.join([str(here.parent), str(here.parents[2]), str(here.parents[3])])
    run = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert run.stderr == ""
    worker, torch_loaded, blocked = run.stdout.split()
    assert (torch_loaded, blocked) == ("False", "True")
    for _ in range(100):
        try:
            os.kill(int(worker), 0)
        except ProcessLookupError:
            return
        if _is_zombie(int(worker)):  # an orphan that nobody has collected yet
            return
        time.sleep(0.1)
    pytest.fail("the worker outlives the main process")


def _is_zombie(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_there_is_at_least_one_worker_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_workers() >= 1
    assert default_workers(10_000) == 1
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "10000")
    assert default_workers() == 1
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "x")
    with pytest.raises(BadWorld, match="LOCAL_WORLD_SIZE is 'x', not a number"):
        default_workers()


class _Slept:
    """A pipe whose worker answers at the second look; at the first one the machine slept, or all were stopped."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe
        self.looks: list[float | None] = []

    def poll(self, timeout: float | None) -> bool:
        self.looks.append(timeout)
        return len(self.looks) > 1 and self._pipe.poll(timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)


def test_no_worker_is_given_up_for_the_time_in_which_the_program_was_stopped() -> None:
    with RulesPool(groups(), 1) as pool:
        slept = _Slept(pool._pipes[0])
        pool._pipes[0] = slept  # type: ignore[call-overload]  # as much of one as is asked for
        assert pool.patience is not None
        pool.buffers[0].action[:] = START
        pool.submit(0)
        pool.wait(0)
        assert all(look is not None and look < pool.patience for look in slept.looks)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows has no SIGSTOP")
@pytest.mark.timeout(60)
def test_a_worker_that_hangs_is_left_behind_where_the_run_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(workers, "_STOP_SECONDS", 0.02)
    with RulesPool(groups(), 1) as pool:
        steps(pool, 1)
        process, looks = pool._processes[0], itertools.count()
        assert process.pid is not None

        def goes_on_at_the_tenth_look() -> bool:
            if next(looks) == 10:
                os.kill(process.pid or 0, signal.SIGCONT)
            return True

        os.kill(process.pid, signal.SIGSTOP)
        pool.due, pool._slowest = goes_on_at_the_tenth_look, 1000.0  # so long does a step take here
        pool.submit(0)
        pool.submit(1)
        pool.wait(0)
        pool.wait(1)
        assert pool.left == ""
        os.kill(process.pid, signal.SIGSTOP)
        pool._slowest = 0.0
        pool.submit(0)
        pool.submit(1)
        for group in (0, 1):
            with pytest.raises(LeftBehind, match=r"^rules worker 0 has not answered for 0 seconds$"):
                pool.wait(group)
        assert pool.left == "rules worker 0 has not answered for 0 seconds"
