"""`imagine`: what the model believes in along a line of moves, beside the board as it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import click

from muzero_engine.commands.common.board import draw
from muzero_engine.commands.common.compose import load_model, make_engine, think_whole, weights_folder
from muzero_engine.commands.common.flags import (
    OF_CLOCKS,
    OF_GAMES,
    OF_RESIGNATIONS,
    OF_SESSIONS,
    engine_flags,
    refuse_search_flags,
)
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.common.positions import play_moves, read_games, say_warnings
from muzero_engine.commands.common.style import Style, style_of
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.commands.common.times import said_where_slow
from muzero_engine.engine.imagination import Horizon, ImaginedPly, horizons, imagine, lookaheads, plies_held
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardView
from muzero_engine.games.imagined_view import believed_pieces, believed_view, seen_square, square_name
from muzero_engine.games.lines import START
from muzero_engine.games.registry import game_of
from muzero_engine.games.written_games import played_moves
from muzero_engine.games.written_moves import move_text
from muzero_engine.inference.decoder import Decoder, load_decoder
from muzero_engine.model import Model

PLIES = 8  # ahead, where nothing else is asked for
NODES = 400  # of the search whose line is followed where none is given
SHOWN_SQUARES = 8  # wrong ones that are named in a row of the table
NO_DECODER = "these weights have no decoder.onnx, so that the model's picture of the board cannot be shown"


@click.command("imagine")
@click.argument("position", type=FilledText(), default=START)
@click.option("--game", type=GameName(), help="What the position is of; else it is found out")
@click.option("--moves", default="", metavar="TEXT", help="The line to imagine  [the engine's best one]")
@click.option("--record", "number", type=click.IntRange(min=1), default=1, help="Which game of a file  [1]")
@click.option("--all", "whole", is_flag=True, help="From every position of the game, along its own moves")
@click.option("--games", type=click.IntRange(min=1), default=1, help="With --all: of so many games of the file  [1]")
@click.option("--plies", type=click.IntRange(1, 100), help="How far ahead, at most  [8, of --moves all]")
@click.option("--ascii", "ascii_only", is_flag=True, help="Letters and points, for terminals without Unicode")
@click.option("--kanji", is_flag=True, help="Kanji on the pieces, where the game has them")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables and boards")
@engine_flags(leave_out=OF_GAMES | OF_RESIGNATIONS | OF_SESSIONS | OF_CLOCKS | {"multipv", "mate_search"})
def imagine_command(
    position: str,
    game: str | None,
    moves: str,
    number: int,
    whole: bool,
    games: int,
    plies: int | None,
    ascii_only: bool,
    kanji: bool,
    as_json: bool,
    options: EngineOptions,
) -> None:
    """Show what the model imagines after some moves, and where it is wrong.

    The model sees the POSITION and is told the moves; the rules only say afterwards what is true. POSITION is what
    `analyze` takes.

    \b
    Examples:
      muzero-engine imagine startpos --game chess --moves "e4 e5 Nf3 Nc6 Bb5"
      muzero-engine imagine game.pgn --all
    """
    if games > 1 and not whole:
        raise click.UsageError("--games goes with --all")
    if whole or moves:
        refuse_search_flags("--all" if whole else "--moves")
    with said_where_slow("games are read"):
        recorded = read_games(position, game, range(number, number + games))
    say_warnings(warning for one in recorded for warning in one.warnings)
    start = recorded[0].position
    if whole:
        for one in recorded:
            play_moves(one.position, moves)
    name = start.spec.name
    decode = load_decoder(weights_folder(name, options))
    if decode is None:
        click.echo(f"Warning: {NO_DECODER}", err=True)
    model = load_model(name, options)
    if whole:
        _whole_games([one.position for one in recorded], plies or PLIES, model, decode, as_json=as_json)
        return
    actions = _line(start, moves, options)[: plies or (None if moves else PLIES)]
    imagined = imagine(model, decode, start, actions)
    walked = [position for position, _ in lookaheads(start, actions, len(actions))]
    if as_json:
        rows = [_data(ply, at) for ply, at in zip(imagined, walked, strict=True)]
        click.echo(json.dumps({"game": name, "position": start.text(), "plies": rows}, indent=2))
        return
    click.echo(_table(imagined, walked))
    if imagined[-1].picture is not None and game_of(start).board_view is not None:
        scripted = not sys.stdout.isatty()
        style = style_of(sys.stdout, os.environ, ascii_only=ascii_only, kanji=kanji, scripted=scripted)
        click.echo("\n" + _boards(imagined[-1], walked[-1], style))


def _line(start: Position, moves: str, options: EngineOptions) -> list[int]:
    """Return the moves that are given, or those of the engine's best line. Raises IllegalMove."""
    if moves:
        played = start.copy()
        play_moves(played, moves)
        return [played.pop() for _ in range(played.ply - start.ply)][::-1]
    if not len(start.legal_actions()) or start.outcome() is not None:
        return []
    engine = make_engine(start.spec.name, options)
    try:
        return list(think_whole(engine, start, Limits(nodes=NODES)).info.moves[0].pv)
    finally:
        engine.close()


# One line


def _data(ply: ImaginedPly, position: Position) -> dict[str, Any]:
    data: dict[str, Any] = {
        "move": None,
        "value": round(ply.value, 4),
        "seen_value": None if ply.seen_value is None else round(ply.seen_value, 4),
        "illegal": None if ply.illegal is None else round(ply.illegal, 4),
        "over": round(ply.over, 4),
        "is_over": ply.is_over,
    }
    if ply.action is not None:
        before = position.copy()
        before.pop()
        data["move"] = before.action_text(ply.action)
    if ply.picture is not None and game_of(position).board_view is not None:
        view = _view(position)
        data["wrong"] = [square_name(view, seen_square(view, square)) for square in ply.wrong]
        data["pieces"] = {
            square_name(view, square): [one.piece.letter, round(one.probability, 3)]
            for square, one in believed_pieces(position, ply.picture).items()
        }
    return data


def _table(imagined: list[ImaginedPly], walked: list[Position]) -> str:
    first = walked[0].spec.players[0]
    lines = [f"value of {first}, from -1 to 1", "ply  move      imagined    seen  illegal    over  wrong squares"]
    for number, (ply, position) in enumerate(zip(imagined, walked, strict=True)):
        move = ""
        if ply.action is not None:
            before = position.copy()
            before.pop()
            move = move_text(before, ply.action)
        seen = "" if ply.seen_value is None else f"{ply.seen_value:+.3f}"
        illegal = "" if ply.illegal is None else f"{100 * ply.illegal:.1f}%"
        wrong = _wrong(ply, position)
        lines.append(
            f"{number:3}  {move:9} {ply.value:+8.3f}  {seen:>6}  {illegal:>7}  {100 * ply.over:5.1f}%  {wrong}"
        )
    return "\n".join(line.rstrip() for line in lines)


def _wrong(ply: ImaginedPly, position: Position) -> str:
    if ply.picture is None:
        return ""
    if not ply.wrong:
        return "none"
    if game_of(position).board_view is None:
        return f"{len(ply.wrong)}"
    view = _view(position)
    names = [square_name(view, seen_square(view, square)) for square in ply.wrong]
    more = f" and {len(names) - SHOWN_SQUARES} more" if len(names) > SHOWN_SQUARES else ""
    return f"{' '.join(names[:SHOWN_SQUARES])}{more}"


def _boards(ply: ImaginedPly, position: Position, style: Style) -> str:
    """Return the last board as it is imagined, and as it is where that is another one."""
    assert ply.picture is not None
    players = position.spec.players
    imagined = draw(believed_view(position, ply.picture), style, players)
    if not ply.wrong:
        return f"as imagined, and as it is:\n{imagined}"
    return f"as imagined:\n{imagined}\n\nas it is:\n{draw(_view(position), style, players)}"


def _view(position: Position) -> BoardView:
    view = game_of(position).board_view
    assert view is not None
    return view(position)


# A whole game


def _whole_games(ends: Sequence[Position], plies: int, model: Model, decode: Decoder | None, *, as_json: bool) -> None:
    played = [played_moves(end) for end in ends]
    total = sum(len(actions) for _, actions in played)
    if not total:
        raise click.ClickException("there is no move in it: give a file with a game, or the moves of a line")
    positions = total + len(played)
    lines: list[list[ImaginedPly]] = []
    tell = _progress(positions)
    with signals_as_ctrl_c(), suppress(KeyboardInterrupt):
        for first, actions in played:
            for position, following in lookaheads(first, actions, plies):
                lines.append(imagine(model, decode, position, following))
                tell(len(lines))
    if len(lines) < positions:
        click.echo(f"stopped after {len(lines)} of {positions} positions", err=True)
    if lines:
        _tell_horizons(lines, plies, ends, pictures=decode is not None, as_json=as_json)
    if len(lines) < positions:
        raise click.exceptions.Exit(INTERRUPTED)


def _tell_horizons(
    lines: Sequence[Sequence[ImaginedPly]], plies: int, ends: Sequence[Position], *, pictures: bool, as_json: bool
) -> None:
    known = horizons(lines)
    held = [plies_held(line) for line in lines if len(line) > plies] if pictures else []
    if as_json:
        document = {
            "game": ends[0].spec.name,
            "games": len(ends),
            "horizons": [asdict(one) for one in known],
            "plies_held": held,
        }
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(_horizon_table(known))
    if held := sorted(held):
        click.echo(
            f"\nThe picture holds for {held[len(held) // 2]} plies of {plies} (median of {len(held)} positions)."
        )


def _progress(total: int) -> Callable[[int], None]:
    if not sys.stderr.isatty():
        return lambda _number: None
    return lambda number: click.echo(f"\rposition {number} of {total} ", nl=number >= total, err=True)


def _horizon_table(known: list[Horizon]) -> str:
    lines = ["plies ahead  positions  picture right  wrong squares  illegal  value off by"]
    for one in known:
        right = "" if one.right is None else f"{100 * one.right:.0f}%"
        wrong = "" if one.wrong_squares is None else f"{one.wrong_squares:.2f}"
        illegal = f"{100 * one.illegal:.1f}%"
        lines.append(
            f"{one.plies:11}  {one.positions:9}  {right:>13}  {wrong:>13}  {illegal:>7}  {one.value_error:12.3f}"
        )
    return "\n".join(lines)
