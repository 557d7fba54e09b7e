"""`TrainingRun`: the parts of a run put together, one cycle at a time, and its state on the disk.

A cycle is: play and, between the searches of self-play, take gradient steps on the games that ended before; add those
that ended now to the replay, give the new mean weights to the search, perhaps search positions again, perhaps evaluate.
(A GPU that takes gradient steps while processors play by the rules never waits for them.) Between two cycles the state
of everything is a checkpoint; a run that resumes from it (on the same number of ranks, with a replay that fitted into
the checkpoint) goes on exactly as if it had never stopped, but for what a `duration` makes of the learning rate.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.network.checkpoint import BadCheckpoint
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.boards import group_sizes
from muzero_engine.training.config import SearchSettings, TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import Evaluator
from muzero_engine.training.learner.learner import BadLearnerState, Learner
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.measures import Means, StepMetrics, StepSummary, means, summarise
from muzero_engine.training.report.metrics import CycleRecord, MatchRecord, MetricsLog, PlayRecord
from muzero_engine.training.run.checkpoint import Checkpoint, CheckpointNotWritten, CheckpointWriter
from muzero_engine.training.run.reanalysis import Reanalysis
from muzero_engine.training.run.saved import (
    Counters,
    document,
    learner_groups,
    saved_config,
    saved_counters,
    saved_earlier,
    saved_learner,
)
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.seeds import cycle_generator
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.rules import LONGEST
from muzero_engine.training.types import BadState


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


class TrainingRun:
    """One rank of a run. Ranks make the same calls in the same order. A context manager: it owns processes."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        world: World,
        checkpoint: Checkpoint | None = None,
        initial: MuZeroNetwork | None = None,
        earlier: Counters | None = None,
    ) -> None:
        """A new run in `folder`, or the one that `checkpoint` (of the same settings) continues.

        A new run begins with the network `initial` (see `saved.initial_network`), which learnt `earlier` what these
        counters say, or with a fresh one.
        Raises BadCheckpoint, BadConfig, and OSError where the folder cannot be written to.
        """
        game = load_game(config.game)
        self.config, self.world, self._folder = config, world, folder
        self.counters = Counters() if checkpoint is None else saved_counters(checkpoint)
        self._earlier = (earlier or Counters()) if checkpoint is None else saved_earlier(checkpoint)
        folder.mkdir(parents=True, exist_ok=True)
        network = initial or fresh_network(game, config.seed, **dataclasses.asdict(config.network))
        self.learner = Learner(network, config.learner, total_steps=config.steps, world=world, run_dir=folder)
        if checkpoint is not None:
            self._load_learner(checkpoint)
        playing = self.learner.ema_network()
        self._searches = _searches(config, config.search, playing, world)
        self._fast_searches = _fast_searches(config, playing, world)
        dtype = torch.bfloat16 if world.device.type == "cuda" else torch.float32
        self._replay = Replay(config, world.device, dtype)
        self._reanalysis = Reanalysis(config, self._searches, self._replay, world)
        self._generator = torch.Generator(world.device).manual_seed(config.seed * 7_919 + world.rank)
        self._cycle_seconds = 0.0  # of the last cycle
        self._evaluator = Evaluator(config, folder, playing, world)
        same_games = checkpoint is None or _same_games(checkpoint, config, world)
        # where games start anew in a run that resumes, they are not those that the run began with
        seed = config.seed if same_games else config.seed + 1_000_003 * self.counters.cycle
        self._self_play = SelfPlay(
            dataclasses.replace(config, seed=seed),
            self._searches,
            world.device,
            world.rank,
            world.size,
            dtype,
            fast_searches=self._fast_searches or None,
        )
        try:
            if checkpoint is not None:
                self._restore(checkpoint, same_games)
            self._evaluator.forget_after(self.counters.step if checkpoint is not None else -1)
            if checkpoint is None:
                self._evaluator.keep(0, playing)
            self.log = MetricsLog(folder, cycle=self.counters.cycle, silent=not world.is_main)
        except BaseException:
            self._self_play.close()
            raise

    @property
    def finished(self) -> bool:
        """Whether all gradient steps are taken, or the duration is over."""
        return self._over(self.counters.step, self.counters.seconds)

    @property
    def evaluates_next(self) -> bool:
        """Whether the next cycle will end with an evaluation, if it learns."""
        every = self.config.evaluation.every_cycles
        steps = self.learner.steps + self.config.learner.steps_per_cycle
        last = self._over(steps, self.counters.seconds + self._cycle_seconds)
        return every > 0 and ((self.counters.cycle + 1) % every == 0 or last)

    @property
    def expected_steps(self) -> int:
        """Gradient steps that the run will have taken at its end; of one with a duration, as it goes so far."""
        config, counters = self.config, self.counters
        if config.duration == 0 or counters.step == 0:
            return config.steps
        return max(counters.step, round(counters.step * config.duration / counters.seconds))

    def cycle(self) -> CycleRecord:
        """Plays, learns, perhaps evaluates; logs and returns what was measured. Raises NonFiniteLoss, RulesError,
        PeerLost, and OSError where the disk is full."""
        started = time.perf_counter()
        config, world, evaluates = self.config, self.world, self.evaluates_next
        self.learner.total_steps = self.expected_steps
        steps = None if world.any(not self._replay.ready) else self._steps()
        for games in self._self_play.play(config.self_play.plies_per_cycle, steps):
            self._replay.add(games)
        play = self._played()
        full = play.plies if play.full_plies is None else play.full_plies
        learn = None if steps is None else self._learnt(steps)
        step, cycle = self.learner.steps, self.counters.cycle + 1
        held_out = self._measure_held_out(cycle) if learn is not None else None
        reanalysis = self._reanalysis.run(cycle) if learn is not None else None
        matches: tuple[MatchRecord, ...] = ()
        if learn is not None and evaluates:
            matches = self._evaluator.evaluate(step, self.learner.ema_network(), self.log.records)
        shared = torch.tensor([self._replay.window_plies, time.perf_counter() - started], dtype=torch.float64)
        world.sum_(shared)
        window, seconds = float(shared[0]), float(shared[1]) / world.size  # so that all ranks end together
        self.counters = Counters(
            cycle=cycle,
            step=step,
            games=self.counters.games + play.games,
            plies=self.counters.plies + play.plies,
            seconds=self.counters.seconds + seconds,
            device_seconds=self.counters.device_seconds + seconds * world.size,
        )
        record = CycleRecord(
            **dataclasses.asdict(self.counters),
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
        self._cycle_seconds = seconds
        self.log.append(record)
        return record

    def save(self) -> Path:
        """Writes a checkpoint and returns its folder. Raises CheckpointNotWritten on all ranks together."""
        writer = CheckpointWriter(self._folder, self.counters.step)
        told = document(self.config, self.learner.network.config, self.counters, self._earlier, self.world.size)
        self._together(writer, writer.begin, main_only=True)
        self._together(writer, lambda: self._write_groups(writer))
        self._together(writer, lambda: writer.commit(told), main_only=True)
        return writer.place

    def close(self) -> None:
        """Ends the worker processes and closes the log."""
        self._self_play.close()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _over(self, steps: int, seconds: float) -> bool:
        """Whether the run ends with so many gradient steps, after cycles of so many seconds."""
        return seconds >= self.config.duration if self.config.duration else steps >= self.config.steps

    def _steps(self) -> _Steps:
        """The gradient steps of a cycle."""
        config = self.config
        count = config.learner.steps_per_cycle
        if not config.duration:
            count = min(count, config.steps - self.learner.steps)

        def take() -> StepMetrics:
            return self.learner.step(self._replay.draw(config.learner.batch_size, self._generator))

        return _Steps(take, count, self._self_play.turns(config.self_play.plies_per_cycle))

    def _learnt(self, steps: _Steps) -> StepSummary:
        """Waits for the steps and lets the searches play with what was learnt."""
        self.learner.finish()
        for search in (*self._searches.values(), *self._fast_searches.values()):
            search.update_weights(self.learner.ema_network())
        return summarise(steps.taken, self.world)

    def _measure_held_out(self, cycle: int) -> Means | None:
        """Losses on a batch of held-out games; None until all ranks have some."""
        config, world = self.config, self.world
        generator = cycle_generator(world.device, config.seed, cycle, world.rank, "held out")
        batch = self._replay.draw_held_out(config.learner.batch_size, generator)
        if world.any(batch is None):
            return None
        assert batch is not None
        found = self.learner.measure(batch)
        return means(found.sums, found.counts, world)

    def _played(self) -> PlayRecord:
        """The statistics of the last self-play, of all ranks."""
        found = self._self_play.statistics
        capped = dict(found.reasons).get(LONGEST, 0)
        counts = [found.games, found.moves, found.first_wins, found.draws, found.resigned, capped]
        counts += [found.resign_checked, found.resign_wrong]
        sums = [found.mean_length * found.games, found.divergence * found.full_moves, found.full_moves]
        told = torch.tensor([*counts, *sums], dtype=torch.float64)
        self.world.sum_(told)
        games, moves, first, draws, resigned, capped, checked, wrong, plies, divergence, full = told.tolist()

        def share(count: float) -> float | None:
            return count / games if games else None

        return PlayRecord(
            games=int(games),
            plies=int(moves),
            seconds=found.seconds,
            length=share(plies),
            first_wins=share(first),
            draws=share(draws),
            resigned=share(resigned),
            capped=share(capped),
            resign_wrong=wrong / checked if checked else None,
            divergence=divergence / max(full, 1),
            full_plies=int(full),
        )

    def _write_groups(self, writer: CheckpointWriter) -> None:
        world = self.world
        if world.is_main:
            for group, tensors in learner_groups(self.learner.state()).items():
                writer.write_group(group, tensors)
        if self.config.checkpoint_games:
            writer.write_group(f"self-play-{world.rank}", self._self_play.state())
        replay_bytes = int(self.config.checkpoint_replay_mb * 1e6 / world.size)
        writer.write_group(f"replay-{world.rank}", self._replay.state(replay_bytes))
        writer.write_group(f"rng-{world.rank}", {world.device.type: self._generator.get_state()})

    def _together(self, writer: CheckpointWriter, act: Callable[[], object], *, main_only: bool = False) -> None:
        """Does something on every rank (or the first); raises on all of them where it failed on one."""
        refused = None
        if self.world.is_main or not main_only:
            try:
                act()
            except CheckpointNotWritten as error:
                refused = error
        if self.world.any(refused is not None):
            if self.world.is_main:
                writer.abandon()
            raise refused or CheckpointNotWritten(f"{writer.place} could not be written by another rank")

    def _load_learner(self, checkpoint: Checkpoint) -> None:
        try:
            self.learner.load_state(saved_learner(checkpoint))
        except BadLearnerState as error:
            raise _misfit(checkpoint, error) from error

    def _restore(self, checkpoint: Checkpoint, same_games: bool) -> None:
        rank, groups = self.world.rank, checkpoint.groups()
        try:
            if f"replay-{rank}" in groups:
                self._replay.load_state(checkpoint.read_group(f"replay-{rank}"))
            if same_games:
                self._self_play.load_state(checkpoint.read_group(f"self-play-{rank}"))
                state = checkpoint.read_group(f"rng-{rank}").get(self.world.device.type)
                if state is not None:
                    self._generator.set_state(state)
        except BadState as error:
            raise _misfit(checkpoint, error) from error


def _searches(
    config: TrainConfig, settings: SearchSettings, network: MuZeroNetwork, world: World
) -> dict[Shape, BatchedSearch]:
    """A search for each board."""
    spec = load_game(config.game).spec
    return {
        shape: BatchedSearch(network, settings, spec.num_actions(shape), world.device)
        for shape in group_sizes(config.self_play, spec)
    }


def _fast_searches(config: TrainConfig, network: MuZeroNetwork, world: World) -> dict[Shape, BatchedSearch]:
    """The searches of turns that are not full; none where all are."""
    settings = config.self_play
    if settings.full_search_share == 1:
        return {}
    fast = dataclasses.replace(
        config.search, simulations=settings.fast_simulations, considered=settings.fast_considered
    )
    return _searches(config, fast, network, world)


def use_threads(world: World, count: int) -> None:
    """How many threads each operation of this process has on a CPU. Nothing is changed where a GPU computes.

    Threads that share a tiny operation wait for each other longer than it takes, the more so on a busy machine.
    """
    if world.device.type == "cpu":
        torch.set_num_threads(count)


def _same_games(checkpoint: Checkpoint, config: TrainConfig, world: World) -> bool:
    """Whether the games in progress of a checkpoint can be played on."""
    before = saved_config(checkpoint)
    same_settings = (before.seed, before.self_play) == (config.seed, config.self_play)
    there = f"self-play-{world.rank}" in checkpoint.groups()
    return there and same_settings and checkpoint.document.get("world") == world.size


def _misfit(checkpoint: Checkpoint, error: Exception) -> BadCheckpoint:
    return BadCheckpoint(f"the checkpoint {checkpoint.folder} does not fit these settings: {error}")
