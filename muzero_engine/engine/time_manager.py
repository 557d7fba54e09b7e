"""How long to think: a clock becomes a soft and a hard bound for one move.

The soft bound is a fair share of what is left; the search goes on beyond it, up to the hard bound, while the most
visited move is not the one of highest value. The overhead is set aside first: it pays for what happens outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.base import GameSpec, Shape

MIN_MS = 1.0
LARGEST_SHARE = 0.4
LAST_MOVE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class TimePlan:
    """Milliseconds from the start of the search (of the limits, after a `ponderhit`); soft <= hard."""

    soft_ms: float
    hard_ms: float
    exact: bool  # the time was asked for (`movetime`): use all of it


def moves_left(spec: GameSpec, shape: Shape, ply: int) -> float:
    """Return how many moves one player still has to make, a guess: never fewer than 8 nor than 0.4 of a usual game."""
    usual = spec.typical_plies * shape[0] * shape[1] / 2
    return max(usual - ply / 2, 0.4 * usual, 8.0)


def plan_time(limits: Limits, spec: GameSpec, shape: Shape, ply: int, overhead_ms: float) -> TimePlan | None:
    """Return the bounds for this move, or None where time does not end the search."""
    if limits.infinite:
        return None
    plan = None if limits.clock is None else _plan_clock(limits.clock, moves_left(spec, shape, ply), overhead_ms)
    if limits.move_time_ms is not None:
        fixed = max(MIN_MS, limits.move_time_ms - min(overhead_ms, limits.move_time_ms / 10))
        if plan is None or fixed < plan.hard_ms:
            return TimePlan(fixed, fixed, exact=True)
    return plan


def _plan_clock(clock: Clock, moves: float, overhead_ms: float) -> TimePlan:
    main = max(0.0, clock.remaining_ms)
    to_go = clock.moves_to_go
    # Japanese byoyomi is granted for every move, and while main time lasts a share of a Canadian period is as well; a
    # period that is running is what remains, and nothing more.
    each_move = clock.byoyomi_ms / clock.stones if to_go is None else 0.0
    if clock.stones > 1 and main == 0.0:
        main, to_go, each_move = clock.byoyomi_ms, to_go or clock.stones, 0.0
    if to_go is not None:
        moves = max(1, to_go)
    elif clock.byoyomi_ms > 0.0:
        moves *= 0.6  # main time may run out: byoyomi comes after it
    available = max(MIN_MS, main + each_move - overhead_ms)
    share = main / moves + 0.8 * clock.increment_ms + each_move
    soft = max(MIN_MS, min(max(share - overhead_ms, share / 2), available))  # little time: think all the same
    if main == 0.0 or (moves == 1 and clock.byoyomi_ms > 0.0):
        hard = available
    elif moves == 1:
        hard = max(MIN_MS, min(available, LAST_MOVE_SHARE * main))
    else:
        hard = max(MIN_MS, min(available, 3.0 * soft, LARGEST_SHARE * main + each_move))
    return TimePlan(min(soft, hard), hard, exact=False)
