"""Writing a weights bundle: graphs, checkpoint and manifest.

The folder is filled under a temporary name beside its place and then moved there, so that a reader never sees a bundle
of two halves, and a kill leaves the old bundle or the new one.
"""

from __future__ import annotations

import contextlib
import copy
import shutil
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path

import torch

from muzero_engine.export.calibration import Int8Calibration, calibration_edges, environment_edges
from muzero_engine.export.equalise import equalised
from muzero_engine.export.graph import initial_graph, recurrent_graph, referring, serialised
from muzero_engine.export.one_thread import one_thread
from muzero_engine.export.quantise import quantised
from muzero_engine.files import (
    behind_link,
    make_folder,
    read_limited,
    replace_folder,
    require_writable,
    restore_folder,
    temporary_folder,
    write_atomically,
)
from muzero_engine.games.base import Game
from muzero_engine.inference.bundle import read_manifest, shipped_weights_dir
from muzero_engine.inference.manifest import (
    CARD,
    CHECKPOINT,
    DECODER,
    HISTORY,
    INITIAL,
    KNOWN_FILES,
    MANIFEST,
    MAX_FILE_BYTES,
    MAX_MANIFEST_BYTES,
    PICTURE,
    RECURRENT,
    RECURRENT_INT8,
    BadWeights,
    EnvironmentDescription,
    FileInfo,
    Manifest,
    NetworkSize,
    Training,
    described_game,
)
from muzero_engine.network.config import SIZES, BadConfig, NetworkConfig, Stem
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import network_bytes
from muzero_engine.network.numpy_model import TorchModel

LICENCE = "GPL-3.0-or-later"


def export_bundle(
    network: MuZeroNetwork,
    game: Game | EnvironmentDescription,
    folder: Path,
    *,
    training: Training,
    source: Path | None = None,
    int8: Int8Calibration | None = None,
    picture: bytes | None = None,
    history: bytes | None = None,
) -> Manifest:
    """Write the bundle of a network of `game` to `folder`, in place of a bundle that is there (its README.md stays).

    `game` may be an environment. With `int8` also `recurrent.int8.onnx`, calibrated on `training.boards` or episodes,
    which then is what a processor runs by default. What was measured of this very network stays, and its decoder, in a
    bundle that is replaced; so does what is in the bundle `source`, where the network is from. `picture` is a PNG file
    with the curves of the training, `history` what they are drawn from. The checkpoint is stored in 16 bits and holds
    the weights of both graphs: a network loaded from it exports to the same files. Raises BadConfig where the network
    was not made for this version of the game or for this environment, FileExistsError where `folder` holds something
    that is no part of a bundle, one of another game, or one of another network that came along with the program,
    OSError where it may not be written, BadEnvironment, EnvironmentFailed.
    """
    if isinstance(game, EnvironmentDescription):
        _check_environment(network.config, game, int8)
    else:
        _check_game(network.config, game)
    place = behind_link(folder)
    restore_folder(place)
    if place.exists() and not place.is_dir():
        raise FileExistsError(f"{folder} is no folder: choose another name")
    _require_writable(place)
    if folder.exists():
        _refuse_foreign(folder, network.config.game)
    stored = copy.deepcopy(network).cpu().half().float()
    checkpoint = network_bytes(stored, dtype=torch.float16)
    same = _of_same_network(checkpoint, (folder, source))
    came_along = place.resolve() == shipped_weights_dir(network.config.game) and (place / MANIFEST).exists()
    if came_along and folder not in dict(same):
        raise FileExistsError(f"{folder} came along with this program, of another network: choose another folder")
    files = {
        INITIAL: referring(initial_graph(stored), checkpoint),
        RECURRENT: referring(recurrent_graph(stored), checkpoint),
        CHECKPOINT: checkpoint,
    }
    if int8 is not None:
        with one_thread():
            model = TorchModel(stored)
            if isinstance(game, EnvironmentDescription):
                edges = environment_edges(model, game.settings, int8)
            else:
                edges = calibration_edges(model, game, int8, training.boards)
            files[RECURRENT_INT8] = serialised(quantised(recurrent_graph(equalised(stored.folded(), edges)), edges))
    if picture is not None:
        files[PICTURE] = picture
    if history is not None:
        files[HISTORY] = history
    for path, other in same:
        if DECODER in other.files and (path / DECODER).exists():
            files[DECODER] = read_limited(path / DECODER, MAX_FILE_BYTES)
    environment = None
    if isinstance(game, EnvironmentDescription):  # where its class lies on this machine is nobody else's concern
        environment = replace(game, settings=replace(game.settings, folder=""))
    manifest = _manifest(network, training, files, environment)
    for _, other in same:
        manifest = _with_measured(manifest, other)
    card = {CARD: read_limited(folder / CARD, MAX_FILE_BYTES)} if (folder / CARD).exists() else {}
    document = manifest.to_json().encode()
    Manifest.from_json(document, f"the new {folder}")  # nothing is written that would be refused
    replace_bundle(folder, {**files, **card, MANIFEST: document})
    return manifest


def _require_writable(place: Path) -> None:
    """Raise OSError where a bundle may not be put in this place: before it is made, which may take minutes."""
    require_writable(next(folder for folder in place.absolute().parents if folder.is_dir()))
    if place.exists():
        require_writable(place)


def _refuse_foreign(folder: Path, game: str) -> None:
    """Raise FileExistsError where a bundle of this game would replace anything but one, or a README.md alone."""
    path = folder / MANIFEST
    there = described_game(read_limited(path, MAX_MANIFEST_BYTES)) if path.is_file() else None
    known = (CARD,) if there is None else (CARD, MANIFEST, *KNOWN_FILES)
    foreign = [entry.name for entry in folder.iterdir() if entry.name not in known]
    if foreign:
        raise FileExistsError(f"{folder} holds {foreign[0]}, which is no part of a bundle: choose another folder")
    if there is not None and there != game:
        raise FileExistsError(f"{folder} holds a bundle of {there}, and this is one of {game}: choose another folder")


def _check_game(config: NetworkConfig, game: Game) -> None:
    ours = NetworkConfig.for_game(game)
    for field in ("game", "game_version", "planes", "action_planes", "extra_actions", "kinds", "turn", "ownership"):
        theirs, own = getattr(config, field), getattr(ours, field)
        if theirs != own:
            raise BadConfig(
                f"the network's {field} is {theirs} where this program's {game.spec.name} has {own}: "
                "export it with the version of muzero-engine that trained it"
            )
    if not set(config.shapes) <= set(ours.shapes):
        raise BadConfig(f"the network's boards {config.shapes} are not all boards of {game.spec.name}")


def _check_environment(
    config: NetworkConfig, environment: EnvironmentDescription, int8: Int8Calibration | None
) -> None:
    if int8 is not None and config.stem is Stem.VECTOR:
        raise BadConfig("a network for vectors is slower in 8 bits than in 32: leave --int8 out")
    sizes = {name: getattr(config, name) for name in SIZES}
    ours = NetworkConfig.for_environment(environment.spec, environment.returns, **sizes)
    if config != ours:
        different = next(field for field in fields(ours) if getattr(config, field.name) != getattr(ours, field.name))
        theirs, own = getattr(config, different.name), getattr(ours, different.name)
        raise BadConfig(
            f"the network's {different.name} is {theirs} where the environment {ours.game} has {own}: "
            "export it with the settings that it was trained with"
        )


def _manifest(
    network: MuZeroNetwork,
    training: Training,
    files: dict[str, bytes],
    environment: EnvironmentDescription | None,
) -> Manifest:
    config = network.config
    return Manifest(
        game=config.game,
        game_version=config.game_version,
        shapes=config.shapes,
        planes=config.planes,
        action_planes=config.action_planes,
        extra_actions=config.extra_actions,
        ownership=config.ownership,
        network=NetworkSize(config.channels, config.representation_blocks, config.dynamics_blocks),
        training=training,
        ratings=(),
        levels=None,
        environment=environment,
        licence=LICENCE,
        files={name: FileInfo.of(data) for name, data in sorted(files.items())},
    )


def replace_bundle(folder: Path, files: dict[str, bytes]) -> None:
    """Write these files to `folder`, or to what it is a link to, in place of all that is there, with the permissions of
    what they replace. Raises OSError."""
    folder = behind_link(folder)
    make_folder(folder.parent)
    with temporary_folder(folder) as temporary:
        made = temporary / "new"
        made.mkdir()
        for name, data in files.items():
            write_atomically(made / name, data)
        for old in (folder, *(folder / name for name in files)):
            if old.exists():
                shutil.copymode(old, made / old.relative_to(folder))
        replace_folder(made, folder)


def _of_same_network(checkpoint: bytes, folders: Iterable[Path | None]) -> list[tuple[Path, Manifest]]:
    """Return those of the folders that hold a bundle of the network with this checkpoint."""
    info, same = FileInfo.of(checkpoint), []
    for folder in folders:
        with contextlib.suppress(BadWeights):
            if folder is not None and (manifest := read_manifest(folder)).files[CHECKPOINT] == info:
                same.append((folder, manifest))
    return same


def _with_measured(manifest: Manifest, other: Manifest) -> Manifest:
    """Return the manifest with levels and ratings of another one of the same network.

    Ratings are of games on a clock, so of the graph that plays them: with one in 8 bits, or without.
    """
    as_fast = (RECURRENT_INT8 in other.files) == (RECURRENT_INT8 in manifest.files)
    ratings = other.ratings if as_fast else ()
    return replace(manifest, ratings=ratings or manifest.ratings, levels=other.levels or manifest.levels)
