"""Clocks become bounds that never overrun them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.time_manager import LARGEST_SHARE, LAST_MOVE_SHARE, TimePlan, moves_left, plan_time
from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.games.registry import load_game

CHESS = load_game("chess").spec
GO = load_game("go").spec
SHOGI = load_game("shogi").spec
BOARD = (8, 8)


def _plan(clock: Clock, *, ply: int = 0, overhead: float = 0.0) -> TimePlan:
    plan = plan_time(Limits(clock=clock), CHESS, BOARD, ply, overhead)
    assert plan is not None
    return plan


milliseconds = st.floats(0, 3_600_000)
clocks = st.builds(
    Clock,
    remaining_ms=st.floats(-1000, 3_600_000),
    increment_ms=st.floats(0, 60_000),
    moves_to_go=st.none() | st.integers(1, 80),
    byoyomi_ms=milliseconds,
    periods=st.integers(1, 10),
    stones=st.integers(1, 30),
)


@given(clocks, st.integers(0, 600), st.floats(0, 5000))
def test_a_move_never_takes_more_than_the_clock_holds(clock: Clock, ply: int, overhead: float) -> None:
    plan = _plan(clock, ply=ply, overhead=overhead)
    assert 1.0 <= plan.soft_ms <= plan.hard_ms
    held = max(clock.remaining_ms, 0.0)
    if clock.moves_to_go is None or (held == 0.0 and clock.stones > 1):
        held += clock.byoyomi_ms
    assert plan.hard_ms <= max(1.0, held - overhead)
    assert plan.hard_ms <= max(1.0, _largest_share(clock))


def _largest_share(clock: Clock) -> float:
    """What the page on time says that no move takes more of."""
    main = max(clock.remaining_ms, 0.0)
    to_go = clock.moves_to_go
    if clock.stones > 1 and main == 0.0:  # a Canadian period begins
        return clock.byoyomi_ms
    period = clock.byoyomi_ms / clock.stones if to_go is None else 0.0
    if main == 0.0:
        return period
    if to_go == 1:
        return main if clock.byoyomi_ms else LAST_MOVE_SHARE * main
    return LARGEST_SHARE * main + period


@given(st.floats(1000, 3_600_000), st.integers(0, 200))
def test_sudden_death_leaves_time_for_the_rest_of_the_game(remaining: float, ply: int) -> None:
    plan = _plan(Clock(remaining_ms=remaining), ply=ply)
    assert plan.soft_ms <= remaining / 8
    assert plan.hard_ms <= 0.4 * remaining


def test_moves_to_go_share_the_time() -> None:
    assert _plan(Clock(remaining_ms=40_000, moves_to_go=40)).soft_ms == pytest.approx(1000)
    last = _plan(Clock(remaining_ms=40_000, moves_to_go=1), overhead=50)
    assert last.soft_ms == last.hard_ms == pytest.approx(0.8 * 40_000)  # the rest is carried over


def test_byoyomi_is_used_up_once_main_time_is_gone() -> None:
    plan = _plan(Clock(byoyomi_ms=10_000), overhead=100)
    assert plan.soft_ms == plan.hard_ms == pytest.approx(9900)


def test_byoyomi_comes_on_top_of_main_time() -> None:
    with_byoyomi = _plan(Clock(remaining_ms=60_000, byoyomi_ms=10_000))
    without = _plan(Clock(remaining_ms=60_000))
    assert with_byoyomi.soft_ms > without.soft_ms + 10_000


def test_canadian_period_is_shared_among_its_stones() -> None:
    assert _plan(Clock(byoyomi_ms=300_000, stones=25)).soft_ms == pytest.approx(300_000 / 25)


def test_a_canadian_period_to_come_is_shared_among_its_stones_while_main_time_lasts() -> None:
    """As on IGS: a minute, then 25 stones in 10 minutes."""
    canadian = _plan(Clock(remaining_ms=60_000, byoyomi_ms=600_000, stones=25))
    assert canadian == _plan(Clock(remaining_ms=60_000, byoyomi_ms=24_000))
    assert canadian.soft_ms > 24_000


def test_the_last_stone_of_a_period_has_what_is_left_of_it() -> None:
    for stones in (1, 25):
        plan = _plan(Clock(remaining_ms=800, moves_to_go=1, byoyomi_ms=1000, stones=stones), overhead=50)
        assert plan.soft_ms == plan.hard_ms == pytest.approx(750)


def test_an_increment_is_spent() -> None:
    assert _plan(Clock(remaining_ms=60_000, increment_ms=2000)).soft_ms > 1600


def test_the_overhead_never_eats_more_than_half_of_a_share() -> None:
    plan = _plan(Clock(remaining_ms=2000, moves_to_go=40), overhead=50)
    assert plan.soft_ms == pytest.approx(25)
    assert _plan(Clock(remaining_ms=60, moves_to_go=40), overhead=50).hard_ms <= 10


def test_movetime_is_used_but_for_the_overhead() -> None:
    plan = plan_time(Limits(move_time_ms=1000), CHESS, BOARD, 0, 50)
    assert plan == TimePlan(950, 950, exact=True)
    short = plan_time(Limits(move_time_ms=100), CHESS, BOARD, 0, 50)
    assert short == TimePlan(90, 90, exact=True)


def test_no_time_bound() -> None:
    assert plan_time(Limits(nodes=100), CHESS, BOARD, 0, 50) is None
    assert plan_time(Limits(infinite=True, move_time_ms=5), CHESS, BOARD, 0, 50) is None


@pytest.mark.parametrize(("spec", "shape"), [(CHESS, (8, 8)), (SHOGI, (9, 9)), (GO, (9, 9)), (GO, (19, 19))])
def test_moves_left_fall_but_never_end(spec: GameSpec, shape: Shape) -> None:
    left = [moves_left(spec, shape, ply) for ply in range(0, 1000, 10)]
    assert left == sorted(left, reverse=True)
    assert left[-1] >= 8


@pytest.mark.parametrize(("spec", "shape"), [(CHESS, (8, 8)), (GO, (19, 19)), (GO, (3, 3))])
def test_moves_left_are_those_of_a_usual_game_and_in_the_end_four_tenths(spec: GameSpec, shape: Shape) -> None:
    usual = spec.typical_plies * shape[0] * shape[1] / 2
    assert moves_left(spec, shape, 0) == pytest.approx(max(usual, 8))
    assert moves_left(spec, shape, 10) == pytest.approx(max(usual - 5, 8))
    assert moves_left(spec, shape, 10_000) == pytest.approx(max(0.4 * usual, 8))


def test_a_bigger_board_means_more_moves() -> None:
    assert moves_left(GO, (19, 19), 0) > 3 * moves_left(GO, (9, 9), 0)
