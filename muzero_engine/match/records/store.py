"""A match's folder: what was played, so that it can go on where it was interrupted.

    games.jsonl     a line on what is played, then a line for each finished game, added whole
    games.pgn ...   the same games in the formats of their game, see `Game.records`

A kill can leave half a line at the end of a file. When a match is resumed, such a line is cut off, and the other
files are made again from `games.jsonl` if they do not hold the same games.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muzero_engine.dataclass_json import BadData, from_data, parse_json
from muzero_engine.files import append_whole, lock_lost, locked, make_folder, read_limited, text_bytes, write_atomically
from muzero_engine.games.base import RecordFormat
from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.records.record_json import BadRecord, parse_record, record_line
from muzero_engine.match.settings.match_settings import BadMatch, EngineSettings, GameSettings

GAMES = "games.jsonl"
LOCK = ".lock"
FORMAT = 1
MOST_BYTES = 1 << 30  # of a file of games


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToldRules:
    game: str = ""
    max_plies: int | None = None
    scoring: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToldEngine:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is read of a folder's facts; which of them there are depends on who plays, a match or a ladder."""

    event: str = ""
    game: str = ""
    rules: _ToldRules = _ToldRules()
    engines: tuple[_ToldEngine, ...] = ()
    identities: dict[str, str] = field(default_factory=dict)  # by engine, what it calls itself


def engine_facts(engine: EngineSettings) -> dict[str, Any]:
    """Return what must stay the same of an engine for its games to count together."""
    return {
        "name": engine.name,
        "kind": engine.kind.value,
        "command": list(engine.command),
        "options": dict(engine.options),
        "directory": engine.directory,
        "environment": dict(engine.environment),
        "limit": str(engine.control),
        "seed": engine.seed,
    }


def game_facts(settings: GameSettings) -> dict[str, Any]:
    """Return what must stay the same of the rules of the games."""
    rules = settings.adjudication
    return {
        "game": settings.game,
        "board": None if settings.shape is None else list(settings.shape),
        "komi": settings.komi,
        "scoring": settings.scoring.value,
        "adjudication": [rules.win_score, rules.win_moves, rules.draw_score, rules.draw_moves, rules.draw_after],
        "max_plies": settings.max_plies,
    }


def file_name(form: RecordFormat) -> str:
    """Return the name of the file that holds the games in a format."""
    return f"games{form.suffixes[0]}"


def text_of(form: RecordFormat, record: GameRecord, event: str) -> str:
    """Return what one game is in that file."""
    assert form.write is not None
    return form.write(record, event)


class Store:
    """The folder of one match, open for more games. `facts` is whatever JSON tells it from another one."""

    def __init__(self, folder: Path, game: str, event: str, facts: dict[str, Any], records: list[GameRecord]) -> None:
        """Hold what `create` and `resume` have made ready."""
        self.folder = folder
        self.facts = facts  # as they were when it was created
        self.records = records
        self.event = event  # what the records of the games are called
        self._formats = written_formats(load_game(game))
        self._lock: int | None = None

    @classmethod
    def create(
        cls, folder: Path, game: str, event: str, facts: dict[str, Any], *, results: Sequence[str] = ()
    ) -> Store:
        """Make a new folder, or take one without games. `results` are files that will be written beside them.

        Raises BadMatch if it holds games, or anything else that would be written over, or cannot be written to.
        """
        path = folder / GAMES
        refuse_games(folder)
        store = cls(folder, game, event, facts, [])
        for name in (*map(file_name, store._formats), *results):
            if (folder / name).exists():
                raise BadMatch(f"{folder / name} is there already and would be written over: choose another folder")
        with writing_to(folder):
            make_folder(folder)
            store._lock = _lock(folder)
            refuse_games(folder)  # of a match that was begun, and ended, meanwhile
            write_atomically(path, (json.dumps({"store": FORMAT, "event": event, **facts}) + "\n").encode())
            for form in store._formats:
                store._rewrite(form)
        return store

    @classmethod
    def resume(cls, folder: Path, game: str, facts: dict[str, Any]) -> Store:
        """Go on with the match of a folder. Raises BadMatch where there is none, or one with other `facts`.

        It may have been created with more facts than these.
        """
        path = folder / GAMES
        _games_of(folder)
        with writing_to(folder):
            lock = _lock(folder)
        data = _games_of(folder)  # whoever had the lock until now may have added some
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", errors="replace").splitlines()
        header, told = read_header(lines, path)
        asked = parse_json(json.dumps(facts))  # as they look after the way into a file and back
        if (difference := _difference("", {name: told.get(name) for name in asked}, asked)) is not None:
            where, old, new = difference
            raise BadMatch(
                f"the match in {folder} has another value of {where}: {_short(old)} where you ask for "
                f"{_short(new)}; go on with the old settings, or choose another folder"
            )
        records: dict[tuple[int, int], GameRecord] = {}
        for number, line in enumerate(lines[1:], start=2):
            try:
                record = parse_record(line)
            except BadRecord as error:
                raise BadMatch(f"line {number} of {path} is no game: {error}") from None
            if record.pair < 0 or record.game not in (0, 1):
                raise BadMatch(f"line {number} of {path} is no game of a pair: pair {record.pair}, game {record.game}")
            if (record.pair, record.game) in records:
                raise BadMatch(
                    f"line {number} of {path} is game {record.game} of pair {record.pair} once more: take one of the "
                    "two lines out"
                )
            records[record.pair, record.game] = record
        store = cls(folder, game, header.event, told, list(records.values()))
        store._lock = lock
        with store.writing():
            if len(whole) < len(data):
                write_atomically(path, whole)
            for form in store._formats:
                store._repair(form)
        return store

    def add(self, record: GameRecord) -> None:
        """Keep a finished game. One thread at a time. Raises BadMatch where it cannot be written."""
        with self.writing():
            append_whole(self.folder / GAMES, (record_line(record) + "\n").encode(), new=False)
            self.records.append(record)
            for form in self._formats:
                if (path := self.folder / file_name(form)).exists():
                    separator = form.separator if len(self.records) > 1 else ""
                    append_whole(path, text_bytes(separator + text_of(form, record, self.event)), new=False)
                else:  # somebody has removed it
                    self._rewrite(form)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say in one line what the disk refuses, or that the folder is no longer the one that was opened.

        Raises BadMatch.
        """
        if self._lock is not None and lock_lost(self._lock, self.folder / LOCK):
            raise BadMatch(
                f"{self.folder} was removed, moved or replaced while it was played into: nothing is written there"
            )
        with writing_to(self.folder):
            yield

    def to_play(self, left: int) -> str:
        """Return words on what is there and how many games are `left`."""
        there = len(self.records)
        done = f"{there} of {there + left} games are played. " if there else ""
        return f"{done}{left} games to play, into {self.folder}"

    def played(self) -> set[tuple[int, int]]:
        """Return (pair, game) of the games that are there."""
        return {(record.pair, record.game) for record in self.records}

    def _rewrite(self, form: RecordFormat) -> None:
        text = form.separator.join(text_of(form, record, self.event) for record in self.records)
        write_atomically(self.folder / file_name(form), text_bytes(text))

    def _repair(self, form: RecordFormat) -> None:
        """Make a file again that lacks the last game or a part of it: all that a kill can do to it."""
        path = self.folder / file_name(form)
        data = read_limited(path, MOST_BYTES) if path.exists() else b""
        last = text_bytes(text_of(form, self.records[-1], self.event)) if self.records else b""
        if data.count(form.written_once) != len(self.records) or not data.endswith(last):
            self._rewrite(form)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say in one line what the disk refuses. Raises BadMatch."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read standard output is gone
        where = error.filename if isinstance(error, FileNotFoundError) else folder
        raise BadMatch(f"cannot write to {where}: {error.strerror or error}") from None


def refuse_games(folder: Path) -> None:
    """Raise BadMatch where a folder holds games already."""
    if (folder / GAMES).exists():
        raise BadMatch(f"{folder} holds games already: go on with --resume, or choose another folder")


def recorded_games(folder: Path) -> list[GameRecord]:
    """Return the games of a match's folder, for reading alone. Raises OSError, BadRecord."""
    return [parse_record(line) for line in read_limited(folder / GAMES, MOST_BYTES).decode().splitlines()[1:]]


def _games_of(folder: Path) -> bytes:
    """Return what is in the file of a folder's games. Raises BadMatch where there is none that can be read."""
    try:
        return read_limited(folder / GAMES, MOST_BYTES)
    except OSError as error:
        raise BadMatch(f"there is no match in {folder} to go on with ({error.strerror})") from None


def _lock(folder: Path) -> int:
    """Keep other processes out until this one ends; return the lock's descriptor.

    Raises BadMatch where another one has come first, and OSError.
    """
    try:
        return locked(folder / LOCK)
    except BlockingIOError:
        raise BadMatch(f"another program is playing into {folder}: stop it, or choose another folder") from None


def read_header(lines: list[str], path: Path) -> tuple[Header, dict[str, Any]]:
    """Return what the first line of a folder's games says of them, and all that stands in it. Raises BadMatch."""
    try:
        facts = parse_json(lines[0]) if lines else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or "store" not in facts:
        raise BadMatch(f"{path} does not begin like the games of a match")
    if facts["store"] != FORMAT:
        raise BadMatch(f"{path} has format {facts['store']!r:.40}, and this program reads {FORMAT}")
    try:
        return from_data(Header, facts, "its first line", ignored=True), facts
    except BadData as error:
        raise BadMatch(f"{path} does not begin like the games of a match: {error}") from None


def _difference(where: str, old: Any, new: Any) -> tuple[str, Any, Any] | None:
    """Return the first place where two JSON values differ, in words like "engines 1 limit", and what is there."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        pairs = [(name, old[name], new[name]) for name in new]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(str(number), *values) for number, values in enumerate(zip(old, new, strict=True), start=1)]
    else:
        return None if old == new else (where, old, new)
    differences = (_difference(f"{where} {name}".strip(), *values) for name, *values in pairs)
    return next((difference for difference in differences if difference is not None), None)


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:200] + "..."
