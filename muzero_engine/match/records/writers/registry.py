"""Which files a tournament writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.match.records.record import GameRecord


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """One file of game records."""

    file_name: str
    text: Callable[[GameRecord, str], str]  # what is added for a game, from the record and the tournament's name
    once: bytes  # what is in the text of each game once, so that games can be counted


def record_formats(game: str) -> tuple[RecordFormat, ...]:
    """The formats of a game; of one that has none of its own: lines of moves."""
    match game:
        case "chess":
            from muzero_engine.match.records.writers.pgn import pgn_text

            return (RecordFormat("games.pgn", pgn_text, b'[Event "'),)
        case "go":
            from muzero_engine.match.records.writers.sgf import sgf_record

            return (RecordFormat("games.sgf", sgf_record, b"(;GM[1]"),)
        case "shogi":
            from muzero_engine.match.records.writers.shogi import csa_text, usi_line

            return (RecordFormat("games.csa", csa_text, b"V2.2\n"), RecordFormat("games.usi", usi_line, b"\n"))
        case _:
            from muzero_engine.match.records.writers.ugi import ugi_line

            return (RecordFormat("games.ugi", ugi_line, b"\n"),)
