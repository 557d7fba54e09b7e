"""The command `play`: what its flags mean."""

from __future__ import annotations

import os
import sys

import click

from muzero_engine.commands.common.compose import level_line, levels, make_engine, weights_line
from muzero_engine.commands.common.flags import (
    OF_CLOCKS,
    OF_GAMES,
    OF_RESIGNATIONS,
    OF_SESSIONS,
    engine_flags,
    first_written,
)
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.interrupts import signals_as_ctrl_c, signals_end_input
from muzero_engine.commands.common.numbers import FiniteNumber, KomiNumber
from muzero_engine.commands.common.positions import BadSetup, read_position, start_position
from muzero_engine.commands.common.style import style_of
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.commands.play.console import Console
from muzero_engine.commands.play.table import Table
from muzero_engine.engine.human_time import LONGEST_MS
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import Position, WithKomi
from muzero_engine.games.registry import BUILT_IN
from muzero_engine.protocols.common.stdio import require_streams

DEFAULT_SECONDS = 1.0
OF_ENGINES_MOVES = OF_GAMES | OF_RESIGNATIONS | {"temperature", "temperature_plies"}  # flags


@click.command()
@click.argument("game", type=GameName(), default=BUILT_IN[0])
@click.option("--side", default="first", metavar="SIDE", help="Yours: first, second, both, or a player's name  [first]")
@click.option("--time", "seconds", type=FiniteNumber(min=0.0, min_open=True), help="Seconds a move  [1]")
@click.option("--nodes", type=click.IntRange(min=1), help="Simulations a move")
@click.option("--size", type=int, metavar="N", help="Lines of the board, where the game has several  [9]")
@click.option("--komi", type=KomiNumber(), metavar="N", help="Komi, where the game has it  [7.5]")
@click.option("--position", type=FilledText(), metavar="TEXT", help="Start from this FEN, SFEN, file of games, ...")
@click.option("--show-value", is_flag=True, help="Tell what the engine thinks of its move")
@click.option("--ascii", "ascii_only", is_flag=True, help="Letters and points, for terminals without Unicode")
@click.option("--kanji", is_flag=True, help="Kanji on the pieces, where the game has them")
@engine_flags(leave_out=OF_SESSIONS | OF_CLOCKS | {"multipv"})
def play(
    game: str,
    side: str,
    seconds: float | None,
    nodes: int | None,
    size: int | None,
    komi: float | None,
    position: str | None,
    show_value: bool,
    ascii_only: bool,
    kanji: bool,
    options: EngineOptions,
) -> None:
    """Play a GAME against the engine.

    \b
    Examples:
      muzero-engine play go --size 9 --side white --time 2
      muzero-engine play chess --level 1200
    """
    require_streams()
    start = _start(game, size, komi, position)
    people = _people(side, start)
    engine_plays = len(people) < len(start.spec.players)
    if not engine_plays and (flag := first_written(OF_ENGINES_MOVES)) is not None:
        raise click.UsageError(f"with --side {side} the engine plays no move: leave {flag} out")
    scripted = not sys.stdin.isatty()
    console = Console(style_of(sys.stdout, os.environ, ascii_only=ascii_only, kanji=kanji, scripted=scripted))
    engine = make_engine(game, options)
    asked = Limits(nodes=nodes, move_time_ms=None if seconds is None else 1000.0 * seconds)
    limits, hints = _default_limits(game, options) if asked.endless else (asked, asked)
    try:
        if engine_plays:
            engine.prepare(start.shape)
        console.say(f"{weights_line(game, options)}. Write 'help' for help.")
        if (line := level_line(game, options, limits, start.shape)) is not None:
            console.say(line)
        with signals_as_ctrl_c(SystemExit), signals_end_input():
            Table(engine, start, people, limits, console, hints=hints, show_value=show_value).run()
    except KeyboardInterrupt:
        console.say("bye")
    finally:
        engine.close()


def _default_limits(game: str, options: EngineOptions) -> tuple[Limits, Limits]:
    """Return the limits of the engine's moves and those of hints where none is asked for."""
    second = Limits(move_time_ms=1000.0 * DEFAULT_SECONDS)
    if (level := levels(game, options).settings(options)) is not None:
        return Limits(nodes=level.simulations), second
    return Limits(move_time_ms=LONGEST_MS) if options.human_time else second, second


def _start(game: str, size: int | None, komi: float | None, text: str | None) -> Position:
    """Return the position to begin from. Raises BadSetup or BadPosition."""
    if text is None:
        return start_position(game, size, komi)
    if size is not None:
        raise BadSetup("the position says how large the board is: leave --size out")
    position = read_position(text, game)
    if komi is not None:
        if not isinstance(position, WithKomi):
            raise BadSetup(f"{game} has no komi: leave --komi out")
        position.set_komi(komi)
    return position


def _people(side: str, start: Position) -> frozenset[int]:
    """Return the players (0, 1) that people play."""
    names = {"first": [0], "second": [1], "both": [0, 1]}
    names |= {name: [player] for player, name in enumerate(start.spec.players)}
    if side.lower() not in names:
        raise BadSetup(f"--side {side}: choose one of {', '.join(names)}")
    return frozenset(names[side.lower()])
