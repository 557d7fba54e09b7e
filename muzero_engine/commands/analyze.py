"""`analyze`: the best lines of one position, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from muzero_engine.commands.common.compose import make_engine, think, weights_line
from muzero_engine.commands.common.flags import engine_flags
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.moves import line_texts
from muzero_engine.commands.common.positions import play_moves, read_position
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.games.lines import START

DEFAULT_SECONDS = 2.0
TABLE_MOVES = 10  # moves of a line in the table


@click.command()
@click.argument("position", default=START)
@click.option("--game", type=GameName(), help="What the position is of; else it is found out")
@click.option("--moves", default="", metavar="TEXT", help="Moves to play first, between spaces")
@click.option("--nodes", type=click.IntRange(min=1), help="Stop after so many simulations")
@click.option("--time", "seconds", type=click.FloatRange(min=0.0, min_open=True), help="Stop after seconds  [2]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table")
@engine_flags(multipv=5)
def analyze(
    position: str,
    game: str | None,
    moves: str,
    nodes: int | None,
    seconds: float | None,
    as_json: bool,
    options: EngineOptions,
) -> None:
    """Show the best lines of a POSITION.

    POSITION is a FEN, an SFEN, a board like "5/5/2b2/5/5 w 7.5" or "xo./.x./...", a file of games (.pgn, .epd, .sgf,
    .csa, .kif, .usi), "startpos", or "-" to read any of these from standard input.

    \b
    Examples:
      muzero-engine analyze game.sgf --time 5
      muzero-engine analyze startpos --game shogi --moves "7g7f 3c3d" --json
    """
    text = sys.stdin.read().strip() if position == "-" else position
    root = read_position(text, game)
    play_moves(root, moves)
    name = root.spec.name
    outcome = root.outcome()
    if len(root.legal_actions()) == 0:
        reason = f"the game is over: {outcome.reason}" if outcome else "there is no legal move"
        raise click.ClickException(f"nothing to analyze, {reason}")
    if nodes is None and seconds is None:
        seconds = DEFAULT_SECONDS
    limits = Limits(nodes=nodes, move_time_ms=None if seconds is None else 1000.0 * seconds)
    engine = make_engine(name, options)
    try:
        engine.prepare(root.shape)
        result = think(engine, root, limits)
    finally:
        engine.close()
    document = _document(root, result, options)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(root.board_text())
        click.echo(f"\n{weights_line(name, options)}")
        click.echo("\n".join(_table(document)))


def _document(root: Position, result: SearchResult, options: EngineOptions) -> dict[str, Any]:
    """What `--json` prints. Values and results are those of the player to move, in [-1, 1] and [0, 1]."""
    info = result.info
    lines = [_line(root, move) for move in info.moves[: options.multipv]]
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


def _table(document: dict[str, Any]) -> list[str]:
    seconds = document["time_ms"] / 1000.0
    rows = [
        f"{document['nodes']} nodes in {seconds:.2f} s ({document['nps']}/s), depth {document['depth']}",
        "",
        f"{'move':8} {'value':>6}  {'win':>4} {'draw':>4} {'loss':>4}  {'visits':>7} {'prior':>6}  line",
    ]
    for line in document["lines"]:
        texts = line.get("san", line["pv"])
        shares = " ".join(f"{100 * line[name]:3.0f}%" for name in ("win", "draw", "loss"))
        more = " ..." if len(texts) > TABLE_MOVES else ""
        rows.append(
            f"{texts[0]:8} {line['value']:+6.3f}  {shares}  {line['visits']:7} {100 * line['prior']:5.1f}%  "
            f"{' '.join(texts[:TABLE_MOVES])}{more}"
        )
    return rows
