"""Writing a game that was played into a file."""

from __future__ import annotations

from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.games.base import BadPosition, Game
from muzero_engine.games.record import GameRecord
from muzero_engine.games.written_games import game_bytes, written_suffixes


class CannotSave(ValueError):
    """A game that cannot be written where it was asked for; the message says why, and what would do."""


def save(path: Path, game: Game, record: GameRecord, *, replace: bool) -> None:
    """Write a game into a file of the kind that its name says. Raises CannotSave, also where a file is there."""
    suffixes = written_suffixes(game)
    if path.suffix.lower() not in suffixes:
        raise CannotSave(f"{str(path)!r} does not say what to write: end the name with one of {', '.join(suffixes)}")
    try:
        data = game_bytes(game, record, path.suffix.lower())
        if path.exists() and not replace:
            raise CannotSave(f"{path} is there already: choose another name")
        write_atomically(path, data)
    except BadPosition as error:
        raise CannotSave(str(error)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, CannotSave):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotSave(f"cannot write {path}: {reason}") from None
