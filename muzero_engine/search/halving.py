"""Sequential halving that needs no budget: rounds of twice the simulations of the round before.

One round over m candidates has ceil(log2 m) phases; a phase gives each candidate left as many simulations
and then keeps the better half (Karnin et al. 2013; Danihelka et al. 2022, algorithm 2). A search of unknown length
plays round after round, each with all candidates again, so that it can stop at any time: every round corrects the
one before with better estimates, and the last full round had at least a third of all simulations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


class SequentialHalving:
    """Deals out simulations to candidates 0..count-1, or in each round after the first to the best so many of
    0..available-1.

    `next` gives a candidate, or None where the running batch must be evaluated first because the candidates are about
    to be ranked; call it again after that.
    """

    def __init__(self, count: int, available: int | None = None, first_round: int = 0) -> None:
        if count < 1:
            raise ValueError("sequential halving needs a candidate")
        self._count = count
        self._available = count if available is None else available
        self._round = first_round
        self._left = list(range(count))
        self._quota = self._per_candidate()
        self._dealt = 0
        self._at_barrier = False

    def over(self, count: int, available: int | None = None) -> SequentialHalving:
        """Return a halving over so many candidates that begins the running round anew."""
        return SequentialHalving(count, available, self._round)

    def left_of(self, ranked: int) -> int:
        """Return how many of so many candidates go on, while they are being ranked."""
        return (ranked + 1) // 2 if len(self._left) > 2 else self._count

    def _per_candidate(self) -> int:
        phases = max(1, math.ceil(math.log2(self._count)))
        budget = self._count * phases << self._round
        return max(1, budget // (phases * len(self._left)))

    def next(self, rank: Callable[[Sequence[int]], list[int]]) -> int | None:
        """Return the candidate of the next simulation, or None at a barrier.

        `rank` orders candidates best first by what is known when it is called.
        """
        if self._dealt == self._quota * len(self._left):
            if not self._at_barrier:
                self._at_barrier = True
                return None
            self._advance(rank)
        candidate = self._left[self._dealt % len(self._left)]
        self._dealt += 1
        return candidate

    def _advance(self, rank: Callable[[Sequence[int]], list[int]]) -> None:
        self._at_barrier = False
        self._dealt = 0
        if len(self._left) > 2:
            self._left = rank(self._left)[: self.left_of(len(self._left))]
        else:
            self._round += 1
            self._left = rank(range(self._available))[: self._count]
        self._quota = self._per_candidate()
