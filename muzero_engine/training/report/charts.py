"""What is drawn of a run: `CHARTS` is the table of all charts, `charts` fills it with the records of a run."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from muzero_engine.training.report.draws import times_drawn
from muzero_engine.training.report.episodes_record import QUANTILES, EpisodesRecord
from muzero_engine.training.report.reliability import RESULTS, joined
from muzero_engine.training.report.run_metrics import CycleRecord, ReanalysisRecord, ratings
from muzero_engine.training.report.step_metrics import Means, StepSummary
from muzero_engine.training.report.words import words_of

Points = list[tuple[float, float]]
Curves = dict[str, Points]  # by their names
Value = Callable[[CycleRecord], float | None]  # of a cycle; None: it has no point in the curve


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. Curves have a name and points (x, y)."""

    name: str  # of its file
    title: str
    x: str
    y: str
    curves: Curves
    held_out: Curves  # beside the curves of their names, dashed
    dots: bool  # single measurements, to be seen as such
    shares: bool  # y from 0 to 1
    logarithmic: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """What curves are drawn over."""

    label: str
    place: Callable[[CycleRecord], float]


STEPS = Axis("gradient steps", lambda record: record.step)
GAMES = Axis("{games}", lambda record: record.games)
PLIES = Axis("{plies}", lambda record: record.plies)
HOURS = Axis("hours", lambda record: record.seconds / 3600)
MINUTES = Axis("minutes", lambda record: record.seconds / 60)
SECONDS = Axis("seconds", lambda record: record.seconds)
VALUES = Axis("value that the network gives", lambda record: math.nan)  # no axis of cycles


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow:
    """A row of the table. Its curves come from one of `values`, `by_unroll_step` and `together`.

    Texts may have a word of `RunWords` in them, like {games}.
    """

    name: str
    title: str
    y: str = ""
    x: Axis
    values: Mapping[str, Value] | None = None  # a curve each
    by_unroll_step: str = ""  # a field of `Means`: a curve for each unroll step, and one of the held-out games
    together: Callable[[Sequence[CycleRecord]], Curves] | None = None  # of all records at once
    dots: bool = False
    shares: bool = False
    logarithmic: bool = False


def charts(records: Sequence[CycleRecord]) -> list[Chart]:
    """Return all charts that these records have data for."""
    words = dataclasses.asdict(words_of(records))
    return [chart for row in CHARTS if (chart := _chart(row, records, words)).curves]


def _chart(row: ChartRow, records: Sequence[CycleRecord], words: Mapping[str, str]) -> Chart:
    x = _time_axis(records[-1].seconds) if row.x is HOURS else row.x
    held_out: Curves = {}
    if row.by_unroll_step:
        curves = _by_unroll_step(records, row.by_unroll_step, lambda record: record.learn)
        held_out = _by_unroll_step(records, row.by_unroll_step, lambda record: record.held_out)
    elif row.together is not None:
        curves = row.together(records)
    else:
        curves = {name: _points(records, x, value) for name, value in (row.values or {}).items()}
    return Chart(
        name=row.name,
        title=_sentence(row.title.format_map(words)),
        x=x.label.format_map(words),
        y=row.y.format_map(words),
        curves={name.format_map(words): points for name, points in curves.items() if points},
        held_out=held_out,
        dots=row.dots,
        shares=row.shares,
        logarithmic=row.logarithmic,
    )


def _time_axis(seconds: float) -> Axis:
    """Return what the time of a run of so many seconds is told in."""
    return HOURS if seconds >= 2 * 3600 else MINUTES if seconds >= 2 * 60 else SECONDS


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _points(records: Sequence[CycleRecord], x: Axis, value: Value) -> Points:
    pairs = ((float(x.place(record)), value(record)) for record in records)
    return [(place, y) for place, y in pairs if y is not None]


def _by_unroll_step(records: Sequence[CycleRecord], field: str, means: Callable[[CycleRecord], Means | None]) -> Curves:
    curves: Curves = {}
    for record in records:
        values: Sequence[float | None] = getattr(means(record), field, ())
        for step, value in enumerate(values):
            if value is not None:
                curves.setdefault(f"step {step}", []).append((STEPS.place(record), value))
    return dict(sorted(curves.items()))


def _elo(records: Sequence[CycleRecord]) -> Curves:
    elo = ratings(records)
    networks = {int(name[4:]): value for name, value in elo.items() if name.startswith("net-")}
    if len(networks) < 2:
        return {}
    curves: Curves = {"networks": [(float(step), networks[step]) for step in sorted(networks)]}
    for name in ("random", "greedy"):
        if name in elo:
            curves[f"{name} player"] = [(0.0, elo[name]), (float(max(networks)), elo[name])]
    return curves


def _scores(records: Sequence[CycleRecord]) -> Curves:
    curves: Curves = {}
    for record in records:
        for match in record.matches:
            if not match.opponent.startswith("net-"):
                curves.setdefault(f"{match.opponent} player", []).append((STEPS.place(record), match.score))
    return curves


def _reliability(records: Sequence[CycleRecord]) -> Curves:
    measured = [record.reliability for record in records if record.reliability]
    if not measured:
        return {}
    bins = joined(measured[-max(1, len(measured) // 4) :])
    ends = (min(RESULTS[0], bins[0].value), max(RESULTS[1], bins[-1].value))
    return {
        "last quarter of the run": [(each.value, each.result) for each in bins],
        "as it should be": [(end, end) for end in ends],
    }


def _draws(records: Sequence[CycleRecord]) -> Curves:
    if not any(record.positions for record in records):
        return {}
    left, there = times_drawn(records)
    return {"since it came in, to when it left the window": left, "so far: it is still in the window": there}


def _learnt(value: Callable[[StepSummary], float | None]) -> Value:
    return lambda record: None if record.learn is None else value(record.learn)


def _reanalysed(value: Callable[[ReanalysisRecord], float]) -> Value:
    return lambda record: None if record.reanalysis is None else value(record.reanalysis)


def _second_wins(record: CycleRecord) -> float | None:
    play = record.play
    return None if play.first_wins is None or play.draws is None else 1.0 - play.first_wins - play.draws


def _learnt_positions_a_second(record: CycleRecord) -> float | None:
    return record.positions / record.cycle_seconds if record.positions else None


def _searched_again_a_second(record: CycleRecord) -> float | None:
    return record.reanalysis.positions / record.cycle_seconds if record.reanalysis else None


def _returns(record_of: Callable[[CycleRecord], EpisodesRecord | None]) -> dict[str, Value]:
    """Return curves of the returns of some episodes of each cycle: their mean, and their quantiles."""

    def curve(value: Callable[[EpisodesRecord], float]) -> Value:
        return lambda record: None if (episodes := record_of(record)) is None else value(episodes)

    def quantile(place: int) -> Value:
        return curve(lambda episodes: episodes.quantiles[place])

    return {"mean": curve(lambda episodes: episodes.mean)} | {
        f"quantile {share:.0%}": quantile(place) for place, share in enumerate(QUANTILES)
    }


def _mean(values: Sequence[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return sum(counted) / len(counted) if counted else None


_ENTROPY = "cross-entropy, nats"

_SELF_PLAY = _returns(lambda record: record.episodes)
_EVALUATION = _returns(lambda record: record.evaluation)

CHARTS = (
    ChartRow(name="returns", title="Returns of self-play", y="return of an episode", x=PLIES, values=_SELF_PLAY),
    ChartRow(name="returns-time", title="Returns of self-play", y="return of an episode", x=HOURS, values=_SELF_PLAY),
    ChartRow(
        name="evaluation",
        title="Returns without noise",
        y="return of an episode",
        x=PLIES,
        values=_EVALUATION,
        dots=True,
    ),
    ChartRow(name="policy-loss", title="Policy loss by unroll step", y=_ENTROPY, x=STEPS, by_unroll_step="policy"),
    ChartRow(name="value-loss", title="Value loss by unroll step", y=_ENTROPY, x=STEPS, by_unroll_step="value"),
    ChartRow(
        name="outcome-loss",
        title="Outcome (reward) loss by unroll step",
        y=_ENTROPY,
        x=STEPS,
        by_unroll_step="outcome",
    ),
    ChartRow(
        name="policy-divergence",
        title="KL of target to network by unroll step",
        y="nats",
        x=STEPS,
        by_unroll_step="policy_divergence",
    ),
    ChartRow(
        name="ends",
        title="Ends of {games} in the model",
        y="share",
        x=STEPS,
        values={
            "ends that are called": _learnt(lambda summary: _mean(summary.ends_found)),
            "called where it goes on": _learnt(lambda summary: _mean(summary.false_ends)),
        },
        shares=True,
    ),
    ChartRow(
        name="consistency",
        title="Consistency loss by unroll step",
        y="1 - cosine",
        x=STEPS,
        by_unroll_step="consistency",
    ),
    ChartRow(name="decoder", title="Decoder loss by unroll step", y=_ENTROPY, x=STEPS, by_unroll_step="decoder"),
    ChartRow(name="ownership", title="Ownership loss", y="squared error", x=STEPS, by_unroll_step="ownership"),
    ChartRow(
        name="reliability",
        title="What values were worth (held-out {games})",
        y="mean {result}",
        x=VALUES,
        together=_reliability,
        dots=True,
    ),
    ChartRow(name="elo", title="Internal Elo (first network: 0)", y="Elo", x=STEPS, together=_elo, dots=True),
    ChartRow(
        name="scores",
        title="Score against scripted players",
        y="points a game",
        x=STEPS,
        together=_scores,
        dots=True,
        shares=True,
    ),
    ChartRow(
        name="length",
        title="Length of {games}",
        y="{plies}",
        x=GAMES,
        values={"mean": lambda record: record.play.length},
    ),
    ChartRow(
        name="results",
        title="Results of self-play",
        y="share of {games}",
        x=GAMES,
        values={
            "first player wins": lambda record: record.play.first_wins,
            "draws": lambda record: record.play.draws,
            "second player wins": _second_wins,
            "resigned": lambda record: record.play.resigned,
            "too long": lambda record: None if record.play.draws is None else record.play.capped,
        },
        shares=True,
    ),
    ChartRow(
        name="search-divergence",
        title="KL of the search's policy to the prior",
        y="nats",
        x=GAMES,
        values={"self-play": lambda record: record.play.divergence},
    ),
    ChartRow(
        name="reanalysis",
        title="Positions that were searched again",
        x=STEPS,
        values={
            "KL of the new policy to the prior, nats": _reanalysed(lambda again: again.divergence),
            "change of the root value": _reanalysed(lambda again: again.value_change),
        },
    ),
    ChartRow(
        name="throughput",
        title="Throughput (whole cycles)",
        y="a second",
        x=HOURS,
        values={
            "{moves}": lambda record: record.play.plies / record.cycle_seconds,
            "simulations": lambda record: record.simulations / record.cycle_seconds,
            "positions learnt": _learnt_positions_a_second,
            "positions searched again": _searched_again_a_second,
        },
        logarithmic=True,
    ),
    ChartRow(
        name="learning-rate",
        title="Learning rate",
        x=STEPS,
        values={"learning rate": _learnt(lambda summary: summary.learning_rate)},
    ),
    ChartRow(
        name="gradient-norm",
        title="Gradient norm before clipping",
        x=STEPS,
        values={"gradient norm": _learnt(lambda summary: summary.gradient_norm)},
        logarithmic=True,
    ),
    ChartRow(
        name="replay",
        title="{plies} in the window of the replay",
        x=GAMES,
        values={"{plies}": lambda record: record.replay_plies},
    ),
    ChartRow(name="draws", title="How often a position is drawn (mean)", y="draws", x=GAMES, together=_draws),
    ChartRow(
        name="most-drawn",
        title="Draws that go to the tenth of the positions drawn most",
        y="share",
        x=GAMES,
        values={"by surprise": lambda record: record.most_drawn_share},
        shares=True,
    ),
)
