"""Files of games, read by the formats that their game declares (`Game.records`, `games.lines`)."""

from __future__ import annotations

from pathlib import Path

from muzero_engine.games.base import BadPosition, Game, IllegalMove, Position, RecordedGame, RecordFormat
from muzero_engine.games.lines import record_formats
from muzero_engine.games.registry import game_names, load_game

MAX_BYTES = 1 << 30


def format_of(name: str, game: Game) -> RecordFormat:
    """Return the format of a file of this name. Raises BadPosition where the game has none of its ending."""
    suffix = Path(name).suffix.lower()
    formats = record_formats(game)
    for form in formats:
        if suffix in form.suffixes:
            return form
    if (other := game_of_file(name)) is not None:
        raise BadPosition(f"{name} holds games of {other}, not of {game.spec.name}: give another file")
    known = ", ".join(suffix for form in formats for suffix in form.suffixes)
    raise BadPosition(f"cannot tell what {name} holds: files of {game.spec.name} have one of the endings {known}")


def game_of_file(name: str) -> str | None:
    """Return the game whose own format has the ending of a file's name, None where none has. Loads games."""
    suffix = Path(name).suffix.lower()
    for game in game_names():
        if any(suffix in form.suffixes for form in load_game(game).records):
            return game
    return None


def game_of_text(text: str) -> str | None:
    """Return the game of a text that begins as only one format does, None where none does. Loads games."""
    for game in game_names():
        if any(text.startswith(form.beginnings) for form in load_game(game).records if form.beginnings):
            return game
    return None


def read_text(path: Path, form: RecordFormat) -> str:
    """Return the text of a file in the first encoding of the format that fits. Raises BadPosition."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadPosition(f"cannot read {str(path)!a}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise BadPosition(f"{path} is larger than {MAX_BYTES >> 20} MiB: take a part of it")
    for encoding in form.encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(form.encodings[0], errors="replace")


def position_of(text: str, form: RecordFormat, game: Game) -> Position:
    """Return the last position of the first game in a text, with all its moves. Raises BadPosition."""
    if form.position is not None:
        return form.position(text)
    for entry in form.split(text):
        return played(form.read(entry.text, game.initial(game.spec.shapes[0])), game)
    raise BadPosition(f"there is no {form.unit} of {form.name} in it")


def played(recorded: RecordedGame, game: Game) -> Position:
    """Return the position after the moves of a recorded game. Raises BadPosition."""
    start = recorded.start
    position = game.initial(game.spec.shapes[0]) if start is None else game.from_text(start)
    for number, move in enumerate(recorded.moves, start=1):
        try:
            position.push(position.parse_action(move))
        except IllegalMove as error:
            raise BadPosition(f"move {number}: {error}") from None
    return position
