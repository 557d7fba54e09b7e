"""`export`: what a run learnt, a checkpoint file or a freshly initialised network becomes a weights bundle.

Needs the extra `train`.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.interrupts import signals_as_ctrl_c
from muzero_engine.commands.common.numbers import FiniteNumber
from muzero_engine.commands.common.texts import FilledPath, FilledText
from muzero_engine.commands.common.times import said_where_slow
from muzero_engine.commands.common.training import (
    file_beside,
    manifest_beside,
    require_training_libraries,
    training_beside,
    training_errors,
)
from muzero_engine.dataclass_json import is_line
from muzero_engine.environments.base import BadEnvironment
from muzero_engine.environments.registry import environment_spec, settings_here
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.files import read_limited
from muzero_engine.games.base import Game
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import (
    CARD,
    CHECKPOINT,
    HISTORY,
    MANIFEST,
    MAX_FILE_BYTES,
    PICTURE,
    RECURRENT_INT8,
    BadWeights,
    Boards,
    EnvironmentDescription,
    Manifest,
    Training,
)
from muzero_engine.returns import DiscountedReturns

if TYPE_CHECKING:
    from muzero_engine.network.model import MuZeroNetwork

POSITIONS = 192  # that 8-bit networks are calibrated on
MOST_POSITIONS = 2000  # up to a megabyte each
MadeFor = Game | EnvironmentDescription


@click.command()
@click.option("--out", "folder", type=FilledPath(folder=True), required=True, help="The bundle")
@click.option("--run", type=FilledPath(folder=True, exists=True), help="A training run")
@click.option("--step", type=click.IntRange(min=0), help="Of the run's checkpoint  [the newest]")
@click.option("--checkpoint", type=FilledPath(folder=False, exists=True), help="Of a bundle")
@click.option("--game", type=GameName(), help="Of a new network")
@click.option("--env", metavar="ID", help="Of a new network, for an environment, as in `train --env`")
@click.option("--int8", is_flag=True, help="Also an 8-bit network, calibrated on games of the network with itself")
@expert_option("--positions", type=click.IntRange(1, MOST_POSITIONS), help=f"Positions to calibrate on  [{POSITIONS}]")
@click.option("--note", type=FilledText(), help="How the weights were trained, for the manifest")
@expert_option("--games", type=click.IntRange(min=0), help="Games of self-play that a checkpoint is of, beside --note")
@expert_option("--plies", type=click.IntRange(min=0), help="Positions searched in them, likewise")
@expert_option("--steps", type=click.IntRange(min=0), help="Optimiser steps, likewise; 0: untrained")
@expert_option("--device-hours", type=FiniteNumber(min=0.0), help="Likewise")
@expert_option("--channels", type=int, help="Of a new network  [96]")
@expert_option("--representation-blocks", type=int, help="Of a new network's h  [8]")
@expert_option("--dynamics-blocks", type=int, help="Of a new network's g  [4]")
@expert_option("--seed", type=click.IntRange(0, 10**9), default=0, help="Of a new network and of the calibration  [0]")
@help_all_option
def export(
    folder: Path,
    run: Path | None,
    step: int | None,
    checkpoint: Path | None,
    game: str | None,
    env: str | None,
    int8: bool,
    positions: int | None,
    note: str | None,
    games: int | None,
    plies: int | None,
    steps: int | None,
    device_hours: float | None,
    channels: int | None,
    representation_blocks: int | None,
    dynamics_blocks: int | None,
    seed: int,
) -> None:
    """Write a weights bundle: what a run has learnt, to play with.

    It is made from a training run, from the checkpoint file of a bundle, or of a new network.

    What the bundle says about training comes from the run, or from what lies beside the checkpoint. What was measured
    stays with its network: a new one has no levels yet.

    \b
    Examples:
      muzero-engine export --run runs/mine --out my-weights
      muzero-engine export --run runs/mine --step 4000 --int8 --out my-weights
    """
    if sum(source is not None for source in (run, checkpoint, game, env)) != 1:
        raise click.UsageError("name what to export: one of --run, --checkpoint, --game and --env")
    sizes = {
        "channels": channels,
        "representation_blocks": representation_blocks,
        "dynamics_blocks": dynamics_blocks,
    }
    chosen = {name: value for name, value in sizes.items() if value is not None}
    if game is None and env is None and chosen:
        raise click.UsageError(f"a checkpoint has its own size: leave --{next(iter(chosen)).replace('_', '-')} out")
    if step is not None and run is None:
        raise click.UsageError("--step is of a run: name it with --run, or leave --step out")
    if positions is not None and not int8:
        raise click.UsageError("--positions are those of --int8: add it, or leave --positions out")
    numbers: dict[str, Any] = {"games": games, "plies": plies, "steps": steps, "device_hours": device_hours}
    changes = {name: value for name, value in numbers.items() if value is not None}
    if changes:
        flag = f"--{next(iter(changes)).replace('_', '-')}"
        if checkpoint is None:
            knows = "a run knows it" if run is not None else "a new network is untrained"
            raise click.UsageError(f"{flag} is said of a checkpoint: {knows}, leave {flag} out")
        if note is None:
            raise click.UsageError(f"{flag} goes with --note, which says how the weights were trained")
    if note is not None:
        note = " ".join(note.split())
        if not (note and is_line(note)):
            raise click.UsageError("--note must be a line of text: leave out its control characters, or say something")
        changes["note"] = note
    with training_errors(), signals_as_ctrl_c():  # which leaves nothing in temporary folders
        require_training_libraries("torch", "safetensors", "onnx", "matplotlib")
        if run is not None:
            network, made_for, training, step = _of_run(run, step)
        elif checkpoint is not None:
            network, made_for, training = _of_file(checkpoint)
        elif env is not None:
            made_for = _description(settings_here(env), DiscountedReturns())
            network, training = _new_network(made_for, seed, chosen), Training("untrained")
        else:
            made_for = load_game(str(game))
            network, training = _new_network(made_for, seed, chosen), Training("untrained")
        training = replace(training, **changes)
        title = f"{network.config.game}, {training.note}"
        picture, records = _curves_beside(checkpoint) if run is None else _curves(run, step, title)
        before = _there(folder)
        manifest = _write(
            network,
            made_for,
            folder,
            training,
            None if checkpoint is None else checkpoint.parent,
            picture,
            records,
            (positions or POSITIONS) if int8 else None,
            seed,
        )
    click.echo(f"{folder}: {manifest.summary()}")
    named = shlex.quote(str(folder))
    if before is not None and RECURRENT_INT8 in before.files and not int8:
        rated = ", and with it the ratings of its games" if before.ratings else ""
        click.echo(f"the 8-bit graph that was there is gone{rated}: --int8 makes it anew")
    same = before is not None and before.files[CHECKPOINT] == manifest.files[CHECKPOINT]
    if before is not None and not same and (folder / CARD).exists():
        click.echo(f"{CARD} there is the card of the network before, and stays: write another, or delete it")
    if manifest.environment is not None:
        click.echo(f"see it act: muzero-engine watch --weights {named}")
    elif manifest.levels is None:
        click.echo(f"its levels are not measured: muzero-engine calibrate --game {manifest.game} --weights {named}")


def _there(folder: Path) -> Manifest | None:
    """Return what a folder holds, None where that is no bundle."""
    try:
        return read_manifest(folder)
    except BadWeights:
        return None


def _of_run(run: Path, step: int | None) -> tuple[MuZeroNetwork, MadeFor, Training, int]:
    """Return the network of a run's checkpoint, what it plays, what made it, and the run's own step there."""
    from muzero_engine.training.board_settings import board_shares, chosen_boards
    from muzero_engine.training.run.checkpoint_contents import (
        Counters,
        newest_checkpoint,
        read_config,
        read_counters,
        read_earlier,
        read_network,
    )

    checkpoint = newest_checkpoint(run, step, lambda damage: click.echo(damage, err=True))
    config = read_config(checkpoint)
    now, earlier = read_counters(checkpoint), read_earlier(checkpoint)
    now = now if now.step else Counters()  # nothing was learnt from the first games
    games, plies, steps = now.games + earlier.games, now.plies + earlier.plies, now.step + earlier.step
    if earlier.games and not earlier.plies:
        plies = 0  # those of the network that it began with are not known
    device_hours = (now.device_seconds + earlier.device_seconds) / 3600
    network = read_network(checkpoint)
    made_for: MadeFor
    boards: Boards
    where = ""  # the last games were played
    if network.config.returns is not None:
        described = _description(config.environment, network.config.returns)
        made_for = replace(
            described,
            c_scale=config.search.c_scale,
            min_range=config.search.min_range,
            clip_rewards=config.returns.clip_rewards,
        )
        boards = ()
        acted = f", {plies:,} steps of the environment" if plies else ""
        played = f"trained by acting: {games:,} episodes{acted}, {steps:,} gradient steps"
    else:
        made_for = load_game(config.game)
        boards = tuple(board_shares(config.self_play, made_for.spec))
        searched = f", {plies:,} positions" if plies else ""
        where = chosen_boards(config.self_play, made_for.spec)
        played = f"trained by self-play: {games:,} games{searched}, {steps:,} steps"
    note = f"{played}, {device_hours:.2f} device-hours (preset {config.preset}{where})"
    return network, made_for, Training(note, games, plies, steps, round(device_hours, 4), boards), now.step


def _of_file(checkpoint: Path) -> tuple[MuZeroNetwork, MadeFor, Training]:
    from muzero_engine.network.network_file import load_network

    network = load_network(checkpoint)
    if network.config.returns is None:
        return network, load_game(network.config.game), training_beside(checkpoint)
    beside = manifest_beside(checkpoint)
    if beside is None or beside.environment is None:
        raise click.ClickException(
            f"{checkpoint} is for the environment {network.config.game}, which a {MANIFEST} beside it must describe: "
            "export its run, or the checkpoint in a bundle"
        )
    return network, beside.environment, beside.training


def _description(settings: EnvironmentSettings, returns: DiscountedReturns) -> EnvironmentDescription:
    """Return the environment as these settings make it. Raises ClickException."""
    try:
        return EnvironmentDescription(spec=environment_spec(settings), settings=settings, returns=returns)
    except BadEnvironment as error:
        raise click.ClickException(str(error)) from None


def _new_network(made_for: MadeFor, seed: int, sizes: dict[str, int]) -> MuZeroNetwork:
    from muzero_engine.network.fresh import fresh_environment_network, fresh_network

    if isinstance(made_for, EnvironmentDescription):
        return fresh_environment_network(made_for.spec, made_for.returns, seed, **sizes)
    return fresh_network(made_for, seed, **sizes)


def _curves(run: Path, step: int | None, title: str) -> tuple[bytes | None, bytes | None]:
    """Return the curves of a run that has any, up to a step of it, and of the training before it: picture and points.

    A run that was killed, or still goes on, has records of steps after its newest checkpoint.
    """
    from muzero_engine.training.report.history import history, thinned
    from muzero_engine.training.report.report import overview
    from muzero_engine.training.report.run_metrics import METRICS_FILE, lines

    records = history(run, step) if (run / METRICS_FILE).exists() else []
    return (overview(records, title), lines(thinned(records))) if records else (None, None)


def _curves_beside(checkpoint: Path | None) -> tuple[bytes | None, bytes | None]:
    """Return the picture and the points in the bundle of a checkpoint."""
    if checkpoint is None:
        return None, None
    paths = (file_beside(checkpoint, name) for name in (PICTURE, HISTORY))
    curves = [None if path is None else read_limited(path, MAX_FILE_BYTES) for path in paths]
    return curves[0], curves[1]


def _write(
    network: MuZeroNetwork,
    made_for: MadeFor,
    folder: Path,
    training: Training,
    source: Path | None,
    picture: bytes | None,
    history: bytes | None,
    int8_positions: int | None,
    seed: int,
) -> Manifest:
    from muzero_engine.export.bundle import export_bundle
    from muzero_engine.export.calibration import Int8Calibration

    int8 = None if int8_positions is None else Int8Calibration(positions=int8_positions, seed=seed)
    with said_where_slow(
        "the network is written" if int8 is None else f"8 bits are fitted to {int8_positions:,} positions"
    ):
        return export_bundle(
            network, made_for, folder, training=training, source=source, int8=int8, picture=picture, history=history
        )
