"""Standings and estimates as text: the live table, the cross table, one line on a match, lines on faults and stalls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.match.results.standings import Standing, Standings
from muzero_engine.match.results.statistics import HeadToHead, Interval, Sprt, SprtDecision, WinDrawLoss, estimate
from muzero_engine.ratings import PlayerRating

HEADINGS = ("#", "player", "Elo", "+-", "games", "score", "won", "drawn", "lost")
LEFT = 1  # the column that is text


def rating_table(standings: Standings) -> str:
    """Write a line for each player (rating, 95% interval, games, results), and one on the worth of moving first."""
    rows = [HEADINGS, *(rating_cells(place, row) for place, row in enumerate(standings.players, start=1))]
    lines = aligned(rows)
    if standings.games:
        lines.append(first_mover_line(standings))
    return "\n".join(lines)


def rating_cells(place: int, row: Standing) -> tuple[str, ...]:
    """Return what `HEADINGS` names, of one player."""
    total = row.total
    return (
        str(place),
        row.name,
        elo_text(row.rating.elo) if row.rating else "?",
        error_text(row.rating, fixed=row.fixed),
        str(total.games),
        points_text(total),
        str(total.wins),
        str(total.draws),
        str(total.losses),
    )


def cross_table(standings: Standings) -> str:
    """Write the points of each player against each other one, out of their games: "12.5/20"."""
    names = [row.name for row in standings.players]
    rows = [["#", "player", *(str(place) for place in range(1, len(names) + 1))]]
    for place, name in enumerate(names, start=1):
        rows.append([str(place), name, *(cross_cell(standings, name, other) for other in names)])
    return "\n".join(aligned(rows))


def cross_cell(standings: Standings, name: str, other: str) -> str:
    """Write the points out of games of `name` against `other`."""
    if name == other:
        return "-"
    results = standings.cross.get((name, other))
    return f"{results.points:g}/{results.games}" if results else ""


def match_line(player: str, opponent: str, results: HeadToHead, sprt: Sprt | None = None) -> str:
    """Write a match in one line: results, score, Elo with its interval, likelihood of superiority, the test's state."""
    text = f"{player} - {opponent}: +{results.wins} ={results.draws} -{results.losses}"
    strength = estimate(results)
    if strength is None:
        return text
    text += f", {strength.score.value:.1%}, Elo {interval_text(strength.elo)}, LOS {strength.superiority:.1%}"
    if any(results.pairs):
        text += f", pairs {'-'.join(map(str, results.pairs))}, normalised Elo {interval_text(strength.normalised)}"
    return text if sprt is None else f"{text}, {sprt_text(sprt, results)}"


def sprt_text(sprt: Sprt, results: HeadToHead) -> str:
    """Write the state of a test: "LLR 1.23 (-2.94 to 2.94) for 0 to 5 normalised Elo"."""
    state = sprt.state(results)
    unit = "Elo" if sprt.model.value == "logistic" else f"{sprt.model.value} Elo"
    text = f"LLR {state.llr:.2f} ({state.lower:.2f} to {state.upper:.2f}) for {sprt.elo0:g} to {sprt.elo1:g} {unit}"
    return text if state.decision is SprtDecision.OPEN else f"{text}: {state.decision.value} accepted"


def stalled_lines(records: Sequence[GameRecord]) -> list[str]:
    """Return a line on the moves that were in time only because the machine stood still; none where there are none."""
    stalls = [stall for record in records for stall in record.stalls]
    if not stalls:
        return []
    moves = f"{len(stalls)} move{'' if len(stalls) == 1 else 's'}"
    return [f"in {moves} time was taken off in which the machine stood still ({sum(stalls):.2f} s in all)"]


def fault_lines(records: Sequence[GameRecord], rated: str | None = None) -> list[str]:
    """Return a line for each kind of fault of each player's program; those of others than `rated`, where that is told,
    are said to count for nothing."""
    counts: Counter[tuple[str, Ending]] = Counter()
    for record in records:
        if record.ending.is_fault:
            counts[record.loser, record.ending] += 1
    return [
        f"{name}: {count} game{'s' if count > 1 else ''} lost by {ending.value}"
        + ("" if rated in (None, name) else " (not rated)")
        for (name, ending), count in counts.items()
    ]


def first_mover_line(standings: Standings) -> str:
    """Write how those did who moved first."""
    first = standings.first
    return (
        f"moving first: +{first.wins} ={first.draws} -{first.losses}, worth "
        f"{elo_text(standings.advantage.elo)} +-{standings.advantage.error:.0f} Elo"
    )


def elo_text(elo: float) -> str:
    """Write a difference in Elo with its sign, as a whole number."""
    return f"{round(elo):+d}" if math.isfinite(elo) else f"{elo:+}"  # round: no "-0"


def error_text(rating: PlayerRating | None, *, fixed: bool) -> str:
    """Write the half-width of the interval; empty where there is none."""
    if rating is None:
        return ""
    return "fixed" if fixed else f"{rating.error:.0f}"


def points_text(total: WinDrawLoss) -> str:
    """Write the points a game, in per cent; empty without a game."""
    return f"{total.points / total.games:.1%}" if total.games else ""


def interval_text(interval: Interval) -> str:
    """Write a value and its interval, "+12 [-3, +27]"."""
    return f"{elo_text(interval.value)} [{elo_text(interval.low)}, {elo_text(interval.high)}]"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table with all columns to the right but the names."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == LEFT else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
