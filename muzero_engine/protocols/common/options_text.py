"""Options as UCI, UGI and USI write them: `option name X type T default V ...` and `setoption name X value V`.

Clients split an option line at the bare words `name type default min max var` wherever they stand (python-chess), and
ShogiHome takes no default with a space in it, so a default that holds either is written as `<empty>`: the engine keeps
the value, the client merely does not see it.
"""

from __future__ import annotations

import re

from muzero_engine.engine.options import Kind, OptionInfo
from muzero_engine.games.base import EngineProtocol

EMPTY = "<empty>"
RESERVED_WORDS = frozenset({"name", "type", "default", "min", "max", "var"})

_WORD = re.compile(r"\S+")
_TYPES = {kind: kind.value for kind in Kind} | {Kind.FLOAT: "string"}


def value_text(value: bool | int | float | str | None) -> str:
    """Return a value as `setoption` takes it: `true`, `12`, `1.25`, `<empty>` for no text and for None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return EMPTY if value in (None, "") else str(value)


def option_line(info: OptionInfo, protocol: EngineProtocol, value: bool | int | float | str | None = None) -> str:
    """Return `option name X type ...` for UCI, UGI or USI, under the first name of the protocol.

    `value` is offered as the default where the engine was started with another one than `info.default`.
    """
    name = info.names(protocol)[0]
    if info.kind is Kind.BUTTON:
        return f"option name {name} type button"
    default = value_text(info.default if value is None else value)
    words = default.split()
    if RESERVED_WORDS.intersection(words) or (protocol is EngineProtocol.USI and len(words) > 1):
        default = EMPTY
    parts = ["option name", name, "type", _TYPES[info.kind], "default", default]
    if info.kind is Kind.SPIN:
        parts += [f"min {info.minimum:.0f}", f"max {info.maximum:.0f}"]
    parts += [f"var {choice}" for choice in info.choices]
    return " ".join(parts)


def parse_setoption(arguments: str) -> tuple[str, str | None] | None:
    """Return (name, value) of what follows the word `setoption`; the value is None without the word `value`.

    The name ends at the first bare word `value` and may hold spaces; the value runs to the end of the line, its inner
    spaces kept. None where there is no name.
    """
    words = [*_WORD.finditer(arguments)]
    if len(words) > 1 and words[0][0].lower() == "name":
        words = words[1:]
    end = next((place for place, word in enumerate(words) if place and word[0].lower() == "value"), None)
    name = " ".join(word[0] for word in words[:end])
    if name.lower() in ("", "name", "value"):
        return None
    return name, None if end is None else arguments[words[end].end() :].strip()
