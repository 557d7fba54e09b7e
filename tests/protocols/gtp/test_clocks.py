"""GTP clocks: what each kind of time settings and of time_left means for the next move."""

from __future__ import annotations

import pytest

from muzero_engine.engine.limits import Clock
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
        (["time_settings 600 0 0", "time_left b -3 0"], Clock(remaining_ms=0.0)),
        (["time_left b 20 0"], Clock(remaining_ms=20e3)),
        (["time_settings 600 0 0", "time_settings 0 1 0"], None),
    ],
)
def test_clock_of_black(lines: list[str], clock: Clock | None) -> None:
    assert clocks(*lines).clock(0) == clock


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
