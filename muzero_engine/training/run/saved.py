"""What a checkpoint of a run says besides its tensors, and the network in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from muzero_engine.dataclass_json import BadData, from_data, to_data
from muzero_engine.games.registry import load_game
from muzero_engine.network.checkpoint import BadCheckpoint, load_network
from muzero_engine.network.config import BadConfig, NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.resize import resized
from muzero_engine.training.config import NetworkSettings, TrainConfig
from muzero_engine.training.learner.learner import LearnerState
from muzero_engine.training.run.checkpoint import Checkpoint, checkpoints, open_checkpoint

T = TypeVar("T")
GROUPS = {"ema.": "ema", "optimiser.": "optimiser"}  # of the learner's tensors by the start of their name
WEIGHTS = "weights"  # the other ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """How far a run is, all ranks and sessions together."""

    cycle: int = 0
    step: int = 0  # gradient steps
    games: int = 0  # of self-play that ended
    plies: int = 0  # of self-play
    seconds: float = 0.0
    device_seconds: float = 0.0  # seconds times ranks


def document(
    config: TrainConfig, network: NetworkConfig, counters: Counters, earlier: Counters, world: int
) -> dict[str, object]:
    """What is written beside the tensors. `earlier` counts what the network had learnt before the run began."""
    return {
        "config": to_data(config),
        "network": network.to_json(),
        "counters": to_data(counters),
        "earlier": to_data(earlier),
        "world": world,
    }


def saved_config(checkpoint: Checkpoint) -> TrainConfig:
    """The settings that the checkpoint was made with. Raises BadCheckpoint."""
    return _saved(checkpoint, TrainConfig, "config")


def saved_counters(checkpoint: Checkpoint) -> Counters:
    """How far the run was. Raises BadCheckpoint."""
    return _saved(checkpoint, Counters, "counters")


def saved_earlier(checkpoint: Checkpoint) -> Counters:
    """What the run's first network had learnt before the run. Raises BadCheckpoint."""
    return _saved(checkpoint, Counters, "earlier") if "earlier" in checkpoint.document else Counters()


def saved_network(checkpoint: Checkpoint) -> MuZeroNetwork:
    """The network that played: the running mean of the weights, on the CPU. Raises BadCheckpoint."""
    try:
        network = MuZeroNetwork(NetworkConfig.from_json(str(checkpoint.document.get("network"))))
        tensors = checkpoint.read_group("ema")
        network.load_state_dict({name.removeprefix("ema."): tensor for name, tensor in tensors.items()})
    except (BadConfig, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise BadCheckpoint(f"{checkpoint.folder} does not hold a network of this program: {reason}") from error
    return network.eval()


def newest_checkpoint(run: Path, step: int | None = None) -> Checkpoint:
    """The newest complete checkpoint of a run, or that of a step. Raises BadCheckpoint."""
    found = dict(checkpoints(run))
    if not found:
        raise BadCheckpoint(f"{run} has no checkpoint")
    if step is not None and step not in found:
        there = " and ".join(str(have) for have in sorted(found))
        raise BadCheckpoint(f"{run} has no checkpoint of step {step}: there are those of {there}")
    return open_checkpoint(found[max(found) if step is None else step])


def initial_network(file: Path, config: TrainConfig, chosen: Collection[str] = ()) -> tuple[MuZeroNetwork, TrainConfig]:
    """The network of a checkpoint file to begin a run with, and the run's settings with that network's size.

    Of the `chosen` fields of `config.network` the size is that of `config`: the network is resized to it.
    Raises BadCheckpoint, also where it is of another game, and BadConfig where it cannot have the chosen size.
    """
    network = load_network(file)
    found = network.config
    if found.game != config.game:
        raise BadCheckpoint(f"{file} holds a network for {found.game}, and this is a run of {config.game}")
    size = NetworkSettings(**{field.name: getattr(found, field.name) for field in fields(NetworkSettings)})
    wanted = NetworkConfig.for_game(load_game(config.game), **asdict(size))
    if wanted != found:
        raise BadCheckpoint(f"the network in {file} was made by another version of this program: its planes differ")
    if not chosen:
        return network, replace(config, network=size)
    size = replace(size, **{name: getattr(config.network, name) for name in chosen})
    return resized(network, config.seed, **asdict(size)), replace(config, network=size)


def learner_groups(state: LearnerState) -> dict[str, dict[str, Tensor]]:
    """The learner's tensors by group of the checkpoint."""
    groups: dict[str, dict[str, Tensor]] = {WEIGHTS: {}, **{group: {} for group in GROUPS.values()}}
    for name, tensor in state.tensors.items():
        group = next((group for start, group in GROUPS.items() if name.startswith(start)), WEIGHTS)
        groups[group][name] = tensor
    return groups


def saved_learner(checkpoint: Checkpoint) -> LearnerState:
    """The inverse of `learner_groups`. Raises BadCheckpoint."""
    tensors: dict[str, Tensor] = {}
    for group in (WEIGHTS, *GROUPS.values()):
        tensors |= checkpoint.read_group(group)
    return LearnerState(tensors, saved_counters(checkpoint).step)


def _saved(checkpoint: Checkpoint, kind: type[T], name: str) -> T:
    try:
        return from_data(kind, checkpoint.document.get(name), f"its {name}")
    except BadData as error:
        raise BadCheckpoint(f"the checkpoint {checkpoint.folder} cannot be used: {error}") from error
