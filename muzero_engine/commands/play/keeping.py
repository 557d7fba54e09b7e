"""Writing a game that was played into a file."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.games.base import BadPosition, Game
from muzero_engine.games.record import GameRecord
from muzero_engine.games.written_games import game_bytes, written_suffixes


class CannotSave(ValueError):
    """A game that cannot be written where it was asked for; the message says why, and what would do."""


class NameTaken(CannotSave):
    """There is a file of this name already."""


def save_anew(path: Path, game: Game, record: GameRecord) -> Path:
    """Write a game under a name, with a number behind it where that is taken, and return it. Raises CannotSave."""
    for number in itertools.count(1):
        place = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        with suppress(NameTaken):
            save(place, game, record, replace=False)
            return place
    raise AssertionError


def save(path: Path, game: Game, record: GameRecord, *, replace: bool) -> None:
    """Write a game into a file of the kind that its name says. Raises CannotSave; NameTaken where a file is there, also
    one that somebody else begins at the same moment, unless it is to be replaced."""
    suffixes = written_suffixes(game)
    if path.suffix.lower() not in suffixes:
        raise CannotSave(f"{str(path)!r} does not say what to write: end the name with one of {', '.join(suffixes)}")
    try:
        data = game_bytes(game, record, path.suffix.lower())
        if not replace:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))  # so that the name is ours
        try:
            write_atomically(path, data)
        except BaseException:
            if not replace:
                path.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise NameTaken(f"{path} is there already: choose another name") from None
    except BadPosition as error:
        raise CannotSave(str(error)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, CannotSave):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotSave(f"cannot write {path}: {reason}") from None
