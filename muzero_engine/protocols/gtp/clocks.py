"""GTP clocks: the time settings of both players and what is left of them.

A controller may send `time_left` before each move, once, or never, so each player's clock is kept here as well: it runs
down by what a move took and `time_left` overwrites it. Times are seconds in GTP and milliseconds in `Clock`.

| command | meaning |
|-|-|
| `time_settings M B S` | B > 0 and S = 0: no limit; B = 0: absolute M; else Canadian, S stones in B seconds |
| `kgs-time_settings none / absolute M / byoyomi M B P / canadian M B S` | P periods of B seconds |
| `kata-time_settings ... / fischer M I / fischer-capped M I LIMIT MOST` | I seconds more a move |
| `time_left C T 0` | T seconds of main time |
| `time_left C T N` | T seconds of overtime for N stones (Canadian) or with N periods left (byoyomi) |

Controllers say things that cannot be. No overtime period has more left than it grants: `time_left C 1917 1` of 20 s for
one stone is 20 s. Main time that has just run out (`time_left C 0 N`, N all the stones or any periods) means a whole
period: in byoyomi it is granted anew for each move, so that no move begins with less.

No time at all (`time_settings 0 0 0`) would lose every game at once and is taken as no limit, as GNU Go does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.engine.limits import Clock
from muzero_engine.protocols.gtp.frame import GtpError, parse_colour, parse_float, parse_int, want_args

KINDS = ("none", "absolute", "byoyomi", "canadian", "fischer", "fischer-capped")
_KGS_KINDS = KINDS[:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSettings:
    """The time settings of both players. Seconds."""

    main: float = 0.0
    overtime: float = 0.0  # one byoyomi or Canadian period
    stones: int = 0  # of a Canadian period; 0 where there is none
    periods: int = 0  # of byoyomi; 0 where there is none
    increment: float = 0.0
    main_limit: float | None = None  # an increment never takes main time above it
    move_limit: float | None = None  # for any one move


@dataclass(slots=True)
class PlayerClock:
    """What a player has left. In overtime `left` is of the running period."""

    left: float
    count: int = 0  # stones still to play in the Canadian period, or byoyomi periods left; 0 in main time


class Clocks:
    """The clocks of both players. Without a time control there are none."""

    def __init__(self) -> None:
        self.control: TimeSettings | None = None
        self._players = [PlayerClock(0.0), PlayerClock(0.0)]
        self.commands: dict[str, Callable[[tuple[str, ...]], str]] = {
            "time_settings": self._time_settings,
            "kgs-time_settings": self._kgs_time_settings,
            "kata-time_settings": self._kata_time_settings,
            "kata-list_time_settings": lambda _: " ".join(KINDS),
            "time_left": self._time_left,
        }

    def start(self, control: TimeSettings | None) -> None:
        """Set the time control and both clocks to its beginning."""
        self.control = control
        self.restart()

    def restart(self) -> None:
        """Begin a new game under the same time control."""
        self._players = [self._fresh(), self._fresh()]

    def clock(self, colour: int) -> Clock | None:
        """Return the clock for a move of `colour`, or None where time is not limited."""
        control, player = self.control, self._players[colour]
        if control is None:
            return None
        left = 1000.0 * max(player.left, 0.0)
        overtime = 1000.0 * control.overtime
        if player.count:
            whole = left == 0.0 and (control.periods or player.count >= control.stones)
            left = overtime if whole else min(left, overtime)
        if control.stones:
            if player.count:  # a period that has run out is none that begins
                left = max(left, 1.0)
                return Clock(remaining_ms=left, moves_to_go=player.count, byoyomi_ms=overtime, stones=control.stones)
            return Clock(remaining_ms=left, byoyomi_ms=overtime, stones=control.stones)
        if control.periods:
            if player.count:  # a period is granted anew each move, but `time_left` may name the rest of one
                return Clock(byoyomi_ms=left, periods=player.count)
            return Clock(remaining_ms=left, byoyomi_ms=overtime, periods=control.periods)
        return Clock(remaining_ms=left, increment_ms=1000.0 * control.increment)

    def spend(self, colour: int, seconds: float) -> None:
        """Take the seconds of a move of `colour` off its clock."""
        control, player = self.control, self._players[colour]
        if control is None:
            return
        player.left -= seconds
        if control.stones:
            self._spend_canadian(control, player)
        elif control.periods:
            self._spend_byoyomi(control, player)
        else:
            player.left = max(player.left, 0.0) + control.increment
            if control.main_limit is not None:
                player.left = min(player.left, max(control.main_limit, control.main))

    def _spend_canadian(self, control: TimeSettings, player: PlayerClock) -> None:
        if player.count:
            player.count -= 1
        elif player.left <= 0.0:  # the move that used up main time is the first of the period
            player.left += control.overtime
            player.count = control.stones - 1
        else:
            return
        if player.count == 0:
            player.left, player.count = control.overtime, control.stones

    def _spend_byoyomi(self, control: TimeSettings, player: PlayerClock) -> None:
        if not player.count:
            if player.left > 0.0:
                return
            player.left += control.overtime
            player.count = control.periods
        while player.left <= 0.0 and player.count > 1:
            player.left += control.overtime
            player.count -= 1
        player.left = control.overtime

    def _fresh(self) -> PlayerClock:
        control = self.control
        if control is None:
            return PlayerClock(0.0)
        if control.main <= 0.0 and control.overtime > 0.0:
            return PlayerClock(control.overtime, control.stones or control.periods)
        return PlayerClock(control.main)

    def _time_settings(self, args: tuple[str, ...]) -> str:
        want_args(args, 3, "time_settings main_time byo_yomi_time byo_yomi_stones")
        main, overtime = _seconds(args[0], "main time"), _seconds(args[1], "byo-yomi time")
        stones = _count(args[2], "byo-yomi stones")
        if stones == 0 and overtime > 0.0:
            self.start(None)
        else:
            self.start(_granted(TimeSettings(main=main, overtime=overtime, stones=stones if overtime > 0.0 else 0)))
        return ""

    def _kgs_time_settings(self, args: tuple[str, ...]) -> str:
        return self._set_kind(args, _KGS_KINDS, "kgs-time_settings")

    def _kata_time_settings(self, args: tuple[str, ...]) -> str:
        return self._set_kind(args, KINDS, "kata-time_settings")

    def _set_kind(self, args: tuple[str, ...], kinds: tuple[str, ...], command: str) -> str:
        usage = f"{command} {'|'.join(kinds)} seconds..."
        want_args(args, 1, usage)
        kind = args[0].lower().replace("byo-yomi", "byoyomi")
        if kind not in kinds:
            raise GtpError(f"unknown time settings {args[0]!r:.20}: use {', '.join(kinds)}")
        self.start(_parse_kind(kind, args[1:], usage))
        return ""

    def _time_left(self, args: tuple[str, ...]) -> str:
        want_args(args, 2, "time_left colour time stones")
        colour = parse_colour(args[0])
        seconds = max(parse_float(args[1], "time"), 0.0)
        count = _count(args[2], "stones") if len(args) > 2 else 0
        if self.control is None:  # no settings were sent: what is said here is all there is
            self.control = TimeSettings(main=seconds, overtime=seconds if count else 0.0, stones=count)
            self.restart()
        player = self._players[colour]
        player.left, player.count = seconds, count if self.control.overtime > 0.0 else 0
        return ""


def _parse_kind(kind: str, args: tuple[str, ...], usage: str) -> TimeSettings | None:
    if kind == "none":
        return None
    least = {"absolute": 1, "byoyomi": 3, "canadian": 3, "fischer": 2, "fischer-capped": 4}[kind]
    want_args(args, least, usage)
    main = _seconds(args[0], "main time")
    if kind == "absolute":
        return _granted(TimeSettings(main=main))
    if kind.startswith("fischer"):
        increment = _seconds(args[1], "increment")
        limits = [None if limit < 0 else limit for limit in (parse_float(text, "limit") for text in args[2:least])]
        main_limit, move_limit = limits or (None, None)
        control = TimeSettings(main=main, increment=increment, main_limit=main_limit, move_limit=move_limit)
        return _granted(control)
    overtime, count = _seconds(args[1], "overtime"), _count(args[2], "stones or periods")
    if overtime > 0.0 and count == 0:
        raise GtpError("an overtime period needs at least one stone or period")
    if overtime == 0.0:
        return _granted(TimeSettings(main=main))
    if kind == "canadian":
        return TimeSettings(main=main, overtime=overtime, stones=count)
    return TimeSettings(main=main, overtime=overtime, periods=count)


def _granted(control: TimeSettings) -> TimeSettings | None:
    """Return the time control, or None if it grants no time at all."""
    return control if control.main or control.overtime or control.increment else None


def _seconds(text: str, what: str) -> float:
    seconds = parse_float(text, what)
    if seconds < 0.0:
        raise GtpError(f"{what} must not be negative")
    return seconds


def _count(text: str, what: str) -> int:
    count = parse_int(text, what)
    if count < 0:
        raise GtpError(f"{what} must not be negative")
    return count
