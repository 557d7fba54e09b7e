"""One rank of a world, as torchrun would start it: `python -m support.distributed_worker TASK FOLDER`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.training.cluster.cluster_play import Cluster, ClusterPlay
from muzero_engine.training.config import LearnerSettings, Optimiser
from muzero_engine.training.distributed import PeerLost, StopRequest, World, joined_world
from muzero_engine.training.learner.learner import Learner, NonFiniteLoss
from muzero_engine.training.random_batches import random_batch
from muzero_engine.training.ranks import BadWorld
from muzero_engine.training.report.step_metrics import summarise
from muzero_engine.training.types import Batch, tensors_of
from support.cluster import InlineLink, real_fleet
from support.networks import tiny_network
from support.runs import tiny

TICTACTOE = load_game("tictactoe")
POSITIONS = 8
STEPS = 3
SETTINGS = LearnerSettings(optimiser=Optimiser.SGD, warmup_steps=0, learning_rate=0.05)


def rows_of(batch: Batch, rows: slice) -> Batch:
    """Return some positions of a batch."""
    return dataclasses.replace(batch, **{name: tensor[rows] for name, tensor in tensors_of(batch).items()})


def batches() -> list[Batch]:
    """Return what the world learns from, whole."""
    return [random_batch(TICTACTOE, POSITIONS, unroll_steps=2, seed=seed) for seed in range(STEPS)]


def learner(world: World, *, seed: int, run_dir: Path | None = None) -> Learner:
    return Learner(tiny_network(TICTACTOE, seed=seed), SETTINGS, total_steps=STEPS, world=world, run_dir=run_dir)


def learn(world: World, folder: Path) -> None:
    """Give each rank its rows of the same batches; every rank starts from other weights."""
    own = learner(world, seed=world.rank)
    share = POSITIONS // world.size
    rows = slice(world.rank * share, (world.rank + 1) * share)
    metrics = [own.step(rows_of(batch, rows)) for batch in batches()]
    summary = summarise(metrics, world)
    save_file(own.state().tensors, folder / f"state-{world.rank}.safetensors")
    (folder / f"summary-{world.rank}").write_text(repr(summary))


def spoil(world: World, folder: Path) -> None:
    """Spoil one rank's batch: all stop at that step, with the weights as they were."""
    own = learner(world, seed=0, run_dir=folder)
    batch = batches()[0]
    if world.rank == 1:
        batch.observation.fill_(float("nan"))
    before = {name: tensor.clone() for name, tensor in own.network.state_dict().items()}
    try:
        own.step(batch)
    except NonFiniteLoss:
        same = all(torch.equal(tensor, before[name]) for name, tensor in own.network.state_dict().items())
        (folder / f"stopped-{world.rank}").write_text(str(same))


def cycle(world: World, folder: Path) -> None:
    """Go on until a rank is asked to stop, and write the cycle that all agreed on."""
    with StopRequest() as stop:
        for number in range(10_000):
            if number == 3:
                (folder / f"ready-{world.rank}").touch()
            if world.any(stop.due()):
                (folder / f"cycle-{world.rank}").write_text(str(number))
                return
            time.sleep(0.01)


def cluster(world: World, folder: Path) -> None:
    """Take the games of actors, which the first rank alone speaks to, for two cycles; write what this rank got."""
    config = tiny("self_play.plies_per_cycle=60", "learner.steps_per_cycle=3")
    network = fresh_network(TICTACTOE, 1, channels=8, representation_blocks=1, dynamics_blocks=1)
    fake = Cluster(
        address="fake", note=print, connect=lambda setup: InlineLink(setup, real_fleet(3), lambda fleet: None)
    )
    play = ClusterPlay(fake, config, network, world, folder, 0)
    moves = games = counted = 0
    calls: list[bool] = []
    for _ in range(2):
        parts = play.play(60, lambda: calls.append(world.any(False)))
        games += sum(len(part.lengths) for part in parts)
        counted += play.statistics.games
        moves += play.moves
    play.close()
    (folder / f"games-{world.rank}").write_text(json.dumps([moves, len(calls), games, counted]))


def main() -> None:
    task, folder = sys.argv[1], Path(sys.argv[2])
    try:
        with joined_world("cpu", timeout=float(os.environ.get("WORKER_TIMEOUT", "60"))) as world:
            {"learn": learn, "spoil": spoil, "cycle": cycle, "cluster": cluster}[task](world, folder)
    except (PeerLost, BadWorld) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    if left := [name for name in threads if "gloo" in name]:
        print(f"threads of the group outlive it, and may abort the process at its end: {left}", file=sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
