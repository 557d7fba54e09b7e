"""One page (HTML) on a game that was gone through: the curve of the winning rate, the biggest mistakes with boards and
better lines, and every move; a board to click through is that of the page on a match. Nothing is needed beside it."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from muzero_engine.commands.common.game_analysis import MARKS, JudgedMove, loss_of
from muzero_engine.files import page_mark
from muzero_engine.games.base import IllegalMove
from muzero_engine.games.pictures import BETTER_COLOUR, PLAYED_COLOUR, picture
from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.registry import game_of
from muzero_engine.match.results import viewer
from muzero_engine.match.results.boards import BoardWriter

MISTAKES = 12  # shown with a board at most
LINE_MOVES = 10  # of a better line
STYLE = f"""
:root {{ color-scheme: light; }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 64rem;
  padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin-bottom: 0.3rem; }}
h2 {{ font-size: 1.2rem; margin-top: 2.2rem; }}
.facts {{ color: #666; margin: 0 0 0.2rem; }}
.summary {{ margin-top: 1.2rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: 0.15rem 0.8rem 0.15rem 0; text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }}
th {{ font-weight: normal; color: #666; }}
tr + tr {{ border-top: 1px solid #eee; }}
.text {{ text-align: left; }}
.line {{ text-align: left; white-space: normal; }}
.curve {{ width: 100%; height: auto; display: block; }}
.mistakes {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.6rem; }}
.mistake svg {{ width: 100%; height: auto; display: block; }}
.mistake pre {{ font-size: 0.8rem; overflow-x: auto; }}
.mistake p {{ margin: 0.3rem 0; }}
.played {{ color: {PLAYED_COLOUR}; font-weight: 600; }}
.better {{ color: {BETTER_COLOUR}; font-weight: 600; }}
a {{ color: inherit; text-decoration-color: #bbb; }}
"""
SCRIPT = """
document.querySelectorAll("[data-ply]").forEach((link) => {
  link.onclick = (event) => { event.preventDefault(); if (game !== 0) open(0); go(Number(link.dataset.ply)); };
});
"""  # a move that is clicked is shown on the board
CURVE_COLOUR = "#2d6ca2"
WIDTH, HEIGHT, LEFT, BOTTOM = 960, 260, 40, 24  # of the curve, in its own units


def page_text(moves: Sequence[JudgedMove], title: str, facts: Sequence[str]) -> str:
    """Return the page. `moves` follow each other, at least one; `facts` are sentences for its head."""
    spec = moves[0].played.before.spec
    boards = _boards(moves)
    biggest = sorted((move for move in moves if move.mark), key=lambda move: -move.loss)[:MISTAKES]
    mistakes = f"""<h2>The biggest mistakes</h2>
<p class="facts">Where they were played: <span class="played">the move of the game</span> and
<span class="better">the better one</span>.</p>
<div class="mistakes">{"".join(_mistake(moves.index(move) + 1, move) for move in biggest)}</div>"""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{page_mark("analysis")}
<title>{_escape(title)}</title>
<style>{STYLE}{viewer.STYLE}</style>
</head>
<body>
<h1>{_escape(title)}</h1>
{"".join(f'<p class="facts">{_escape(fact)}</p>' for fact in facts)}
<h2>{_escape(spec.players[0].capitalize())}'s winning rate</h2>
{_curve(moves, biggest)}
{_viewer(title) if boards else ""}
<div class="wide summary"><table>
<tr><th class="text"></th><th>moves</th><th>loss a move</th>{"".join(f"<th>{mark}</th>" for _, mark in MARKS)}</tr>
{"".join(_summary(moves, player) for player in (0, 1))}
</table></div>
{mistakes if biggest else "<h2>No mistakes</h2><p>No move gave much away.</p>"}
<h2>All moves</h2>
<p class="facts">The rate is {_escape(spec.players[0])}'s after the move, wins and half of the draws.</p>
<div class="wide"><table>
<tr><th class="text">move</th><th>rate</th><th>loss</th><th class="text">better</th></tr>
{"".join(_row(ply, move) for ply, move in enumerate(moves, start=1))}
</table></div>
{_scripts(boards) if boards else ""}
</body>
</html>
"""


def _viewer(title: str) -> str:
    """Return the board to click through, and the line that opens it."""
    return f"""<p class="facts">A move that is clicked, in the curve or below, is shown on a board; so is the
whole game:</p>
{viewer.MARKUP}
<div class="wide"><table><tr data-game="0"><td class="text">{_escape(title)}</td></tr></table></div>"""


def _plays_again(moves: Sequence[JudgedMove]) -> bool:
    """Return whether the moves, one after the other by the rules, lead to the positions of the game."""
    position = moves[0].played.before.copy()
    try:
        for move in moves:
            position.push(move.played.action)
            if position.text() != move.played.after.text():
                return False
    except IllegalMove:
        return False
    return True


def _scripts(boards: dict[str, Any]) -> str:
    data = json.dumps(boards).replace("<", chr(92) + "u003c")
    return f"""<script type="application/json" id="games-data">{data}</script>
<script>{viewer.SCRIPT}{SCRIPT}</script>"""


def _boards(moves: Sequence[JudgedMove]) -> dict[str, Any]:
    """Return what the viewer's script draws, with what is thought of each move beside it.

    Nothing where the game cannot be played again by the rules (a colour that moved twice, a suicide).
    """
    start = moves[0].played.before
    if not _plays_again(moves):
        return {}
    record = GameRecord(
        game_name=start.spec.name,
        first=start.spec.players[0],
        second=start.spec.players[1],
        opening="",
        pair=0,
        game=0,
        start=start.text(),
        opening_moves=tuple(move.played.before.action_text(move.played.action) for move in moves),
        moves=(),
        points=0.5,
        ending=Ending.UNFINISHED,
        reason="",
    )
    boards = BoardWriter(game_of(start), "").page_data([record])
    plies = boards["games"][0]["plies"]
    for ply, move in zip(plies[1:], moves, strict=True):
        better = f", better {_line(move)}" if move.has_better else ""
        loss = f", {_percent(move.loss)} lost" if move.has_better else ""
        ply[:2] = [_name(move), f"{start.spec.players[0]} {_percent(move.after.score)}{loss}{better}"]
    return boards


def _escape(text: str) -> str:
    return html.escape(text)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _name(move: JudgedMove) -> str:
    return f"{move.played.number} {move.played.text}{move.mark}"


def _line(move: JudgedMove) -> str:
    texts = move.better_line()[1]
    return " ".join(texts[:LINE_MOVES]) + (" ..." if len(texts) > LINE_MOVES else "")


def _summary(moves: Sequence[JudgedMove], player: int) -> str:
    own = [move for move in moves if move.played.before.mover == player]
    name = moves[0].played.before.spec.players[player]
    mean = f"{100 * loss_of(own):.1f}%"
    counts = "".join(f"<td>{sum(move.mark == mark for move in own)}</td>" for _, mark in MARKS)
    return f'<tr><td class="text">{_escape(name)}</td><td>{len(own)}</td><td>{mean}</td>{counts}</tr>'


def _row(ply: int, move: JudgedMove) -> str:
    """Return the row of a move, which is the `ply`-th of the page."""
    better = _escape(_line(move)) if move.has_better else ""
    mark = ' class="text played"' if move.mark else ' class="text"'
    return (
        f'<tr id="ply{ply}"><td{mark}><a href="#ply{ply}" data-ply="{ply}">{_escape(_name(move))}</a></td>'
        f"<td>{_percent(move.after.score)}</td>"
        f'<td>{_percent(move.loss) if move.has_better else ""}</td><td class="line">{better}</td></tr>\n'
    )


def _mistake(ply: int, move: JudgedMove) -> str:
    assert move.before.best is not None
    position = move.played.before
    try:
        board = picture(position, move.played.action, move.before.best.action)
    except LookupError:
        board = f"<pre>{_escape(position.board_text())}</pre>"
    player = position.spec.players[0]
    first, *others = _line(move).split(" ")
    return f"""<div class="mistake">
{board}
<p><a class="played" href="#ply{ply}" data-ply="{ply}">{_escape(_name(move))}</a>
loses {_percent(move.loss)}: {_escape(player)}
{_percent(move.before.score)} &rarr; {_percent(move.after.score)}</p>
<p>Better: <span class="better">{_escape(first)}</span>{_escape("".join(f" {text}" for text in others))}</p>
</div>
"""


def _curve(moves: Sequence[JudgedMove], marked: Sequence[JudgedMove]) -> str:
    """Return the curve: player 0's expected score before the first move and after each."""
    scores = [moves[0].before.score, *(move.after.score for move in moves)]
    step = (WIDTH - LEFT - 10) / max(1, len(scores) - 1)

    def x(place: int) -> float:
        return LEFT + place * step

    def y(score: float) -> float:
        return 8 + (1.0 - score) * (HEIGHT - BOTTOM - 8)

    points = " ".join(f"{x(place):.1f},{y(score):.1f}" for place, score in enumerate(scores))
    area = f"{x(0):.1f},{y(0.5):.1f} {points} {x(len(scores) - 1):.1f},{y(0.5):.1f}"
    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y(share):.1f}" y2="{y(share):.1f}" '
        f'stroke="{"#999" if share == 0.5 else "#e4e4e4"}"/>'
        f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{_percent(share)}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    every = max(1, -(-len(moves) // 12))
    numbers = "".join(
        f'<text x="{x(place + 1):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{_escape(move.played.number.rstrip("."))}'
        "</text>"
        for place, move in enumerate(moves)
        if place % every == 0
    )
    dots = "".join(
        f'<a href="#ply{place}" data-ply="{place}"><circle cx="{x(place):.1f}" cy="{y(move.after.score):.1f}" '
        f'r="{5 if move in marked else 3}" fill="{PLAYED_COLOUR if move in marked else CURVE_COLOUR}"><title>'
        f"{_escape(_name(move))}: {_percent(move.after.score)}</title></circle></a>"
        for place, move in enumerate(moves, start=1)
    )
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="winning rate after each move">'
        f'<g font-family="sans-serif" font-size="11" fill="#777">{grid}{numbers}</g>'
        f'<polygon points="{area}" fill="{CURVE_COLOUR}" fill-opacity="0.15"/>'
        f'<polyline points="{points}" fill="none" stroke="{CURVE_COLOUR}" stroke-width="2" stroke-linejoin="round"/>'
        f"{dots}</svg>"
    )
