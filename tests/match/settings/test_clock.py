"""Clocks of all time controls, move by move."""

from __future__ import annotations

import pytest

from muzero_engine.match.settings.clock import ClockState, GameClock
from muzero_engine.match.settings.time_control import TimeControl


def clock(text: str) -> GameClock:
    return GameClock(TimeControl.parse(text))


def shown(clock: GameClock) -> ClockState:
    state = clock.state
    assert state is not None
    return state


def test_main_time_and_increment() -> None:
    it = clock("10+2")
    it.spend(3.0)
    assert shown(it) == ClockState(9.0)
    assert it.allowed_s == 9.0
    assert it.in_time(9.05)
    assert not it.in_time(9.2)
    it.spend(9.05)  # lag that is forgiven does not leave a debt
    assert shown(it) == ClockState(2.0)


def test_an_increment_may_come_before_each_move() -> None:
    it = GameClock(TimeControl.parse("10+2"), increment_first=True)
    assert it.allowed_s == 12.0
    it.spend(11.0)
    assert shown(it) == ClockState(3.0)


def test_moves_in_a_time() -> None:
    it = clock("2/10")
    it.spend(4.0)
    assert shown(it) == ClockState(6.0, moves=1)
    it.spend(1.0)
    assert shown(it) == ClockState(15.0, moves=2)


def test_byoyomi() -> None:
    it = clock("10+5x3")
    assert it.allowed_s == 25.0
    it.spend(8.0)
    assert shown(it) == ClockState(2.0, periods=3)
    it.spend(4.0)  # two seconds into the first period, which is then granted anew
    assert shown(it) == ClockState(5.0, in_overtime=True, periods=3)
    assert it.allowed_s == 15.0
    it.spend(4.9)
    assert shown(it).periods == 3
    it.spend(11.0)
    assert shown(it) == ClockState(5.0, in_overtime=True, periods=1)
    assert it.allowed_s == 5.0
    assert not it.in_time(5.2)


def test_byoyomi_from_the_beginning() -> None:
    it = clock("0+5x1")
    assert shown(it) == ClockState(5.0, in_overtime=True, periods=1)
    it.spend(5.05)
    assert shown(it) == ClockState(5.0, in_overtime=True, periods=1)


def test_canadian_overtime() -> None:
    it = clock("10+2/6")
    assert it.allowed_s == 16.0
    it.spend(11.0)  # the move that used up main time is the first of the period
    assert shown(it) == ClockState(5.0, in_overtime=True, moves=1)
    assert it.allowed_s == 5.0
    it.spend(2.0)
    assert shown(it) == ClockState(6.0, in_overtime=True, moves=2)


@pytest.mark.parametrize(("text", "allowed"), [("movetime=0.5", 0.5), ("nodes=5", None), ("none", None)])
def test_without_a_clock(text: str, allowed: float | None) -> None:
    it = clock(text)
    assert it.state is None
    assert it.allowed_s == allowed
    it.spend(3.0)
    assert it.state is None
    assert it.in_time(0.55)
    assert it.in_time(1.0) == (allowed is None)


def test_a_clock_and_a_limit_a_move() -> None:
    it = clock("10,movetime=4")
    assert it.allowed_s == 4.0
    it.spend(4.0)
    it.spend(4.0)
    assert it.allowed_s == 2.0
