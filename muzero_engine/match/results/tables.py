"""Standings and estimates as text: the live table, the cross table, one line on a match, Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from muzero_engine.match.results.standings import Standing, Standings
from muzero_engine.match.results.statistics import Interval, Sprt, Tally, Verdict, estimate
from muzero_engine.ratings import PlayerRating

HEADINGS = ("#", "player", "Elo", "+-", "games", "score", "won", "drawn", "lost")
LEFT = 1  # the column that is text


def rating_table(standings: Standings) -> str:
    """A line for each player: rating, 95% interval, games and results; and one on the advantage of moving first."""
    rows = [HEADINGS, *(rating_cells(place, row) for place, row in enumerate(standings.players, start=1))]
    lines = aligned(rows)
    if standings.games:
        lines.append(first_mover_line(standings))
    return "\n".join(lines)


def markdown_table(standings: Standings) -> str:
    """The same table in Markdown."""
    rows = [rating_cells(place, row) for place, row in enumerate(standings.players, start=1)]
    marks = ["-" if column == LEFT else "-:" for column in range(len(HEADINGS))]
    return "\n".join("|" + "|".join(cells) + "|" for cells in (HEADINGS, marks, *rows))


def rating_cells(place: int, row: Standing) -> tuple[str, ...]:
    """What `HEADINGS` names."""
    tally = row.tally
    return (
        str(place),
        row.name,
        elo_text(row.rating.elo) if row.rating else "?",
        error_text(row.rating, fixed=row.fixed),
        str(tally.games),
        score_text(tally),
        str(tally.wins),
        str(tally.draws),
        str(tally.losses),
    )


def cross_table(standings: Standings) -> str:
    """Points of each player against each other one, out of their games: "12.5/20"."""
    names = [row.name for row in standings.players]
    rows = [["#", "player", *(str(place) for place in range(1, len(names) + 1))]]
    for place, name in enumerate(names, start=1):
        rows.append([str(place), name, *(cross_cell(standings, name, other) for other in names)])
    return "\n".join(aligned(rows))


def cross_cell(standings: Standings, name: str, other: str) -> str:
    """Points out of games of `name` against `other`."""
    if name == other:
        return "-"
    tally = standings.cross.get((name, other))
    return f"{tally.points:g}/{tally.games}" if tally else ""


def match_line(player: str, opponent: str, tally: Tally, sprt: Sprt | None = None) -> str:
    """One match in one line: results, score, Elo with its interval, likelihood of superiority, the test's state."""
    text = f"{player} - {opponent}: +{tally.wins} ={tally.draws} -{tally.losses}"
    found = estimate(tally)
    if found is None:
        return text
    text += f", {found.score.value:.1%}, Elo {interval_text(found.elo)}, LOS {found.superiority:.1%}"
    if any(tally.pairs):
        text += f", pairs {'-'.join(map(str, tally.pairs))}, normalised Elo {interval_text(found.normalised)}"
    return text if sprt is None else f"{text}, {sprt_text(sprt, tally)}"


def sprt_text(sprt: Sprt, tally: Tally) -> str:
    """The state of a test: "LLR 1.23 (-2.94 to 2.94) for 0 to 5 normalised Elo"."""
    state = sprt.state(tally)
    unit = "Elo" if sprt.model.value == "logistic" else f"{sprt.model.value} Elo"
    text = f"LLR {state.llr:.2f} ({state.lower:.2f} to {state.upper:.2f}) for {sprt.elo0:g} to {sprt.elo1:g} {unit}"
    return text if state.verdict is Verdict.OPEN else f"{text}: {state.verdict.value} accepted"


def first_mover_line(standings: Standings) -> str:
    """How those did who moved first."""
    first = standings.first
    return (
        f"moving first: +{first.wins} ={first.draws} -{first.losses}, worth "
        f"{elo_text(standings.advantage.elo)} +-{standings.advantage.error:.0f} Elo"
    )


def elo_text(elo: float) -> str:
    """With its sign, whole."""
    return f"{round(elo):+d}" if math.isfinite(elo) else f"{elo:+}"  # round: no "-0"


def error_text(rating: PlayerRating | None, *, fixed: bool) -> str:
    """The half-width of the interval; empty where there is none."""
    if rating is None:
        return ""
    return "fixed" if fixed else f"{rating.error:.0f}"


def score_text(tally: Tally) -> str:
    """Points a game, in per cent; empty without a game."""
    return f"{tally.points / tally.games:.1%}" if tally.games else ""


def interval_text(interval: Interval) -> str:
    """A value and its interval, "+12 [-3, +27]"."""
    return f"{elo_text(interval.value)} [{elo_text(interval.low)}, {elo_text(interval.high)}]"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with all columns to the right but the names."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == LEFT else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
