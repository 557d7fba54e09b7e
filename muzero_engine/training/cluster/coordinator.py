"""`Coordinator`: who plays where, with which weights, and which games go to the learner.

It keeps as many actors on every machine as there is room for, whatever joins, leaves, dies or hangs, and gives each a
little more to play than it can have finished, so that none waits for the next order.

- A machine whose program or game is another one is refused with a line, until it leaves and joins again.
- The learner that does not keep up is not buried: where games of a whole cycle wait for it, nobody gets new orders.
- Games whose last move was played with weights that are more than `ClusterSettings.staleness` versions old are dropped.
  It is the last move that counts, since by the first one long games would be dropped oftener than short ones.
- A delivery is handed to the learner whole, and once (actor and number tell which it is), or not at all.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from muzero_engine.training.cluster.fleet import ActorLost, CallFailed, Fleet, Machine
from muzero_engine.training.cluster.messages import (
    Delivery,
    Demand,
    Harvest,
    Identity,
    PlayOrders,
    difference,
)
from muzero_engine.training.config import ClusterSettings

QUEUED = 2  # orders that an actor has at once: the next is there when one is done
LOOK_SECONDS = 2.0  # between two looks at the machines
LEAST_SHARES = 8  # deliveries that a cycle consists of at least, so that a few actors do not overshoot it
EARLY_DEATHS = 3  # in a row, before the first delivery, after which a machine is given time
LONGEST_REST = 60.0  # seconds until another actor is tried there
GPU_PATIENCE = 5.0  # on a GPU silence may be so many times as long: its first search compiles
START_PATIENCE = (
    5.0  # the same of an actor that loads PyTorch, and twice as long again after each that did not get done
)
SOUNDINGS = 4  # signs of life that are asked for in the time that an actor may be silent


@dataclass(slots=True)
class _Actor:
    number: int
    machine: Machine
    handle: Hashable
    patience: float  # seconds that it may be silent
    start_patience: float  # the same before it plays
    sign: float  # when it last showed that it works, or was given work
    plays: bool = False  # it was asked all that comes before
    orders: int = 0  # to play, that it has not answered
    pulse: int = -1  # the last answer
    asked: bool = False  # for a pulse
    taken: deque[int] = field(default_factory=lambda: deque(maxlen=4 * QUEUED))  # its last deliveries
    stale: int = 0  # deliveries in a row that were dropped
    delivered: bool = False


@dataclass(slots=True)
class _Place:
    """What happened on a machine."""

    machine: Machine
    refused: bool = False
    told: bool = False  # that it plays
    deaths: int = 0  # since the last look
    early: int = 0  # deaths in a row of actors that had delivered nothing
    reason: str = ""  # of the last death
    not_before: float = 0.0  # another actor is started


class Coordinator:
    """Goes on with `tick`, which never waits; `answer` is what the learner asks for in between."""

    def __init__(
        self,
        fleet: Fleet,
        settings: ClusterSettings,
        orders: PlayOrders,
        ours: Identity,
        game: str,
        cycle_plies: int,
        *,
        learns_on_gpu: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with no actor. `orders` are those of the first one; `cycle_plies` those of all ranks in a cycle."""
        self._fleet, self._settings, self._ours, self._game = fleet, settings, ours, game
        self._config, self._network, self._seed, self._next = orders.config, orders.network, orders.seed, orders.actor
        self._cycle_plies, self._learns_on_gpu, self._clock = cycle_plies, learns_on_gpu, clock
        self._places: dict[str, _Place] = {}
        self._actors: dict[int, _Actor] = {}
        self._calls: dict[Hashable, tuple[_Actor, str]] = {}
        self._looked = float("-inf")
        self._version, self._weights = -1, None  # type: int, Any
        self._ready: deque[Delivery] = deque()
        self._notes: list[str] = []
        self._handed = self._lag = self._dropped = 0

    def answer(self, demand: Demand) -> Harvest:
        """Take new weights, if any, and return what the learner wants."""
        if demand.weights is not None:
            self._version, self._weights = demand.weights.version, self._fleet.shared(demand.weights.data)
        given, plies = [], 0
        while self._ready and plies < demand.plies:
            delivery = self._ready.popleft()
            lag = self._version - delivery.version
            if lag > self._settings.staleness:
                self._drop(delivery, lag)
                continue
            if (actor := self._actors.get(delivery.actor)) is not None:
                actor.stale = 0
            self._handed += delivery.statistics.games
            self._lag += lag * delivery.statistics.games
            plies += delivery.statistics.moves
            given.append(delivery)
        notes, self._notes = tuple(self._notes), []
        playing = [actor for actor in self._actors.values() if actor.plays]
        return Harvest(
            deliveries=tuple(given),
            notes=notes,
            actors=len(playing),
            waiting=sum(not actor.orders for actor in playing),
            staleness=self._lag / max(self._handed, 1),
            dropped=self._dropped,
        )

    def tick(self) -> None:
        """Hear what was answered, look at the machines now and then, give orders. Raises ClusterLost."""
        for call, answer in self._fleet.answers():
            actor, method = self._calls.pop(call)
            self._hear(actor, method, answer)
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look(now)
        waiting = sum(delivery.statistics.moves for delivery in self._ready)
        if self._weights is None or waiting >= self._cycle_plies:
            return
        most = max(1, self._cycle_plies // max(LEAST_SHARES, len(self._actors)))
        for actor in list(self._actors.values()):
            while actor.plays and actor.orders < QUEUED:
                actor.sign = now if not actor.orders else actor.sign
                actor.orders += 1
                self._call(actor, "play", self._version, self._weights, most)

    def _call(self, actor: _Actor, method: str, *arguments: Any) -> None:
        self._calls[self._fleet.call(actor.handle, method, *arguments)] = (actor, method)

    def _hear(self, actor: _Actor, method: str, answer: Any) -> None:
        if method == "play" and isinstance(answer, Delivery):
            self._take(actor, answer)
        if actor.number not in self._actors:
            return
        place = self._places[actor.machine.key]
        if isinstance(answer, ActorLost):
            self._died(actor, place, answer.reason)
        elif isinstance(answer, CallFailed):
            self._refuse(actor, place, answer.reason)
        elif method == "pulse":
            actor.asked = False
            if answer > actor.pulse:
                actor.pulse, actor.sign = answer, self._clock()
        elif method == "identity":
            actor.sign = self._clock()
            if not isinstance(answer, dict) or (why := difference(self._ours, answer)):
                self._refuse(actor, place, why if isinstance(answer, dict) else "its program is another one")
                return
            orders = PlayOrders(
                config=self._config,
                network=self._network,
                actor=actor.number,
                seed=self._seed,
                on_gpu=actor.machine.gpus > 0 and not actor.machine.learns,
                threads=self._settings.cores,
            )
            self._call(actor, "begin", orders)
        elif method == "begin":
            actor.plays, actor.sign = True, self._clock()
        else:
            actor.orders -= 1

    def _take(self, actor: _Actor, delivery: Delivery) -> None:
        actor.sign, actor.delivered = self._clock(), True
        place = self._places.get(actor.machine.key)
        if place is not None:
            place.early = 0
            if not place.told:
                place.told = True
                count = self._room(place.machine)
                self._notes.append(f"{place.machine.name} plays, with {_actors(count)}")
        if delivery.number not in actor.taken:
            actor.taken.append(delivery.number)
            self._ready.append(delivery)

    def _drop(self, delivery: Delivery, lag: int) -> None:
        self._dropped += delivery.statistics.games
        actor = self._actors.get(delivery.actor)
        if actor is None:
            return
        actor.stale += 1
        if actor.stale == EARLY_DEATHS:
            self._notes.append(
                f"an actor on {actor.machine.name} is so slow that its games are dropped ({lag} versions late): "
                "lower cluster.games, or raise self_play.plies_per_cycle"
            )

    def _refuse(self, actor: _Actor, place: _Place, why: str) -> None:
        """Do without a machine, and with no actor that is there."""
        if not place.refused:
            place.refused = True
            name = place.machine.name
            self._notes.append(f"{name} is refused: {why}; when that is mended, let it leave and join again")
        for other in [other for other in self._actors.values() if other.machine.key == actor.machine.key]:
            self._end(other)

    def _died(self, actor: _Actor, place: _Place, reason: str) -> None:
        del self._actors[actor.number]
        place.deaths += 1
        place.reason = reason
        if not actor.delivered:
            place.early += 1
            if place.early >= EARLY_DEATHS:
                place.not_before = self._clock() + min(LONGEST_REST, 2.0 ** (place.early - 1))

    def _end(self, actor: _Actor) -> None:
        del self._actors[actor.number]
        self._fleet.end(actor.handle)

    def _look(self, now: float) -> None:
        """Take note of machines that came and went, end silent actors, start those that are missing."""
        machines = {machine.key: machine for machine in self._fleet.machines()}
        for key in self._places.keys() - machines.keys():
            place = self._places.pop(key)
            gone = [actor for actor in self._actors.values() if actor.machine.key == key]
            for actor in gone:
                del self._actors[actor.number]
            count = len(gone) + place.deaths
            self._notes.append(f"{place.machine.name} left" + (f", with its {_actors(count)}" if count else ""))
        for actor in list(self._actors.values()):
            self._sound(actor, now)
        for key, machine in machines.items():
            place = self._places.setdefault(key, _Place(machine))
            if place.deaths:
                rest = max(0.0, place.not_before - now)
                when = f" in {rest:.0f} s" if rest else ""
                self._notes.append(f"{machine.name} lost {_actors(place.deaths)} ({place.reason}): replaced{when}")
                place.deaths = 0
            if place.refused or now < place.not_before:
                continue
            there = sum(actor.machine.key == key for actor in self._actors.values())
            for _ in range(self._room(machine) - there):
                if self._settings.actors and len(self._actors) >= self._settings.actors:
                    break
                self._start(machine, now)

    def _room(self, machine: Machine) -> int:
        """Return how many actors fit on a machine: one for each GPU, or for so many cores where there is none.

        Where the learner is, a core is its own, and all of them where it has a GPU, whose games it plays itself.
        """
        if machine.learns:
            return 0 if self._learns_on_gpu else max(1, (machine.cores - 1) // self._settings.cores)
        return machine.gpus or machine.cores // self._settings.cores

    def _start(self, machine: Machine, now: float) -> None:
        on_gpu = machine.gpus > 0 and not machine.learns
        handle = self._fleet.start(machine, on_gpu)
        patience = self._settings.silence * (GPU_PATIENCE if on_gpu else 1.0)
        start_patience = patience * START_PATIENCE * 2.0 ** min(self._places[machine.key].early, EARLY_DEATHS)
        actor = _Actor(self._next, machine, handle, patience, start_patience, now)
        self._actors[self._next] = actor
        self._next += 1
        self._call(actor, "identity", self._game)

    def _sound(self, actor: _Actor, now: float) -> None:
        """Ask an actor that is long silent for a sign, and end it where none comes."""
        silent = now - actor.sign
        if actor.plays and not actor.orders:
            return
        if silent > (actor.patience if actor.plays else actor.start_patience):
            self._end(actor)
            if not actor.delivered:
                self._places[actor.machine.key].early += 1
            name = actor.machine.name
            self._notes.append(f"an actor on {name} did nothing for {silent:.0f} s: ended, another takes its place")
        elif actor.plays and silent > actor.patience / SOUNDINGS and not actor.asked:
            actor.asked = True
            self._call(actor, "pulse")


def _actors(count: int) -> str:
    return "an actor" if count == 1 else f"{count} actors"
