"""The loop of a run: cycle after cycle, checkpoints by the clock, an orderly end.

It ends after the last gradient step or its duration, before a time limit (early enough to write a checkpoint) or when
asked to by Ctrl-C or SIGTERM, which is answered at once and cuts the cycle short, or when an environment fails: always
with a checkpoint, where there is anything to keep, and a folder to keep it in. A second Ctrl-C ends it at once. The
first checkpoint comes before the first gradient step.
"""

from __future__ import annotations

import enum
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.training.distributed import REPEAT_SECONDS, StopRequest
from muzero_engine.training.report.progress import Progress, Status
from muzero_engine.training.run.cycle import CycleSoFar, Watch
from muzero_engine.training.run.live_status import LiveStatus
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.types import Stopped

RECENT = 8  # cycles that rates are taken from
LATEST = 3  # cycles that say how long the next may take: one that compiled is soon forgotten
SPARE = 1.3  # the next cycle, or checkpoint, may take so many times as long as the slowest of late
FIRST_SAVE = 5.0  # seconds that the first checkpoint is thought to take
FIRST_EVALUATION = 30.0  # seconds that the first cycle with an evaluation is thought to take, where nothing is known
REPEAT_ALONE = 0.3  # seconds after which a Ctrl-C is another one where there is one process


class RunEnd(enum.Enum):
    """Why a run stopped."""

    FINISHED = "all steps are done"
    LASTED = "its duration is over"
    TIME = "the time is up"
    ASKED = "stopped as asked"
    FAILED = "nothing more can be played"


@dataclass(slots=True)
class _CycleTimes:
    """How long things take, and so whether another cycle fits before the time limit."""

    now: Callable[[], float]
    end: float | None  # in the time of `now`
    cycles: deque[float]
    save: float = FIRST_SAVE
    evaluation: float | None = None  # of the slowest cycle with one; None: there was none

    def another(self, evaluates: bool, evaluation: float | None = None) -> bool:
        """Return whether there is time for one more cycle, perhaps with an evaluation, and a checkpoint.

        `evaluation` is how long that is thought to take, see `with_evaluation`.
        """
        if self.end is None:
            return True
        latest = list(self.cycles)[-LATEST:]
        slowest = max((*latest, self.with_evaluation(evaluation) if evaluates else 0.0), default=0.0)
        return self.now() + SPARE * (slowest + self.save) < self.end

    def with_evaluation(self, evaluation: float | None) -> float:
        """Return how long a cycle with an evaluation takes: as the slowest did, or one without and `evaluation`."""
        if self.evaluation is not None:
            return self.evaluation
        return FIRST_EVALUATION if evaluation is None else (self.mean() or 0.0) + evaluation

    def took(self, seconds: float, evaluated: bool) -> None:
        """Take note that a cycle is over."""
        if not evaluated:
            self.cycles.append(seconds)
        else:
            self.evaluation = max(self.evaluation or 0.0, seconds)

    def mean(self) -> float | None:
        """Return the mean seconds of the recent cycles without matches; None where there was none."""
        return sum(self.cycles) / len(self.cycles) if self.cycles else None

    def left(self) -> float | None:
        """Return the seconds to the time limit; None where there is none."""
        return None if self.end is None else max(0.0, self.end - self.now())


class _Steadiness:
    """How long a run goes without looking whether it is to stop."""

    def __init__(self, due: Callable[[], bool]) -> None:
        self._due = due
        self._last = time.monotonic()
        self._longest = 0.0  # seconds, of late

    def due(self) -> bool:
        """Return whether the run is to stop."""
        now = time.monotonic()
        self._longest = max(0.99 * self._longest, now - self._last)
        self._last = now
        return self._due()

    @property
    def longest(self) -> float:
        """Return the longest of late, in seconds, and since it last looked."""
        return max(self._longest, time.monotonic() - self._last)


def train(
    run: TrainingRun,
    progress: Progress,
    *,
    time_limit: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> RunEnd:
    """Run until one of the endings; all ranks call it together, each in its main thread.

    `time_limit` in seconds from now, checkpoint included. Raises the `PlaySource.failure` after which nothing more can
    be played, with a checkpoint; NonFiniteLoss, RulesError, PeerLost, CheckpointNotWritten, OSError, and
    KeyboardInterrupt at a second Ctrl-C; checkpoints from before are then intact. Raises RunRemoved, too.
    """
    world, config = run.world, run.config
    times = _CycleTimes(clock, None if time_limit is None else clock() + time_limit, deque(maxlen=RECENT))
    saved_at, saved_cycle, save_seconds = clock(), run.counters.cycle, 1.0
    live = LiveStatus(run)

    def answer() -> None:
        seconds = max(1, math.ceil(save_seconds + steadiness.longest))
        progress.note_from_handler(f"stopping: a checkpoint in about {seconds} s; again to stop at once")

    def status(so_far: CycleSoFar | None) -> Status:
        return live.status(so_far, times.mean(), times.left(), times.evaluation)

    def save(*, counts: bool = True) -> None:
        nonlocal saved_at, saved_cycle, save_seconds
        began, started = time.monotonic(), clock()
        run.save()
        saved_at, saved_cycle = clock(), run.counters.cycle
        times.save = saved_at - started if counts else times.save
        save_seconds = time.monotonic() - began

    request = StopRequest(answer=answer, repeat=REPEAT_SECONDS if world.size > 1 else REPEAT_ALONE)

    def due() -> bool:
        return request.due() or run.removed

    steadiness = _Steadiness(due)
    watch = Watch(steadiness.due, lambda so_far: progress.show(lambda: status(so_far)))
    warned = False
    with request:
        for notice in run.notices:
            progress.note(notice)
        while not run.finished:
            if world.any(due()):
                ending = RunEnd.ASKED
                break
            evaluation = run.evaluation_seconds
            if world.any(not times.another(run.evaluates_next, evaluation)):
                ending = RunEnd.TIME
                if times.another(False):
                    seconds = SPARE * times.with_evaluation(evaluation)
                    progress.note(f"the next cycle evaluates, which may take {seconds:.0f} s: too long")
                break
            learns = run.learns_next
            if learns and run.counters.step == 0 and saved_cycle < run.counters.cycle:
                save(counts=False)  # a replay that fills takes less time than a full one
            live.cycle_begins(learns)
            started = clock()
            try:
                record = run.cycle(watch)
            except Stopped:
                ending = RunEnd.FAILED if world.any(run.failure is not None) else RunEnd.ASKED
                break
            times.took(clock() - started, record.evaluated)
            live.cycle_ended(record)
            progress.show(lambda: status(None))
            for line in record.evaluation_lines():
                progress.note(line)
            if not warned and (warning := run.warning):
                warned = True
                progress.note(warning)
            if world.any(run.failure is not None):
                ending = RunEnd.FAILED
                break
            late = clock() - saved_at >= config.checkpoint_seconds and record.cycle > saved_cycle
            if world.any(world.is_main and late) and not run.finished and not world.any(request.due()):
                save()
        else:
            ending = RunEnd.LASTED if config.duration else RunEnd.FINISHED
        run.require_folder()
        if run.left:
            progress.note(f"{run.left} and is left behind: what it had in progress begins anew")
        if run.counters.cycle:
            progress.note(f"{ending.value}: {run.save()}")
        else:
            progress.note(f"{ending.value}: nothing was played yet, so that there is no checkpoint")
    if run.failure is not None:
        raise run.failure
    return ending
