"""`initial_network`: the network of a file that a run begins with (`train --init`), in the size that it asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields, replace
from pathlib import Path

from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import BadCheckpoint, load_network
from muzero_engine.network.resize import resized
from muzero_engine.training.config import NetworkSettings, TrainConfig
from muzero_engine.training.run.assemble import task_of


def initial_network(file: Path, config: TrainConfig, chosen: Collection[str] = ()) -> tuple[MuZeroNetwork, TrainConfig]:
    """Return the network of a checkpoint file to begin a run with, and the run's settings with that network's size.

    Of the `chosen` fields of `config.network` the size is that of `config`: the network is resized to it.
    Raises BadCheckpoint, also where it is of another game, and BadConfig where it cannot have the chosen size.
    """
    network = load_network(file)
    learnt = network.config
    if learnt.game != config.name:
        raise BadCheckpoint(f"{file} holds a network for {learnt.game}, and this is a run of {config.name}")
    size = NetworkSettings(**{field.name: getattr(learnt, field.name) for field in fields(NetworkSettings)})
    if task_of(config).network_config(size) != learnt:
        raise BadCheckpoint(f"the network in {file} was made by another version of this program: its planes differ")
    if not chosen:
        return network, replace(config, network=size)
    size = replace(size, **{name: getattr(config.network, name) for name in chosen})
    return resized(network, config.seed, **asdict(size)), replace(config, network=size)
