"""`EpisodesRecord`: what episodes of an environment brought, with how sure their mean is. No torch here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from muzero_engine.dataclass_json import Rule
from muzero_engine.ratings import student_95
from muzero_engine.training.report.progress import plain_number

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the returns in a record
_FIVE = Rule(lambda values: len(values) == len(QUANTILES), "five numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodesRecord:
    """Episodes of an environment that ended, all ranks together. A return is the sum of an episode's rewards."""

    episodes: int
    mean: float  # return
    half_width: float | None  # of the 95% interval of the mean; None of a single episode
    lowest: float
    quantiles: Annotated[tuple[float, ...], _FIVE]  # at QUANTILES
    highest: float
    length: float  # mean steps
    truncated: float  # share of the episodes that were cut off, not ended by the environment

    @classmethod
    def of(cls, returns: Sequence[float], lengths: Sequence[float], truncated: int) -> Self:
        """Return the record of episodes, of which there is at least one."""
        sums = np.asarray(returns, dtype=np.float64)
        count = len(sums)
        spread = sums.std(ddof=1) if sums.min() < sums.max() else 0.0  # not the rounding errors of equal numbers
        return cls(
            episodes=count,
            mean=float(sums.mean()),
            half_width=float(student_95(count - 1) * spread / math.sqrt(count)) if count > 1 else None,
            lowest=float(sums.min()),
            quantiles=tuple(np.quantile(sums, QUANTILES).tolist()),
            highest=float(sums.max()),
            length=float(np.mean(lengths)),
            truncated=truncated / count,
        )

    @property
    def median(self) -> float:
        """Return the median return."""
        return self.quantiles[QUANTILES.index(0.5)]

    def sentence(self) -> str:
        """Return what is told of it in a line."""
        cut, steps = round(self.truncated * self.episodes), f"{self.length:,.0f}"
        interval = "" if self.half_width is None else f" ± {plain_number(self.half_width, 3)}"
        return (
            f"return {plain_number(self.mean)}{interval} "
            f"(median {plain_number(self.median)}, {plain_number(self.lowest)} to {plain_number(self.highest)}) "
            f"over {self.episodes:,} episode{'s' * (self.episodes != 1)} of {steps} step{'' if steps == '1' else 's'}"
            f"{f', {cut:,} of them cut off' * (cut > 0)}"
        )
