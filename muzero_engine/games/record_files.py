"""Files of games, read by the formats that their game declares (`Game.records`, `games.lines`)."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from muzero_engine.files import NO_REGULAR_FILE, read_limited
from muzero_engine.games.base import (
    BadPosition,
    Game,
    IllegalMove,
    PlayedGame,
    Position,
    RecordedGame,
    RecordFormat,
)
from muzero_engine.games.lines import record_formats
from muzero_engine.games.registry import loaded_games
from muzero_engine.games.text_encodings import decode

MAX_BYTES = 1 << 30
SIGNATURE_CHARACTERS = 4096  # of a text, in which a signature is searched for
MOST_MOVES = 20_000  # of a game: chess cannot have more than 17,697 by its rules
TRIED_ENTRIES = 200  # of a text, which are played to find out what game it is of


class BadRecordedMove(BadPosition):
    """A move of a recorded game that cannot be played. `number` is the move's, from 1, `label` how people count it."""

    def __init__(self, number: int, reason: str, label: str = "") -> None:
        super().__init__(f"move {label or f'{number}:'} {reason}")
        self.number = number


def refuse_long(moves: Sequence[str]) -> None:
    """Raise BadPosition where there are more moves than in any game."""
    if len(moves) > MOST_MOVES:
        raise BadPosition(f"{len(moves):,} moves are more than a game has ({MOST_MOVES:,} at most)")


# Which format


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
    for game in loaded_games():
        if any(suffix in form.suffixes for form in game.records):
            return game.spec.name
    return None


def formats_of_suffix(suffix: str) -> Iterator[tuple[Game, RecordFormat]]:
    """Yield every game with its format of files that end so (".pgn"). Loads games."""
    for game in loaded_games():
        for form in record_formats(game):
            if suffix.lower() in form.suffixes:
                yield game, form


def formats_of_text(text: str) -> Iterator[tuple[Game, RecordFormat]]:
    """Yield every game with its format that a text bears the signature of. Loads games."""
    head = text[:SIGNATURE_CHARACTERS]
    for game in loaded_games():
        for form in game.records:
            if form.signature is not None and form.signature.search(head):
                yield game, form


# Reading


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return what is in a regular file. Raises BadPosition, also for a folder, a pipe and a file beyond the limit."""
    try:
        return read_limited(path, limit)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise BadPosition(f"{str(path)!a} is larger than {limit >> 20} MiB: take a part of it") from None
        hint = " (`analyze -` reads standard input)" if error.strerror == NO_REGULAR_FILE else ""
        raise BadPosition(f"cannot read {str(path)!a}: {error.strerror or error}{hint}") from None


def text_of(data: bytes, form: RecordFormat | None = None) -> str:
    """Return the text of a file's bytes, without the end marks of DOS (Ctrl-Z, zeros) behind it; where no format is
    given in any encoding, or what any format says it declares."""
    if form is not None:
        text = decode(data, form.encodings, form.declared_encoding(data) if form.declared_encoding else None)
    else:
        formats = (form for game in loaded_games() for form in game.records)
        declared = (form.declared_encoding(data) for form in formats if form.declared_encoding is not None)
        text = decode(data, declared=next(filter(None, declared), None))
    return text.rstrip("\x1a\0")


def read_text(path: Path, form: RecordFormat) -> str:
    """Return the text of a file of this format. Raises BadPosition."""
    return text_of(read_bytes(path), form)


def played_game(text: str, form: RecordFormat, game: Game, number: int = 1) -> PlayedGame:
    """Return the game of this number in a text, played through. Raises BadPosition."""
    return played_games(text, form, game, range(number, number + 1))[0]


def played_games(text: str, form: RecordFormat, game: Game, numbers: range) -> list[PlayedGame]:
    """Return the games of these numbers in a text, played through, one at least. Raises BadPosition."""
    first, last = numbers[0], numbers[-1]
    entries = list(itertools.islice(form.split(text), last + 1))
    if not entries:
        raise BadPosition(f"there is no {form.unit} of {form.name} in it")
    if len(entries) < last:
        raise BadPosition(f"there is no {form.unit} {last} in it: the last is {len(entries)}")
    one, *others = [_played_entry(entries[number - 1].text, form, game) for number in numbers]
    taken = f"{form.unit} {first} of several is" if first == last else f"{form.unit}s {first} to {last} of more are"
    more = (f"{taken} taken",) if len(entries) > last and first == 1 else ()
    return [replace(one, warnings=(*more, *one.warnings)), *others]


def _played_entry(entry: str, form: RecordFormat, game: Game) -> PlayedGame:
    """Return the game of one entry, played through. Raises BadPosition."""
    if form.play is not None:
        return form.play(entry)
    recorded = form.read(entry, game.initial(game.spec.shapes[0]))
    return PlayedGame(played(recorded, game), recorded.players, recorded.warnings, recorded.told)


def games_by_rules(text: str, candidates: Iterable[tuple[Game, RecordFormat]]) -> list[str]:
    """Return the names of those games that a text could be of by their rules.

    Such a game plays all moves of the text. Where several do, and by the rules of just one the last move of an entry
    ends the game, it is that one: any game of Othello could be the beginning of one of go.
    """
    ended: dict[str, bool] = {}
    for game, form in candidates:
        entries = itertools.islice(form.split(text), TRIED_ENTRIES)
        try:
            positions = [_played_entry(entry.text, form, game).position for entry in entries]
        except BadPosition:
            continue
        ended[game.spec.name] = any(position.outcome() is not None for position in positions)
    with_end = [name for name, has_end in ended.items() if has_end]
    return with_end if len(with_end) == 1 else list(ended)


def played(recorded: RecordedGame, game: Game) -> Position:
    """Return the position after the moves of a recorded game. Raises BadPosition."""
    refuse_long(recorded.moves)
    start = recorded.start
    position = game.initial(game.spec.shapes[0]) if start is None else game.from_text(start)
    for number, move in enumerate(recorded.moves, start=1):
        try:
            position.push(position.parse_action(move))
        except IllegalMove as error:
            raise BadRecordedMove(number, str(error)) from None
    return position
