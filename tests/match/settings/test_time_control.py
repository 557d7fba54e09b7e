"""Time controls: their text form, there and back, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.match.settings.time_control import BadTimeControl, TimeControl


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("60+0.6", TimeControl(main_s=60.0, increment_s=0.6)),
        ("5:00", TimeControl(main_s=300.0)),
        ("1:30+.5", TimeControl(main_s=90.0, increment_s=0.5)),
        ("40/60", TimeControl(main_s=60.0, moves=40)),
        ("40/60+0.5", TimeControl(main_s=60.0, moves=40, increment_s=0.5)),
        ("600+30x3", TimeControl(main_s=600.0, overtime_s=30.0, periods=3)),
        ("0+10", TimeControl(main_s=0.0, increment_s=10.0)),
        ("0+5x1", TimeControl(main_s=0.0, overtime_s=5.0, periods=1)),
        ("600+25/300", TimeControl(main_s=600.0, overtime_s=300.0, stones=25)),
        ("movetime=0.5", TimeControl(move_time_s=0.5)),
        ("nodes=800", TimeControl(nodes=800)),
        ("depth=5", TimeControl(depth=5)),
        ("none", TimeControl()),
        ("60+0.6, nodes=800, margin=0.25", TimeControl(main_s=60.0, increment_s=0.6, nodes=800, margin_s=0.25)),
    ],
)
def test_reading(text: str, control: TimeControl) -> None:
    assert TimeControl.parse(text) == control


SECONDS = st.integers(1, 10**9).map(lambda micro: micro / 1000)
CLOCKS = st.one_of(
    st.builds(TimeControl, main_s=SECONDS, increment_s=st.just(0.0) | SECONDS, moves=st.none() | st.integers(1, 99)),
    st.builds(TimeControl, main_s=st.just(0.0) | SECONDS, overtime_s=SECONDS, periods=st.integers(1, 9)),
    st.builds(TimeControl, main_s=st.just(0.0) | SECONDS, overtime_s=SECONDS, stones=st.integers(1, 99)),
    st.builds(
        TimeControl,
        move_time_s=st.none() | SECONDS,
        nodes=st.none() | st.integers(1, 10**9),
        depth=st.none() | st.integers(1, 99),
        margin_s=SECONDS,
    ),
)


@given(CLOCKS)
def test_what_is_written_is_read_again(control: TimeControl) -> None:
    assert TimeControl.parse(str(control)) == control


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no time control"),
        ("fast", "no time control"),
        ("60+", "no time control"),
        ("-1", "no time control"),
        ("1:75", "no time control"),
        ("nan", "no time control"),
        ("0", "no time at all"),
        ("600+30x0", "no number from 1 on"),
        ("600+0/30", "no number from 1 on"),
        ("600+0x3", "overtime is periods of some time"),
        ("99999999", "no number of seconds"),
        ("movetime=0", "more than 0"),
        ("movetime=x", "no number of seconds"),
        ("nodes=0", "no number from 1 on"),
        ("nodes=1e3", "no number from 1 on"),
        ("speed=3", "none of movetime"),
        ("60,30", "says main_s twice"),
        ("5/60+30x3", "cannot be combined"),
    ],
)
def test_refusing(text: str, problem: str) -> None:
    with pytest.raises(BadTimeControl, match=problem) as caught:
        TimeControl.parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        control = TimeControl.parse(text)
    except BadTimeControl:
        return
    assert TimeControl.parse(str(control)) == control
