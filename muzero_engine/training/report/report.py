"""`report`: one page with the `charts` of a run, that needs nothing beside it, and the same charts as PNG files."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from muzero_engine.figures import drawn_text, new_figure, png_of
from muzero_engine.files import make_folder, page_mark, read_beginning, text_bytes, write_atomically
from muzero_engine.training.report.charts import Chart, Points, charts
from muzero_engine.training.report.progress import clock_text, short_number
from muzero_engine.training.report.run_metrics import CycleRecord, ratings
from muzero_engine.training.report.words import words_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 6.4, 3.8  # inches
SMOOTHED = 200  # points of a curve, at most; more are averaged
OVERVIEW = ("returns", "evaluation", "elo", "scores", "policy-loss", "value-loss", "length", "results")
OVERVIEW_NAME = "overview"
OVERVIEW_COLUMNS = 3
OVERVIEW_DPI = 64
LEGEND_ROOM = 0.3  # of a picture's height, above many curves
RUN = "Run"  # what a picture calls the run that it is of
PNG_BEGINS = 1024  # bytes, in which a picture says it
COLOURS = ("#0b5394", "#cc4125", "#38761d", "#b45f06", "#674ea7", "#45818e", "#a64d79", "#7f6000")


class PicturesInTheWay(ValueError):
    """Files where pictures were to be written, which are of no report of the run."""


def write_report(
    records: Sequence[CycleRecord], title: str, page: Path, png: Path | None = None, *, run: str = ""
) -> None:
    """Write the page; into the folder `png`, where given, each chart as a PNG file and `overview.png`, if any.

    Pictures hold `run`, which identifies it, and replace those of the same run. Raises PicturesInTheWay.
    """
    drawn = charts(records)
    if png is not None:
        for name in [*(chart.name for chart in drawn), OVERVIEW_NAME]:
            _refuse_another(png / f"{name}.png", run)
    pictures = [(chart, _png(chart, run)) for chart in drawn]
    write_atomically(page, text_bytes(_page(records, title, pictures)))
    if png is not None:
        make_folder(png)
        for chart, data in pictures:
            write_atomically(png / f"{chart.name}.png", data)
        if (picture := overview(records, title, run)) is not None:
            write_atomically(png / f"{OVERVIEW_NAME}.png", picture)


def _refuse_another(path: Path, run: str) -> None:
    """Raise PicturesInTheWay for a file that is there and is no picture of the run."""
    if path.exists() and f"{RUN}\0{run}".encode() not in read_beginning(path, PNG_BEGINS):
        raise PicturesInTheWay(
            f"{path} is there already, and is not known to be of this run: remove it, or choose another folder"
        )


def _page(records: Sequence[CycleRecord], title: str, pictures: Sequence[tuple[Chart, bytes]]) -> str:
    figures = "\n".join(
        f'<figure id="{chart.name}"><img alt="{html.escape(chart.title)}: {html.escape(", ".join(chart.curves))}" '
        f'src="data:image/png;base64,{base64.b64encode(data).decode()}"></figure>'
        for chart, data in pictures
    )
    facts = "\n".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in _facts(records))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{page_mark("training")}
<title>{html.escape(title)}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 90rem;
  padding: 0 1rem; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }}
figure {{ margin: 0; }}
img {{ width: 100%; height: auto; }}
table {{ border-collapse: collapse; margin-bottom: 1.5rem; }}
th {{ text-align: left; font-weight: normal; color: #666; padding-right: 1.5rem; }}
td {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{html.escape(title)}</h1>
<table>
{facts}
</table>
<main>
{figures}
</main>
</body>
</html>
"""


def _facts(records: Sequence[CycleRecord]) -> list[tuple[str, str]]:
    last, words = records[-1], words_of(records)
    facts = [
        ("Gradient steps", f"{last.step:,}"),
        (f"{words.games.capitalize()} of self-play", f"{last.games:,} ({last.plies:,} {words.moves})"),
        ("Time", clock_text(last.seconds)),
        ("Device hours", f"{last.device_seconds / 3600:.2f}"),
    ]
    seconds = sum(record.cycle_seconds for record in records[-20:])
    moves = sum(record.play.plies for record in records[-20:]) / seconds
    facts.append((f"{words.moves.capitalize()} a second, last cycles", short_number(moves)))
    for name, place in (("Self-play", "episodes"), ("Without noise", "evaluation")):
        known = [episodes for record in records if (episodes := getattr(record, place)) is not None]
        if known:
            facts.append((name, known[-1].sentence()))
    rated = [record for record in records if record.matches]
    if rated:
        elo = ratings(records)
        name = f"net-{rated[-1].step}"
        if name in elo:
            facts.append(("Internal Elo", f"{elo[name]:+.0f} against the first network (step {rated[-1].step:,})"))
        facts.extend(
            (f"Against {match.opponent}", f"{match.score:.1%} (+{match.wins} ={match.draws} -{match.losses})")
            for match in rated[-1].matches
        )
    return facts


def _averaged(points: Points) -> Points:
    """Return at most SMOOTHED points, each the mean of as many neighbours."""
    size = -(-len(points) // SMOOTHED)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _png(chart: Chart, run: str) -> bytes:
    figure = new_figure(WIDTH, HEIGHT)
    _draw(figure.add_subplot(), chart)
    return png_of(figure, {RUN: run})


def overview(records: Sequence[CycleRecord], title: str, run: str = "") -> bytes | None:
    """Return the charts that say most, side by side in one PNG picture, small enough to be kept with the weights.

    None where there is nothing to draw yet: no game is over.
    """
    shown = [chart for chart in charts(records) if chart.name in OVERVIEW]
    if not shown:
        return None
    rows = -(-len(shown) // OVERVIEW_COLUMNS)
    figure = new_figure(OVERVIEW_COLUMNS * WIDTH, rows * HEIGHT, OVERVIEW_DPI)
    figure.suptitle(drawn_text(title), fontsize=14)
    for place, chart in enumerate(shown, 1):
        _draw(figure.add_subplot(rows, OVERVIEW_COLUMNS, place), chart)
    return png_of(figure, {RUN: run})


def _draw(axes: Axes, chart: Chart) -> None:
    for (name, points), colour in zip(chart.curves.items(), COLOURS * (1 + len(chart.curves) // 8), strict=False):
        xs, ys = zip(*(points if chart.dots else _averaged(points)), strict=True)
        axes.plot(xs, ys, label=name, color=colour, linewidth=1.6, marker="o" if chart.dots else "", markersize=4)
        if name in chart.held_out:
            xs, ys = zip(*_averaged(chart.held_out[name]), strict=True)
            axes.plot(xs, ys, color=colour, linewidth=1.2, linestyle="--")
    if chart.held_out:
        axes.plot([], [], label="held out", color="#666666", linewidth=1.2, linestyle="--")
    _dress(axes, chart)


def _tick(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _dress(axes: Axes, chart: Chart) -> None:
    axes.set_title(chart.title, loc="left", fontsize=12)
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.y)
    if chart.logarithmic:
        axes.set_yscale("log")
    if chart.shares:
        axes.set_ylim(-0.02, 1.02)
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: _tick(value))
    if not chart.logarithmic:
        axes.yaxis.set_major_formatter(lambda value, _: _tick(value))
    if len(chart.curves) > 1 or chart.dots or chart.held_out:
        if len(chart.curves) > 4 and not (chart.shares or chart.logarithmic):
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + LEGEND_ROOM * (high - low))
        axes.legend(frameon=False, fontsize=9, ncols=2 if len(chart.curves) > 4 else 1)
