"""The text of SGF (FF[4], https://www.red-bean.com/sgf/): games of a collection, and the properties of a main line.

What servers and editors leave out or add is read all the same and told in a warning: brackets that are missing at the
end, properties without a value, text between properties. Time and memory grow with the length of the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from muzero_engine.games.base import BadPosition

KNOWN = frozenset("GM SZ KM B W AB AW".split())  # one of these is in every game of Go
MAX_WARNINGS = 10  # told of one game
_TOKEN = re.compile(
    r"(?P<close>\))|(?P<open>\()|(?P<node>;[;\s]*+)|(?P<space>\s++)|(?P<name>[A-Za-z]++)"
    r"|(?P<value>\[(?:[^\]\\]++|\\.)*+\])|(?P<cut>\[)|(?P<other>[^()\[;A-Za-z\s]++)",
    re.DOTALL,
)
_GAME = re.compile(r"\(\s*+;")
_BOUNDARY = re.compile(r"[()]|\[(?:[^\]\\]++|\\.)*+(?:\]|\Z)", re.DOTALL)
_CHARSET = re.compile(rb"CA\s*\[\s*([A-Za-z0-9_.:-]{1,40})\s*\]")
DECLARED_WITHIN = 1 << 16  # bytes from the beginning, in which CA stands

Property = tuple[str, list[str]]


@dataclass(slots=True)
class Node:
    """The properties of a node in the order of the file; values are as they are written, escapes and all."""

    properties: list[Property] = field(default_factory=list)

    def first(self, name: str) -> str | None:
        """Return the first value of a property, None where it is not there."""
        return next((values[0] for other, values in self.properties if other == name), None)


def declared_charset(data: bytes) -> str | None:
    """Return the encoding that the property CA of a file names, None where it has none."""
    match = _CHARSET.search(data[:DECLARED_WITHIN])
    return None if match is None else match[1].decode("ascii")


def split_games(text: str) -> Iterator[str]:
    """Yield the text of each game of a collection, as `main_line` takes it."""
    start, depth = 0, 0
    first = _GAME.search(text)
    for match in _BOUNDARY.finditer(text, len(text) if first is None else first.start()):
        if match[0] == "(":
            start = match.start() if depth == 0 else start
            depth += 1
        elif match[0] == ")" and depth > 0:
            depth -= 1
            if depth == 0:
                yield text[start : match.end()]
    if depth > 0:
        yield text[start:]


def main_line(text: str, warnings: list[str]) -> list[Node]:
    """Return the nodes of the first game's first variation that hold something, the root first, whatever it holds.

    What is wrong with the text is added to `warnings`. Raises BadPosition where there is no game, or one that is not
    whole and says nothing.
    """
    start = _GAME.search(text)
    if start is None:
        raise BadPosition("no SGF game found: a game begins with '(;'")
    nodes = [Node()]
    name = ""  # of the property whose values come
    for match in _TOKEN.finditer(text, start.end()):
        kind = match.lastgroup
        if kind == "value":
            _add_value(nodes[-1], name, match[0][1:-1], warnings)
            continue
        if kind == "space":
            continue
        if kind == "cut":
            if len(nodes) == 1:
                raise BadPosition("the SGF ends inside a value of its first node: a ']' is missing")
            warn(warnings, "the SGF ends inside a value, which is left out: a ']' is missing")
            if name and not nodes[-1].properties[-1][1]:
                nodes[-1].properties.pop()
            return nodes
        _end_property(nodes[-1], name, warnings)
        name = ""
        if kind == "close":  # the end of the first variation, so of the main line
            break
        if kind == "name":
            name = "".join(letter for letter in match[0] if letter.isupper())  # FF[1] to FF[3]: "White" is W
            if name:
                nodes[-1].properties.append((name, []))
            else:
                warn(warnings, f"{match[0][:20]} in the SGF is no property, and is left out")
        elif kind == "node" and (nodes[-1].properties or len(nodes) == 1):
            nodes.append(Node())
        elif kind == "other":
            warn(warnings, f"unexpected {match[0][:20]!a} in the SGF, {match.start()} characters in, is left out")
    else:
        _end_property(nodes[-1], name, warnings)
        warn(warnings, "the SGF ends in the middle of the game: a ')' is missing")
    if warnings and not any(name in KNOWN and any(values) for node in nodes for name, values in node.properties):
        raise BadPosition(f"there is no game in it: {warnings[-1]}")
    return nodes


def _add_value(node: Node, name: str, value: str, warnings: list[str]) -> None:
    if name and node.properties and node.properties[-1][0] == name:
        node.properties[-1][1].append(value)
    else:
        warn(warnings, f"the SGF has a value without a property, {f'[{value[:20]}]'!a}, which is left out")


def _end_property(node: Node, name: str, warnings: list[str]) -> None:
    if name and node.properties and not node.properties[-1][1]:
        warn(warnings, f"the SGF property {name:.20} has no value")
        node.properties[-1][1].append("")


def warn(warnings: list[str], warning: str) -> None:
    """Add a warning that is not there yet, up to so many of one game."""
    if len(warnings) < MAX_WARNINGS and warning not in warnings:
        warnings.append(warning)
