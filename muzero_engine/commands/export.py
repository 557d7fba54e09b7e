"""`export`: a checkpoint, or a freshly initialised network, becomes a weights bundle. Needs the extra `train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from muzero_engine.games.registry import GAME_NAMES, load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import MANIFEST, Manifest, Training

if TYPE_CHECKING:
    from muzero_engine.network.model import MuZeroNetwork

TRAIN_LIBRARIES = ("torch", "onnx", "safetensors")


@click.command()
@click.argument("game", type=click.Choice(GAME_NAMES))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--checkpoint", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Default: a new network"
)
@click.option("--int8", is_flag=True, help="Also an 8-bit network, calibrated on games of the network with itself")
@click.option("--positions", type=click.IntRange(min=1), default=192, help="Positions to calibrate on  [192]")
@click.option("--note", help="How the weights were trained, for the manifest")
@click.option("--games", type=click.IntRange(min=0), help="Games of self-play, for the manifest")
@click.option("--steps", type=click.IntRange(min=0), help="Optimiser steps, for the manifest; 0: untrained")
@click.option("--device-hours", type=click.FloatRange(min=0.0), help="For the manifest")
@click.option("--channels", type=int, help="Of a new network  [96]")
@click.option("--representation-blocks", type=int, help="Of a new network's h  [8]")
@click.option("--dynamics-blocks", type=int, help="Of a new network's g  [4]")
@click.option("--seed", type=int, default=0, help="Of a new network and of the calibration  [0]")
def export(
    game: str,
    folder: Path,
    checkpoint: Path | None,
    int8: bool,
    positions: int,
    note: str | None,
    games: int | None,
    steps: int | None,
    device_hours: float | None,
    channels: int | None,
    representation_blocks: int | None,
    dynamics_blocks: int | None,
    seed: int,
) -> None:
    """Write the weights bundle of GAME to FOLDER, from a checkpoint or from a new network.

    What the manifest says about training is taken from the manifest beside the checkpoint, if there is one.
    """
    sizes = {
        "channels": channels,
        "representation_blocks": representation_blocks,
        "dynamics_blocks": dynamics_blocks,
    }
    chosen = {name: value for name, value in sizes.items() if value is not None}
    if checkpoint is not None and chosen:
        raise click.UsageError(f"a checkpoint has its own size: leave --{next(iter(chosen)).replace('_', '-')} out")
    told: dict[str, Any] = {"note": note, "games": games, "steps": steps, "device_hours": device_hours}
    training = replace(_training(checkpoint), **{name: value for name, value in told.items() if value is not None})
    try:
        network = _new_network(game, seed, chosen) if checkpoint is None else _load_network(game, checkpoint)
        manifest = _write(network, folder, training, positions if int8 else None, seed)
    except ModuleNotFoundError as error:
        if error.name not in TRAIN_LIBRARIES:
            raise
        raise click.ClickException(
            f"export needs {error.name}, which playing does not: pip install 'muzero-engine[train]'"
        ) from None
    except FileExistsError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{folder}: {manifest.summary()}")


def _training(checkpoint: Path | None) -> Training:
    """What is known of how the weights came about."""
    if checkpoint is None:
        return Training("untrained")
    if (checkpoint.parent / MANIFEST).exists():
        return read_manifest(checkpoint.parent).training
    return Training("of unknown training")


def _new_network(game: str, seed: int, sizes: dict[str, int]) -> MuZeroNetwork:
    from muzero_engine.network.fresh import fresh_network

    return fresh_network(load_game(game), seed, **sizes)


def _load_network(game: str, checkpoint: Path) -> MuZeroNetwork:
    from muzero_engine.network.checkpoint import load_network

    network = load_network(checkpoint)
    if network.config.game != game:
        raise click.ClickException(f"{checkpoint} is a network for {network.config.game}, not {game}")
    return network


def _write(network: MuZeroNetwork, folder: Path, training: Training, int8_positions: int | None, seed: int) -> Manifest:
    from muzero_engine.export.bundle import export_bundle
    from muzero_engine.export.calibration import Int8Calibration

    int8 = None if int8_positions is None else Int8Calibration(positions=int8_positions, seed=seed)
    return export_bundle(network, load_game(network.config.game), folder, training=training, int8=int8)
