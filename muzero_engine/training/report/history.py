"""How a network came to be: the records of its run, after those of the runs that it began with (`train --init`).

A bundle has them in `training.jsonl`; a run that begins with the bundle keeps them in `RUN/earlier.jsonl`. Both have
the form of `RUN/metrics.jsonl`, with counts from the very first run on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from muzero_engine.files import make_folder, write_atomically
from muzero_engine.training.report.run_metrics import CycleRecord, MatchRecord, lines, read_lines, read_records

EARLIER = "earlier.jsonl"
KEPT = 100  # records of a bundle's history, and those with an evaluation


def history(run: Path, step: int | None = None) -> list[CycleRecord]:
    """Return all that led to the network of a run (at a step of this run), oldest first. Raises BadMetrics."""
    before = read_lines(run / EARLIER) if (run / EARLIER).exists() else []
    return joined(before, [record for record in read_records(run) if step is None or record.step <= step])


def keep_earlier(run: Path, history: Path | None) -> None:
    """Let a new run go on with the history of the network that it begins with, if there is one.

    What a run that never got to a checkpoint left in the folder is forgotten. Raises BadMetrics.
    """
    if (run / EARLIER).exists():
        (run / EARLIER).unlink()
    if history is not None:
        make_folder(run)
        write_atomically(run / EARLIER, lines(read_lines(history)))


def joined(before: Sequence[CycleRecord], records: Sequence[CycleRecord]) -> list[CycleRecord]:
    """Return the `records` of a run after those `before` it: its network of step 0 is the last one there."""
    if not before:
        return list(records)
    last = before[-1]
    return [
        *before,
        *(
            replace(
                record,
                cycle=record.cycle + last.cycle,
                step=record.step + last.step,
                games=record.games + last.games,
                plies=record.plies + last.plies,
                seconds=record.seconds + last.seconds,
                device_seconds=record.device_seconds + last.device_seconds,
                matches=tuple(_later(match, last.step) for match in record.matches),
            )
            for record in records
        ),
    ]


def thinned(records: Sequence[CycleRecord], most: int = KEPT) -> list[CycleRecord]:
    """Return at most so many records, evenly over the steps, and besides them all with an evaluation and the last."""
    kept: list[CycleRecord] = []
    total = max(records[-1].step, 1) if records else 1
    for number, record in enumerate(records):
        new = record.step * most // total > (kept[-1].step * most // total if kept else -1)
        if new or record.evaluated or number == len(records) - 1:
            kept.append(record)
    return kept


def _later(match: MatchRecord, steps: int) -> MatchRecord:
    start, _, number = match.opponent.partition("net-")
    if start or not number.isdecimal():
        return match
    return replace(match, opponent=f"net-{int(number) + steps}")
