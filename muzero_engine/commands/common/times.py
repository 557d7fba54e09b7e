"""Times on the command line, and about how long something takes."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

SLOW = 3.0  # seconds after which what is not done is told

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """A time like 90, 90s, 9m, 1h30m."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, float):
            return value
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if not parts or "".join(number + unit for number, unit in parts) != str(value):
            self.fail(f"{value!r} is not a time: write it like 90s, 9m or 1h30m", param, ctx)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if not math.isfinite(seconds):
            self.fail(f"{str(value)[:40]!r} is longer than any time", param, ctx)
        return seconds


def about(seconds: float) -> str:
    """Return a time in its largest unit: 40 s, 12 min, 3.5 h, 5 days, 12 years."""
    for size, unit in ((365.25 * 86400, "years"), (86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (size == 3600 and seconds >= size):
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 and unit == "h" else f"{value:,.0f} {unit}"
    return f"{max(1, round(seconds))} s"


@contextmanager
def said_where_slow(doing: str) -> Iterator[None]:
    """Say on standard error what goes on inside where that takes seconds."""
    timer = threading.Timer(SLOW, lambda: click.echo(f"{doing}, which takes a while", err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
