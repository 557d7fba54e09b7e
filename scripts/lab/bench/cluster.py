"""What actors are worth: moves a second with one, two, ... of them, and the curves of runs with and without.

    python scripts/lab/bench cluster rate --actors 1 2 --seconds 60
    python scripts/lab/bench cluster rate --actors 1 2 4 8 --fleet processes --game chess --preset release
    python scripts/lab/bench cluster curves --runs 3 --actors 4 --fleet processes

`rate`: a coordinator and its actors, and a learner that takes all that comes and does nothing else. Every actor wants a
core of its own, and so do the coordinator and Ray; where other programs run, moves a second say little. Then what Linux
tells says more: moves a CPU second of the actors, and the share of the time in which they were idle, that is neither
ran nor waited for a core. `curves`: runs of tic-tac-toe with the preset `tiny` and seeds 1, 2, ..., each alone and with
actors: losses on held-out games and scores against scripted players at each evaluation.

`--fleet processes` connects actors by pipes in place of Ray, for machines that have no Ray; all else is the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from lab.common.commands import parser_of
from lab.common.processes import descendants

from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.network_file import network_bytes
from muzero_engine.training.cluster.actor import SelfPlayActor
from muzero_engine.training.cluster.cluster_play import Cluster
from muzero_engine.training.cluster.coordinator import Coordinator
from muzero_engine.training.cluster.fleet import ActorLost, CallFailed, Fleet, Machine
from muzero_engine.training.cluster.link import CoordinatorSetup
from muzero_engine.training.cluster.messages import Demand, Harvest, Joined, PlayOrders, Weights
from muzero_engine.training.cluster.packing import identity
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.presets import preset
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.report.run_metrics import CycleRecord, read_records
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.settings_text import to_json, with_overrides

ALL = 1 << 40  # moves
PAUSE = 0.002  # seconds between two ticks
LOSSES = ("policy", "value", "outcome")
PRESENT_SECONDS = 300.0  # until all actors have delivered


@dataclass(eq=False)
class _Process:
    process: BaseProcess
    pipe: Connection
    calls: deque[int] = field(default_factory=deque)


class ProcessFleet:
    """Actors in processes of this machine."""

    def __init__(self, actors: int) -> None:
        self._machine = Machine("here", "here", actors, 0, False)
        self._context = multiprocessing.get_context("spawn")
        self._actors: list[_Process] = []
        self._number = 0

    def machines(self) -> Sequence[Machine]:
        return [self._machine]

    def start(self, machine: Machine, on_gpu: bool) -> Hashable:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_play, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._actors.append(_Process(process, ours))
        return self._actors[-1]

    def shared(self, data: bytes) -> Any:
        return data

    def call(self, actor: Hashable, method: str, *arguments: Any) -> Hashable:
        assert isinstance(actor, _Process)
        self._number += 1
        actor.calls.append(self._number)
        actor.pipe.send((method, arguments))
        return self._number

    def answers(self) -> list[tuple[Hashable, Any]]:
        found: list[tuple[Hashable, Any]] = []
        for actor in self._actors:
            try:
                while actor.calls and actor.pipe.poll():
                    found.append((actor.calls.popleft(), actor.pipe.recv()))
            except (EOFError, OSError):
                found += [(call, ActorLost("its process ended")) for call in actor.calls]
                actor.calls.clear()
        return found

    def end(self, actor: Hashable) -> None:
        assert isinstance(actor, _Process)
        actor.process.kill()

    def close(self) -> None:
        for actor in self._actors:
            actor.process.kill()
            actor.process.join()


def _play(pipe: Connection) -> None:
    actor = SelfPlayActor()
    while True:
        try:
            method, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(getattr(actor, method)(*arguments))
        except Exception as error:
            pipe.send(CallFailed(str(error)))


class InlineLink:
    """A coordinator in this process, asked when the learner asks."""

    def __init__(self, setup: CoordinatorSetup, fleet: Fleet) -> None:
        self._fleet = fleet
        self._coordinator = Coordinator(fleet, setup.settings, setup.orders, setup.ours, setup.game, setup.cycle_plies)

    def joined(self) -> Joined:
        return Joined("processes of this machine", True)

    def ask(self, demand: Demand) -> Harvest:
        self._coordinator.tick()
        return self._coordinator.answer(demand)

    def close(self) -> None:
        self._fleet.close()


def fleet_of(kind: str, actors: int) -> Fleet:
    if kind == "processes":
        return ProcessFleet(actors)
    from muzero_engine.training.cluster.ray_fleet import AUTO, RayFleet

    return RayFleet(AUTO, actors, 1, may_begin=True)


@dataclass(frozen=True, slots=True)
class Rate:
    """What so many actors did in so many seconds."""

    moves: int
    deliveries: int
    seconds: float
    cpu: float  # seconds, of all actors
    ready: float  # seconds in which they ran or waited for a core


def actor_times() -> tuple[float, float]:
    """Return seconds of the actors of this process: on a core, and of the thread that plays, on a core or waiting."""
    ran = ready = 0.0
    for pid, (_, command) in descendants(os.getpid()).items():
        if command.startswith("ray::_RayActor") or "spawn_main" in command:
            threads = [(path / "schedstat").read_text().split() for path in Path(f"/proc/{pid}/task").iterdir()]
            times = [(int(on_core), int(waiting)) for on_core, waiting, _ in threads]
            ran += sum(on_core for on_core, _ in times) / 1e9
            ready += sum(max(times)) / 1e9
    return ran, ready


def measured(config: TrainConfig, fleet: Fleet, actors: int, seconds: float) -> Rate:
    """Return what so many actors do, all of which play."""
    network = fresh_network(load_game(config.game), config.seed, **dataclasses.asdict(config.network))
    orders = PlayOrders(
        config=to_json(config), network=network.config.to_json(), actor=1, seed=1, on_gpu=False, threads=1
    )
    coordinator = Coordinator(
        fleet, config.cluster, orders, identity(config.game), config.game, config.self_play.plies_per_cycle
    )
    coordinator.answer(Demand(0, Weights(0, network_bytes(network))))
    present: set[int] = set()
    begun = time.monotonic()
    while len(present) < actors:
        coordinator.tick()
        present |= {delivery.actor for delivery in coordinator.answer(Demand(ALL)).deliveries}
        if time.monotonic() - begun > PRESENT_SECONDS:
            raise SystemExit(f"of {actors} actors {len(present)} play")
        time.sleep(PAUSE)
    moves = deliveries = 0
    ran, ready = actor_times()
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        coordinator.tick()
        for delivery in coordinator.answer(Demand(ALL)).deliveries:
            moves += delivery.statistics.moves
            deliveries += 1
        time.sleep(PAUSE)
    took = time.monotonic() - started
    ran_then, ready_then = actor_times()
    return Rate(moves, deliveries, took, ran_then - ran, ready_then - ready)


def rate(args: argparse.Namespace) -> None:
    print(
        f"{'actors':>6} {'moves/s':>9} {'times one':>9} {'moves/CPU s':>11} {'idle':>6} {'deliveries/s':>12}",
        flush=True,
    )
    first = 0.0
    for count in [count for _ in range(args.rounds) for count in args.actors]:
        changes = (f"cluster.actors={count}", "self_play.plies_per_cycle=100000", *args.set)
        config = with_overrides(preset(args.game, args.preset), changes)
        fleet = fleet_of(args.fleet, count)
        try:
            did = measured(config, fleet, count, args.seconds)
        finally:
            fleet.close()
        moves = did.moves / did.seconds
        first = moves / count if count == min(args.actors) else first
        idle = 1.0 - did.ready / (did.seconds * count)
        print(
            f"{count:6} {moves:9.1f} {moves / first if first else 0:9.2f} {did.moves / did.cpu:11.1f} {idle:6.1%} "
            f"{did.deliveries / did.seconds:12.1f}",
            flush=True,
        )


def curves(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)

    def connect(setup: CoordinatorSetup) -> InlineLink:
        return InlineLink(setup, fleet_of(args.fleet, args.actors[0]))

    for seed in range(args.first, args.first + args.runs):
        for with_actors in (False, True):
            config = with_overrides(
                preset("tictactoe", "tiny"),
                (f"seed={seed}", f"cluster.actors={args.actors[0]}", "cluster.games=64", *args.set),
            )
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                run_folder = Path(folder)
                cluster = Cluster(address="here", note=_nothing, connect=connect) if with_actors else None
                with TrainingRun(config, run_folder, World.alone(), cluster=cluster) as run:
                    ending = train(run, Progress(io.StringIO()))
                    who = run.who_plays
                records = read_records(run_folder)
            took = time.monotonic() - started
            name = f"{args.actors[0]} actors" if with_actors else "alone"
            line = {"run": name, "seed": seed, "seconds": round(took, 1), "end": ending.value, "who": who}
            print(json.dumps(line | {"curve": curve(records)}), flush=True)
            if ending is RunEnd.ASKED:
                return


def curve(records: list[CycleRecord]) -> list[dict[str, float]]:
    """Return what each evaluation, and the held-out games before it, said."""
    points = []
    for record in records:
        if not record.matches or record.held_out is None:
            continue
        held = record.held_out
        losses = {
            name: next(x for x in getattr(held, name) if x is not None) for name in ("policy", "value", "outcome")
        }
        scores = {match.opponent: round(match.score, 3) for match in record.matches}
        points.append({"step": record.step, **{name: round(loss, 4) for name, loss in losses.items()}, **scores})
    return points


def _nothing(_line: str) -> None:
    pass


def main() -> None:
    parser = parser_of(__doc__)
    kinds: dict[str, Callable[[argparse.Namespace], None]] = {"rate": rate, "curves": curves}
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--actors", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--fleet", choices=("ray", "processes"), default="ray")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=1, help="of rate")
    parser.add_argument("--runs", type=int, default=3, help="of curves")
    parser.add_argument("--first", type=int, default=1, help="seed of curves")
    parser.add_argument("--game", default="tictactoe")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    kinds[args.what](args)


if __name__ == "__main__":
    main()
