"""Everything that a match is told before it starts, as frozen dataclasses."""

from __future__ import annotations

import enum
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.match.settings.time_control import TimeControl


class BadMatch(ValueError):
    """Settings, files or engines with which no match can be played; the message says what is wrong."""


class ClientKind(enum.Enum):
    """What an engine speaks, or `RANDOM`: legal moves at random, made by the runner itself."""

    UCI = "uci"
    GTP = "gtp"
    USI = "usi"
    UGI = "ugi"
    RANDOM = "random"


def client_kind(game: str) -> ClientKind:
    """Return what the engines of a game speak. Raises UnknownGame."""
    return ClientKind(load_game(game).protocol.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """One engine: how it is started, set and limited."""

    name: str
    kind: ClientKind
    command: tuple[str, ...] = ()  # the program and its arguments; empty for RANDOM
    options: tuple[tuple[str, str], ...] = ()  # name and value; GTP: a command of that name, else `kata-set-param`
    directory: str | None = None  # to run in
    environment: tuple[tuple[str, str], ...] = ()  # added to the runner's own
    control: TimeControl = field(default_factory=TimeControl)
    restart: bool = False  # before every game
    seed: int = 0  # of RANDOM


def own_command(game: str, weights: str | None = None, threads: int = 1) -> tuple[str, ...]:
    """Return the command of this program's own engine, which `muzero` stands for: engines that meet share a machine."""
    protocol = client_kind(game)
    game_flag = ("--game", game) if protocol is ClientKind.UGI else ()
    command = (sys.executable, "-m", "muzero_engine", protocol.value, *game_flag, "--threads", str(threads))
    return (*command, "--weights", weights) if weights else command


class MatchFormat(enum.Enum):
    """Who meets whom."""

    ROUND_ROBIN = "round-robin"  # everybody everybody else; with two engines: a match
    GAUNTLET = "gauntlet"  # the first engine all others


class Scoring(enum.Enum):
    """How a game of Go is counted after two passes."""

    TROMP_TAYLOR = "tromp-taylor"  # area on the final board, every stone alive
    ENGINES = "engines"  # both engines' `final_score` where they agree on the winner, else as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """When the runner ends a game because both engines' scores agree; None or 0 moves: never.

    Scores are centipawns; a win rate p counts as 400 log10(p / (1 - p)) of them, a mate as more than any number.
    """

    win_score: float = 0.0  # one side is ahead by this much or more, as both engines say, ...
    win_moves: int = 0  # ... for this many moves of each
    draw_score: float = 0.0  # neither side is ahead by more, as both engines say, ...
    draw_moves: int = 0  # ... for this many moves of each, ...
    draw_after: int = 0  # ... of which the last is this full move or a later one


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the runner waits for what has no time control. Seconds."""

    start_s: float = 60.0  # for the greeting, and for being ready before a game
    answer_s: float = 30.0  # for GTP's commands that need no thought
    unlimited_s: float = 300.0  # for a move without a limit of time
    late_s: float = 5.0  # for the answer of an engine that is out of time, before it is given up as hanging


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSettings:
    """How each game is played and judged."""

    game: str  # as in `games.registry`
    shape: Shape | None = None  # rows and columns; None: the game's first board
    komi: float | None = None  # None: the game's own, if it has one
    scoring: Scoring = Scoring.TROMP_TAYLOR
    adjudication: Adjudication = field(default_factory=Adjudication)
    max_plies: int | None = None  # None: see `Game.ply_cap`
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSettings:
    """One match. Raises BadMatch where engines or numbers do not fit."""

    engines: tuple[EngineSettings, ...]
    game: GameSettings
    format: MatchFormat = MatchFormat.ROUND_ROBIN
    pairs: int = 1  # opening pairs (two games each) of any two that meet
    concurrency: int = 1  # games at the same time
    seed: int = 0  # of everything that is drawn: openings, their order

    def __post_init__(self) -> None:
        check_engines(self.engines, self.game.game)
        if self.pairs < 1 or self.concurrency < 1:
            raise BadMatch("a match needs one pair of games or more, and one game at a time or more")


def check_engines(engines: Sequence[EngineSettings], game: str) -> None:
    """Make sure that these engines can meet in this game. Raises BadMatch."""
    if len(engines) < 2:
        raise BadMatch("a match needs two engines or more")
    names = [engine.name for engine in engines]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise BadMatch(f"two engines are called {twice[0]}: give them names (name=...)")
    for engine in engines:
        if not engine.name.isprintable() or not 0 < len(engine.name) <= 60 or set(engine.name) & set('"\\[]{}'):
            raise BadMatch(
                f"{engine.name[:80]!a} cannot be an engine's name: use up to 60 characters, no quotes, brackets or \\"
            )
        check_engine(engine, game)


def check_engine(engine: EngineSettings, game: str) -> None:
    """Make sure that an engine can play this game with its time control. Raises BadMatch."""
    if engine.kind is not ClientKind.RANDOM:
        if engine.kind is not client_kind(game):
            raise BadMatch(
                f"{engine.name} speaks {engine.kind.name}, but {game} is played over {client_kind(game).name}"
            )
        if not engine.command:
            raise BadMatch(f"{engine.name} has no command")
    control = engine.control
    endless = control.allows_everything
    match engine.kind:
        case _ if control.main_s == 0.0 and control.increment_s and client_kind(game) is not ClientKind.USI:
            problem = "an increment comes after the first move: give some time before it, as in 1+0.5"
        case ClientKind.UCI | ClientKind.USI | ClientKind.UGI if endless:
            problem = "it would think for ever: give it a limit such as 10+0.1, movetime=0.1 or nodes=800"
        case ClientKind.UCI if control.overtime_s:
            problem = "UCI has no overtime: use an increment, as in 60+0.6"
        case ClientKind.UGI if control.overtime_s or control.moves is not None:
            problem = "UGI has neither overtime nor a time for a number of moves: use an increment, as in 60+0.6"
        case ClientKind.UGI if len(control.limits) > 1:
            problem = f"UGI has one kind of limit at a time: choose one of {', '.join(control.limits)}"
        case ClientKind.USI if control.stones or control.periods > 1 or control.moves is not None:
            problem = "USI has increments and byoyomi of one period: write 60+0.6 or 600+30x1"
        case ClientKind.GTP if control.nodes is not None or control.depth is not None:
            problem = (
                "GTP cannot say nodes or depth: use the program's own arguments (muzero --visits 800), and none as its "
                "time control"
            )
        case ClientKind.GTP if control.moves is not None:
            problem = "GTP has no time for a number of moves but Canadian overtime: write 0+40/60"
        case ClientKind.GTP if control.has_clock and control.move_time_s is not None:
            problem = "GTP has a clock or a time for each move, not both"
        case _:
            return
    raise BadMatch(f"{engine.name} cannot play with {control}: {problem}")
