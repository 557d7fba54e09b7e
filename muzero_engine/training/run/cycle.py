"""One cycle of a run.

A cycle is: play and, between the searches of self-play, take gradient steps on the games that ended before; add those
that ended now to the replay, give the new mean weights to the search, perhaps search positions again, perhaps evaluate.
(A GPU that takes gradient steps while processors play by the rules never waits for them.)
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import torch

from muzero_engine.training.report.run_metrics import CycleRecord, MatchRecord, PlayRecord
from muzero_engine.training.report.step_metrics import Means, StepMetrics, StepSummary, means, summarise
from muzero_engine.training.run.checkpoint_contents import Counters
from muzero_engine.training.run.parts import RunParts
from muzero_engine.training.seeds import cycle_generator
from muzero_engine.training.self_play.rules import LONGEST


def play_cycle(parts: RunParts, counters: Counters, *, evaluates: bool) -> tuple[Counters, CycleRecord]:
    """Play, learn and, with `evaluates`, evaluate; return how far the run is then, and what was measured.

    All ranks call it together. Raises NonFiniteLoss, RulesError, PeerLost, and OSError where the disk is full.
    """
    started = time.perf_counter()
    config, world, learner = parts.config, parts.world, parts.learner
    steps = None if world.any(not parts.replay.ready) else _steps(parts)
    for games in parts.self_play.play(config.self_play.plies_per_cycle, steps):
        parts.replay.add(games)
    play = _played(parts)
    learn = None if steps is None else _learnt(parts, steps)
    cycle = counters.cycle + 1
    held_out = _measure_held_out(parts, cycle) if learn is not None else None
    reanalysis = parts.reanalysis.run(cycle) if learn is not None else None
    matches: tuple[MatchRecord, ...] = ()
    if learn is not None and evaluates:
        matches = parts.evaluator.evaluate(learner.steps, learner.ema_network(), parts.log.records)
    shared = torch.tensor([parts.replay.window_plies, time.perf_counter() - started], dtype=torch.float64)
    world.sum_(shared)
    window, seconds = float(shared[0]), float(shared[1]) / world.size  # so that all ranks end together
    now = Counters(
        cycle=cycle,
        step=learner.steps,
        games=counters.games + play.games,
        plies=counters.plies + play.plies,
        seconds=counters.seconds + seconds,
        device_seconds=counters.device_seconds + seconds * world.size,
    )
    full = play.plies if play.full_plies is None else play.full_plies
    record = CycleRecord(
        **dataclasses.asdict(now),
        replay_plies=int(window),
        cycle_seconds=seconds,
        simulations=full * config.search.simulations + (play.plies - full) * config.self_play.fast_simulations,
        positions=learn.steps * config.learner.batch_size * world.size if learn else 0,
        play=play,
        learn=learn,
        held_out=held_out,
        reanalysis=reanalysis,
        matches=matches,
    )
    return now, record


class _Steps:
    """`count` gradient steps, spread evenly over so many calls."""

    def __init__(self, take: Callable[[], StepMetrics], count: int, calls: int) -> None:
        self.taken: list[StepMetrics] = []
        self._take, self._count, self._calls = take, count, calls
        self._call = 0

    def __call__(self) -> None:
        self._call += 1
        while len(self.taken) < self._count * self._call // self._calls:
            self.taken.append(self._take())


def _steps(parts: RunParts) -> _Steps:
    """Return the gradient steps of a cycle."""
    config = parts.config
    count = config.learner.steps_per_cycle
    if not config.duration:
        count = min(count, config.steps - parts.learner.steps)

    def take() -> StepMetrics:
        return parts.learner.step(parts.replay.draw(config.learner.batch_size, parts.generator))

    return _Steps(take, count, parts.self_play.turns(config.self_play.plies_per_cycle))


def _learnt(parts: RunParts, steps: _Steps) -> StepSummary:
    """Wait for the steps and let the searches play with what was learnt."""
    parts.learner.finish()
    for search in (*parts.searches.values(), *parts.fast_searches.values()):
        search.update_weights(parts.learner.ema_network())
    return summarise(steps.taken, parts.world)


def _measure_held_out(parts: RunParts, cycle: int) -> Means | None:
    """Return the losses on a batch of held-out games; None until all ranks have some."""
    config, world = parts.config, parts.world
    generator = cycle_generator(world.device, config.seed, cycle, world.rank, "held out")
    batch = parts.replay.draw_held_out(config.learner.batch_size, generator)
    if world.any(batch is None):
        return None
    assert batch is not None
    loss = parts.learner.measure(batch)
    return means(loss.sums, loss.counts, world)


def _played(parts: RunParts) -> PlayRecord:
    """Return the statistics of the last self-play, of all ranks together."""
    own = parts.self_play.statistics
    capped = dict(own.reasons).get(LONGEST, 0)
    counts = [own.games, own.moves, own.first_wins, own.draws, own.resigned, capped]
    counts += [own.resign_checked, own.resign_wrong]
    sums = [own.mean_length * own.games, own.divergence * own.full_moves, own.full_moves]
    shared = torch.tensor([*counts, *sums], dtype=torch.float64)
    parts.world.sum_(shared)
    games, moves, first, draws, resigned, capped, checked, wrong, plies, divergence, full = shared.tolist()

    def share(count: float) -> float | None:
        return count / games if games else None

    return PlayRecord(
        games=int(games),
        plies=int(moves),
        seconds=own.seconds,
        length=share(plies),
        first_wins=share(first),
        draws=share(draws),
        resigned=share(resigned),
        capped=share(capped),
        resign_wrong=wrong / checked if checked else None,
        divergence=divergence / max(full, 1),
        full_plies=int(full),
    )
