"""`report`: one page of curves of a run, that needs nothing beside it, and the same curves as PNG files.

matplotlib draws, without a screen; it is imported here and nowhere else.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from muzero_engine.files import write_atomically
from muzero_engine.training.report.measures import Means, StepSummary
from muzero_engine.training.report.metrics import CycleRecord, ReanalysisRecord, ratings
from muzero_engine.training.report.progress import clock_text, short_number

WIDTH, HEIGHT, DPI = 6.4, 3.8, 110  # inches, inches, dots an inch
SMOOTHED = 200  # points of a curve, at most; more are averaged
OVERVIEW = ("elo", "scores", "policy-loss", "value-loss", "game-length", "results")
OVERVIEW_COLUMNS = 3
OVERVIEW_DPI = 64
COLOURS = ("#0b5394", "#cc4125", "#38761d", "#b45f06", "#674ea7", "#45818e", "#a64d79", "#7f6000")

STEPS, GAMES = "gradient steps", "games"  # what curves are drawn over

Points = list[tuple[float, float]]
Curves = dict[str, Points]


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. Curves have a name and points (x, y); `bands` lie on top of each other and sum to 1."""

    name: str  # of its file
    title: str
    x: str
    y: str
    curves: Curves
    dots: bool = False  # single measurements, to be seen as such
    shares: bool = False  # y from 0 to 1
    logarithmic: bool = False
    held_out: Curves = field(default_factory=dict)  # beside the curves of their names, dashed


def charts(records: Sequence[CycleRecord]) -> list[Chart]:
    """All charts that these records have data for."""
    made = [
        _by_unroll(records, "policy-loss", "Policy loss by unroll step", "cross-entropy, nats", lambda s: s.policy),
        _by_unroll(records, "value-loss", "Value loss by unroll step", "cross-entropy, nats", lambda s: s.value),
        _by_unroll(
            records, "outcome-loss", "Outcome (reward) loss by unroll step", "cross-entropy, nats", lambda s: s.outcome
        ),
        _by_unroll(
            records,
            "policy-divergence",
            "KL of target to network by unroll step",
            "nats",
            lambda s: s.policy_divergence,
        ),
        Chart(
            "ends",
            "Ends of games in the model",
            STEPS,
            "share",
            {
                "ends that are called": _learned(records, lambda s: _mean(s.ends_found)),
                "called where the game goes on": _learned(records, lambda s: _mean(s.false_ends)),
            },
            shares=True,
        ),
        _by_unroll(records, "consistency", "Consistency loss by unroll step", "1 - cosine", lambda s: s.consistency),
        _by_unroll(records, "decoder", "Decoder loss by unroll step", "cross-entropy, nats", lambda s: s.decoder),
        _by_unroll(records, "ownership", "Ownership loss", "squared error", lambda s: s.ownership),
        _elo(records),
        _scores(records),
        Chart("game-length", "Length of games", GAMES, "plies", {"mean": _played(records, lambda r: r.play.length)}),
        Chart(
            "results",
            "Results of self-play",
            GAMES,
            "share of games",
            {
                "first player wins": _played(records, lambda r: r.play.first_wins),
                "draws": _played(records, lambda r: r.play.draws),
                "second player wins": _played(records, _second_wins),
                "resigned": _played(records, lambda r: r.play.resigned),
                "too long": _played(records, lambda r: r.play.capped),
            },
            shares=True,
        ),
        Chart(
            "search-divergence",
            "KL of the search's policy to the prior",
            GAMES,
            "nats",
            {"self-play": _played(records, lambda r: r.play.divergence)},
        ),
        Chart(
            "reanalysis",
            "Positions that were searched again",
            STEPS,
            "",
            {
                "KL of the new policy to the prior, nats": _reanalysed(records, lambda r: r.divergence),
                "change of the root value": _reanalysed(records, lambda r: r.value_change),
            },
        ),
        Chart(
            "throughput",
            "Throughput (whole cycles)",
            "hours",
            "a second",
            {
                "moves": [(r.seconds / 3600, r.play.plies / r.cycle_seconds) for r in records],
                "simulations": [(r.seconds / 3600, r.simulations / r.cycle_seconds) for r in records],
                "positions learnt": [(r.seconds / 3600, r.positions / r.cycle_seconds) for r in records if r.positions],
                "positions searched again": [
                    (r.seconds / 3600, r.reanalysis.positions / r.cycle_seconds) for r in records if r.reanalysis
                ],
            },
            logarithmic=True,
        ),
        Chart(
            "learning-rate",
            "Learning rate",
            STEPS,
            "",
            {"learning rate": _learned(records, lambda s: s.learning_rate)},
        ),
        Chart(
            "gradient-norm",
            "Gradient norm before clipping",
            STEPS,
            "",
            {"gradient norm": _learned(records, lambda s: s.gradient_norm)},
            logarithmic=True,
        ),
        Chart(
            "replay",
            "Plies in the window of the replay",
            GAMES,
            "",
            {"plies": _played(records, lambda r: r.replay_plies)},
        ),
    ]
    kept = [_without_empty(chart) for chart in made]
    return [chart for chart in kept if chart.curves]


def write_report(records: Sequence[CycleRecord], title: str, page: Path, png: Path | None = None) -> None:
    """Writes the page; into the folder `png`, where given, each chart as a PNG file and `overview.png`."""
    pictures = [(chart, _png(chart)) for chart in charts(records)]
    write_atomically(page, _page(records, title, pictures).encode())
    if png is not None:
        png.mkdir(parents=True, exist_ok=True)
        for chart, data in pictures:
            write_atomically(png / f"{chart.name}.png", data)
        write_atomically(png / "overview.png", overview(records, title))


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
<title>{html.escape(title)}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 90rem;
  padding: 0 1rem; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1rem; }}
figure {{ margin: 0; }}
img {{ width: 100%; height: auto; }}
table {{ border-collapse: collapse; margin-bottom: 1.5rem; }}
th {{ text-align: left; font-weight: normal; color: #666; padding-right: 1.5rem; }}
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
    last = records[-1]
    facts = [
        ("Gradient steps", f"{last.step:,}"),
        ("Games of self-play", f"{last.games:,} ({last.plies:,} moves)"),
        ("Time", clock_text(last.seconds)),
        ("Device hours", f"{last.device_seconds / 3600:.2f}"),
    ]
    seconds = sum(record.cycle_seconds for record in records[-20:])
    moves = sum(record.play.plies for record in records[-20:]) / seconds
    facts.append(("Moves a second, last cycles", short_number(moves)))
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


def _elo(records: Sequence[CycleRecord]) -> Chart:
    elo = ratings(records)
    nets = {int(name[4:]): value for name, value in elo.items() if name.startswith("net-")}
    curves: Curves = {"networks": [(float(step), nets[step]) for step in sorted(nets)]} if len(nets) > 1 else {}
    last = float(max(nets, default=0))
    for name in ("random", "greedy"):
        if name in elo and curves:
            curves[f"{name} player"] = [(0.0, elo[name]), (last, elo[name])]
    return Chart("elo", "Internal Elo (first network: 0)", STEPS, "Elo", curves, dots=True)


def _scores(records: Sequence[CycleRecord]) -> Chart:
    curves: Curves = {}
    for record in records:
        for match in record.matches:
            if not match.opponent.startswith("net-"):
                curves.setdefault(f"{match.opponent} player", []).append((float(record.step), match.score))
    return Chart("scores", "Score against scripted players", STEPS, "points a game", curves, dots=True, shares=True)


def _by_unroll(
    records: Sequence[CycleRecord], name: str, title: str, y: str, of: Callable[[Means], tuple[float | None, ...]]
) -> Chart:
    learnt: Curves = {}
    held_out: Curves = {}
    for record in records:
        for curves, means in ((learnt, record.learn), (held_out, record.held_out)):
            for step, value in enumerate(of(means) if means else ()):
                if value is not None:
                    curves.setdefault(f"step {step}", []).append((float(record.step), value))
    return Chart(name, title, STEPS, y, dict(sorted(learnt.items())), held_out=held_out)


def _learned(records: Sequence[CycleRecord], of: Callable[[StepSummary], float | None]) -> Points:
    found = [(float(record.step), of(record.learn)) for record in records if record.learn is not None]
    return [(x, y) for x, y in found if y is not None]


def _reanalysed(records: Sequence[CycleRecord], of: Callable[[ReanalysisRecord], float]) -> Points:
    return [(float(record.step), of(record.reanalysis)) for record in records if record.reanalysis is not None]


def _played(records: Sequence[CycleRecord], of: Callable[[CycleRecord], float | None]) -> Points:
    found = [(float(record.games), of(record)) for record in records]
    return [(x, y) for x, y in found if y is not None]


def _second_wins(record: CycleRecord) -> float | None:
    play = record.play
    return None if play.first_wins is None or play.draws is None else 1.0 - play.first_wins - play.draws


def _mean(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None


def _without_empty(chart: Chart) -> Chart:
    return replace(chart, curves={name: points for name, points in chart.curves.items() if points})


def _averaged(points: Points) -> Points:
    """At most SMOOTHED points, each the mean of as many neighbours."""
    size = -(-len(points) // SMOOTHED)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _png(chart: Chart) -> bytes:
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    _draw(figure.add_subplot(), chart)
    return _image(figure)


def overview(records: Sequence[CycleRecord], title: str) -> bytes:
    """The charts that say most, side by side in one PNG picture, small enough to be kept with the weights."""
    shown = [chart for chart in charts(records) if chart.name in OVERVIEW]
    rows = -(-len(shown) // OVERVIEW_COLUMNS)
    figure = Figure(figsize=(OVERVIEW_COLUMNS * WIDTH, rows * HEIGHT), dpi=OVERVIEW_DPI, layout="constrained")
    figure.suptitle(title, fontsize=14)
    for place, chart in enumerate(shown, 1):
        _draw(figure.add_subplot(rows, OVERVIEW_COLUMNS, place), chart)
    return _image(figure)


def _image(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axes: Axes, chart: Chart) -> None:
    for (name, points), colour in zip(chart.curves.items(), COLOURS * (1 + len(chart.curves) // 8), strict=False):
        xs, ys = zip(*(points if chart.dots else _averaged(points)), strict=True)
        axes.plot(xs, ys, label=name, color=colour, linewidth=1.6, marker="o" if chart.dots else "", markersize=4)
        if name in chart.held_out:
            xs, ys = zip(*_averaged(chart.held_out[name]), strict=True)
            axes.plot(xs, ys, color=colour, linewidth=1.2, linestyle="--")
    if chart.held_out:
        axes.plot([], [], label="held-out games", color="#666666", linewidth=1.2, linestyle="--")
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
        axes.legend(frameon=False, fontsize=9, ncols=2 if len(chart.curves) > 4 else 1)
