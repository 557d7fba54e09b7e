"""The state of a run's parts between two cycles: written to a checkpoint by all ranks, and read from one.

A run that resumes (on the same number of ranks, with a replay that fitted into the checkpoint) goes on exactly as if it
had never stopped, but for what a `duration` makes of the learning rate.

Groups of the checkpoint: the learner's `weights`, `ema` and `optimiser`, which rank 0 writes, and of every rank R
`self-play-R`, `replay-R` and `rng-R`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

import torch
from torch import Tensor

from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.network_file import BadCheckpoint
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import BadLearnerState, Learner, LearnerState
from muzero_engine.training.replay.source import ReplaySource
from muzero_engine.training.report.words import words_for
from muzero_engine.training.run.checkpoint import Checkpoint, CheckpointNotWritten, CheckpointWriter
from muzero_engine.training.run.checkpoint_contents import (
    Counters,
    document,
    read_config,
    read_counters,
    read_network_config,
)
from muzero_engine.training.run.parts import RunParts
from muzero_engine.training.self_play.source import PlaySource
from muzero_engine.training.types import BadState

LEARNER_GROUPS = {"ema.": "ema", "optimiser.": "optimiser"}  # of the learner's tensors by the start of their name
WEIGHTS = "weights"  # the group of its other tensors
SEEN = ("stack", "size", "grey")  # settings of an environment that decide what the network sees of it
BUILDING = (  # settings that a network is built by
    "network.channels",
    "network.representation_blocks",
    "network.dynamics_blocks",
    "returns.support",
    *(f"environment.{name}" for name in SEEN),
)
OF_EACH_MOVE = frozenset(  # settings that may be others in the middle of a game
    {
        "self_play.workers",
        "self_play.plies_per_cycle",
        "self_play.temperature_plies",
        "self_play.temperature",
        "self_play.random_share",
        "self_play.rare_share",
        "self_play.full_search_share",
        "self_play.fast_simulations",
        "self_play.fast_considered",
        "self_play.resign_value",
        "self_play.resign_turns",
        "environment.step_seconds",
    }
)


def save_state(parts: RunParts, counters: Counters, earlier: Counters) -> Path:
    """Write a checkpoint and return its folder. Raises CheckpointNotWritten on all ranks together."""
    world, config = parts.world, parts.config
    writer = CheckpointWriter(parts.folder, counters.step)
    contents = document(
        config, parts.learner.network.config, counters, earlier, world.size, parts.games_seed, parts.task.digest
    )
    _together(world, writer, writer.begin, main_only=True)
    _together(world, writer, lambda: _write_groups(parts, writer))
    _together(world, writer, lambda: writer.commit(contents), main_only=True)
    return writer.place


def refuse_another_network(checkpoint: Checkpoint, config: TrainConfig, now: NetworkConfig) -> None:
    """Raise BadCheckpoint where settings, or a game or environment that was changed, ask for another network than it
    holds.

    `now` is the network that a run of this `config` has.
    """
    before, then = read_config(checkpoint), read_network_config(checkpoint)
    if now.game_version != then.game_version:
        raise BadCheckpoint(
            f"{config.name} is of version {now.game_version} here, and the run in {checkpoint.folder.parent} learnt "
            f"version {then.game_version}: go on with the game as it was, or begin a new run"
        )
    if _building(now) == _building(then):
        return
    settings = {name: (attrgetter(name)(config), attrgetter(name)(before)) for name in BUILDING}
    differing = [f"{name} is {new}, the run's is {old}" for name, (new, old) in settings.items() if new != old]
    if differing:
        raise _misfit(checkpoint, f"{', '.join(differing)}; another network needs another run")
    if now.one_player and then.one_player and seen_and_done(now) != seen_and_done(then):
        raise BadCheckpoint(
            f"{config.name} has {seen_and_done(now)} here, and the run in {checkpoint.folder.parent} learnt one with "
            f"{seen_and_done(then)}: make it as it was, or begin a new run"
        )


def changed_rules(checkpoint: Checkpoint, config: TrainConfig, digest: str) -> str:
    """Return a sentence where the file of a game or environment, now of this `digest`, is not what it was; else ""."""
    if checkpoint.document.get("digest", digest) == digest:  # which older checkpoints do not tell
        return ""
    return (
        f"the file with {config.name} has been edited since this checkpoint: the run goes on with what it learnt "
        f"before, and its replay keeps the {words_for(config).games} of then; where rules or rewards are others now, "
        "begin a new run"
    )


def _building(network: NetworkConfig) -> tuple[object, ...]:
    """Return what decides the shapes of a network that learns this game or environment."""
    support = None if network.returns is None else network.returns.support
    sizes = (network.channels, network.representation_blocks, network.dynamics_blocks)
    return (*sizes, network.stem, network.observation_shape, network.extra_actions, support)


def seen_and_done(network: NetworkConfig) -> str:
    """Return words for what a network of an environment sees, and how much it can do."""
    shape = "x".join(map(str, network.observation_shape))
    return f"observations of {shape} ({network.stem.value}) and {network.extra_actions} actions"


def restore_learner(checkpoint: Checkpoint, learner: Learner) -> None:
    """Give the learner the state that it had. Raises BadCheckpoint."""
    tensors: dict[str, Tensor] = {}
    for group in (WEIGHTS, *LEARNER_GROUPS.values()):
        tensors |= checkpoint.read_group(group)
    try:
        learner.load_state(LearnerState(tensors, read_counters(checkpoint).step))
    except BadLearnerState as error:
        raise _misfit(checkpoint, error) from error


def restore_replay(checkpoint: Checkpoint, replay: ReplaySource, world: World) -> None:
    """Give this rank's replay the games that the checkpoint has of it, if any. Raises BadCheckpoint."""
    group = f"replay-{world.rank}"
    if group in checkpoint.groups():
        try:
            replay.load_state(checkpoint.read_group(group))
        except BadState as error:
            raise _misfit(checkpoint, error) from error


def has_games(checkpoint: Checkpoint, world: World) -> bool:
    """Return whether the checkpoint has games in progress of this rank."""
    return f"self-play-{world.rank}" in checkpoint.groups()


def why_other_games(checkpoint: Checkpoint, config: TrainConfig, world: World) -> str:
    """Return what keeps its games in progress from being played on with these settings and ranks; "" for nothing."""
    before, differing = read_config(checkpoint), []
    if config.seed != before.seed:
        differing.append(f"seed is {config.seed}, the run's is {before.seed}")
    for group in ("self_play", "environment"):
        now, then = getattr(config, group), getattr(before, group)
        for each in fields(now):
            name, new, old = f"{group}.{each.name}", getattr(now, each.name), getattr(then, each.name)
            if new != old and name not in OF_EACH_MOVE:
                differing.append(f"{name} is {new}, the run's is {old}")
    if (size := checkpoint.document.get("world")) != world.size:
        differing.append(f"{world.size} processes play, the run's are {size}")
    return ", ".join(differing)


def restore_games(checkpoint: Checkpoint, self_play: PlaySource, generator: torch.Generator, world: World) -> None:
    """Take up this rank's games in progress and the `generator` that draws its batches. Raises BadCheckpoint."""
    try:
        self_play.load_state(checkpoint.read_group(f"self-play-{world.rank}"))
    except BadState as error:
        raise _misfit(checkpoint, error) from error
    state = checkpoint.read_group(f"rng-{world.rank}").get(world.device.type)
    if state is not None:
        generator.set_state(state)


def _write_groups(parts: RunParts, writer: CheckpointWriter) -> None:
    world, config = parts.world, parts.config
    if world.is_main:
        for group, tensors in _learner_groups(parts.learner.state()).items():
            writer.write_group(group, tensors)
    plays_on = config.checkpoint_games and parts.self_play.failure is None
    if plays_on and (games := parts.self_play.state()):
        writer.write_group(f"self-play-{world.rank}", games)
    replay_bytes = int(config.checkpoint_replay_mb * 1e6 / world.size)
    writer.write_group(f"replay-{world.rank}", parts.replay.state(replay_bytes))
    writer.write_group(f"rng-{world.rank}", {world.device.type: parts.generator.get_state()})


def _learner_groups(state: LearnerState) -> dict[str, dict[str, Tensor]]:
    """Return the learner's tensors by group of the checkpoint."""
    groups: dict[str, dict[str, Tensor]] = {WEIGHTS: {}, **{group: {} for group in LEARNER_GROUPS.values()}}
    for name, tensor in state.tensors.items():
        group = next((group for start, group in LEARNER_GROUPS.items() if name.startswith(start)), WEIGHTS)
        groups[group][name] = tensor
    return groups


def _together(world: World, writer: CheckpointWriter, act: Callable[[], object], *, main_only: bool = False) -> None:
    """Do something on every rank (or the first); raise on all of them where it failed on one."""
    refused = None
    if world.is_main or not main_only:
        try:
            act()
        except CheckpointNotWritten as error:
            refused = error
    if world.any(refused is not None):
        if world.is_main:
            writer.abandon()
        raise refused or CheckpointNotWritten(f"{writer.place} could not be written by another rank")


def _misfit(checkpoint: Checkpoint, reason: object) -> BadCheckpoint:
    return BadCheckpoint(f"the checkpoint {checkpoint.folder} does not fit these settings: {reason}")
