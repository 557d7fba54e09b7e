"""Fleets of actors in this process, of whose lives a test is master."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from muzero_engine.training.cluster.actor import SelfPlayActor
from muzero_engine.training.cluster.coordinator import Coordinator
from muzero_engine.training.cluster.fleet import ActorLost, CallFailed, ClusterLost, Machine
from muzero_engine.training.cluster.link import CoordinatorSetup
from muzero_engine.training.cluster.messages import Delivery, Demand, Harvest, Identity, Joined, PlayOrders
from muzero_engine.training.cluster.packing import identity
from muzero_engine.training.self_play.statistics import GameCounts


def machine(key: str, cores: int = 1, *, gpus: int = 0, learns: bool = False) -> Machine:
    return Machine(key, f"host-{key}", cores, gpus, learns)


class ScriptedActor:
    """Plays no game, but says so as an actor does: five games of twenty moves together a delivery."""

    def __init__(self) -> None:
        self.work = self.number = 0
        self.orders: PlayOrders | None = None

    def identity(self, game: str) -> Identity:
        return identity(game)

    def begin(self, orders: PlayOrders) -> None:
        self.orders = orders

    def play(self, version: int, weights: bytes, most: int) -> Delivery:
        assert self.orders is not None
        self.number += 1
        played = replace(GameCounts().statistics(20, 20, 1.0, 0.0, 0.0), games=5)
        return Delivery(actor=self.orders.actor, number=self.number, version=version, games=(), statistics=played)

    def pulse(self) -> int:
        return self.work


@dataclass(eq=False)
class Handle:
    """One actor."""

    machine: Machine
    actor: Any
    calls: deque[tuple[int, str, tuple[Any, ...]]] = field(default_factory=deque)
    alive: bool = True
    busy: bool = False  # it answers nothing but pulses
    hung: bool = False  # it answers nothing
    ended: bool = False


class FakeFleet:
    """Actors answer one call each time that somebody looks."""

    def __init__(self, *machines: Machine, actor: Callable[[], Any] = ScriptedActor) -> None:
        self.there = list(machines)
        self.handles: list[Handle] = []
        self.actor, self._numbers = actor, itertools.count()

    @property
    def living(self) -> list[Handle]:
        return [handle for handle in self.handles if handle.alive and not handle.ended]

    def machines(self) -> Sequence[Machine]:
        return list(self.there)

    def start(self, machine: Machine, on_gpu: bool) -> Hashable:
        self.handles.append(Handle(machine, self.actor()))
        return self.handles[-1]

    def shared(self, data: bytes) -> Any:
        return data

    def call(self, actor: Hashable, method: str, *arguments: Any) -> Hashable:
        assert isinstance(actor, Handle)
        number = next(self._numbers)
        actor.calls.append((number, method, arguments))
        return number

    def answers(self) -> list[tuple[Hashable, Any]]:
        found: list[tuple[Hashable, Any]] = []
        for handle in self.handles:
            if not handle.alive or handle.ended or handle.machine not in self.there:
                found += [(number, ActorLost("killed")) for number, *_ in handle.calls]
                handle.calls.clear()
                continue
            pulses = [call for call in handle.calls if call[1] == "pulse"]
            others = [call for call in handle.calls if call[1] != "pulse"]
            answered = [] if handle.hung else pulses + ([] if handle.busy else others[:1])
            for number, method, arguments in answered:
                handle.calls.remove((number, method, arguments))
                try:
                    found.append((number, getattr(handle.actor, method)(*arguments)))
                except Exception as error:
                    found.append((number, CallFailed(str(error))))
        return found

    def end(self, actor: Hashable) -> None:
        assert isinstance(actor, Handle)
        actor.ended = True

    def close(self) -> None:
        for handle in self.handles:
            handle.ended = True


class InlineLink:
    """A coordinator in this process, over a fleet; `before` is called with the fleet at every question."""

    def __init__(self, setup: CoordinatorSetup, fleet: FakeFleet, before: Callable[[FakeFleet], None]) -> None:
        self.fleet, self.gone, self._before, self._now = fleet, False, before, 0.0
        self.began = setup.may_begin
        self.coordinator = Coordinator(
            fleet, setup.settings, setup.orders, setup.ours, setup.game, setup.cycle_plies, clock=self._clock
        )

    def _clock(self) -> float:
        return self._now

    def joined(self) -> Joined | None:
        return Joined("a fake fleet", self.began)

    def ask(self, question: Demand) -> Harvest:
        if self.gone:
            raise ClusterLost("the fleet is gone")
        self._before(self.fleet)
        self._now += 0.5
        self.coordinator.tick()
        return self.coordinator.answer(question)

    def close(self) -> None:
        self.fleet.close()


def real_fleet(count: int) -> FakeFleet:
    """Return machines on which actors really play."""
    return FakeFleet(*(machine(str(number)) for number in range(count)), actor=SelfPlayActor)
