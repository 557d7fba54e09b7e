"""`initial_network`: the network of a file that a run begins with (`train --init`), in the size that it asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields, replace
from pathlib import Path

from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import BadCheckpoint, load_network
from muzero_engine.network.resize import resized
from muzero_engine.training.config import NetworkSettings, TrainConfig
from muzero_engine.training.run.assemble import task_of
from muzero_engine.training.run.state import SEEN, seen_and_done


def initial_network(
    file: Path, config: TrainConfig, chosen: Collection[str] = (), environment: EnvironmentSettings | None = None
) -> tuple[MuZeroNetwork, TrainConfig]:
    """Return the network of a checkpoint file to begin a run with, and the run's settings with that network's size.

    Of the `chosen` fields of `config.network` the size is that of `config`: the network is resized to it. The discount
    of its returns becomes that of `config` as well. `environment` is what it learnt, where that is known, for messages.
    Raises BadCheckpoint, also where it is of another game, and BadConfig where it cannot have the chosen size.
    """
    network = load_network(file)
    learnt = network.config
    if learnt.game != config.name:
        raise BadCheckpoint(f"{file} holds a network for {learnt.game}, and this is a run of {config.name}")
    size = NetworkSettings(**{field.name: getattr(learnt, field.name) for field in fields(NetworkSettings)})
    wanted = task_of(config).network_config(size)
    if wanted.returns is not None and learnt.returns is not None:
        learnt = replace(learnt, returns=replace(learnt.returns, discount=wanted.returns.discount))
    if wanted != learnt:
        raise BadCheckpoint(f"the network in {file} {_misfit(learnt, wanted, config, environment)}")
    if learnt != network.config:
        discounted = MuZeroNetwork(learnt)
        discounted.load_state_dict(network.state_dict())
        network = discounted
    if not chosen:
        return network, replace(config, network=size)
    size = replace(size, **{name: getattr(config.network, name) for name in chosen})
    return resized(network, config.seed, **asdict(size)), replace(config, network=size)


def _misfit(
    learnt: NetworkConfig, wanted: NetworkConfig, config: TrainConfig, environment: EnvironmentSettings | None
) -> str:
    """Return what a network that learnt this has that the run has not."""
    differing = []
    if wanted.returns is not None and learnt.returns is not None and wanted.returns != learnt.returns:
        differing.append(f"returns.support is {wanted.returns.support}, the network's is {learnt.returns.support}")
    for name in SEEN if environment is not None else ():
        new, old = getattr(config.environment, name), getattr(environment, name)
        if new != old and wanted.observation_shape != learnt.observation_shape:
            differing.append(f"environment.{name} is {new}, the network's is {old}")
    if differing:
        return f"does not fit these settings: {', '.join(differing)}; give its own with --set"
    if wanted.one_player and learnt.one_player:
        return f"learnt {seen_and_done(learnt)}, and {config.name} has {seen_and_done(wanted)} here"
    return "was made by another version of this program: its planes differ"
