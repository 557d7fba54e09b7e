"""`LiveStatus`: what the line of a run says from its first second on, also in the middle of a cycle."""

from __future__ import annotations

import time
from collections.abc import Callable

from muzero_engine.games.registry import load_game
from muzero_engine.training.board_settings import group_sizes, ply_cap
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.report.progress import Status
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.run.cycle import CycleSoFar
from muzero_engine.training.run.run import TrainingRun

FIRST_GAME = 0.75  # of the ply cap: how long games of an untrained network are, about
ENDED = 0.6  # of such a game: what every slot has played in vain, about, when the replay is full
LOSSES = ("policy", "value", "outcome")


def plies_to_fill(config: TrainConfig) -> int:
    """Return about how many plies a rank plays before its replay, which takes whole games, is full enough to learn."""
    settings, spec = config.self_play, load_game(config.game).spec
    in_progress = sum(
        2 * slots * FIRST_GAME * ply_cap(settings, spec, shape) for shape, slots in group_sizes(settings, spec).items()
    )
    return round(min(config.replay.min_plies, config.replay.capacity_plies // 2) + ENDED * in_progress)


class LiveStatus:
    """Makes the status of a run: `cycle_begins`, then `status` as often as wanted. Ranks are taken to be alike."""

    def __init__(self, run: TrainingRun, clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._clock = run, clock
        self._filled_from = run.counters.plies if run.counters.step else 0  # a replay that was left behind fills anew
        self._to_fill = plies_to_fill(run.config) * run.world.size
        self._record: CycleRecord | None = None  # the last one
        self._learns = False
        self._began = clock()

    def cycle_begins(self, learns: bool) -> None:
        """Take note of a new cycle, and whether it will take gradient steps."""
        self._learns, self._began = learns, self._clock()

    def cycle_ended(self, record: CycleRecord) -> None:
        """Take note of what a cycle measured: its rates are better than those of a part of the next."""
        self._record = record

    def status(self, so_far: CycleSoFar | None, cycle_seconds: float | None, limit: float | None) -> Status:
        """Return the status `so_far` in a cycle, None: after one.

        `cycle_seconds` is how long cycles take, None: not known, `limit` the seconds to a time limit, None: there is
        none.
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
            losses=_losses(record),
            seconds_left=left,
            doing=doing,
            who_plays=run.who_plays,
        )


def _losses(record: CycleRecord | None) -> tuple[tuple[str, float], ...]:
    """Return the first known value of each loss by unroll step."""
    if record is None or record.learn is None:
        return ()
    firsts = {name: next((x for x in getattr(record.learn, name) if x is not None), None) for name in LOSSES}
    return tuple((name, loss) for name, loss in firsts.items() if loss is not None)
