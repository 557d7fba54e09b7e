"""Positions from the command line: a position's text, a file of games, and moves after it."""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import click

from muzero_engine.games.base import (
    BadPosition,
    EngineProtocol,
    Game,
    IllegalMove,
    PlayedGame,
    Position,
    RecordFormat,
    WithKomi,
)
from muzero_engine.games.lines import START, last_position_line, line_format_of, split_line
from muzero_engine.games.record_files import (
    BadRecordedMove,
    formats_of_suffix,
    formats_of_text,
    games_by_rules,
    played_games,
    read_bytes,
    text_of,
)
from muzero_engine.games.registry import load_game, loaded_games
from muzero_engine.games.written_moves import RESULTS, bare_move, read_move

SHOWN = 80  # characters of a text that a message shows
_FILE_NAME = re.compile(r"\S*[^\s.]\.[A-Za-z]\w{0,6}")


class BadSetup(ValueError):
    """A position that cannot be set up; the message says why. It is the `problem`, and which flag of the command line
    helps."""

    def __init__(self, problem: str, flag: str = "") -> None:
        super().__init__(f"{problem}{flag}")
        self.problem = problem


def start_position(game: str, size: int | None, komi: float | None) -> Position:
    """Return the start of a game; `size` and `komi` where it has several boards, or komi.

    Raises BadSetup or BadPosition.
    """
    loaded = load_game(game)
    shape = loaded.spec.shapes[0]
    if size is not None and len(loaded.spec.shapes) == 1 and size != shape[0]:
        raise BadSetup(f"{game} is played on a board of {shape[0]}x{shape[1]}: leave --size out")
    position = loaded.initial(shape if size is None or len(loaded.spec.shapes) == 1 else (size, size))
    if komi is not None:
        if not isinstance(position, WithKomi):
            raise BadSetup(f"{game} has no komi: leave --komi out")
        position.set_komi(komi)
    return position


def read_position(text: str, game: str | None) -> Position:
    """Return the position of a text or a file, of its first game's end; the game is found out where it is not given.

    What was read otherwise than it is written is said on standard error. Raises BadSetup or BadPosition.
    """
    recorded = read_game(text, game)
    say_warnings(recorded.warnings)
    return recorded.position


def say_warnings(warnings: Iterable[str]) -> None:
    """Say on standard error what was read otherwise than it is written."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def read_game(text: str, game: str | None, number: int = 1) -> PlayedGame:
    """Return a position, or the game of this number in a text or a file, played through.

    The game that it is of is found out where it is not given. Raises BadSetup or BadPosition.
    """
    return read_games(text, game, range(number, number + 1))[0]


def read_games(text: str, game: str | None, numbers: range) -> list[PlayedGame]:
    """Return the games of these numbers as `read_game` does, or a position alone."""
    if text.strip() == START:
        if game is None:
            raise BadSetup("say which game to start", " with --game")
        return _only_one(PlayedGame(start_position(game, None, None)), numbers)
    name = text.strip()
    path = Path(name)
    suffix = path.suffix.lower() if "\n" not in name else ""
    of_suffix = sorted(formats_of_suffix(suffix), key=lambda pair: pair[1].suffixes.index(suffix)) if suffix else []
    if of_suffix or (name and _exists(path)):
        data = read_bytes(path)
        if not of_suffix:
            return _games_of_text(text_of(data), game, numbers, name)
        candidates = [(owner, form) for owner, form in of_suffix if game in (None, owner.spec.name)]
        if not candidates:
            raise BadSetup(f"{name} holds games of {of_suffix[0][0].spec.name}, not of {game}", ": leave --game out")
        content = text_of(data, candidates[0][1])
        if len(of_suffix) > 1:  # an ending that says little, such as .txt
            of_text = [pair for pair in formats_of_text(content) if game in (None, pair[0].spec.name)]
            candidates = of_text or candidates
        return _only(candidates, content, numbers, name)
    return _games_of_text(text, game, numbers)


def game_of_data(data: bytes, game: str | None, number: int = 1) -> PlayedGame:
    """Return the position or the game of a file's bytes, whatever it is. Raises BadSetup or BadPosition."""
    return _games_of_text(text_of(data), game, range(number, number + 1))[0]


def _games_of_text(text: str, game: str | None, numbers: range, name: str = "") -> list[PlayedGame]:
    """Return the position or the games of a text: a position, the text of a file, a line with `position`.

    `name` is of the file, for messages. Raises BadSetup or BadPosition.
    """
    if of_text := list(formats_of_text(text)):
        candidates = [(owner, form) for owner, form in of_text if game in (None, owner.spec.name)]
        if not candidates:
            raise BadSetup(f"that is a game of {of_text[0][0].spec.name}, not of {game}", ": leave --game out")
        return _only(candidates, text, numbers, name)
    line = last_position_line(text) or text.strip()
    position, moves = split_line(line)
    if position is None and not moves:
        raise BadSetup("say which game to start", " with --game") if line else BadSetup("there is no position in it")
    games = loaded_games() if game is None else [load_game(game)]
    if game is None and "sfen" in line.split()[:2]:
        games = [owner for owner in games if owner.protocol is EngineProtocol.USI]
    if moves or position != " ".join(line.split()):  # "position ...", "sfen ...", "... moves ..."
        (one,) = _only([(owner, line_format_of(owner)) for owner in games], line, range(1, 2), name)
        return _only_one(one, numbers)
    for owner in games:
        try:
            return _only_one(PlayedGame(owner.from_text(line)), numbers)
        except BadPosition:
            lines = (form for form in owner.records if form.unit == "line")
            for form in lines:  # EPD, say
                with contextlib.suppress(BadPosition):
                    return played_games(text, form, owner, numbers)
            if game is not None:
                raise
    text = ascii(line[: SHOWN + 1])
    shown = f"what is in {name}" if name else text if len(text) <= SHOWN else f"{text[:SHOWN]}...'"
    if not name and _FILE_NAME.fullmatch(line):
        raise BadSetup(f"cannot read {shown}: there is no file of this name, nor is it a position")
    examples = [owner.notation.position_example for owner in loaded_games()]
    known = ", ".join([*filter(None, examples), "a file of games"])
    raise BadSetup(f"{shown} is no position of any game: write {known}", "; --game NAME tells what is wrong with it")


def _only_one(game: PlayedGame, numbers: range) -> list[PlayedGame]:
    """Return the game of what holds no other. Raises BadSetup where another one is asked for."""
    if numbers.start > 1:
        raise BadSetup(f"there is no game {numbers.start} in it: that is one position")
    return [game]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or with a NUL
        return False


def _only(candidates: list[tuple[Game, RecordFormat]], text: str, numbers: range, name: str) -> list[PlayedGame]:
    """Return games of a text that only one of these formats can read, as it reads it, or that fits one by its rules.

    Raises BadSetup where several can, and the error of the one that came furthest where none can.
    """
    readings: dict[str, list[PlayedGame]] = {}
    errors: list[BadPosition] = []
    for game, form in candidates:
        try:
            readings.setdefault(game.spec.name, played_games(text, form, game, numbers))
        except BadPosition as error:
            errors.append(error)
    if len(readings) > 1:
        by_rules = games_by_rules(text, candidates)
        if len(by_rules) == 1 and by_rules[0] in readings:
            return readings[by_rules[0]]
        raise BadSetup(f"that could be of {' or '.join(readings)}", ": say which with --game")
    if readings:
        return next(iter(readings.values()))
    reason = max(errors, key=lambda error: error.number if isinstance(error, BadRecordedMove) else 0)
    raise BadPosition(f"{name}: {reason}" if name else str(reason))


def play_moves(position: Position, text: str) -> None:
    """Play moves between spaces or commas, with or without their numbers and a result behind them (`1. e4 e5 *`).

    A word that is no move by itself may be one with the next (`e2 e4`, `D 4`). Raises IllegalMove, which names the move
    and its number.
    """
    words = deque(word for word in re.split(r"[\s,]+", text.strip()) if bare_move(word))
    number = 0
    while words:
        word, number = words.popleft(), number + 1
        try:
            action = read_move(position, word)
        except IllegalMove as error:
            try:
                action = read_move(position, f"{word} {words[0]}" if words else word)
            except IllegalMove:
                if word in RESULTS and not words:
                    return
                raise IllegalMove(f"move {number}, {word}: {error}") from None
            words.popleft()
        position.push(action)
