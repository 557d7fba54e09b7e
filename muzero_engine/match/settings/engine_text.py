"""Engines as people write them: one text on the command line, or a table of a TOML file.

On the command line settings come first, then the engine:

    stockfish
    "name=weak tc=10+0.1 'option.Skill Level=3' option.Threads=1 stockfish"
    "gnugo --mode gtp --level 10 --chinese-rules"
    "weights=my-weights option.Threads=2 muzero"
    "name=quick tc=none muzero --visits 100"

The engine is a name from the TOML file, `muzero` for this program's own engine (its flags may follow), `random` for
legal moves at random, or a command line. In a TOML file, where folders are relative to the file:

    [engines.weak]
    command = "stockfish"                 # or ["stockfish", "..."]
    options = { "Skill Level" = 3, Threads = 1 }
    limit = "10+0.1"                      # a time control of its own
    directory = "engines"                 # to run in
    environment = { OMP_NUM_THREADS = "1" }
    protocol = "uci"                      # need not be said: it follows from the game
    restart = true                        # before every game

    [engines.ours]
    command = "muzero"
    weights = "my-weights"
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from muzero_engine.files import expanded, read_limited
from muzero_engine.games.base import EngineProtocol
from muzero_engine.match.settings.match_settings import (
    BadMatch,
    ClientKind,
    EngineSettings,
    client_kind,
    own_command,
)
from muzero_engine.match.settings.own_flags import refuse_idle
from muzero_engine.match.settings.time_control import BadTimeControl, TimeControl

MOST_BYTES = 1 << 20  # of a file of engines
MOST_DOTS = 200  # in a line of it
MOST_SEED = 10**9
MOST_NUMBER = 10**18  # of an option; larger ones, and infinity, are none
OWN, RANDOM = "muzero", "random"
_SETTING = re.compile(r"(name|tc|dir|protocol|weights|seed|restart|option\.[^=]+|env\.[^=]+)=(.*)", re.DOTALL)
_KEYS = ("command", "options", "limit", "directory", "environment", "protocol", "restart", "weights", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """What is said of an engine, in a file or on the command line; None: not said."""

    command: tuple[str, ...] | None = None
    name: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    limit: str | None = None
    directory: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    protocol: str | None = None
    restart: bool | None = None
    weights: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        """Raise BadMatch where an engine would read more commands in a value."""
        for name, value in self.options + self.environment:
            if any(letter < " " for letter in name + value):
                raise BadMatch(f"{name!a:.60} is no single line of text")

    def over(self, base: EngineEntry) -> EngineEntry:
        """Return this entry, with what it does not say taken from another one."""
        return EngineEntry(
            command=base.command if self.command is None else self.command,
            name=base.name if self.name is None else self.name,
            options=tuple((dict(base.options) | dict(self.options)).items()),
            limit=base.limit if self.limit is None else self.limit,
            directory=base.directory if self.directory is None else self.directory,
            environment=tuple((dict(base.environment) | dict(self.environment)).items()),
            protocol=base.protocol if self.protocol is None else self.protocol,
            restart=base.restart if self.restart is None else self.restart,
            weights=base.weights if self.weights is None else self.weights,
            seed=base.seed if self.seed is None else self.seed,
        )

    def settings(self, game: str, limit: str | None, *, idle: bool = False) -> EngineSettings:
        """Return the engine in a game, with `limit` where it has none of its own; `idle`: though something may be set
        in vain, as in matches from when that was not refused. Raises BadMatch."""
        command = self.command or ()
        if not command:
            raise BadMatch(f"{self.name or 'an engine'} has no command")
        name = self.name or Path(command[0]).name
        try:
            kind = ClientKind(EngineProtocol(self.protocol).value) if self.protocol else client_kind(game)
        except ValueError:
            raise BadMatch(f"{name}: {self.protocol!a} is no protocol: use uci, gtp, usi or ugi") from None
        try:
            control = TimeControl.parse(self.limit or limit or "none")
            if command[0] == OWN and not idle:
                refuse_idle(kind, command[1:], self.options, control)
        except (BadTimeControl, BadMatch) as error:
            raise BadMatch(f"{name}: {error}") from None
        if command[0] == OWN:
            command = (*own_command(game, self.weights), *command[1:])
        elif self.weights is not None:
            raise BadMatch(f"{name}: weights are for {OWN} alone; give other programs theirs in their own words")
        elif command == (RANDOM,):
            if self.options or self.environment or self.directory is not None or self.restart is not None:
                raise BadMatch(f"{name}: options, folders and the like are for programs, and {RANDOM} is none")
            kind, command = ClientKind.RANDOM, ()
        return EngineSettings(
            name=name,
            kind=kind,
            command=command,
            options=self.options,
            directory=self.directory,
            environment=self.environment,
            control=control,
            restart=bool(self.restart),
            seed=self.seed or 0,
        )


def with_numbers(engines: Sequence[EngineSettings]) -> tuple[EngineSettings, ...]:
    """Return the engines, those of one name with numbers behind it: muzero 1, muzero 2."""
    names = [engine.name for engine in engines]
    taken = {name for name in names if names.count(name) == 1}
    numbered = []
    for engine in engines:
        name, number = engine.name, 0
        while names.count(engine.name) > 1 and (number == 0 or name in taken):
            number += 1
            name = f"{engine.name} {number}"
        taken.add(name)
        numbered.append(replace(engine, name=name))
    return tuple(numbered)


def parse_engine(text: str, named: Mapping[str, EngineEntry]) -> EngineEntry:
    """Return an engine of the command line; `named` are those of a file. Raises BadMatch."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadMatch(f"cannot read the engine {text!a:.100}: {str(error).lower()}") from None
    fields: dict[str, str] = {}
    options: dict[str, str] = {}
    environment: dict[str, str] = {}
    while words and (match := _SETTING.fullmatch(words[0])):
        words.pop(0)
        key, value = match[1], match[2]
        if key.startswith("option."):
            options[key.removeprefix("option.")] = value
        elif key.startswith("env."):
            environment[key.removeprefix("env.")] = value
        elif not value:
            raise BadMatch(f"the engine {text!a:.100} has nothing behind {key}=")
        else:
            fields[key] = value
    if not words:
        raise BadMatch(f"the engine {text!a:.100} has no command: write a program, {OWN} or {RANDOM} at its end")
    base = named.get(words[0]) if len(words) == 1 else None
    entry = EngineEntry(
        command=None if base is not None else tuple(words),
        name=fields.get("name", words[0] if base is not None else None),
        options=tuple(options.items()),
        limit=fields.get("tc"),
        directory=fields.get("dir"),
        environment=tuple(environment.items()),
        protocol=fields.get("protocol"),
        restart=_flag(fields["restart"]) if "restart" in fields else None,
        weights=_absolute(Path(), fields["weights"]) if "weights" in fields else None,
        seed=_whole(fields["seed"]) if "seed" in fields else None,
    )
    return entry if base is None else entry.over(base)


def read_engines(path: Path) -> dict[str, EngineEntry]:
    """Return the engines of a TOML file by name. Raises BadMatch."""
    try:
        text = read_limited(path, MOST_BYTES).decode("utf-8-sig")
        dots = max((line.count(".") for line in text.splitlines()), default=0)
        data = {} if dots > MOST_DOTS else tomllib.loads(text)  # whose time and memory are the square of a key's parts
    except OSError as error:
        raise BadMatch(f"cannot read {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMatch(f"{path} is no TOML: {error}") from None
    except (ValueError, RecursionError):
        raise BadMatch(f"{path} is nested too deeply, or has a number of thousands of digits") from None
    if dots > MOST_DOTS:
        raise BadMatch(f"{path} has a line of more than {MOST_DOTS} dots: no key has so many parts")
    if unknown := [key for key in data if key != "engines"]:
        raise BadMatch(f"{path}: {unknown[0]!a:.40} is not known here: engines are tables like [engines.NAME]")
    tables = data.get("engines")
    if not isinstance(tables, dict) or not tables:
        raise BadMatch(f"{path} has no engines: write tables like [engines.NAME]")
    entries = {}
    for name, table in tables.items():
        try:
            entries[name] = _entry(name, table, path.parent)
        except BadMatch as error:
            raise BadMatch(f"{path}, engine {name}: {error}") from None
    return entries


def _entry(name: str, table: object, folder: Path) -> EngineEntry:
    if not isinstance(table, dict):
        raise BadMatch("an engine is a table with a command")
    if unknown := [key for key in table if key not in _KEYS]:
        raise BadMatch(f"unknown key {unknown[0]!a:.40}: use {', '.join(_KEYS)}")
    command = table.get("command")
    if isinstance(command, str):
        try:
            command = shlex.split(command)
        except ValueError as error:
            raise BadMatch(f"command: {str(error).lower()}") from None
    if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
        raise BadMatch('it needs a command, as in command = "stockfish"')
    texts: dict[str, str | None] = {}
    for key in ("limit", "directory", "protocol", "weights"):
        texts[key] = table.get(key)
        if key in table and not isinstance(table[key], str):
            raise BadMatch(f"{key} is a text in quotes")
        if texts[key] == "":
            raise BadMatch(f"{key} is empty")
    restart, seed = table.get("restart"), table.get("seed")
    if restart is not None and not isinstance(restart, bool):
        raise BadMatch("restart is true or false")
    if seed is not None and (type(seed) is not int or not 0 <= seed < MOST_SEED):
        raise BadMatch("seed is a whole number of at most 9 digits")
    directory, weights = texts["directory"], texts["weights"]
    return EngineEntry(
        command=tuple(command),
        name=name,
        options=_pairs(table, "options"),
        limit=texts["limit"],
        directory=None if directory is None else _absolute(folder, directory),
        environment=_pairs(table, "environment"),
        protocol=texts["protocol"],
        restart=restart,
        weights=None if weights is None else _absolute(folder, weights),
        seed=seed,
    )


def _pairs(table: Mapping[str, object], key: str) -> tuple[tuple[str, str], ...]:
    values = table.get(key, {})
    if not isinstance(values, dict):
        raise BadMatch(f"{key} is a table, as in {key} = {{ NAME = VALUE }}")
    pairs = []
    for name, value in values.items():
        if not isinstance(value, str | int | float):
            raise BadMatch(f"{key}: {name} is a text, a number, true or false")
        if not isinstance(value, str) and not abs(value) <= MOST_NUMBER:
            raise BadMatch(f"{key}: {name} is no number that an option takes")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        pairs.append((name, text))
    return tuple(pairs)


def _absolute(folder: Path, path: str) -> str:
    if "\0" in path:
        raise BadMatch("no file or folder has a NUL in its name")
    return os.path.realpath(folder / expanded(path))  # unlike Path's `resolve`, it takes any name


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise BadMatch(f"restart is true or false, not {text!a:.20}")
    return text.lower() == "true"


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadMatch(f"a seed is a whole number, not {text!a:.20}")
    return int(text)
