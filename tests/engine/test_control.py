"""What the search's thread sees of `stop` and `ponderhit`, however the two threads fall together."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from muzero_engine.engine.control import Control, Finish, Phase, Terms
from muzero_engine.engine.limits import Clock, Limits


def _seen_between_lines(control: Control, change: Callable[[], None]) -> list[Terms]:
    """What a thread that takes no lock reads before every line that `change` runs, and at the end."""
    seen: list[Terms] = []

    def look(frame: FrameType, event: str, argument: object) -> Any:
        seen.append(control.terms)
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        change()
    finally:
        sys.settrace(before)
    return [*seen, control.terms]


def test_ponderhit_changes_phase_clock_and_start_at_once() -> None:
    control = Control(Limits(ponder=True, clock=Clock(remaining_ms=1000)))
    before = control.terms
    hit = time.monotonic()
    seen = _seen_between_lines(control, lambda: control.ponderhit(Clock(byoyomi_ms=60)))
    assert len(seen) > 5
    assert {terms.phase for terms in seen} == {Phase.PONDERING, Phase.COUNTED}
    for terms in seen:
        if terms.phase is Phase.PONDERING:
            assert terms is before
        else:
            assert terms.limits.clock == Clock(byoyomi_ms=60)
            assert terms.since >= hit


@pytest.mark.parametrize(
    ("limits", "clock", "phase"),
    [
        (Limits(ponder=True, nodes=5), None, Phase.COUNTED),
        (Limits(ponder=True), None, Phase.ENDLESS),
        (Limits(ponder=True), Clock(), Phase.COUNTED),
        (Limits(ponder=True, infinite=True, nodes=5), None, Phase.ENDLESS),
        (Limits(ponder=True, infinite=True), Clock(), Phase.COUNTED),
    ],
)
def test_the_phase_after_the_hit(limits: Limits, clock: Clock | None, phase: Phase) -> None:
    control = Control(limits)
    assert control.terms.phase is Phase.PONDERING
    control.ponderhit(clock)
    assert control.terms.phase is phase


def test_a_new_clock_leaves_the_other_limits() -> None:
    control = Control(Limits(ponder=True, nodes=5, move_time_ms=70, clock=Clock(remaining_ms=9000)))
    control.ponderhit(Clock(remaining_ms=8000))
    assert control.terms.limits == Limits(nodes=5, move_time_ms=70, clock=Clock(remaining_ms=8000))


@pytest.mark.parametrize(("limits", "phase"), [(Limits(), Phase.ENDLESS), (Limits(nodes=1), Phase.COUNTED)])
def test_a_hit_without_pondering_changes_nothing(limits: Limits, phase: Phase) -> None:
    control = Control(limits)
    before = control.terms
    control.ponderhit(Clock())
    assert control.terms is before
    assert before.phase is phase


def test_a_stop_before_the_hit_stays() -> None:
    control = Control(Limits(ponder=True, nodes=5))
    control.stop()
    control.ponderhit(None)
    assert control.terms.stopped
    assert control.terms.phase is Phase.COUNTED
    control.hold()


def _interrupted_at(number: int, call: Callable[[], object]) -> bool:
    """Make a call, and Ctrl-C at the so-manieth moment of it at which Python hears of a signal: where a function of its
    own begins or any function ends. Return whether there are so many."""
    steps = iter(range(number))

    def interrupt(_frame: FrameType, event: str, _function: object) -> None:
        if event != "c_call" and next(steps, None) is None:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.parametrize("name", ["stop", "ponderhit", "wait"])
def test_ctrl_c_leaves_no_lock_taken_wherever_it_comes(name: str) -> None:
    for number in itertools.count():
        control, finish = Control(Limits(ponder=True)), Finish()
        calls: dict[str, Callable[[], object]] = {
            "stop": control.stop,
            "ponderhit": partial(control.ponderhit, None),
            "wait": partial(finish.wait, 0.0),
        }
        interrupted = _interrupted_at(number, calls[name])

        def search(control: Control = control, finish: Finish = finish) -> None:
            control.hold()
            finish.set()

        thread = threading.Thread(target=search, daemon=True)
        thread.start()
        control.stop()
        assert finish.wait(60.0)
        if not interrupted:
            break
    assert number > 2
