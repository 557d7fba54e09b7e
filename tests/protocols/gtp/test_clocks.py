"""GTP clocks: what each kind of time settings and of time_left means for the next move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.time_manager import TimePlan, plan_time
from muzero_engine.games.go.rules import SPEC
from muzero_engine.protocols.gtp.clocks import KINDS, Clocks
from muzero_engine.protocols.gtp.frame import GtpError


def clocks(*lines: str) -> Clocks:
    result = Clocks()
    for line in lines:
        name, *args = line.split()
        assert result.commands[name](tuple(args)) == ""
    return result


@pytest.mark.parametrize(
    ("lines", "clock"),
    [
        (["time_settings 0 1 0"], None),
        (["time_settings 600 30 0"], None),
        (["time_settings 0 0 0"], None),
        (["time_settings 600 0 0"], Clock(remaining_ms=600e3)),
        (["time_settings 600 30 5"], Clock(remaining_ms=600e3, byoyomi_ms=30e3, stones=5)),
        (["time_settings 0 30 5"], Clock(remaining_ms=30e3, moves_to_go=5, byoyomi_ms=30e3, stones=5)),
        (["time_settings 600 30 5", "time_left b 12 0"], Clock(remaining_ms=12e3, byoyomi_ms=30e3, stones=5)),
        (
            ["time_settings 600 30 5", "time_left b 12 3"],
            Clock(remaining_ms=12e3, moves_to_go=3, byoyomi_ms=30e3, stones=5),
        ),
        (["time_settings 600 30 5", "time_left w 12 3"], Clock(remaining_ms=600e3, byoyomi_ms=30e3, stones=5)),
        (["kgs-time_settings none"], None),
        (["kgs-time_settings absolute 60"], Clock(remaining_ms=60e3)),
        (["kgs-time_settings byoyomi 60 10 3"], Clock(remaining_ms=60e3, byoyomi_ms=10e3, periods=3)),
        (["kgs-time_settings byoyomi 60 10 3", "time_left b 10 2"], Clock(byoyomi_ms=10e3, periods=2)),
        (["kgs-time_settings byoyomi 60 10 3", "time_left b 4 2"], Clock(byoyomi_ms=4e3, periods=2)),
        (["kgs-time_settings byoyomi 0 10 3"], Clock(byoyomi_ms=10e3, periods=3)),
        (["kgs-time_settings canadian 60 300 25"], Clock(remaining_ms=60e3, byoyomi_ms=300e3, stones=25)),
        (["kata-time_settings fischer 60.5 2.5"], Clock(remaining_ms=60.5e3, increment_ms=2.5e3)),
        (["kata-time_settings fischer-capped 60 2 90 -1"], Clock(remaining_ms=60e3, increment_ms=2e3)),
        (["kgs-time_settings byoyomi 120 60 5", "time_left b 0 5"], Clock(byoyomi_ms=60e3, periods=5)),
        (
            ["kgs-time_settings canadian 1780 20 1", "time_left black 1917 1"],
            Clock(remaining_ms=20e3, moves_to_go=1, byoyomi_ms=20e3),
        ),
        (
            ["time_settings 600 30 5", "time_left b 0 5"],
            Clock(remaining_ms=30e3, moves_to_go=5, byoyomi_ms=30e3, stones=5),
        ),
        (["time_settings 600 0 0", "time_left b -3 0"], Clock(remaining_ms=0.0)),
        (["time_left b 20 0"], Clock(remaining_ms=20e3)),
        (["time_settings 600 0 0", "time_settings 0 1 0"], None),
    ],
)
def test_clock_of_black(lines: list[str], clock: Clock | None) -> None:
    assert clocks(*lines).clock(0) == clock


def _planned(both: Clocks, ply: int = 0, overhead_ms: float = 0.0) -> TimePlan:
    plan = plan_time(Limits(clock=both.clock(0)), SPEC, (9, 9), ply, overhead_ms)
    assert plan is not None
    return plan


def test_plans_of_clocks_that_say_what_cannot_be() -> None:
    canadian = _planned(clocks("kgs-time_settings canadian 1780 20 1", "time_left black 1917 1"))
    assert canadian.hard_ms == 20e3
    byoyomi = _planned(clocks("kata-time_settings byoyomi 120 60 5", "time_left b 0 5"))
    assert byoyomi.soft_ms == byoyomi.hard_ms == 60e3


seconds = st.floats(0, 5000) | st.sampled_from([0.0, 0.001, 0.5, 1.0, 20.0, 1917.0])
counts = st.integers(1, 30)
systems = st.one_of(
    st.builds("time_settings {} 0 0".format, st.floats(0.01, 5000)),
    st.builds("time_settings {} {} {}".format, seconds, st.floats(0.01, 600), counts),
    st.builds("kgs-time_settings absolute {}".format, st.floats(0.01, 5000)),
    st.builds("kgs-time_settings byoyomi {} {} {}".format, seconds, st.floats(0.01, 600), counts),
    st.builds("kgs-time_settings canadian {} {} {}".format, seconds, st.floats(0.01, 600), counts),
    st.builds("kata-time_settings fischer {} {}".format, st.floats(0.01, 5000), seconds),
    st.builds("kata-time_settings fischer-capped {} {} {} -1".format, st.floats(0.01, 5000), seconds, seconds),
)
events = st.one_of(
    st.builds("time_left b {} {}".format, seconds, st.just(0) | counts),
    st.floats(0, 700),  # a move takes so many seconds
)


@given(systems, st.lists(events, max_size=8), st.integers(0, 400), st.floats(0, 5000))
def test_no_move_takes_more_than_the_clock_holds(
    system: str, events: list[str | float], ply: int, overhead_ms: float
) -> None:
    both = clocks(system)
    said: tuple[float, int] | None = None  # time and count of a `time_left` just before the move
    for event in events:
        if isinstance(event, str):
            assert both.commands["time_left"](tuple(event.split()[1:])) == ""
            said = float(event.split()[2]), int(event.split()[3])
        else:
            both.spend(0, event)
            said = None
    plan = _planned(both, ply, overhead_ms)
    assert 1.0 <= plan.soft_ms <= plan.hard_ms
    if said is None:
        return
    control = both.control
    assert control is not None
    left, count = said
    overtime = control.overtime
    if count and overtime:
        fresh = left == 0.0 and (control.periods or count >= control.stones)
        left = overtime if fresh else min(left, overtime)
    elif control.periods or left == 0.0:
        left += overtime
    elif control.stones:
        left += overtime / control.stones
    assert plan.hard_ms <= max(1.0, 1000.0 * left - overhead_ms) * (1 + 1e-9)


def test_absolute_time_runs_down_without_time_left() -> None:
    both = clocks("time_settings 60 0 0")
    both.spend(0, 10.0)
    both.spend(0, 5.0)
    assert both.clock(0) == Clock(remaining_ms=45e3)
    assert both.clock(1) == Clock(remaining_ms=60e3)
    both.restart()
    assert both.clock(0) == Clock(remaining_ms=60e3)


def test_canadian_periods_follow_main_time() -> None:
    both = clocks("time_settings 10 30 2")
    both.spend(0, 12.0)  # 2 s into the period, one of its two stones played
    assert both.clock(0) == Clock(remaining_ms=28e3, moves_to_go=1, byoyomi_ms=30e3, stones=2)
    both.spend(0, 20.0)
    assert both.clock(0) == Clock(remaining_ms=30e3, moves_to_go=2, byoyomi_ms=30e3, stones=2)


def test_byoyomi_periods_are_used_up_one_by_one() -> None:
    both = clocks("kgs-time_settings byoyomi 10 5 3")
    both.spend(1, 8.0)
    assert both.clock(1) == Clock(remaining_ms=2e3, byoyomi_ms=5e3, periods=3)
    both.spend(1, 4.0)
    assert both.clock(1) == Clock(byoyomi_ms=5e3, periods=3)
    both.spend(1, 4.9)
    assert both.clock(1) == Clock(byoyomi_ms=5e3, periods=3)
    both.spend(1, 7.0)
    assert both.clock(1) == Clock(byoyomi_ms=5e3, periods=2)


def test_increment_is_added_and_capped() -> None:
    both = clocks("kata-time_settings fischer-capped 60 5 62 20")
    assert both.control is not None
    assert both.control.move_limit == 20.0
    both.spend(0, 1.0)
    assert both.clock(0) == Clock(remaining_ms=62e3, increment_ms=5e3)


def test_kinds_are_listed() -> None:
    assert Clocks().commands["kata-list_time_settings"](()).split() == list(KINDS)


@pytest.mark.parametrize(
    "line",
    [
        "time_settings 1 2",
        "time_settings a b c",
        "time_settings -1 0 0",
        "time_settings 1 1 1.5",
        "time_settings inf 0 0",
        "kgs-time_settings fischer 1 1",
        "kgs-time_settings byoyomi 1 1",
        "kgs-time_settings byoyomi 1 1 0",
        "kata-time_settings",
        "time_left x 1 1",
        "time_left b one 1",
        "time_left b",
    ],
)
def test_bad_settings_change_nothing(line: str) -> None:
    both = clocks("time_settings 60 0 0")
    name, *args = line.split()
    with pytest.raises(GtpError):
        both.commands[name](tuple(args))
    assert both.clock(0) == Clock(remaining_ms=60e3)
