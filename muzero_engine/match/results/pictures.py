"""Standings as pictures: ratings with their intervals, and the cross table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from muzero_engine.figures import drawn_text, new_figure, png_of
from muzero_engine.match.results.standings import Standings
from muzero_engine.match.results.tables import cross_cell, elo_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.5  # inches
BLUE, GREY, RED = "#0b5394", "#888888", "#cc4125"
LONGEST_NAME = 32  # characters of a label
MOST_NUMBERED = 30  # players whose points are written into the cross table; more are shades alone


def ratings_png(standings: Standings, title: str) -> bytes:
    """Draw a picture (PNG) of the rated players' ratings with 95% intervals, the strongest at the top.

    Raises PicturesUnavailable.
    """
    rated = [row for row in standings.players if row.rating is not None]
    figure, axes = _figure(1.3 + 0.32 * len(rated), title)
    for place, row in enumerate(rated):
        assert row.rating is not None
        colour = GREY if row.fixed else BLUE
        axes.errorbar(row.rating.elo, place, xerr=row.rating.error, color=colour, fmt="o", capsize=3, markersize=5)
        axes.annotate(
            elo_text(row.rating.elo),
            (row.rating.elo, place),
            (0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(rated)), [_label(row.name) + (" (fixed)" if row.fixed else "") for row in rated])
    axes.set_ylim(len(rated) - 0.4, -0.8)
    axes.set_xlabel("Elo, with 95% intervals")
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.margins(x=0.08)
    return png_of(figure)


def cross_png(standings: Standings, title: str) -> bytes:
    """Draw a picture (PNG) of the cross table: the row's points out of the games with the column; blue won, red lost.

    Where many have played, the shades stand alone. Raises PicturesUnavailable.
    """
    names = [row.name for row in standings.players]
    numbered = len(names) <= MOST_NUMBERED
    side = (0.42 if numbered else 0.2) * len(names)
    figure, axes = _figure(1.0 + side, title, width=max(WIDTH, 3.0 + side))
    from matplotlib.colors import to_rgba

    shades = np.zeros((len(names), len(names), 4))  # red, green, blue, how much of them
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            if results := standings.cross.get((name, other)):
                share = results.points / results.games
                shades[row, column] = to_rgba(BLUE if share > 0.5 else RED, abs(2.0 * share - 1.0) * 0.75)
                if numbered:
                    axes.text(column, row, cross_cell(standings, name, other), ha="center", va="center", fontsize=8)
        shades[row, row] = to_rgba("#dddddd")
    edges = np.arange(len(names) + 1) - 0.5
    axes.pcolormesh(edges, edges, shades, edgecolors="white", linewidth=1.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [f"{_label(name)}  {place}" for place, name in enumerate(names, start=1)])
    axes.set_xticks(range(len(names)), [str(place) for place in range(1, len(names) + 1)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return png_of(figure)


def _label(name: str) -> str:
    shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."
    return drawn_text(shown)


def _figure(height: float, title: str, *, width: float = WIDTH) -> tuple[Figure, Axes]:
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    axes.set_title(drawn_text(title), loc="left", fontsize=12)
    return figure, axes
