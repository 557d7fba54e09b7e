"""`DiscountedReturns`: how an environment's rewards add up, and on which numbers a network learns them.

Plain data, without torch, for settings, networks and bundles; what a network makes of it is
`network.returns.EpisodeReturns`. Board games have none: their returns are the result of the game.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SCALING_EPSILON = 0.001  # Schrittwieser et al. 2020, appendix F
MOST_SUPPORT = 1000


class BadReturns(ValueError):
    """Returns that cannot be learnt; the message says what they may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountedReturns:
    """Returns z = sum of discount^i * reward_i. Raises BadReturns.

    Value and reward are learnt as categories: 2 * support + 1 numbers, those x with h(x) = -support, ..., support for
    the scaling h(x) = sign(x)(sqrt(|x| + 1) - 1) + 0.001 x (Schrittwieser et al. 2020, appendix F). What is larger than
    `largest` counts as that.
    """

    discount: float = 0.997  # in (0, 1], of a step
    support: int = 300  # the paper's; fewer learn faster where returns are small

    def __post_init__(self) -> None:
        if not 0.0 < self.discount <= 1.0:
            raise BadReturns(f"the discount of returns must be above 0 and at most 1, not {self.discount!r}")
        if not 1 <= self.support <= MOST_SUPPORT:
            raise BadReturns(f"the support of returns must be 1 to {MOST_SUPPORT}, not {self.support!r}")

    @property
    def atoms(self) -> int:
        """Return how many categories there are."""
        return 2 * self.support + 1

    @property
    def largest(self) -> float:
        """Return the largest return or reward that can be told from larger ones, h^-1(support)."""
        root = math.sqrt(1.0 + 4.0 * SCALING_EPSILON * (self.support + 1.0 + SCALING_EPSILON))
        return ((root - 1.0) / (2.0 * SCALING_EPSILON)) ** 2 - 1.0
