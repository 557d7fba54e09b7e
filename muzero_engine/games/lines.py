"""Lines of moves: the file format that every game has, one game or position a line.

    startpos moves 7g7f 3c3d
    sfen lnsgkgsnl/1r5b1/... b - 1 moves 7g7f

    7g7f 3c3d

with `position`, `sfen` or `fen` before it or without, with moves or without. Empty lines and those that begin with `#`
are skipped, and what stands behind moves and a `#`. What a match writes of a game without formats of its own is a file
of such lines, `games.ugi`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from muzero_engine.games.base import Game, IllegalMove, Position, RecordedGame, RecordEntry, RecordFormat
from muzero_engine.games.record import GameRecord

START = "startpos"
SUFFIXES = (".ugi", ".txt", ".usi", ".sfen")
ONLY_READ = (".usi", ".sfen")  # shogi's, whose own format writes them; other games' lines are read from such files too
_START_WORDS = ("position", "sfen", "fen")
_COMMAND = re.compile(r"\bposition[ \t]+(?:startpos|sfen|fen)\b[^\r\n]*")


def split_lines(text: str) -> Iterator[RecordEntry]:
    """Yield the lines that hold something, with their numbers."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield RecordEntry(number, line.strip())


def split_line(line: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the position's text (None: the start of the game) and the moves of a line."""
    words = line.split()
    while words and words[0] in _START_WORDS:
        words = words[1:]
    moves: tuple[str, ...] = ()
    if "moves" in words:
        at = words.index("moves")
        words, moves = words[:at], tuple(uncommented(words[at + 1 :]))
    return (None if words in ([], [START]) else " ".join(words)), moves


def last_position_line(text: str) -> str:
    """Return the last command `position` in what was copied from a GUI or its log, an empty string where none is."""
    commands = _COMMAND.findall(text)
    return commands[-1].strip() if commands else ""


def line_format(from_text: Callable[[str], Position], suffixes: tuple[str, ...], *, start: str) -> RecordFormat:
    """Return the format of lines for one game. `start` is the text of the initial position of its first board."""

    def read(line: str, initial: Position) -> RecordedGame:
        if bare := bare_moves(line, initial):
            return RecordedGame(None, bare)
        position, moves = split_line(line)
        return RecordedGame(None if position is None else from_text(position).text(), moves)

    def write(record: GameRecord, _event: str) -> str:
        return f"{line_of(record, start)}\n"

    return RecordFormat(
        name="lines of moves",
        suffixes=suffixes,
        unit="line",
        split=split_lines,
        read=read,
        write=write,
        written_once=b"\n",
    )


def bare_moves(line: str, initial: Position) -> tuple[str, ...]:
    """Return the moves of a line that begins with one; nothing of any other, which names a position."""
    words = uncommented(line.split())
    try:
        initial.parse_action(words[0])
    except IllegalMove:
        return ()
    return tuple(words)


def uncommented(words: list[str]) -> list[str]:
    """Return the moves among the words of a line: those before one that begins with `#`."""
    return list(itertools.takewhile(lambda word: not word.startswith("#"), words))


def line_format_of(game: Game, suffixes: tuple[str, ...] = ()) -> RecordFormat:
    """Return the format of lines of a game."""
    return line_format(game.from_text, suffixes, start=game.initial(game.spec.shapes[0]).text())


def line_of(record: GameRecord, start: str, word: str = "fen") -> str:
    """Return where a game began and all its moves, as after the command `position`."""
    moves = " ".join([*record.opening_moves, *(ply.move for ply in record.moves)])
    first = START if record.start == start else f"{word} {record.start}"
    return f"{first} moves {moves}".removesuffix(" moves ")


def record_formats(game: Game) -> tuple[RecordFormat, ...]:
    """Return the file formats of a game: its own, and lines of moves where those do not claim their endings."""
    free = tuple(suffix for suffix in SUFFIXES if not any(suffix in form.suffixes for form in game.records))
    if not free:
        return game.records
    lines = replace(line_format_of(game, free), only_read=tuple(suffix for suffix in free if suffix in ONLY_READ))
    return (*game.records, lines)


def written_formats(game: Game) -> tuple[RecordFormat, ...]:
    """Return the formats in which the games of a match are kept: the game's own, else lines of moves."""
    own = tuple(form for form in game.records if form.write is not None and not form.one_game)
    return own or record_formats(game)[-1:]
