"""`RayFleet`: the fleet of a Ray cluster. The only module that imports Ray."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muzero_engine.files import read_limited
from muzero_engine.training.cluster.fleet import ActorLost, CallFailed, ClusterLost, Machine

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody

import ray  # what comes before must be there when it is imported
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

if TYPE_CHECKING:
    from muzero_engine.training.cluster.actor import SelfPlayActor

ADDRESS_BYTES = 1000  # of the file in which Ray names a cluster
AUTO = "auto"
PROBE_SECONDS = 5.0  # for a machine to answer at all
STORE_BYTES = 256 << 20  # of the object store of a cluster that is begun here: weights and deliveries are small
ROOT = Path(__file__).resolve().parents[3]  # where this package can be imported from
START = "ray start --head"


class _RayActor:
    """A `SelfPlayActor`, which is imported where it plays: the coordinator needs no PyTorch."""

    def __init__(self) -> None:
        self._actor: SelfPlayActor | None = None

    def call(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the actor returns."""
        from muzero_engine.training.cluster.actor import SelfPlayActor

        if self._actor is None:
            self._actor = SelfPlayActor()
        return getattr(self._actor, method)(*arguments)


class RayFleet:
    """Actors on the machines of a Ray cluster, of which this machine is one. One at a time in a process."""

    def __init__(self, address: str, actors: int, cores: int, *, may_begin: bool) -> None:
        """Join the cluster at `address`.

        AUTO is the one that this machine belongs to or, where one `may_begin`, a new one of this machine alone, with
        room for `actors` (0: as many as there are cores) of so many `cores` and the learner, which ends with this
        process. Raises ClusterLost.
        """
        self._cores = cores  # of an actor
        remote: Any = ray.remote  # whose types lack groups
        self._kind = remote(concurrency_groups={"pulse": 1})(_RayActor)
        self.began = False  # a cluster of its own
        try:
            self._join(address, actors, may_begin=may_begin)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError, OSError, AssertionError) as error:
            raise ClusterLost(_why_not(address, error)) from error
        self.address = ray.get_runtime_context().gcs_address
        self._here = ray.get_runtime_context().get_node_id()
        self._pending: list[Any] = []  # calls, oldest first

    def _join(self, address: str, actors: int, *, may_begin: bool) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address == AUTO and (here := _address_here()) is not None:
            address = here
        if address != AUTO:
            _probe(address)
            ray.init(address=address, **quiet)
            return
        if not may_begin:
            raise ConnectionError("none runs")
        self.began = True
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray writes one into the user's home
        room = actors * self._cores + 1 if actors else os.cpu_count()
        quiet |= {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        ray.init(address="local", num_cpus=room, num_gpus=0, **quiet)

    def machines(self) -> list[Machine]:
        """Return those that are there now. Raises ClusterLost."""
        try:
            nodes = ray.nodes()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        except Exception as error:
            raise ClusterLost(f"the cluster does not answer: {_lines(error)[0]}") from error
        return [
            Machine(
                key=node["NodeID"],
                name=str(node["NodeManagerHostname"] or node["NodeManagerAddress"]),
                cores=int(node["Resources"].get("CPU", 0)),
                gpus=int(node["Resources"].get("GPU", 0)),
                learns=node["NodeID"] == self._here,
            )
            for node in nodes
            if node["Alive"]
        ]

    def start(self, machine: Machine, on_gpu: bool) -> Hashable:
        """Start a `SelfPlayActor`."""
        kind = self._kind.options(
            num_cpus=self._cores,
            num_gpus=1 if on_gpu else 0,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(machine.key, soft=False),
        )
        handle: Hashable = kind.remote()
        return handle

    def shared(self, data: bytes) -> Any:
        """Return a reference that each machine fetches once."""
        return ray.put(np.frombuffer(data, np.uint8))

    def call(self, actor: Any, method: str, *arguments: Any) -> Hashable:
        """Call a method; its answer comes with `answers`."""
        options = {"concurrency_group": "pulse"} if method == "pulse" else {}
        call: Hashable = actor.call.options(**options).remote(method, *arguments)
        self._pending.append(call)
        return call

    def answers(self) -> list[tuple[Hashable, Any]]:
        """Return the calls that were answered since the last time."""
        if not self._pending:
            return []
        ready, self._pending = ray.wait(self._pending, num_returns=len(self._pending), timeout=0)
        return [(call, _value(call)) for call in ready]

    def end(self, actor: Any) -> None:
        """Kill an actor."""
        with contextlib.suppress(Exception):
            ray.kill(actor)

    def close(self) -> None:
        """Leave the cluster, which ends the actors."""
        ray.shutdown()


def _address_here() -> str | None:
    """Return the address of the cluster that `ray start` made this machine part of; None where none runs.

    Ray's own search would find clusters that other runs began for themselves.
    """
    if address := os.environ.get("RAY_ADDRESS"):
        return address
    folder = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    try:
        address = read_limited(Path(folder, "ray", "ray_current_cluster"), ADDRESS_BYTES).decode().strip()
        _probe(address)
    except (OSError, ValueError):
        return None
    return address


def _probe(address: str) -> None:
    """Raise OSError where nobody answers there, ValueError where it is no address. Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is HOST:PORT")
    socket.create_connection((host, int(port)), timeout=PROBE_SECONDS).close()


def _value(call: Any) -> Any:
    try:
        return ray.get(call)
    except ray.exceptions.RayTaskError as error:
        return CallFailed(_lines(error.cause or error)[-1])
    except ray.exceptions.RayActorError as error:
        if "creation task" in str(error):  # the program is not there, or is another one
            return CallFailed(_lines(error)[-1])
        return ActorLost("killed, or out of memory")
    except ray.exceptions.RayError as error:
        return ActorLost(_lines(error)[0])


def _lines(error: BaseException) -> list[str]:
    """Return the lines of an error that say something, cut; at least one."""
    lines = [line.strip()[:200] for line in str(error).splitlines() if line.strip(" ^~")]
    return lines or [type(error).__name__]


def _why_not(address: str, error: BaseException) -> str:
    where = "here" if address == AUTO else f"at {address}"
    return (
        f"the Ray cluster {where} cannot be joined: {_lines(error)[0]}; one is begun with `{START}`, and this machine "
        f"joins it with `ray start --address=HOST:6379` (Ray {ray.__version__}, Python {sys.version.split()[0]})"
    )
