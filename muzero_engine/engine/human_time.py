"""A person's time for a move, where that is asked for: a search takes as long at least, or its move is known long
before, and waits.

Some seconds where there is no clock, a fair share of it where there is one. More where several moves are about as good,
less where one is far ahead (a recapture, say), where there is no choice, and in the opening. It ends with the time that
a search may take at all, so that no clock is ever in danger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from muzero_engine.engine.time_manager import TimePlan

USUAL_MS = 4000.0  # without a clock, for a choice of usual difficulty
LONGEST_MS = 20000.0
SHARE_OF_CLOCK = 0.7  # of the soft bound, for a choice of usual difficulty
FORCED = 0.15  # of the usual time, where one move alone is legal
OPENING_PLIES = 10  # of which each takes less: the first a third of the usual time
USUAL_DOUBT = 1.2  # nats of the policy; so much takes the usual time
LEAST, MOST = 0.3, 2.5  # of the usual time
SPREAD = 0.3  # standard deviation of the logarithm of a time


def with_human_time(plan: TimePlan, human_ms: float) -> TimePlan:
    """Return the bounds of a search that takes a person's time: of a clock's share at least as much, of a time that was
    asked for (`movetime`), which is a bound then, no more."""
    if plan.exact:
        return TimePlan(human_ms, human_ms, exact=True)
    return replace(plan, soft_ms=max(plan.soft_ms, human_ms))


def human_time_ms(priors: Sequence[float], ply: int, plan: TimePlan | None, rng: np.random.Generator) -> float:
    """Return how long a person takes for this move, from the start of the clock, in milliseconds.

    `priors` are the network's, of all root moves, `plan` the bounds of a clock, if there is one. A time that was asked
    for is never exceeded, nor is the hard bound of a clock.
    """
    usual = USUAL_MS
    if plan is not None:
        usual = min(USUAL_MS, plan.soft_ms) if plan.exact else min(LONGEST_MS / MOST, SHARE_OF_CLOCK * plan.soft_ms)
    if len(priors) <= 1:
        share = FORCED
    else:
        policy = np.array([prior for prior in priors if prior > 0.0]) / sum(priors)
        share = float(np.clip(-(policy * np.log(policy)).sum() / USUAL_DOUBT, LEAST, MOST))
        share *= min(1.0, (1 + ply / OPENING_PLIES * 2) / 3)
    time = min(LONGEST_MS, usual * share * float(np.exp(SPREAD * rng.standard_normal())))
    return time if plan is None else min(time, plan.hard_ms)
