"""`assemble`: the parts of a run, made new or as a checkpoint has them, and `task_of`: what kind of run it is."""

from __future__ import annotations

from pathlib import Path

import torch

from muzero_engine.files import make_folder
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.cluster.cluster_play import Cluster, ClusterPlay
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.report.run_metrics import MetricsLog
from muzero_engine.training.report.words import words_for
from muzero_engine.training.run.checkpoint import Checkpoint
from muzero_engine.training.run.checkpoint_contents import Counters, read_games_seed
from muzero_engine.training.run.compile_ahead import CompileAhead
from muzero_engine.training.run.environment_task import EnvironmentTask
from muzero_engine.training.run.game_task import GameTask
from muzero_engine.training.run.memory import refuse_what_cannot_fit
from muzero_engine.training.run.parts import RunParts
from muzero_engine.training.run.reanalysis import Reanalysis
from muzero_engine.training.run.state import (
    changed_rules,
    has_games,
    refuse_another_network,
    restore_games,
    restore_learner,
    restore_replay,
    why_other_games,
)
from muzero_engine.training.run.task import RunTask
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.source import PlaySource


def task_of(config: TrainConfig) -> RunTask:
    """Return what a run of these settings learns. Raises UnknownGame, BadEnvironment."""
    return EnvironmentTask(config) if config.learns_environment else GameTask(config)


def assemble(
    config: TrainConfig,
    folder: Path,
    world: World,
    counters: Counters,
    checkpoint: Checkpoint | None = None,
    initial: MuZeroNetwork | None = None,
    cluster: Cluster | None = None,
) -> RunParts:
    """Return the parts of a run that is as far as `counters` say, with the state of its `checkpoint` if it has one.

    A new run begins with the network `initial`, or with a fresh one. Its games come from a `cluster` if it has one.
    Raises BadSettings where it cannot fit into memory, BadCheckpoint, BadConfig, ClusterLost, BadEnvironment,
    EnvironmentFailed, and OSError where the folder cannot be written to.
    """
    task = task_of(config)
    refuse_what_cannot_fit(config, task, world.device)
    if checkpoint is not None:
        refuse_another_network(checkpoint, config, task.network_config(config.network))
    make_folder(folder)
    learner = _learner(config, task, folder, world, initial)
    if checkpoint is not None:
        restore_learner(checkpoint, learner)
    network = learner.ema_network()
    searches = task.searches(network, world.device)
    dtype = torch.bfloat16 if world.device.type == "cuda" else torch.float32
    replay = task.replay(world.device, dtype)
    reanalysis = Reanalysis(config, searches.full, task.reanalysed_at_once(), replay, world)
    generator = torch.Generator(world.device).manual_seed(config.seed * 7_919 + world.rank)
    seed, same_games, notices = config.seed, False, list[str]()
    if checkpoint is not None:
        why_other = why_other_games(checkpoint, config, world)
        same_games = has_games(checkpoint, world) and not why_other
        if why_other and has_games(checkpoint, world):
            notices.append(f"the {words_for(config).games} in progress are lost, and others begin: {why_other}")
        # games that begin anew are not those that the run began with
        seed = read_games_seed(checkpoint) if same_games else config.seed + 1_000_003 * counters.cycle
        notices.append(changed_rules(checkpoint, config, task.digest))
    own = task.self_play(seed, searches, world, dtype) if cluster is None or world.device.type == "cuda" else None
    self_play: PlaySource
    if cluster is not None:
        assert own is None or isinstance(own, SelfPlay)  # no cluster plays environments
        self_play = ClusterPlay(cluster, config, network, world, folder, counters.cycle, own)
    else:
        assert own is not None
        self_play = own
    try:
        evaluator = task.evaluator(folder, network, world)
    except BaseException:
        self_play.close()
        raise
    ahead = None
    try:
        if checkpoint is not None:
            restore_replay(checkpoint, replay, world)
        if checkpoint is not None and same_games:
            restore_games(checkpoint, self_play, generator, world)
        evaluator.forget_after(counters.step if checkpoint is not None else -1)
        if checkpoint is None:
            evaluator.keep(0, network)
        log = MetricsLog(folder, cycle=counters.cycle, silent=not world.is_main)
        if world.device.type == "cuda" and config.learner.compile and not replay.ready:
            ahead = CompileAhead(task_of, config, world.device, dtype)
    except BaseException:
        self_play.close()
        evaluator.close()
        raise
    return RunParts(
        config=config,
        folder=folder,
        world=world,
        task=task,
        learner=learner,
        searches=searches,
        self_play=self_play,
        games_seed=seed,
        replay=replay,
        generator=generator,
        reanalysis=reanalysis,
        evaluator=evaluator,
        log=log,
        ahead=ahead,
        notices=list(filter(None, notices)),
    )


def _learner(config: TrainConfig, task: RunTask, folder: Path, world: World, initial: MuZeroNetwork | None) -> Learner:
    network = initial or task.fresh_network()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(config.seed)  # of the heads that only training has
        return Learner(network, config.learner, total_steps=config.steps, world=world, run_dir=folder)
