"""Actors join, leave, die, hang and lag behind, in a fleet that is written by hand: what reaches the learner."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cluster import FakeFleet, Handle, ScriptedActor, machine

from muzero_engine.training.cluster.coordinator import EARLY_DEATHS, LOOK_SECONDS, QUEUED, Coordinator
from muzero_engine.training.cluster.messages import Delivery, Demand, Harvest, Identity, PlayOrders, Weights
from muzero_engine.training.cluster.packing import identity
from muzero_engine.training.config import ClusterSettings

ORDERS = PlayOrders(config="", network="", actor=1, seed=1, on_gpu=False, threads=1)
ALL = 1_000_000  # moves


class Learner:
    """Asks a coordinator, at a time that passes as it likes."""

    def __init__(self, fleet: FakeFleet, settings: ClusterSettings | None = None, cycle_plies: int = 400) -> None:
        self.now, self.version = 0.0, 0
        self.coordinator = Coordinator(
            fleet,
            settings or ClusterSettings(),
            ORDERS,
            identity("tictactoe"),
            "tictactoe",
            cycle_plies,
            clock=lambda: self.now,
        )
        self.coordinator.answer(Demand(0, Weights(0, b"first")))
        self.notes: list[str] = []
        self.taken: list[Delivery] = []

    def passes(self, seconds: float = 10.0, plies: int = ALL) -> Harvest:
        """Let time pass, a second a tick, and take so many moves a tick."""
        for _ in range(int(seconds)):
            self.now += 1.0
            self.coordinator.tick()
            answer = self.coordinator.answer(Demand(plies))
            self.notes += answer.notes
            self.taken += answer.deliveries
        return answer

    def learns(self) -> None:
        """Give out new weights."""
        self.version += 1
        self.coordinator.answer(Demand(0, Weights(self.version, b"next")))


def once_each(taken: list[Delivery]) -> bool:
    names = [(delivery.actor, delivery.number) for delivery in taken]
    return len(set(names)) == len(names)


def test_every_machine_gets_the_actors_that_it_has_room_for() -> None:
    fleet = FakeFleet(machine("a", 4, learns=True), machine("b", 2), machine("c", 16, gpus=2))
    learner = Learner(fleet)
    assert learner.passes().actors == 3 + 2 + 2
    assert [handle.machine.key for handle in fleet.living] == ["a"] * 3 + ["b"] * 2 + ["c"] * 2
    orders = [handle.actor.orders for handle in fleet.living]
    assert [each.on_gpu for each in orders] == [False] * 5 + [True] * 2
    assert len({each.actor for each in orders}) == 7
    assert sorted(learner.notes) == [
        "host-a plays, with 3 actors",
        "host-b plays, with 2 actors",
        "host-c plays, with 2 actors",
    ]


def test_no_more_actors_than_wanted() -> None:
    learner = Learner(FakeFleet(machine("a", 4), machine("b", 4)), ClusterSettings(actors=5))
    assert learner.passes().actors == 5


def test_machines_join_and_leave() -> None:
    fleet = FakeFleet(machine("a", 2))
    learner = Learner(fleet)
    learner.passes()
    fleet.there.append(machine("b", 3))
    assert learner.passes().actors == 5
    del fleet.there[0]
    assert learner.passes().actors == 3
    assert learner.notes == [
        "host-a plays, with 2 actors",
        "host-b plays, with 3 actors",
        "host-a left, with its 2 actors",
    ]
    assert once_each(learner.taken)


def test_an_actor_that_is_killed_is_replaced_by_another_with_other_games() -> None:
    fleet = FakeFleet(machine("a", 2))
    learner = Learner(fleet)
    learner.passes()
    fleet.living[0].alive = False
    assert learner.passes().actors == 2
    assert learner.notes[1:] == ["host-a lost an actor (killed): replaced"]
    assert len({handle.actor.orders.actor for handle in fleet.handles}) == 3
    assert once_each(learner.taken)


def test_actors_that_die_before_their_first_delivery_are_tried_again_ever_more_seldom() -> None:
    fleet = FakeFleet(machine("a", 1))
    learner = Learner(fleet)
    for _ in range(200):
        learner.passes(1)
        for handle in fleet.living:
            handle.alive = handle.actor.orders is None
    assert EARLY_DEATHS < len(fleet.handles) < 20
    assert "replaced in" not in learner.notes[EARLY_DEATHS - 2]
    assert learner.notes[-1].startswith("host-a lost an actor (killed): replaced in 5")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("muzero-engine", "9.9", "muzero-engine is 9.9 there and "),
        ("tictactoe's planes", "7", "tictactoe's planes is 7 there and "),
        ("tictactoe's actions", "10", "tictactoe's actions is 10 there and 9 here"),
    ],
)
def test_a_machine_of_another_version_is_refused_with_a_line(name: str, value: str, line: str) -> None:
    class Other(ScriptedActor):
        def identity(self, game: str) -> Identity:
            return {**super().identity(game), name: value}

    fleet = FakeFleet(machine("a", 3), actor=Other)
    learner = Learner(fleet)
    assert learner.passes(60).actors == 0
    assert len(fleet.handles) == 3
    assert not fleet.living
    assert not learner.taken
    (note,) = learner.notes
    assert note.startswith(f"host-a is refused: {line}")
    fleet.there = []
    learner.passes()
    fleet.actor, fleet.there = ScriptedActor, [replace(machine("a", 3), key="a again")]
    assert learner.passes().actors == 3


def test_a_machine_without_the_program_is_refused_with_a_line() -> None:
    class Bare(ScriptedActor):
        def identity(self, game: str) -> Identity:
            raise ModuleNotFoundError("No module named 'muzero_engine'")

    learner = Learner(FakeFleet(machine("a", 3), actor=Bare))
    learner.passes(60)
    (note,) = learner.notes
    assert note.startswith("host-a is refused: No module named 'muzero_engine'")


def test_a_learner_that_lags_is_waited_for() -> None:
    fleet = FakeFleet(machine("a", 4))
    learner = Learner(fleet, cycle_plies=400)
    answer = learner.passes(100, plies=0)
    assert answer.waiting == 4
    played = sum(handle.actor.number for handle in fleet.handles)
    assert 400 <= 20 * played <= 400 + 20 * 4 * (QUEUED + 1)
    learner.passes(1)
    assert sum(handle.actor.number for handle in fleet.handles) >= played
    assert learner.passes(2).waiting == 0
    assert once_each(learner.taken)


def test_what_is_too_stale_is_dropped_and_counted() -> None:
    fleet = FakeFleet(machine("a", 2))
    learner = Learner(fleet, ClusterSettings(staleness=3))
    learner.passes()
    slow = fleet.living[0]
    slow.busy = True
    for _ in range(4):
        learner.passes(3)
        slow.actor.work += 1
        learner.learns()
    taken = len([delivery for delivery in learner.taken if delivery.actor == slow.actor.orders.actor])
    slow.busy = False
    answer = learner.passes(2)
    assert answer.dropped == 5 * QUEUED
    assert len([each for each in learner.taken if each.actor == slow.actor.orders.actor]) == taken
    learner.passes(3)
    assert len([each for each in learner.taken if each.actor == slow.actor.orders.actor]) > taken
    assert answer.dropped == learner.passes(5).dropped


def test_staleness_is_told_as_the_mean_over_games() -> None:
    fleet = FakeFleet(machine("a", 1))
    learner = Learner(fleet)
    assert learner.passes().staleness == 0
    for _ in range(100):
        learner.learns()
        learner.passes(1)
    assert 0.5 < learner.passes(1).staleness <= QUEUED


def silent(fleet: FakeFleet, learner: Learner, seconds: float) -> Handle:
    """Take the sign of life of one actor for so long."""
    learner.passes()
    handle = fleet.living[0]
    handle.hung = True
    learner.passes(seconds)
    return handle


def test_an_actor_that_hangs_is_ended_and_replaced() -> None:
    fleet = FakeFleet(machine("a", 2))
    learner = Learner(fleet, ClusterSettings(silence=60))
    assert not silent(fleet, learner, 50).ended
    learner.passes(20)
    assert fleet.handles[0].ended
    assert learner.passes().actors == 2
    assert learner.notes[1].startswith("an actor on host-a did nothing for 6")


def test_an_actor_that_is_slow_but_works_is_left_alone() -> None:
    fleet = FakeFleet(machine("a", 1))
    learner = Learner(fleet, ClusterSettings(silence=60))
    learner.passes()
    (handle,) = fleet.living
    handle.busy = True
    for _ in range(100):
        learner.passes(LOOK_SECONDS)
        handle.actor.work += 1
    assert not handle.ended
    learner.passes(100)
    assert handle.ended


def test_an_actor_that_is_long_in_starting_is_waited_for_and_the_next_one_longer() -> None:
    fleet = FakeFleet(machine("a", 1))
    learner = Learner(fleet, ClusterSettings(silence=20))
    lives: dict[int, int] = {}  # seconds of each, none of which gets done
    while len(lives) < 4:
        learner.passes(1)
        for handle in fleet.living:
            handle.hung = True
            lives[id(handle)] = lives.get(id(handle), 0) + 1
    first, second, third, _ = lives.values()
    assert first >= 100
    assert second > 1.8 * first
    assert third > 1.8 * second
    fleet.living[0].hung = False
    assert learner.passes().actors == 1


def test_actors_that_wait_for_the_learner_do_not_count_as_silent() -> None:
    fleet = FakeFleet(machine("a", 2))
    learner = Learner(fleet, ClusterSettings(silence=20))
    learner.passes(300, plies=0)
    assert len(fleet.handles) == 2
    assert learner.passes(5).actors == 2


def test_a_delivery_that_comes_twice_counts_once() -> None:
    class Twice(ScriptedActor):
        def play(self, version: int, weights: bytes, most: int) -> Delivery:
            self.number -= self.number % 3 == 2  # a second time the same one
            return super().play(version, weights, most)

    learner = Learner(FakeFleet(machine("a", 1), actor=Twice))
    learner.passes(30)
    assert len(learner.taken) >= 2
    assert once_each(learner.taken)


def test_a_delivery_that_was_whole_before_its_actor_died_counts() -> None:
    fleet = FakeFleet(machine("a", 1))
    learner = Learner(fleet)
    learner.passes(5, plies=0)
    fleet.living[0].alive = False
    before = fleet.handles[0].actor.number
    learner.passes(10)
    assert len([each for each in learner.taken if each.actor == 1]) == before
