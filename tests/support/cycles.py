"""Made-up records of training cycles."""

from __future__ import annotations

import dataclasses
import math

from muzero_engine.training.report.reliability import ReliabilityBin
from muzero_engine.training.report.run_metrics import CycleRecord, MatchRecord, PlayRecord, ReanalysisRecord
from muzero_engine.training.report.step_metrics import Means, Metric, StepSummary

STEPS_A_CYCLE = 16
UNROLL = 5


def step_summary(cycle: int) -> StepSummary:
    """Return losses that fall, more slowly for later unroll steps."""

    def falling(scale: float) -> tuple[float, ...]:
        return tuple(scale * (1.0 + 0.1 * u) * math.exp(-cycle / 40) + 0.1 for u in range(UNROLL + 1))

    metrics: dict[str, tuple[float | None, ...]] = {
        metric.name.lower(): falling(1.0 + i) for i, metric in enumerate(Metric)
    }
    metrics["outcome"] = (None, *falling(1.0)[1:])
    metrics["ends_found"] = (None, *(1.0 - math.exp(-cycle / 30) for _ in range(UNROLL)))
    metrics["false_ends"] = (None, *(0.1 * math.exp(-cycle / 30) for _ in range(UNROLL)))
    metrics["decoder"] = (None,) * (UNROLL + 1)
    return StepSummary(
        steps=STEPS_A_CYCLE, learning_rate=1e-3 / cycle, loss=2.0 / cycle, gradient_norm=1.0 / cycle, **metrics
    )


def held_out(cycle: int) -> Means:
    """Return losses that are higher than those that are descended."""
    summary = step_summary(cycle)
    metrics = {field.name: getattr(summary, field.name) for field in dataclasses.fields(Means)}
    return Means(**metrics | {"value": tuple(x and 1.2 * x for x in summary.value)})


def cycle_record(cycle: int, *, learnt: bool = True, matches: tuple[MatchRecord, ...] = ()) -> CycleRecord:
    """Return the record of a cycle of a run in which everything goes well."""
    play = PlayRecord(
        games=50,
        plies=1000,
        seconds=1.5,
        length=20.0 + cycle / 10,
        first_wins=0.5,
        draws=0.2,
        resigned=0.1,
        capped=0.05,
        resign_wrong=None,
        divergence=0.3,
    )
    return CycleRecord(
        cycle=cycle,
        step=STEPS_A_CYCLE * cycle,
        games=50 * cycle,
        plies=1000 * cycle,
        replay_plies=min(1000 * cycle, 20_000),
        seconds=2.0 * cycle,
        device_seconds=2.0 * cycle,
        cycle_seconds=2.0,
        simulations=16_000,
        positions=STEPS_A_CYCLE * 128 if learnt else 0,
        play=play,
        learn=step_summary(cycle) if learnt else None,
        held_out=held_out(cycle) if learnt else None,
        reanalysis=ReanalysisRecord(positions=250, seconds=0.2, divergence=0.2, value_change=0.1) if learnt else None,
        matches=matches,
        reliability=(
            ReliabilityBin(positions=8, value=-0.5, result=-0.25),
            ReliabilityBin(positions=4, value=0.5, result=0.25),
        )
        if learnt
        else (),
        most_drawn_share=0.3 if learnt else None,
    )


def run_records(cycles: int = 120, every: int = 20) -> list[CycleRecord]:
    """Return a run with matches every so often, won more and more clearly."""
    records = []
    for cycle in range(1, cycles + 1):
        matches: tuple[MatchRecord, ...] = ()
        if cycle % every == 0:
            before = STEPS_A_CYCLE * (cycle - every)
            matches = (
                MatchRecord(opponent="random", wins=10 + cycle // 10, draws=4, losses=2),
                MatchRecord(opponent=f"net-{before}", wins=20, draws=4, losses=8),
            )
        records.append(cycle_record(cycle, learnt=cycle > 3, matches=matches))
    return records
