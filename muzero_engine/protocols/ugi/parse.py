"""Reads the argument of the UGI command `go`: UGI's words for `common.go_command`."""

from __future__ import annotations

from muzero_engine.protocols.common import go_command
from muzero_engine.protocols.common.go_command import GoCommand, GoWords

GO_WORDS = GoWords(
    clocks=(("p1time", "p1inc"), ("p2time", "p2inc")),
    counts=frozenset({"depth", "nodes", "movetime"}),
    others=frozenset({"infinite"}),
)


def parse_go(arguments: str) -> GoCommand:
    """Return what follows the word `go`."""
    return go_command.parse_go(arguments, GO_WORDS)
