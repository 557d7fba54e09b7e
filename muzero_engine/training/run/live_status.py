"""`LiveStatus`: what the line of a run says from its first second on, also in the middle of a cycle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from muzero_engine.training.report.progress import Status
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.report.words import RunWords, words_for
from muzero_engine.training.run.cycle import CycleSoFar
from muzero_engine.training.run.run import TrainingRun

LOSSES = ("policy", "value", "outcome")


class LiveStatus:
    """Makes the status of a run: `cycle_begins`, then `status` as often as wanted. Ranks are taken to be alike."""

    def __init__(self, run: TrainingRun, clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._clock = run, clock
        self._filled_from = run.counters.plies if run.counters.step else 0  # a replay that was left behind fills anew
        self._to_fill = run.task.plies_to_fill() * run.world.size
        self._words = words_for(run.config)
        self._record: CycleRecord | None = None  # the last one
        self._mean_return: float | None = None
        self._learns = False
        self._began = clock()

    def cycle_begins(self, learns: bool) -> None:
        """Take note of a new cycle, and whether it will take gradient steps."""
        self._learns, self._began = learns, self._clock()

    def cycle_ended(self, record: CycleRecord) -> None:
        """Take note of what a cycle measured: its rates are better than those of a part of the next."""
        self._record = record
        if record.episodes is not None:
            self._mean_return = record.episodes.mean

    def status(
        self,
        so_far: CycleSoFar | None,
        cycle_seconds: float | None,
        limit: float | None,
        evaluation_seconds: float | None = None,
    ) -> Status:
        """Return the status `so_far` in a cycle, None: after one.

        `cycle_seconds` is how long cycles take, `evaluation_seconds` those with an evaluation, None: not known, `limit`
        the seconds to a time limit, None: there is none.
        """
        run, record, size = self._run, self._record, self._run.world.size
        config, counters = run.config, run.counters
        elapsed = self._clock() - self._began
        step, games, plies, seconds, doing = counters.step, counters.games, counters.plies, counters.seconds, ""
        if so_far is not None:
            step += so_far.steps
            games += so_far.games * size
            plies += so_far.plies * size
            seconds += elapsed
            doing = so_far.doing
        if record is not None:
            moves, simulations = record.play.plies / record.cycle_seconds, record.simulations / record.cycle_seconds
        elif so_far is not None and elapsed > 0:
            searched = so_far.simulations or so_far.plies * config.search.simulations
            simulations = searched * size / elapsed
            moves = simulations / config.search.simulations
        else:
            moves = simulations = 0.0
        to_fill = 0 if self._learns else self._to_fill
        left = None
        if to_fill:
            left = max(0.0, self._filled_from + to_fill - plies) / moves if moves else None
        elif config.duration:
            left = max(0.0, config.duration - seconds)
        elif cycle_seconds is not None:
            left = (run.expected_steps - step) / config.learner.steps_per_cycle * cycle_seconds
            if evaluation_seconds is not None:
                left += self._evaluations_left(so_far is not None) * max(0.0, evaluation_seconds - cycle_seconds)
                left = max(0.0, left - (max(0.0, elapsed - cycle_seconds) if doing else 0.0))
        if limit is not None:
            left = limit if left is None or limit < left else left
        return Status(
            step=step,
            steps=run.expected_steps,
            games=games,
            plies=plies,
            filled=min(0.99, (plies - self._filled_from) / to_fill) if to_fill else None,
            moves_per_second=moves,
            simulations_per_second=simulations,
            losses=_losses(record, self._words),
            seconds_left=left,
            doing=doing,
            who_plays=run.who_plays,
            mean_return=self._mean_return,
            words=self._words,
        )

    def _evaluations_left(self, in_cycle: bool) -> int:
        """Return how many evaluations the run will have yet, the one at its end among them."""
        every, counters, config = self._run.config.evaluation.every_cycles, self._run.counters, self._run.config
        if every == 0:
            return 0
        cycles = math.ceil((self._run.expected_steps - counters.step) / config.learner.steps_per_cycle)
        last = counters.cycle + max(cycles, int(in_cycle))
        return last // every - counters.cycle // every + (last % every > 0 and last > counters.cycle)


def _losses(record: CycleRecord | None, words: RunWords) -> tuple[tuple[str, float], ...]:
    """Return the first known value of each loss by unroll step."""
    if record is None or record.learn is None:
        return ()
    firsts = {name: next((x for x in getattr(record.learn, name) if x is not None), None) for name in LOSSES}
    shown = {"outcome": words.outcome}
    return tuple((shown.get(name, name), loss) for name, loss in firsts.items() if loss is not None)
