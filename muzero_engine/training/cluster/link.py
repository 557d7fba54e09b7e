"""`CoordinatorLink`: the coordinator in a process of its own, as the learner talks to it.

Ray stays in that process: its threads and signal handlers do not disturb the learner, and where it gives up on a
cluster that is gone (it then ends its process) the learner goes on and tries again.

The learner sends a `Demand` through a pipe and gets a `Harvest`. A pipe that closes says that the other side is gone:
the coordinator then ends its actors and itself, so that a learner that was killed leaves nobody behind.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from muzero_engine.training.cluster.coordinator import Coordinator
from muzero_engine.training.cluster.fleet import ClusterLost
from muzero_engine.training.cluster.messages import Demand, Harvest, Identity, Joined, PlayOrders
from muzero_engine.training.config import ClusterSettings
from muzero_engine.training.self_play.workers import interrupts_blocked

TICK_SECONDS = 0.01  # of a coordinator to whom nobody speaks
WAIT_SECONDS = 0.05  # for an answer, before something else is looked after
ANSWER_SECONDS = 30.0  # after which a coordinator that does not answer is taken for hung
JOIN_SECONDS = 300.0  # that it has to join or begin a cluster
END_SECONDS = 10.0  # that it has to end the actors
LOG = "cluster.log"  # in the run's folder: what Ray says


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatorSetup:
    """What a coordinator begins with."""

    address: str  # "auto" or host:port
    may_begin: bool  # whether auto may begin a cluster of this machine alone
    folder: Path  # of the run
    game: str
    ours: Identity
    settings: ClusterSettings
    orders: PlayOrders
    cycle_plies: int  # of all ranks
    learns_on_gpu: bool


class CoordinatorLink:
    """A coordinator. One thread at a time."""

    def __init__(self, setup: CoordinatorSetup) -> None:
        """Start it; `join` waits until it is there."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_coordinate, args=(theirs, setup), name="coordinator", daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()
        self._started = time.monotonic()
        self._has_joined = False
        self._asked: float | None = None  # when, what was not answered yet

    def joined(self) -> Joined | None:
        """Return the cluster once it was joined, None as long as that takes. Raises ClusterLost."""
        answer = self._answer()
        if answer is None and time.monotonic() - self._started > JOIN_SECONDS:
            self._process.kill()
            raise ClusterLost(f"the cluster could not be joined in {JOIN_SECONDS:.0f} s, see {LOG} in the run's folder")
        if not isinstance(answer, Joined):
            return None
        self._has_joined = True
        return answer

    def ask(self, demand: Demand) -> Harvest | None:
        """Return what the coordinator has; None where it has not answered yet: ask the same again. Raises ClusterLost.

        As long as it is slow to answer this returns soon, so that the learner hears when it is to stop.
        """
        if self._asked is None:
            with self._ends_reported():
                self._pipe.send(demand)
            self._asked = time.monotonic()
        answer = self._answer()
        if isinstance(answer, Harvest):
            self._asked = None
            return answer
        if time.monotonic() - self._asked > ANSWER_SECONDS:
            self._process.kill()
            raise ClusterLost("the cluster does not answer")
        return None

    def close(self) -> None:
        """End the actors, the coordinator and the cluster, if it began one. May be called twice."""
        self._pipe.close()
        if self._has_joined:  # else there is no actor yet, and Ray would not hear before it is done
            self._process.join(END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _answer(self) -> object:
        """Return a message, None where none comes at once. Raises ClusterLost."""
        with self._ends_reported():
            message = self._pipe.recv() if self._pipe.poll(WAIT_SECONDS) else None
        if isinstance(message, ClusterLost):
            raise message
        return message

    @contextlib.contextmanager
    def _ends_reported(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            self._process.join(1.0)
            code = self._process.exitcode
            raise ClusterLost(f"the cluster is gone (its coordinator ended with code {code})") from None


def _coordinate(pipe: Connection, setup: CoordinatorSetup) -> None:
    """Be the coordinator, until the learner closes the pipe or the cluster is lost."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the learner decides, and closes the pipe
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # neither the terminal's Ctrl-C nor what torchrun sends to a whole group reaches Ray
    _redirect_output(setup.folder / LOG)
    os.chdir(setup.folder)  # Ray adds it to the path of the actors' modules
    with contextlib.suppress(EOFError, OSError):
        try:
            _serve(pipe, setup)
        except ClusterLost as error:
            pipe.send(error)
        except (EOFError, OSError):
            raise
        except Exception as error:
            pipe.send(ClusterLost(f"the cluster's coordinator failed ({type(error).__name__}: {error}), see {LOG}"))
            raise


def _serve(pipe: Connection, setup: CoordinatorSetup) -> None:
    from muzero_engine.training.cluster.ray_fleet import RayFleet

    fleet = RayFleet(setup.address, setup.settings.actors, setup.settings.cores, may_begin=setup.may_begin)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Ray's handler waits
    try:
        where = "a cluster of this machine alone" if fleet.began else f"the cluster at {fleet.address}"
        pipe.send(Joined(where, fleet.began))
        coordinator = Coordinator(
            fleet,
            setup.settings,
            setup.orders,
            setup.ours,
            setup.game,
            setup.cycle_plies,
            learns_on_gpu=setup.learns_on_gpu,
        )
        while True:
            if pipe.poll(TICK_SECONDS):
                pipe.send(coordinator.answer(pipe.recv()))
            coordinator.tick()
    finally:
        fleet.close()


def _redirect_output(log: Path) -> None:
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
