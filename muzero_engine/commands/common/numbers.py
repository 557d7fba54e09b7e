"""Numbers on the command line."""

from __future__ import annotations

import math
from typing import Any

import click


class FiniteNumber(click.FloatRange):
    """A finite number in a range: click's own would take NaN anywhere, and infinity where there is no bound."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number as a float."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{str(value)[:40]!r} is not a finite number", param, ctx)
        return number

    def _describe_range(self) -> str:
        return "" if self.min is None and self.max is None else super()._describe_range()


class KomiNumber(FiniteNumber):
    """A komi: a whole or a half number of points."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number as a float."""
        number = super().convert(value, param, ctx)
        if 2.0 * number % 1.0:
            self.fail(f"komi must be a whole or a half number, not {value!r}", param, ctx)
        return number


class EvenCount(click.IntRange):
    """A number of games that are played in pairs, with sides exchanged."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        count = super().convert(value, param, ctx)
        if count % 2:
            self.fail(f"games are played in pairs: {count - 1} or {count + 1}", param, ctx)
        return count
