"""Which files a tournament writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.match.record import GameRecord


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """One file of game records. `text` makes what is added for a game, from the record and the tournament's name."""

    file_name: str
    text: Callable[[GameRecord, str], str]


def record_formats(game: str) -> tuple[RecordFormat, ...]:
    """The formats of a game."""
    match game:
        case "chess":
            from muzero_engine.match.writers.pgn import pgn_text

            return (RecordFormat("games.pgn", pgn_text),)
        case "go":
            from muzero_engine.match.writers.sgf import sgf_record

            return (RecordFormat("games.sgf", sgf_record),)
        case _:
            from muzero_engine.match.writers.shogi import csa_text, usi_line

            return (RecordFormat("games.csa", csa_text), RecordFormat("games.usi", usi_line))
