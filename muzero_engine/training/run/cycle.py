"""One cycle of a run.

A cycle is: play and, between the searches of self-play, take gradient steps on the games that ended before; add those
that ended now to the replay, give the new mean weights to the search, perhaps search positions again, perhaps evaluate.
(A GPU that takes gradient steps while processors play by the rules never waits for them.) The first cycle that learns
waits for what is compiled ahead.

Where the run is asked to stop, a cycle ends early: after what it is just doing (on a CPU a simulation, a gradient step;
on a GPU a turn of self-play), with the moves, games and steps that there are.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import torch

from muzero_engine.training.report.reliability import ReliabilityBin
from muzero_engine.training.report.run_metrics import CycleRecord, Evaluated
from muzero_engine.training.report.step_metrics import Means, StepMetrics, StepSummary, means, summarise
from muzero_engine.training.run.checkpoint_contents import Counters
from muzero_engine.training.run.parts import RunParts
from muzero_engine.training.seeds import cycle_generator
from muzero_engine.training.types import Stopped

LOOK_SECONDS = 0.05  # between two looks at a process that is waited for


@dataclasses.dataclass(frozen=True, slots=True)
class CycleSoFar:
    """How far a cycle is on this rank."""

    plies: int
    games: int  # that ended
    steps: int  # gradient steps
    simulations: int  # of self-play on a CPU; 0: not counted
    doing: str  # besides playing and learning


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """Who looks at a cycle from outside."""

    due: Callable[[], bool] = lambda: False  # whether this rank is to stop; once it says so, it always does
    show: Callable[[CycleSoFar], None] = lambda _: None  # called after every turn of self-play, and oftener on a CPU


def play_cycle(
    parts: RunParts, counters: Counters, *, evaluates: bool, watch: Watch | None = None
) -> tuple[Counters, CycleRecord]:
    """Play, learn and, with `evaluates`, evaluate; return how far the run is then, and what was measured.

    All ranks call it together. Raises NonFiniteLoss, RulesError, PeerLost, OSError where the disk is full, and Stopped
    where the run is asked to stop before a move is played.
    """
    started = time.perf_counter()
    config, world, learner = parts.config, parts.world, parts.learner
    watch = watch or Watch()
    steps = None if world.any(not parts.replay.ready) else _steps(parts, watch)
    doing, simulations = "", 0

    def show() -> None:
        taken = 0 if steps is None else len(steps.taken)
        watch.show(CycleSoFar(parts.self_play.moves, parts.self_play.games, taken, simulations, doing))

    def before_simulation(games: int) -> None:
        nonlocal simulations
        if watch.due():
            raise Stopped
        simulations += 0 if doing else games
        show()

    def meanwhile() -> None:
        show()
        if steps is not None:
            steps()

    def stopping() -> bool:
        show()
        return world.any(watch.due() or parts.self_play.failure is not None)

    if steps is not None and parts.ahead is not None:
        doing = "compiling"
        while parts.ahead.busy and not watch.due():
            show()
            time.sleep(LOOK_SECONDS)
        doing = ""
    for search in parts.searches.every():
        search.before_simulation = before_simulation
    parts.evaluator.before_simulations(before_simulation)
    for part in (played := parts.self_play.play(config.self_play.plies_per_cycle, meanwhile, stopping, watch.due)):
        parts.replay.add(part)
    if not (played or parts.self_play.moves):  # rounds that only began episodes are no moves
        raise Stopped
    play, episodes = parts.self_play.statistics.together(world)
    learn = None if steps is None or not steps.taken else _learnt(parts, steps)
    cycle = counters.cycle + 1
    held_out = reanalysis = None
    reliable: tuple[ReliabilityBin, ...] = ()
    evaluated = Evaluated()
    if learn is not None and not stopping():
        held_out, reliable = _measure_held_out(parts, cycle)
        doing = "searching again"
        reanalysis = parts.reanalysis.run(cycle, watch.due)
        parts.reanalysis.renew_values(cycle, watch.due)
        if evaluates and not stopping():
            doing = "evaluation"
            evaluated = parts.evaluator.evaluate(learner.steps, learner.ema_network(), parts.log.records, watch.due)
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
        matches=evaluated.matches,
        reliability=reliable,
        most_drawn_share=_most_drawn_share(parts) if learn else None,
        episodes=episodes,
        evaluation=evaluated.episodes,
    )
    return now, record


class _Steps:
    """`count` gradient steps, spread evenly over so many calls; none where `stopping` says so."""

    def __init__(self, take: Callable[[], StepMetrics], count: int, calls: int, stopping: Callable[[], bool]) -> None:
        self.taken: list[StepMetrics] = []
        self._take, self._count, self._calls, self._stopping = take, count, calls, stopping
        self._call = 0

    def __call__(self) -> None:
        self._call += 1
        while len(self.taken) < self._count * self._call // self._calls and not self._stopping():
            self.taken.append(self._take())


def _steps(parts: RunParts, watch: Watch) -> _Steps:
    """Return the gradient steps of a cycle."""
    config, world = parts.config, parts.world
    count = config.learner.steps_per_cycle
    if not config.duration:
        count = min(count, config.steps - parts.learner.steps)

    def take() -> StepMetrics:
        return parts.learner.step(parts.replay.draw(config.learner.batch_size, parts.generator))

    def stopping() -> bool:
        return world.device.type == "cpu" and world.any(watch.due())  # a GPU's steps are short, and queued ahead

    return _Steps(take, count, parts.self_play.turns(config.self_play.plies_per_cycle), stopping)


def _learnt(parts: RunParts, steps: _Steps) -> StepSummary:
    """Wait for the steps and let the searches play with what was learnt."""
    parts.learner.finish()
    for search in parts.searches.every():
        search.update_weights(parts.learner.ema_network())
    return summarise(steps.taken, parts.world)


def _measure_held_out(parts: RunParts, cycle: int) -> tuple[Means | None, tuple[ReliabilityBin, ...]]:
    """Return the losses on a batch of held-out games and what values are worth there; without games, None and ()."""
    config, world = parts.config, parts.world
    generator = cycle_generator(world.device, config.seed, cycle, world.rank, "held out")
    batch = parts.replay.draw_held_out(config.learner.batch_size, generator)
    if world.any(batch is None):
        return None, ()
    assert batch is not None
    loss = parts.learner.measure(batch)
    values = parts.learner.values(batch.observation)
    return means(loss.sums, loss.counts, world), parts.task.reliability(values, batch.result, world)


def _most_drawn_share(parts: RunParts) -> float | None:
    """Return `Replay.most_drawn_share`, the mean over the ranks."""
    own = parts.replay.most_drawn_share()
    if own is None:
        return None
    shared = torch.tensor([own], dtype=torch.float64)
    parts.world.sum_(shared)
    return float(shared) / parts.world.size
