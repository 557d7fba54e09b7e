"""The loop of a run: cycle after cycle, checkpoints by the clock, an orderly end.

It ends after the last gradient step or its duration, before a time limit (early enough to write a checkpoint) or when
asked to by Ctrl-C or SIGTERM: always between two cycles, always with a checkpoint. A second Ctrl-C ends it at once.
"""

from __future__ import annotations

import enum
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.training.distributed import StopRequest
from muzero_engine.training.report.progress import Progress, Status
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.run import TrainingRun

RECENT = 8  # cycles that rates are taken from
LATEST = 3  # cycles that say how long the next may take: one that compiled is soon forgotten
SPARE = 1.3  # the next cycle, or checkpoint, may take so many times as long as the slowest of late
FIRST_SAVE = 5.0  # seconds that the first checkpoint is thought to take
FIRST_EVALUATION = 30.0  # seconds that the first cycle with an evaluation is thought to take, at least


class RunEnd(enum.Enum):
    """Why a run stopped."""

    FINISHED = "all steps are done"
    LASTED = "its duration is over"
    TIME = "the time is up"
    ASKED = "stopped as asked"


@dataclass(slots=True)
class _CycleTimes:
    """How long things take, and so whether another cycle fits before the time limit."""

    now: Callable[[], float]
    end: float | None  # in the time of `now`
    cycles: deque[float]
    save: float = FIRST_SAVE
    evaluation: float = FIRST_EVALUATION  # of the slowest cycle with one

    def another(self, evaluates: bool) -> bool:
        """Return whether there is time for one more cycle, perhaps with an evaluation, and a checkpoint."""
        if self.end is None:
            return True
        latest = list(self.cycles)[-LATEST:]
        slowest = max((*latest, self.evaluation if evaluates else 0.0), default=0.0)
        return self.now() + SPARE * (slowest + self.save) < self.end

    def took(self, seconds: float, evaluated: bool) -> None:
        """Take note that a cycle is over."""
        if not evaluated:
            self.cycles.append(seconds)
        else:
            self.evaluation = seconds if self.evaluation == FIRST_EVALUATION else max(self.evaluation, seconds)

    def left(self) -> float | None:
        """Return the seconds to the time limit; None where there is none."""
        return None if self.end is None else max(0.0, self.end - self.now())


def train(
    run: TrainingRun,
    progress: Progress,
    *,
    time_limit: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> RunEnd:
    """Run until one of the endings; all ranks call it together, each in its main thread.

    `time_limit` in seconds from now, checkpoint included. Raises NonFiniteLoss, RulesError, PeerLost,
    CheckpointNotWritten, OSError, and KeyboardInterrupt at a second Ctrl-C; checkpoints from before are then intact.
    """
    world, config = run.world, run.config
    times = _CycleTimes(clock, None if time_limit is None else clock() + time_limit, deque(maxlen=RECENT))
    saved_at, saved_step = clock(), run.counters.step
    with StopRequest() as request:
        while not run.finished:
            if world.any(request.due()):
                ending = RunEnd.ASKED
                break
            if world.any(not times.another(run.evaluates_next)):
                ending = RunEnd.TIME
                break
            started = clock()
            record = run.cycle()
            times.took(clock() - started, bool(record.matches))
            progress.show(_status(record, run, times))
            for match in record.matches:
                progress.note(
                    f"step {record.step:,}: {match.score:.1%} against {match.opponent} "
                    f"(+{match.wins} ={match.draws} -{match.losses})"
                )
            due = clock() - saved_at >= config.checkpoint_seconds and record.step > saved_step
            if world.any(world.is_main and due) and not run.finished:
                started = clock()
                run.save()
                saved_at, saved_step = clock(), record.step
                times.save = saved_at - started
        else:
            ending = RunEnd.LASTED if config.duration else RunEnd.FINISHED
        if run.counters.cycle:
            progress.note(f"{ending.value}: {run.save()}")
    return ending


def _status(record: CycleRecord, run: TrainingRun, times: _CycleTimes) -> Status:
    losses: tuple[tuple[str, float], ...] = ()
    steps, left = run.expected_steps, times.left()
    if record.learn is not None:
        shown = {"policy": record.learn.policy, "value": record.learn.value, "outcome": record.learn.outcome}
        firsts = {name: next((loss for loss in losses if loss is not None), None) for name, losses in shown.items()}
        losses = tuple((name, loss) for name, loss in firsts.items() if loss is not None)
        cycle = sum(times.cycles) / len(times.cycles) if times.cycles else record.cycle_seconds
        whole = run.config.duration
        needed = max(0.0, whole - record.seconds) if whole else (steps - record.step) / record.learn.steps * cycle
        left = needed if left is None else min(needed, left)
    return Status(
        step=record.step,
        steps=steps,
        games=record.games,
        moves_per_second=record.play.plies / record.cycle_seconds,
        simulations_per_second=record.simulations / record.cycle_seconds,
        losses=losses,
        seconds_left=left,
    )
