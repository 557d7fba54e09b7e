"""A person's time: seconds, more for hard choices, never more than the clock allows, and `stop` ends it."""

from __future__ import annotations

import numpy as np
import pytest
from support.engine_client import PATIENCE, Client, at

from muzero_engine.engine.human_time import LONGEST_MS, human_time_ms, with_human_time
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.time_manager import TimePlan, plan_time
from muzero_engine.games.registry import load_game

HARD, RECAPTURE, FORCED = [0.1] * 10, [0.97, 0.02, 0.01], [1.0]


def mean_ms(choice: list[float], *, ply: int = 30, plan: TimePlan | None = None) -> float:
    """The mean of 200 draws, none of which is beyond the plan."""
    rng = np.random.default_rng(0)
    times = [human_time_ms(choice, ply, plan, rng) for _ in range(200)]
    assert min(times) > 0.0
    assert max(times) <= (LONGEST_MS if plan is None else plan.hard_ms)
    return sum(times) / len(times)


def test_a_person_takes_seconds_and_more_where_the_choice_is_hard() -> None:
    assert 4000 < mean_ms(HARD) < 12000
    assert 500 < mean_ms(RECAPTURE) < 2000
    assert mean_ms(FORCED) < mean_ms(RECAPTURE)
    assert mean_ms(HARD, ply=0) < mean_ms(HARD) / 2


@pytest.mark.parametrize("remaining", [1.0, 100.0, 2000.0, 60_000.0, 5_400_000.0])
@pytest.mark.parametrize("increment", [0.0, 2000.0])
def test_the_flag_is_never_in_danger(remaining: float, increment: float) -> None:
    spec = load_game("chess").spec
    limits = Limits(clock=Clock(remaining_ms=remaining, increment_ms=increment))
    plan = plan_time(limits, spec, (8, 8), 20, 50.0)
    assert plan is not None
    mean_ms(HARD, plan=plan)
    assert plan.hard_ms <= max(remaining + increment, 1.0)


def test_a_time_that_was_asked_for_is_a_bound() -> None:
    plan = TimePlan(300.0, 300.0, exact=True)
    assert mean_ms(RECAPTURE, plan=plan) < mean_ms(HARD, plan=plan) <= 300.0
    assert with_human_time(plan, 120.0) == TimePlan(120.0, 120.0, exact=True)


def test_a_search_on_a_clock_takes_a_persons_time_at_least() -> None:
    plan = TimePlan(300.0, 900.0, exact=False)
    assert mean_ms(HARD, plan=plan) > plan.soft_ms
    assert with_human_time(plan, 500.0) == TimePlan(500.0, 900.0, exact=False)
    assert with_human_time(plan, 100.0) == plan


def test_a_search_without_a_bound_of_its_own_ends_after_a_persons_time() -> None:
    client = Client("chess", human_time=True, seed=1)
    client.start(Limits(move_time_ms=2000.0 * PATIENCE), at("chess", "k7/8/8/8/8/8/6r1/7K w - - 0 1"))
    assert client.engine.wait(PATIENCE)
    assert client.results[-1].info.nodes > 1


def test_the_move_waits_where_it_is_asked_to_and_stop_ends_it() -> None:
    client = Client("chess", human_time=True, seed=1)
    client.start(Limits(nodes=1))
    assert not client.engine.wait(0.2)
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert client.results[-1].action is not None


def test_a_ponder_hit_waits_too_and_an_analysis_does_not() -> None:
    client = Client("chess", human_time=True, seed=1)
    client.start(Limits(nodes=1, ponder=True))
    client.engine.ponderhit()
    assert not client.engine.wait(0.2)
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    client.start(Limits(infinite=True))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
