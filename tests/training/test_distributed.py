"""Several ranks take the steps of one, and all stop together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support import distributed_worker
from torch import nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # not exported in the stubs

from muzero_engine.training.distributed import REPEAT_SECONDS, StopRequest, World, joined_world
from muzero_engine.training.ranks import BadWorld
from muzero_engine.training.report.step_metrics import summarise

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds; only a hang takes them


@contextmanager
def ranks(
    task: str,
    folder: Path,
    size: int = 2,
    *,
    timeout: float = 60.0,
    port: int | None = None,
    restart: int | None = None,
) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes of a world; none outlives the block. `restart`: as torchrun does it, with its store at `port`."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    shared = {
        "WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "scripts"))),
        "OMP_NUM_THREADS": "1",
        "WORKER_TIMEOUT": str(timeout),
    }
    if restart is not None:
        shared |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": str(restart)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "support.distributed_worker", task, str(folder)],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.02)


def test_two_ranks_take_the_steps_of_one(tmp_path: Path) -> None:
    """Half of every batch each: the weights are those of one process with whole batches, whatever rank 1 began with."""
    with ranks("learn", tmp_path) as processes:
        for process in processes:
            assert process.wait(PATIENCE) == 0, process.communicate()[1]
    alone = distributed_worker.learner(World.alone(), seed=0)
    metrics = [alone.step(batch) for batch in distributed_worker.batches()]
    states = [load_file(tmp_path / f"state-{rank}.safetensors") for rank in range(2)]
    for name, tensor in alone.state().tensors.items():
        assert torch.equal(states[0][name], states[1][name]), name
        torch.testing.assert_close(states[0][name], tensor, rtol=1e-4, atol=1e-6)
    summaries = [(tmp_path / f"summary-{rank}").read_text() for rank in range(2)]
    assert summaries[0] == summaries[1]
    summary = summarise(metrics, World.alone())
    namespace = {"StepSummary": type(summary)}
    agreed = eval(summaries[0], namespace)
    assert agreed.loss == pytest.approx(summary.loss, rel=1e-5)
    assert agreed.gradient_norm == pytest.approx(summary.gradient_norm, rel=1e-4)
    assert agreed.policy == pytest.approx(summary.policy, rel=1e-5)
    assert agreed.outcome[1:] == pytest.approx(summary.outcome[1:], rel=1e-5)


def test_the_games_of_actors_are_dealt_to_all_ranks(tmp_path: Path) -> None:
    with ranks("cluster", tmp_path) as processes:
        for process in processes:
            assert process.wait(PATIENCE) == 0, process.communicate()[1]
    first, second = (json.loads((tmp_path / f"games-{rank}").read_text()) for rank in range(2))
    assert first[:2] == second[:2]  # moves a rank, and turns that were taken together
    assert first[0] >= 2 * 60
    assert first[1] == 2 * 3
    assert first[2] > 0
    assert second[2] > 0
    assert first[3] == first[2] + second[2]  # counted once, by the first rank
    assert second[3] == 0


def test_all_ranks_stop_at_a_step_that_is_not_finite(tmp_path: Path) -> None:
    with ranks("spoil", tmp_path) as processes:
        for process in processes:
            assert process.wait(PATIENCE) == 0
    assert [(tmp_path / f"stopped-{rank}").read_text() for rank in range(2)] == ["True", "True"]
    assert sorted(path.name for path in tmp_path.glob("nonfinite*")) == [
        "nonfinite-0-rank1.safetensors",
        "nonfinite-0.safetensors",
    ]


def test_when_a_rank_dies_the_other_ends_with_one_line(tmp_path: Path) -> None:
    with ranks("cycle", tmp_path) as processes:
        wait_for(tmp_path / "ready-0")
        wait_for(tmp_path / "ready-1")
        processes[1].kill()
        _, errors = processes[0].communicate(timeout=PATIENCE)
    assert processes[0].returncode == 1
    assert [line for line in errors.splitlines() if line.startswith("rank 0 of 2 stops: another process of this run")]
    assert "Traceback" not in errors
    assert not (tmp_path / "cycle-0").exists()


def test_when_a_rank_hangs_the_other_ends_after_the_timeout(tmp_path: Path) -> None:
    with ranks("cycle", tmp_path, timeout=2.0) as processes:
        wait_for(tmp_path / "ready-0")
        wait_for(tmp_path / "ready-1")
        processes[1].send_signal(signal.SIGSTOP)
        _, errors = processes[0].communicate(timeout=PATIENCE)
    assert processes[0].returncode == 1
    assert "rank 0 of 2 stops: another process of this run died or hung" in errors


def test_a_signal_to_one_rank_stops_all_at_the_same_cycle(tmp_path: Path) -> None:
    with ranks("cycle", tmp_path) as processes:
        wait_for(tmp_path / "ready-0")
        processes[1].send_signal(signal.SIGTERM)
        for process in processes:
            assert process.wait(PATIENCE) == 0
    cycles = [int((tmp_path / f"cycle-{rank}").read_text()) for rank in range(2)]
    assert cycles[0] == cycles[1] >= 3


def test_a_world_that_torchrun_starts_again_meets_anew(tmp_path: Path) -> None:
    """In the same store, which still says where the ranks were before."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    for restart in range(2):
        folder = tmp_path / str(restart)
        folder.mkdir()
        with ranks("cycle", folder, port=store.port, restart=restart) as processes:
            wait_for(folder / "ready-0")
            wait_for(folder / "ready-1")
            processes[0].send_signal(signal.SIGTERM)
            for process in processes:
                assert process.wait(PATIENCE) == 0, process.communicate()[1]


def test_a_world_of_one() -> None:
    with joined_world("cpu") as world:
        assert world == World.alone()
        assert world.is_main
        tensor = torch.tensor([1.0, 2.0])
        world.sum_(tensor)
        world.mean_(tensor)
        assert tensor.tolist() == [1.0, 2.0]
        module = nn.Linear(2, 2)
        before = module.weight.clone()
        world.broadcast_(module)
        assert torch.equal(module.weight, before)
        assert (world.any(True), world.any(False)) == (True, False)
        world.barrier()


@pytest.mark.parametrize(
    ("environment", "device", "reason"),
    [
        ({"RANK": "2", "WORLD_SIZE": "2"}, "cpu", "RANK is 2 but WORLD_SIZE is 2"),
        ({"RANK": "-1"}, "cpu", "RANK is -1"),
        ({"WORLD_SIZE": "two"}, "cpu", "WORLD_SIZE is 'two', not a number"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "cpu", "could not meet the others"),  # no MASTER_ADDR
        ({}, "cuda:99", "there is no GPU 99"),
        ({}, "abacus", "unknown device 'abacus'"),
        ({}, "meta", "cannot train on 'meta'"),
    ],
)
def test_a_bad_world_is_told_in_one_line(
    environment: dict[str, str], device: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(BadWorld, match=reason) as caught, joined_world(device):
        pass
    assert "\n" not in str(caught.value)


def test_a_time_limit_is_due_when_it_is_over() -> None:
    now = [100.0]
    with StopRequest(10.0, clock=lambda: now[0]) as stop:
        assert not stop.due()
        now[0] = 109.9
        assert not stop.due()
        now[0] = 110.0
        assert stop.due()
        assert not stop.signalled


def test_a_signal_asks_and_a_later_one_interrupts() -> None:
    now, before = [0.0], signal.getsignal(signal.SIGINT)
    with StopRequest(clock=lambda: now[0]) as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.signalled
        assert stop.due()
        now[0] = REPEAT_SECONDS / 2  # torchrun passing on the same Ctrl-C
        signal.raise_signal(signal.SIGINT)
        now[0] = REPEAT_SECONDS
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no terminals that hang up")
def test_a_terminal_that_is_closed_asks_for_a_stop_unless_nohup_says_otherwise() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup themselves
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.signalled
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.signalled
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="the system bounds no process's time")
def test_the_end_of_the_processors_time_is_said_once_however_often_it_comes() -> None:
    """The system repeats it each second, which is no second Ctrl-C."""
    now = iter([0.0, 1.0, 5.0])
    with StopRequest(clock=lambda: next(now), repeat=0.5) as request:
        for _ in range(2):
            signal.raise_signal(signal.SIGXCPU)
        assert request.signalled
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
