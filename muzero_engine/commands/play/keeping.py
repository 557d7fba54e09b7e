"""Writing a game that was played into a file."""

from __future__ import annotations

import time
from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.games.base import BadPosition, Game, Position, Scored
from muzero_engine.games.lines import record_formats
from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.record_files import format_of

EVENT = "Casual game"


class CannotSave(ValueError):
    """A game that cannot be written where it was asked for; the message says why, and what would do."""


def played_moves(position: Position) -> tuple[Position, list[int]]:
    """Return the first position of a game, a copy, and the actions since then."""
    first = position.copy()
    return first, [first.pop() for _ in range(first.ply)][::-1]


def game_record(
    position: Position, names: tuple[str, str], winner: int | None, ending: Ending, reason: str
) -> GameRecord:
    """Return the record of a game; an unfinished one has the ending `Ending.UNFINISHED`."""
    first, actions = played_moves(position)
    start, moves = first.text(), []
    for action in actions:
        moves.append(first.action_text(action))
        first.push(action)
    counted = ending is Ending.RULES and isinstance(position, Scored)
    return GameRecord(
        game_name=position.spec.name,
        first=names[0],
        second=names[1],
        opening="",
        pair=0,
        game=0,
        start=start,
        opening_moves=tuple(moves),
        moves=(),
        points=0.5 if winner is None else 1.0 - winner,
        ending=ending,
        reason=reason,
        area=position.score() if counted and isinstance(position, Scored) else None,
        started=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
    )


def written_suffixes(game: Game) -> list[str]:
    """Return the endings of the files that a game can be written to."""
    written = [form for form in record_formats(game) if form.write is not None]
    return [suffix for form in written for suffix in form.suffixes if suffix not in form.only_read]


def default_name(game: Game) -> str:
    """Return a name for a file that is not there yet: "GAME-20260131-2359.pgn"."""
    return f"{game.spec.name}-{time.strftime('%Y%m%d-%H%M%S')}{written_suffixes(game)[0]}"


def save(path: Path, game: Game, record: GameRecord, *, replace: bool) -> None:
    """Write a game into a file of the kind that its name says. Raises CannotSave, also where a file is there."""
    suffixes = written_suffixes(game)
    if path.suffix.lower() not in suffixes:
        raise CannotSave(f"{str(path)!r} does not say what to write: end the name with one of {', '.join(suffixes)}")
    try:
        form = format_of(path.name, game)
        assert form.write is not None
        text = form.write(record, EVENT)
        if path.exists() and not replace:
            raise CannotSave(f"{path} is there already: choose another name")
        write_atomically(path, text.encode(form.written_encodings.get(path.suffix.lower(), "utf-8")))
    except BadPosition as error:
        raise CannotSave(str(error)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, CannotSave):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotSave(f"cannot write {path}: {reason}") from None
