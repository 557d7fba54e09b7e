"""Flags and options of this program's own engine that would do nothing in a match, so that nobody sets them in vain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from muzero_engine.engine.options import BadOption, Kind, OptionInfo, all_options
from muzero_engine.games.base import EngineProtocol
from muzero_engine.match.settings.match_settings import BadMatch, ClientKind
from muzero_engine.match.settings.time_control import TimeControl

_ONE_LINE = "a match reads the line of the best move alone"
_WHY_IDLE = {  # by the field of the option
    "ponder": "nobody ponders in a match",
    "score_type": "the scores of a match are centipawns",
    "multipv": _ONE_LINE,
    "verbose_move_stats": _ONE_LINE,
}
_OF_BOARDS = ("--boardsize", "--komi")  # flags of `gtp`
_MOVE_TIME = "--move-time"  # another one


def refuse_idle(
    kind: ClientKind, flags: Sequence[str], options: Sequence[tuple[str, str]], control: TimeControl
) -> None:
    """Raise BadMatch for a flag, or an option (name and value), which does nothing; those that leave all as it is
    anyway may."""
    names = [flag.partition("=")[0] for flag in flags]
    by_flag = _by_flag(flags)
    written = by_flag | _by_option(EngineProtocol(kind.value), options)
    for field, name in written.items():
        if field in _WHY_IDLE:
            raise BadMatch(f"{_WHY_IDLE[field]}: leave {name} out")
    for info in all_options():
        if info.field not in written or not info.needs or info.needs in written:
            continue
        needed = next(other for other in all_options() if other.field == info.needs)
        if info.field not in by_flag or needed.kind is not Kind.CHECK:  # a flag turns a switch on that it needs
            offered = [] if info.field in by_flag else needed.names(EngineProtocol(kind.value))
            raise BadMatch(f"{written[info.field]} has an effect only with {(*offered, needed.flag)[0]}")
    for name in names:
        if kind is ClientKind.GTP and name in _OF_BOARDS:
            raise BadMatch(f"a match says itself on which board, and with which komi: leave {name} out")
        if kind is ClientKind.GTP and name == _MOVE_TIME and (control.has_clock or control.move_time_s is not None):
            raise BadMatch(f"{name} has no effect with the time control {control}: leave it out")


def _by_flag(flags: Sequence[str]) -> dict[str, str]:
    """Return the flags of options by their fields, of those with another value than the default."""
    written = {}
    values = {}
    for flag, following in pairwise((*flags, "")):
        name, equals, value = flag.partition("=")
        values[name] = value if equals else following
    for info in all_options():
        name = info.flag
        if name in values and (info.kind is Kind.CHECK or _differs(info, values[name])):
            written[info.field] = name
    return written


def _by_option(protocol: EngineProtocol, options: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the names of options by their fields, of those with another value than the default."""
    written = {}
    values = {" ".join(name.lower().split()): (name, value) for name, value in options}
    for info in all_options():
        for known in info.names(protocol):
            name, value = values.get(known.lower(), ("", ""))
            if name and _differs(info, value):
                written[info.field] = name
    return written


def _differs(info: OptionInfo, text: str) -> bool:
    """Return whether an option is set to another value than its default; what is none, the engine says itself."""
    try:
        return info.parse(text) != info.default
    except BadOption:
        return False
