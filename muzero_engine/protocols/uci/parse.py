"""Reads the arguments of the UCI commands `position` and `go`: UCI's words for `common.go_command`."""

from __future__ import annotations

from dataclasses import replace

from muzero_engine.protocols.common import go_command, position_command
from muzero_engine.protocols.common.go_command import GoCommand, GoWords
from muzero_engine.protocols.common.position_command import PositionCommand

GO_WORDS = GoWords(
    clocks=(("wtime", "winc"), ("btime", "binc")),
    counts=frozenset({"movestogo", "depth", "nodes", "mate", "movetime"}),
    others=frozenset({"searchmoves", "ponder", "infinite"}),
)


def parse_position_command(arguments: str) -> PositionCommand | None:
    """Return what follows the word `position`, its moves in lower case; None where that is no position."""
    command = position_command.parse_position_command(arguments)
    return command and PositionCommand(command.fen, tuple(move.lower() for move in command.moves))


def parse_go(arguments: str) -> GoCommand:
    """Return what follows the word `go`, the moves of `searchmoves` in lower case."""
    command = go_command.parse_go(arguments, GO_WORDS)
    if command.search_moves is None:
        return command
    return replace(command, search_moves=tuple(move.lower() for move in command.search_moves))
