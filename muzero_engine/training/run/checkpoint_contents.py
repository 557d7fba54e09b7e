"""What a run's checkpoint says besides its tensors (settings, counters), and the network in it.

A *checkpoint* of a run is a folder, see `checkpoint`; `state` reads and writes the tensors that a run goes on from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from muzero_engine.dataclass_json import BadData, from_data, to_data
from muzero_engine.network.config import BadConfig, NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import BadCheckpoint
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.run.checkpoint import Checkpoint, checkpoints, open_checkpoint

T = TypeVar("T")


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
    config: TrainConfig,
    network: NetworkConfig,
    counters: Counters,
    earlier: Counters,
    world: int,
    games_seed: int,
    digest: str,
) -> dict[str, object]:
    """Return what is written beside the tensors.

    `earlier` counts what the network had learnt before the run began; `games_seed` is that of the games in progress;
    `digest` is the task's.
    """
    return {
        "config": to_data(config),
        "network": network.to_json(),
        "counters": to_data(counters),
        "earlier": to_data(earlier),
        "world": world,
        "games_seed": games_seed,
        "digest": digest,
    }


def read_config(checkpoint: Checkpoint) -> TrainConfig:
    """Return the settings that the checkpoint was made with. Raises BadCheckpoint."""
    return _read(checkpoint, TrainConfig, "config")


def read_counters(checkpoint: Checkpoint) -> Counters:
    """Return how far the run was. Raises BadCheckpoint."""
    return _read(checkpoint, Counters, "counters")


def read_earlier(checkpoint: Checkpoint) -> Counters:
    """Return what the run's first network had learnt before the run. Raises BadCheckpoint."""
    return _read(checkpoint, Counters, "earlier") if "earlier" in checkpoint.document else Counters()


def read_games_seed(checkpoint: Checkpoint) -> int:
    """Return the seed of the games in progress: the run's, unless they began at a resume. Raises BadCheckpoint."""
    if "games_seed" not in checkpoint.document:
        return read_config(checkpoint).seed
    return _read(checkpoint, int, "games_seed")


def read_network(checkpoint: Checkpoint) -> MuZeroNetwork:
    """Return the network that played: the running mean of the weights, on the CPU. Raises BadCheckpoint."""
    network = MuZeroNetwork(read_network_config(checkpoint))
    try:
        tensors = checkpoint.read_group("ema")
        network.load_state_dict({name.removeprefix("ema."): tensor for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise _no_network(checkpoint, error) from error
    return network.eval()


def read_network_config(checkpoint: Checkpoint) -> NetworkConfig:
    """Return what the network in the checkpoint is built like. Raises BadCheckpoint."""
    try:
        return NetworkConfig.from_json(str(checkpoint.document.get("network")))
    except BadConfig as error:
        raise _no_network(checkpoint, error) from error


def _no_network(checkpoint: Checkpoint, error: Exception) -> BadCheckpoint:
    reason = " ".join(str(error).split())[:300]
    return BadCheckpoint(f"{checkpoint.folder} does not hold a network of this program: {reason}")


def newest_checkpoint(run: Path, step: int | None = None, note: Callable[[str], None] | None = None) -> Checkpoint:
    """Return the newest whole checkpoint of a run, or that of a step. Raises BadCheckpoint.

    Damaged ones are passed over, each with a line to `note`; where none is whole, what is wrong with the newest is
    raised. That of a step is not looked into.
    """
    folders = dict(checkpoints(run))
    if not folders:
        raise BadCheckpoint(f"{run} has no checkpoint")
    if step is not None:
        if step not in folders:
            steps = " and ".join(str(other) for other in sorted(folders))
            raise BadCheckpoint(f"{run} has no checkpoint of step {step}: there are those of {steps}")
        return open_checkpoint(folders[step])
    damages: list[BadCheckpoint] = []
    for folder in folders.values():
        try:
            checkpoint = open_checkpoint(folder)
            checkpoint.check()
        except BadCheckpoint as error:
            damages.append(error)
            continue
        if note is not None:
            for damage in damages:
                note(f"{damage}; that of step {checkpoint.step:,} is taken instead")
        return checkpoint
    raise damages[0]


def _read(checkpoint: Checkpoint, kind: type[T], name: str) -> T:
    try:
        return from_data(kind, checkpoint.document.get(name), f"its {name}")
    except BadData as error:
        raise BadCheckpoint(f"the checkpoint {checkpoint.folder} cannot be used: {error}") from error
