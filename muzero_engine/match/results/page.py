"""One page (HTML) on a match, with nothing needed beside it: facts, engines, ratings, results of pairings, cross
table, and all games with boards to click through."""

from __future__ import annotations

import base64
import html
import itertools
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from muzero_engine.figures import PicturesUnavailable
from muzero_engine.files import page_mark, text_bytes, write_atomically
from muzero_engine.games.base import BadPosition
from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.records.moves import move_count
from muzero_engine.match.records.store import file_name
from muzero_engine.match.results import pictures, viewer
from muzero_engine.match.results.boards import MOST_GAMES, BoardWriter
from muzero_engine.match.results.standings import Standings
from muzero_engine.match.results.statistics import Sprt, estimate
from muzero_engine.match.results.tables import (
    HEADINGS,
    LEFT,
    cross_cell,
    first_mover_line,
    interval_text,
    points_text,
    rating_cells,
    sprt_text,
)
from muzero_engine.match.settings.match_settings import EngineSettings

PICTURES = ("ratings.png", "cross.png")
SCORES = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 76rem;
  padding: 0 1rem; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: 0.15rem 0.6rem; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { font-weight: normal; color: #666; }
.name { text-align: left; }
.results tr + tr { border-top: 1px solid #e4e4e4; }
.cross td { text-align: center; }
.self { background: #ddd; }
img { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was played, and by whom."""

    event: str = ""  # what the records of the games are called
    records: Sequence[GameRecord] = ()  # all of one game
    engines: Sequence[EngineSettings] = ()
    identities: Mapping[str, str] = field(default_factory=dict)  # by name, what engines call themselves


def write_page(
    standings: Standings,
    title: str,
    facts: Sequence[tuple[str, str]],
    path: Path,
    *,
    played: Played | None = None,
    sprt: Sprt | None = None,
) -> None:
    """Write the page. `facts` are lines for its head, name and value: time control, openings, machine, ...

    Without matplotlib the page has no picture, and a line that says so.
    """
    write_atomically(path, text_bytes(page_text(standings, title, facts, played=played, sprt=sprt)))


def write_pictures(standings: Standings, title: str, folder: Path) -> None:
    """Write `PICTURES`. Raises PicturesUnavailable, before anything is written."""
    made = (
        pictures.ratings_png(standings, f"{title}: ratings"),
        pictures.cross_png(standings, f"{title}: points of the row against the column"),
    )
    for name, data in zip(PICTURES, made, strict=True):
        write_atomically(folder / name, data)


def page_text(
    standings: Standings,
    title: str,
    facts: Sequence[tuple[str, str]],
    *,
    played: Played | None = None,
    sprt: Sprt | None = None,
) -> str:
    """Return the page. See `write_page`."""
    played = played or Played()
    try:
        data = base64.b64encode(pictures.ratings_png(standings, "Ratings")).decode()
        chart = f'<img alt="Ratings with 95% intervals" src="data:image/png;base64,{data}">'
    except PicturesUnavailable as error:
        chart = f"<p>{_escape(str(error))}</p>"
    head = "\n".join(f'<tr><th class="name">{_escape(name)}</th>{_cell(value, "name")}</tr>' for name, value in facts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{page_mark("match")}
<title>{_escape(title)}</title>
<style>{STYLE}{viewer.STYLE}</style>
</head>
<body>
<h1>{_escape(title)}</h1>
<div class="wide"><table>
{head}
</table></div>
{_engines(played)}
<h2>Ratings</h2>
<div class="wide"><table class="results">
{_ratings(standings)}
</table></div>
<p>{_escape(first_mover_line(standings)) if standings.games else "no games yet"}</p>
{chart}
<h2>Pairings</h2>
<div class="wide"><table class="results">
{_pairings(standings, sprt)}
</table></div>
<h2>Cross table</h2>
<p>Points of the row against the column, out of their games.</p>
<div class="wide"><table class="cross">
{_cross(standings)}
</table></div>
{_games(played)}
</body>
</html>
"""


def _engines(played: Played) -> str:
    if not played.engines:
        return ""
    headings = ("engine", "calls itself", "time control", "options", "command")
    rows = ["<tr>" + "".join(_cell(text, "name", "th") for text in headings) + "</tr>"]
    for engine in played.engines:
        options = ", ".join(f"{name} = {value}" for name, value in engine.options)
        words = [*(f"{name}={value}" for name, value in engine.environment), *engine.command]
        where = f" (in {engine.directory})" if engine.directory else ""
        command = f"{shlex.join(words)}{where}" if engine.command else f"random, seed {engine.seed}"
        cells = (engine.name, played.identities.get(engine.name, ""), str(engine.control), options, command)
        rows.append("<tr>" + "".join(_cell(text, "name") for text in cells) + "</tr>")
    table = "\n".join(rows)
    return f'<h2>Engines</h2>\n<div class="wide"><table class="results">\n{table}\n</table></div>'


def _games(played: Played) -> str:
    """Return the table of all games, and the board on which they are shown."""
    records = played.records
    if not records:
        return ""
    game = load_game(records[0].game_name)
    file = file_name(written_formats(game)[0])
    headings = ("#", *game.spec.players, "result", "ending", "moves", "opening", "record")
    rows = ["<tr>" + "".join(_cell(text, "" if i in (0, 5) else "name", "th") for i, text in enumerate(headings))]
    rows[0] += "</tr>"
    for number, record in enumerate(records):
        reason = record.reason if record.ending.value in record.reason else f"{record.ending.value}: {record.reason}"
        cells = (record.first, record.second, SCORES[record.points], reason)
        shown = number < MOST_GAMES
        rows.append(
            (f'<tr data-game="{number}">' if shown else "<tr>")
            + _cell(str(number + 1))
            + "".join(_cell(text, "name") for text in cells)
            + _cell(_moves(record))
            + _cell(record.opening, "name")
            + f'<td class="name"><a href="{file}"{f" data-record={number}" if shown else ""}>{file}</a></td></tr>'
        )
    data = json.dumps(BoardWriter(game, played.event).page_data(records), separators=(",", ":"), ensure_ascii=False)
    table = "\n".join(rows)
    rest = f" The first {MOST_GAMES} of them have boards." if len(records) > MOST_GAMES else ""
    return f"""<h2>Games</h2>
<p>A click on a game shows its board; the arrow keys go through it.{rest}</p>
{viewer.MARKUP}
<div class="wide"><table class="results">
{table}
</table></div>
<script type="application/json" id="games-data">{data.replace("<", chr(92) + "u003c")}</script>
<script>{viewer.SCRIPT}</script>"""


def _moves(record: GameRecord) -> str:
    try:
        return str(move_count(record))
    except BadPosition:
        return "?"


def _ratings(standings: Standings) -> str:
    rows = [_row(HEADINGS, "th")]
    rows += [_row(rating_cells(place, row)) for place, row in enumerate(standings.players, start=1)]
    return "\n".join(rows)


def _row(cells: Sequence[str], tag: str = "td") -> str:
    return f"<tr>{''.join(_cell(cell, 'name' if i == LEFT else '', tag) for i, cell in enumerate(cells))}</tr>"


def _pairings(standings: Standings, sprt: Sprt | None) -> str:
    headings = ["player", "opponent", "games", "score", "Elo", "LOS", "pairs 0-½-1-1½-2", "normalised Elo"]
    rows = ["<tr>" + "".join(_cell(text, "name" if i < 2 else "", "th") for i, text in enumerate(headings)) + "</tr>"]
    names = [row.name for row in standings.players]
    for name, other in itertools.combinations(names, 2):
        results = standings.cross.get((name, other))
        strength = estimate(results) if results else None
        if results is None or strength is None:
            continue
        cells = [
            name,
            other,
            f"{results.games} (+{results.wins} ={results.draws} -{results.losses})",
            points_text(results),
            interval_text(strength.elo),
            f"{strength.superiority:.1%}",
            "-".join(map(str, results.pairs)) if any(results.pairs) else "",
            interval_text(strength.normalised),
        ]
        rows.append("<tr>" + "".join(_cell(text, "name" if i < 2 else "") for i, text in enumerate(cells)) + "</tr>")
        if sprt is not None:
            rows.append(f'<tr><td class="name" colspan="{len(headings)}">{_escape(sprt_text(sprt, results))}</td></tr>')
    return "\n".join(rows)


def _cross(standings: Standings) -> str:
    names = [row.name for row in standings.players]
    places = "".join(f"<th>{place}</th>" for place in range(1, len(names) + 1))
    rows = [f"<tr><th></th><th></th>{places}</tr>"]
    for place, name in enumerate(names, start=1):
        cells = []
        for other in names:
            results = standings.cross.get((name, other))
            if results is None:
                cells.append('<td class="self"></td>' if name == other else "<td></td>")
                continue
            share = results.points / results.games
            colour = "11 83 148" if share > 0.5 else "204 65 37"
            shade = f"rgb({colour} / {abs(2 * share - 1) * 0.6:.2f})"
            cells.append(f'<td style="background: {shade}">{cross_cell(standings, name, other)}</td>')
        rows.append(f'<tr><th>{place}</th><td class="name">{_escape(name)}</td>{"".join(cells)}</tr>')
    return "\n".join(rows)


def _cell(text: str, css: str = "", tag: str = "td") -> str:
    attribute = f' class="{css}"' if css else ""
    return f"<{tag}{attribute}>{_escape(text)}</{tag}>"


def _escape(text: str) -> str:
    return html.escape(text)
