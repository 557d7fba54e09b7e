"""The levels of a bundle: ratings that were measured, and with which settings of the search each is played.

A level belongs to one network, so the table stands in the bundle's manifest, and a network that was trained further has
none until it is calibrated (`muzero-engine calibrate`).
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass, field
from typing import Annotated

from muzero_engine.dataclass_json import MAY_LACK, Rule, is_line
from muzero_engine.games.base import Shape

MOST_LEVELS = 100
MOST_SIMULATIONS = 1_000_000
HIGHEST_TEMPERATURE = 100.0
MOST_ELO = 10_000.0

Line = Annotated[str, Rule(lambda text: text.strip() and is_line(text), "a line of text")]
Elo = Annotated[float, Rule(lambda elo: abs(elo) <= MOST_ELO, f"a number from -{MOST_ELO:g} to {MOST_ELO:g}")]
Error = Annotated[float, Rule(lambda error: 0.0 <= error <= MOST_ELO, f"a number from 0 to {MOST_ELO:g}")]
CountOfGames = Annotated[int, Rule(lambda games: games >= 1, "a whole number from 1")]
Simulations = Annotated[int, Rule(lambda n: 1 <= n <= MOST_SIMULATIONS, f"a whole number from 1 to {MOST_SIMULATIONS}")]
Temperature = Annotated[
    float, Rule(lambda t: 0.0 <= t <= HIGHEST_TEMPERATURE, f"a number from 0 to {HIGHEST_TEMPERATURE:g}")
]
Share = Annotated[float, Rule(lambda share: 0.0 <= share <= 1.0, "a number from 0 to 1")]


class BadLevel(ValueError):
    """A level that cannot be played; the message says which can."""


@dataclass(frozen=True, slots=True)
class LevelSettings:
    """How a level plays: so many simulations, then a move drawn from the improved policy (`engine.strength`).

    Moves whose probability is below `cut` times that of the likeliest are never played; the others are drawn with
    probability proportional to their own to the power 1 / `temperature` (0: the best move alone).
    """

    simulations: Simulations
    temperature: Temperature
    cut: Share

    def text(self) -> str:
        """Write the settings as `parse` reads them: "4,1.5,0.02"."""
        return f"{self.simulations},{self.temperature:g},{self.cut:g}"

    @classmethod
    def parse(cls, text: str) -> LevelSettings:
        """Read simulations, temperature and cut. Raises BadLevel."""
        problem = BadLevel(
            f"{text!a:.60} are no settings of a level: write simulations, temperature and cut: 4,1.5,0.02"
        )
        try:
            first, temperature, cut = text.split(",")
            settings = cls(int(first), float(temperature), float(cut))
        except ValueError:
            raise problem from None
        within = 1 <= settings.simulations <= MOST_SIMULATIONS
        within = within and 0.0 <= settings.temperature <= HIGHEST_TEMPERATURE and 0.0 <= settings.cut <= 1.0
        if not within:
            raise problem
        return settings

    def towards(self, other: LevelSettings, share: float) -> LevelSettings:
        """Return settings from these (share 0) to others (share 1): simulations by ratio, the rest by difference."""
        simulations = round(self.simulations * math.pow(other.simulations / self.simulations, share))
        temperature = self.temperature + share * (other.temperature - self.temperature)
        return LevelSettings(simulations, round(temperature, 4), round(self.cut + share * (other.cut - self.cut), 6))

    @property
    def order(self) -> tuple[float, float]:
        """Return what grows with strength along a path of settings: fewer simulations or a higher temperature first."""
        return float(self.simulations), -self.temperature


@dataclass(frozen=True, slots=True)
class Level:
    """A rating that was measured."""

    elo: Elo  # on the scale of the table
    error: Error  # half-width of the 95% interval, Elo, the opponents' doubt included
    games: CountOfGames
    settings: LevelSettings


@dataclass(frozen=True, slots=True)
class LevelTable:
    """What was measured of one network, weakest first."""

    scale: Line  # of the ratings, and on which board: "go 9x9: komi 7, GNU Go level 10 = 1800"
    levels: tuple[Level, ...]
    board: Shape | None = field(default=None, metadata=MAY_LACK)  # that they were measured on, where a game has several

    @property
    def rises(self) -> bool:
        """Return whether it has two levels or more, each rated higher than the one before, and a whole number among the
        ratings between them, as a table must: people ask for whole ratings."""
        ratings = [level.elo for level in self.levels]
        rising = 2 <= len(ratings) <= MOST_LEVELS and all(low < high for low, high in itertools.pairwise(ratings))
        return rising and math.ceil(self.lowest) <= self.highest

    @property
    def doubt(self) -> float:
        """Return the mean half-width of the levels' intervals, Elo."""
        return sum(level.error for level in self.levels) / len(self.levels)

    @property
    def lowest(self) -> float:
        return self.levels[0].elo

    @property
    def highest(self) -> float:
        return self.levels[-1].elo

    def settings(self, elo: float) -> LevelSettings:
        """Return the settings that play with a rating: those between the two measured ones around it.

        Raises BadLevel for a rating outside of what was measured.
        """
        if not self.lowest <= elo <= self.highest:
            raise BadLevel(f"{elo:.0f} Elo is not from {self.lowest:.0f} to {self.highest:.0f}, what was measured")
        upper = max(1, bisect.bisect_left([level.elo for level in self.levels], elo))
        below, above = self.levels[upper - 1], self.levels[upper]
        return below.settings.towards(above.settings, (elo - below.elo) / (above.elo - below.elo))
