"""`analyze`: the best lines of one position, or a whole game move by move: as a table, as JSON, or as a page."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from muzero_engine.commands.common.compose import make_engine, think, weights_line
from muzero_engine.commands.common.flags import OF_CLOCKS, OF_GAMES, OF_RESIGNATIONS, OF_SESSIONS, engine_flags
from muzero_engine.commands.common.game_analysis import (
    MARKS,
    JudgedMove,
    PlayedMove,
    chosen,
    judge_moves,
    loss_of,
)
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.common.numbers import FiniteNumber
from muzero_engine.commands.common.positions import game_of_data, play_moves, read_game, say_warnings
from muzero_engine.commands.common.texts import FilledText, PagePath
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchResult
from muzero_engine.engine.strength import limited
from muzero_engine.files import text_bytes, write_atomically
from muzero_engine.games.base import PlayedGame, Position
from muzero_engine.games.lines import START
from muzero_engine.games.written_moves import line_texts
from muzero_engine.protocols.common.stdio import require_streams

SECONDS, SECONDS_A_MOVE = 2.0, 1.0  # of one position, and of each of a game
TABLE_MOVES = 10  # moves of a line in the table
STDIN_BYTES = 1 << 26


@click.command()
@click.argument("position", type=FilledText(), default=START)
@click.option("--game", type=GameName(), help="What the position is of; else it is found out")
@click.option("--moves", default="", metavar="TEXT", help="Moves to play first, between spaces")
@click.option("--record", "number", type=click.IntRange(min=1), default=1, help="Which game of a file  [1]")
@click.option("--move", metavar="N", help="What to play instead of move N (12, 12w, 12b)")
@click.option("--from", "first", metavar="N", help="Judge the moves of a game from N on")
@click.option("--to", "last", metavar="N", help="Judge the moves of a game up to N")
@click.option("--all", "whole", is_flag=True, help="Judge all moves of a game")
@click.option("--report", type=PagePath(), metavar="FILE", help="Write a page (HTML) on the game")
@click.option("--nodes", type=click.IntRange(min=1), help="Simulations a position")
@click.option(
    "--time", "seconds", type=FiniteNumber(min=0.0, min_open=True), help="Seconds a position  [2, of a game 1]"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table")
@engine_flags(leave_out=OF_GAMES | OF_RESIGNATIONS | OF_SESSIONS | OF_CLOCKS, multipv=5)
def analyze(
    position: str,
    game: str | None,
    moves: str,
    number: int,
    move: str | None,
    first: str | None,
    last: str | None,
    whole: bool,
    report: Path | None,
    nodes: int | None,
    seconds: float | None,
    as_json: bool,
    options: EngineOptions,
) -> None:
    """Show the best lines of a POSITION, or go through a game.

    POSITION is a FEN, an SFEN, a board like "5/5/2b2/5/5 w 7.5", a file (PGN, EPD,
    SGF, KIF, KI2, CSA, USI), "position ..." as GUIs copy it, or - for standard input.

    \b
    Examples:
      muzero-engine analyze game.sgf --report game.html
      muzero-engine analyze startpos --game shogi --moves "7g7f 3c3d" --json
    """
    recorded = _recorded(position, game, number)
    say_warnings(recorded.warnings)
    root = recorded.position
    play_moves(root, moves)
    played: PlayedMove | None = None
    if move is not None or first is not None or last is not None or whole or report is not None:
        if move is not None and (first is not None or last is not None or whole):
            raise click.UsageError("--move is one move: leave --from, --to and --all out")
        selected = _selected(root, move or first, move or last)
        if report is not None or len(selected) > 1 or move is None:
            limits = _limits(nodes, seconds, SECONDS_A_MOVE)
            _go_through(selected, recorded.players, limits, options, report, as_json=as_json)
            return
        played = selected[0]
        root = played.before
    _show_lines(root, played, _limits(nodes, seconds, SECONDS), options, as_json=as_json)


def _recorded(position: str, game: str | None, number: int) -> PlayedGame:
    """Return the game that is asked for, or the position as one without moves."""
    if position != "-":
        return read_game(position, game, number)
    require_streams()
    data = sys.stdin.buffer.read(STDIN_BYTES + 1)
    if len(data) > STDIN_BYTES:
        raise click.ClickException(f"standard input is longer than {STDIN_BYTES >> 20} MiB: take a part of it")
    return game_of_data(data, game, number)


def _limits(nodes: int | None, seconds: float | None, default: float) -> Limits:
    if nodes is None and seconds is None:
        seconds = default
    return Limits(nodes=nodes, move_time_ms=None if seconds is None else 1000.0 * seconds)


# One position


def _show_lines(
    root: Position, played: PlayedMove | None, limits: Limits, options: EngineOptions, *, as_json: bool
) -> None:
    """Search a position and print its best lines; `played` is what the game went on with."""
    name = root.spec.name
    outcome = root.outcome()
    if len(root.legal_actions()) == 0:
        reason = f"the game is over: {outcome.reason}" if outcome else "there is no legal move"
        hint = ": --all goes through its moves" if root.ply else ""
        raise click.ClickException(f"nothing to analyze, {reason}{hint}")
    engine = make_engine(name, options)
    try:
        engine.prepare(root.shape)
        result = think(engine, root, limits)
    finally:
        engine.close()
    moves = _shown(result.info.moves[: options.multipv])
    document = _document(root, result, moves)
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(root.board_text())
    if played is not None:
        click.echo(f"the game went on with {played.number} {played.text}")
    click.echo(f"\n{weights_line(name, options)}")
    click.echo("\n".join(_table(document, moves)))


def _shown(moves: Sequence[RootMove]) -> tuple[RootMove, ...]:
    """Return the moves in the order of the table: what would be played, then by value those whose value is known."""
    first, *others = moves
    return (first, *sorted(others, key=lambda move: (not _known(move), -move.value)))


def _known(move: RootMove) -> bool:
    """Return whether the search looked at a move, or the rules say what it is worth."""
    return move.visits > 0 or move.ends is not None


def _document(root: Position, result: SearchResult, moves: Sequence[RootMove]) -> dict[str, Any]:
    """Return what `--json` prints.

    Values and results are those of the player to move, in [-1, 1] and [0, 1].
    """
    info = result.info
    lines = [_line(root, move) for move in moves]
    return {
        "game": root.spec.name,
        "position": root.text(),
        "mover": root.spec.players[root.mover],
        "nodes": info.nodes,
        "time_ms": round(info.elapsed_ms),
        "nps": info.nps,
        "depth": info.depth,
        "value": round(info.value, 4),
        "best": lines[0]["move"],
        "declare_win": result.declare_win,
        "lines": lines,
    }


def _line(root: Position, move: RootMove) -> dict[str, Any]:
    protocol, people = line_texts(root, move.pv)
    win, draw, loss = (round(share, 4) for share in move.wdl)
    line = {
        "move": protocol[0],
        "visits": move.visits,
        "value": round(move.value, 4),
        "win": win,
        "draw": draw,
        "loss": loss,
        "prior": round(move.prior, 4),
        "pv": protocol,
    }
    return line if people == protocol else line | {"san": people}


def _table(document: dict[str, Any], moves: Sequence[RootMove]) -> list[str]:
    seconds = document["time_ms"] / 1000.0
    rows = [
        f"{document['nodes']} nodes in {seconds:.2f} s ({document['nps']}/s), depth {document['depth']}",
        "",
        f"{'move':8} {'value':>6}  {'win':>4} {'draw':>4} {'loss':>4}  {'visits':>7} {'prior':>6}  line",
    ]
    for move, line in zip(moves, document["lines"], strict=True):
        texts = line.get("san", line["pv"])
        known = _known(move)
        value = f"{line['value']:+6.3f}" if known else f"{'-':>6}"
        shares = " ".join(f"{100 * line[name]:3.0f}%" if known else "   -" for name in ("win", "draw", "loss"))
        more = " ..." if len(texts) > TABLE_MOVES else ""
        rows.append(
            f"{texts[0]:8} {value}  {shares}  {line['visits']:7} {100 * line['prior']:5.1f}%  "
            f"{' '.join(texts[:TABLE_MOVES])}{more}"
        )
    first, *others = document["lines"]
    most = all(line["visits"] < first["visits"] for line in others)  # or it was drawn, as --temperature has it
    if most and any(line["value"] > first["value"] for line in others):
        rows += ["", "The first is what would be played: the search has looked at it most, so that it is surest of it."]
    return rows


# A game


def _selected(end: Position, first: str | None, last: str | None) -> list[PlayedMove]:
    """Return the moves to go through."""
    if not end.ply:
        raise click.ClickException("there are no moves to go through: give a file of a game, or --moves")
    return chosen(end, first, last)


def _go_through(
    moves: Sequence[PlayedMove],
    players: tuple[str, str],
    limits: Limits,
    options: EngineOptions,
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    """Judge moves that follow each other; print them, or write the page on them."""
    if options.temperature > 0.0 or limited(options):
        raise click.UsageError("moves are judged at full strength: leave --temperature and the level out")
    if report is not None and (report.is_dir() or not report.absolute().parent.is_dir()):
        raise click.ClickException(
            f"cannot write {report}: {'that is a folder' if report.is_dir() else 'no such folder'}"
        )
    name = moves[0].before.spec.name
    engine = make_engine(name, options)
    try:
        engine.prepare(moves[0].before.shape)
        with signals_as_ctrl_c(), _progress(len(moves) + 1) as tick:
            judged = judge_moves(engine, moves, limits, tick)
    finally:
        engine.close()
    if len(judged) < len(moves):
        click.echo(f"stopped after {len(judged)} of {len(moves)} moves", err=True)
    if not judged:
        raise click.exceptions.Exit(INTERRUPTED)
    title = " - ".join(players) if all(players) else f"A game of {name}"
    bounds = [] if limits.nodes is None else [f"{limits.nodes} nodes"]
    bounds += [] if limits.move_time_ms is None else [f"{limits.move_time_ms / 1000:g} s"]
    budget = " or ".join(bounds)
    facts = [
        f"moves {judged[0].played.number.rstrip('.')} to {judged[-1].played.number.rstrip('.')}, {budget} a position",
        weights_line(name, options),
    ]
    if report is not None:
        from muzero_engine.commands.common.analysis_page import page_text  # with the pages of matches

        write_atomically(report, text_bytes(page_text(judged, title, facts)))
        click.echo(f"wrote {report}", err=as_json)
    if as_json:
        click.echo(json.dumps(_game_document(judged, players), indent=2))
    elif report is None:
        click.echo("\n".join([title, *facts, "", *_game_table(judged)]))
    if len(judged) < len(moves):
        raise click.exceptions.Exit(INTERRUPTED)


@contextlib.contextmanager
def _progress(length: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error while positions are searched, if it is a terminal; yields what counts one."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label="positions", file=sys.stderr, show_pos=True) as bar:
        yield lambda: bar.update(1)


def _game_document(moves: Sequence[JudgedMove], players: tuple[str, str]) -> dict[str, Any]:
    """Return what `--json` prints of a game. Rates are player 0's expected score, in [0, 1]."""
    spec = moves[0].played.before.spec
    return {
        "game": spec.name,
        "players": dict(zip(spec.players, players, strict=True)),
        "moves": [_move_document(move) for move in moves],
    }


def _move_document(move: JudgedMove) -> dict[str, Any]:
    played = move.played
    protocol, people = move.better_line()
    text = played.before.action_text(played.action)
    document = {
        "number": played.number,
        "mover": played.before.spec.players[played.before.mover],
        "position": played.before.text(),
        "move": text,
        "rate_before": round(move.before.score, 4),
        "rate_after": round(move.after.score, 4),
        "loss": round(move.loss, 4),
        "mark": move.mark,
        "best": protocol[0],
        "nodes": move.before.nodes,
        "pv": protocol,
    }
    return document if people == protocol and played.text == text else document | {"san": played.text, "pv_san": people}


def _game_table(moves: Sequence[JudgedMove]) -> list[str]:
    """Return the lines of a table: a row a move, and what each player gave away."""
    players = moves[0].played.before.spec.players
    names = [f"{move.played.number:6} {move.played.text}{move.mark}" for move in moves]
    width = max(map(len, names))
    rows = [f"{'move':{width}}  {players[0]:>6}   loss  better"]
    for name, move in zip(names, moves, strict=True):
        better = " ".join(move.better_line()[1][:TABLE_MOVES]) if move.has_better else ""
        loss = f"{100 * move.loss:3.0f}%" if move.has_better else "    "
        rows.append(f"{name:{width}}  {100 * move.after.score:5.0f}%   {loss}  {better}".rstrip())
    rows.append("")
    for player, who in enumerate(players):
        own = [move for move in moves if move.played.before.mover == player]
        counts = ", ".join(f"{sum(move.mark == mark for move in own)} {mark}" for _, mark in MARKS)
        rows.append(
            f"{who}: {len(own)} move{'' if len(own) == 1 else 's'}, {100 * loss_of(own):.1f}% lost a move, {counts}"
        )
    return rows
