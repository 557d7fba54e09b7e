"""Time controls and their text form, which command lines, TOML files and records share.

    60+0.6          60 s and 0.6 s more after each move (in shogi before each move, as USI has it)
    5:00            five minutes for the whole game
    40/60           60 s for each 40 moves; 40/60+0.5 with an increment
    600+30x3        600 s, then byoyomi: three periods of 30 s
    600+25/300      600 s, then Canadian overtime: 300 s for each 25 moves
    movetime=0.5    half a second a move
    nodes=800       800 nodes a move (not in GTP, which cannot say it)
    depth=5         five plies a move (not in GTP)
    none            no limit from the runner: the program's own settings decide

Parts are joined by commas (`60+0.6,nodes=800`); `margin=0.2` forgives 0.2 s of lag a move instead of 0.1 s.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

DEFAULT_MARGIN_S = 0.1
UNLIMITED = "none"
_TIME = r"(?:[0-9]{1,4}:[0-5]?[0-9](?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_CLOCK = re.compile(
    rf"(?:(?P<moves>[0-9]+)/)?(?P<main>{_TIME})"
    rf"(?:\+(?:(?P<period>{_TIME})x(?P<periods>[0-9]+)|(?P<stones>[0-9]+)/(?P<stones_time>{_TIME})|(?P<inc>{_TIME})))?"
)
_MAX_S = 1e6
_MAX_COUNT = 10**12


class BadTimeControl(ValueError):
    """A time control that cannot be read or grants no time; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeControl:
    """What one side may use. Seconds.

    With a clock (`main_s` is not None) at most one of increment and overtime is set; `moves` renews main time. Overtime
    is byoyomi (`periods`) or Canadian (`stones`). Raises BadTimeControl for what grants no time.
    """

    main_s: float | None = None  # None: no clock
    increment_s: float = 0.0
    moves: int | None = None  # that main time is for
    overtime_s: float = 0.0  # of one byoyomi or Canadian period
    periods: int = 0  # of byoyomi
    stones: int = 0  # of a Canadian period
    move_time_s: float | None = None
    nodes: int | None = None
    depth: int | None = None  # plies
    margin_s: float = DEFAULT_MARGIN_S  # of lag that is forgiven each move

    def __post_init__(self) -> None:
        if self.main_s is not None and self.main_s + self.increment_s + self.overtime_s <= 0.0:
            raise BadTimeControl("the time control grants no time at all")
        if (self.overtime_s > 0.0) != bool(self.periods or self.stones) or (self.periods and self.stones):
            raise BadTimeControl("overtime is periods of some time, as in 600+30x3, or moves in it, as in 600+25/300")
        if self.moves is not None and self.overtime_s > 0.0:
            raise BadTimeControl("moves in a time and overtime cannot be combined")
        if self.move_time_s is not None and self.move_time_s <= 0.0:
            raise BadTimeControl("movetime is more than 0 seconds")

    @property
    def has_clock(self) -> bool:
        """Return whether there is a clock that runs from move to move."""
        return self.main_s is not None

    @property
    def allows_everything(self) -> bool:
        """Return whether nothing is limited."""
        return self.main_s is None and self.move_time_s is None and self.nodes is None and self.depth is None

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the kinds of limit that are set, by their names: "a clock", "movetime", "nodes", "depth"."""
        values = {"a clock": self.main_s, "movetime": self.move_time_s, "nodes": self.nodes, "depth": self.depth}
        return tuple(name for name, value in values.items() if value is not None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form (see the module). Raises BadTimeControl."""
        fields: dict[str, float | int | None] = {}
        for part in (part.strip() for part in text.split(",")):
            name, equals, value = part.partition("=")
            if not equals:
                limits = {} if part == UNLIMITED else _clock(part, text)
            elif name.strip() in _PARTS:
                field, read = _PARTS[name.strip()]
                limits = {field: read(value.strip(), text)}
            else:
                raise BadTimeControl(f"{text!a:.60}: {name!a:.20} is none of {', '.join(_PARTS)}")
            if repeated := [field for field in limits if field in fields]:
                raise BadTimeControl(f"{text!a:.60} says {repeated[0]} twice")
            fields |= limits
        try:
            return cls(**fields)  # type: ignore[arg-type]  # each field was read as its own type
        except BadTimeControl as error:
            raise BadTimeControl(f"{text!a:.60}: {error}") from None

    def __str__(self) -> str:
        """Return the text form; `parse` is its inverse."""
        parts = []
        if self.main_s is not None:
            clock = f"{self.moves}/" if self.moves is not None else ""
            clock += _number(self.main_s)
            if self.periods:
                clock += f"+{_number(self.overtime_s)}x{self.periods}"
            elif self.stones:
                clock += f"+{self.stones}/{_number(self.overtime_s)}"
            elif self.increment_s:
                clock += f"+{_number(self.increment_s)}"
            parts.append(clock)
        if self.move_time_s is not None:
            parts.append(f"movetime={_number(self.move_time_s)}")
        if self.nodes is not None:
            parts.append(f"nodes={self.nodes}")
        if self.depth is not None:
            parts.append(f"depth={self.depth}")
        parts = parts or [UNLIMITED]
        if self.margin_s != DEFAULT_MARGIN_S:
            parts.append(f"margin={_number(self.margin_s)}")
        return ",".join(parts)


def _number(value: float) -> str:
    """Return the shortest decimal number, without an exponent, that reads as this value."""
    text = repr(float(value))
    if "e" in text:
        text = f"{value:.20f}".rstrip("0")
    return text.removesuffix(".0").rstrip(".") if "." in text else text


def _clock(part: str, text: str) -> dict[str, float | int | None]:
    match = _CLOCK.fullmatch(part)
    if match is None:
        raise BadTimeControl(
            f"{text!a:.60} is no time control: write one like 60+0.6, 40/60, 600+30x3, movetime=0.5, nodes=800 or none"
        )
    fields: dict[str, float | int | None] = {"main_s": _seconds(match["main"], text)}
    if match["moves"]:
        fields["moves"] = _count(match["moves"], text)
    if match["period"]:
        fields |= {"overtime_s": _seconds(match["period"], text), "periods": _count(match["periods"], text)}
    elif match["stones"]:
        fields |= {"overtime_s": _seconds(match["stones_time"], text), "stones": _count(match["stones"], text)}
    elif match["inc"]:
        fields["increment_s"] = _seconds(match["inc"], text)
    return fields


def _seconds(value: str, text: str) -> float:
    minutes, colon, seconds = value.rpartition(":")
    try:
        number = float(seconds) + (60.0 * int(minutes) if colon else 0.0)
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= _MAX_S:
        raise BadTimeControl(f"{text!a:.60}: {value!a:.20} is no number of seconds from 0 to {_MAX_S:.0f}")
    return number


def _count(value: str, text: str) -> int:
    if not value.isdecimal() or not value.isascii() or len(value) > 13 or not 1 <= int(value) <= _MAX_COUNT:
        raise BadTimeControl(f"{text!a:.60}: {value!a:.20} is no number from 1 on")
    return int(value)


_PARTS = {
    "movetime": ("move_time_s", _seconds),
    "nodes": ("nodes", _count),
    "depth": ("depth", _count),
    "margin": ("margin_s", _seconds),
}
