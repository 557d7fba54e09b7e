"""A bundle is exported whole or not at all, and says how it was trained."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.networks import tiny_network

from muzero_engine import files
from muzero_engine.export import bundle as bundle_module
from muzero_engine.export.bundle import export_bundle, replace_bundle
from muzero_engine.export.calibration import Int8Calibration
from muzero_engine.export.decoder import DecoderTraining, add_decoder, decoder_file, train_decoder
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle, read_manifest
from muzero_engine.inference.manifest import (
    CHECKPOINT,
    DECODER,
    INITIAL,
    MANIFEST,
    PICTURE,
    RECURRENT,
    Rating,
    Training,
)
from muzero_engine.network.config import BadConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import load_network

GAME = load_game("tictactoe")
TRAINING = Training("one test game", games=3, steps=40, device_hours=0.25)
RATINGS = (Rating(elo=12.5, error=30.0, opponent="random", games=100, conditions="16 simulations a move"),)


def test_a_bundle_says_what_it_was_told(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tictactoe"
    manifest = export_bundle(tiny_network(GAME), GAME, folder, training=TRAINING)
    assert read_manifest(folder) == manifest
    assert manifest.training == TRAINING
    assert {entry.name for entry in folder.iterdir()} == {INITIAL, RECURRENT, CHECKPOINT, MANIFEST}
    assert [entry.name for entry in folder.parent.iterdir()] == ["tictactoe"]


def test_exporting_the_bundles_own_checkpoint_gives_the_same_graphs(tmp_path: Path) -> None:
    first = export_bundle(tiny_network(GAME), GAME, tmp_path / "a", training=TRAINING)
    again = export_bundle(load_network(tmp_path / "a" / CHECKPOINT), GAME, tmp_path / "b", training=TRAINING)
    assert first.files == again.files


def test_ratings_stay_with_the_network_and_the_graph_that_they_are_of(tmp_path: Path) -> None:
    network, few = tiny_network(GAME), Int8Calibration(positions=8)
    rated = replace(export_bundle(network, GAME, tmp_path / "a", training=TRAINING), ratings=RATINGS)
    (tmp_path / "a" / MANIFEST).write_bytes(rated.to_json().encode())
    assert export_bundle(network, GAME, tmp_path / "a", training=TRAINING) == rated
    assert export_bundle(network, GAME, tmp_path / "b", training=TRAINING, source=tmp_path / "a") == rated
    assert export_bundle(network, GAME, tmp_path / "a", training=TRAINING, int8=few).ratings == ()
    other = tiny_network(GAME, seed=2)
    assert export_bundle(other, GAME, tmp_path / "b", training=TRAINING, source=tmp_path / "a").ratings == ()


def test_a_decoder_stays_with_its_network(tmp_path: Path) -> None:
    network = tiny_network(GAME)
    export_bundle(network, GAME, tmp_path / "a", training=TRAINING)
    settings = DecoderTraining(plies=40, examples=40, epochs=1, batch=8, unroll_steps=1)
    decoder = train_decoder(network, GAME, (), settings, torch.device("cpu"), lambda _: None)
    add_decoder(tmp_path / "a", decoder_file(decoder, network))
    made = (tmp_path / "a" / DECODER).read_bytes()
    for place in ("a", "b"):
        manifest = export_bundle(network, GAME, tmp_path / place, training=TRAINING, source=tmp_path / "a")
        assert DECODER in manifest.files
        assert (tmp_path / place / DECODER).read_bytes() == made
    assert DECODER not in export_bundle(tiny_network(GAME, seed=2), GAME, tmp_path / "b", training=TRAINING).files


def test_a_bundle_replaces_a_bundle_whole(tmp_path: Path) -> None:
    folder = tmp_path / "tictactoe"
    old = export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)
    new = export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert old.files != new.files
    assert load_bundle(folder, GAME.spec).manifest == new
    assert [entry.name for entry in tmp_path.iterdir()] == ["tictactoe"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("there", [False, True])
def test_a_link_to_a_folder_stays_one(tmp_path: Path, there: bool) -> None:
    real, link = tmp_path / "disk" / "weights", tmp_path / "weights"
    if there:
        real.mkdir(parents=True)
    link.symlink_to(real)
    replace_bundle(link, {"manifest.json": b"1"})
    replace_bundle(link, {"manifest.json": b"2"})
    assert link.is_symlink()
    assert {path.name: path.read_bytes() for path in real.iterdir()} == {"manifest.json": b"2"}
    assert [path.name for path in real.parent.iterdir()] == ["weights"]


def test_a_new_bundle_keeps_the_model_card_of_the_old_one(tmp_path: Path) -> None:
    export_bundle(tiny_network(GAME, seed=1), GAME, tmp_path, training=TRAINING)
    (tmp_path / "README.md").write_text("how strong it is")
    new = export_bundle(tiny_network(GAME, seed=2), GAME, tmp_path, training=TRAINING)
    assert (tmp_path / "README.md").read_text() == "how strong it is"
    assert load_bundle(tmp_path).manifest == new


def test_a_failed_export_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tictactoe"
    old = export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)
    written: list[str] = []

    def fail_at_the_second(path: Path, data: bytes) -> None:
        if written:
            raise OSError("no space left on device")
        written.append(path.name)
        path.write_bytes(data)

    monkeypatch.setattr(bundle_module, "write_atomically", fail_at_the_second)
    with pytest.raises(OSError, match="no space"):
        export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert load_bundle(folder).manifest == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["tictactoe"]


def test_a_kill_while_a_bundle_makes_room_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, replace = tmp_path / "tictactoe", os.replace
    old = export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)

    def killed(source: Path, target: Path) -> None:
        if Path(source).is_dir() and Path(target) == folder:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchanged", lambda *_: False)  # as where the system cannot
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert not folder.exists()
    files.restore_folder(folder)  # as the next export does
    assert load_bundle(folder).manifest == old
    new = export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert load_bundle(folder).manifest == new
    assert [entry.name for entry in tmp_path.iterdir()] == ["tictactoe"]


@pytest.mark.skipif(os.name != "posix", reason="only locks tell who is dead")
def test_what_a_killed_export_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tictactoe"
    export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)
    with monkeypatch.context() as patched:
        patched.setattr(
            "muzero_engine.files.shutil.rmtree", lambda *_, **__: None
        )  # as after a kill: the old bundle stays
        export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert len(list(tmp_path.iterdir())) == 2
    export_bundle(tiny_network(GAME, seed=3), GAME, folder, training=TRAINING)
    assert [entry.name for entry in tmp_path.iterdir()] == ["tictactoe"]


@pytest.mark.parametrize(
    ("name", "text"), [("diary.txt", "mine"), (MANIFEST, '{"name": "my page"}'), (PICTURE, "mine")]
)
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileExistsError, match=f"holds {re.escape(name)}, which is no part of a bundle"):
        export_bundle(tiny_network(GAME), GAME, tmp_path, training=TRAINING)
    assert (tmp_path / name).read_text() == text


def test_a_bundle_takes_the_place_of_one_of_its_own_game_alone(tmp_path: Path) -> None:
    other = load_game("othello")
    manifest = export_bundle(tiny_network(other), other, tmp_path, training=TRAINING)
    with pytest.raises(FileExistsError, match="holds a bundle of othello, and this is one of tictactoe"):
        export_bundle(tiny_network(GAME), GAME, tmp_path, training=TRAINING)
    assert read_manifest(tmp_path) == manifest


def test_the_bundle_that_came_along_keeps_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.export.bundle.shipped_weights_dir", lambda _: tmp_path.resolve() / "tictactoe")
    folder, network = tmp_path / "tictactoe", tiny_network(GAME, seed=1)
    manifest = export_bundle(network, GAME, folder, training=TRAINING)
    with pytest.raises(FileExistsError, match="came along with this program, of another network"):
        export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert export_bundle(network, GAME, folder, training=TRAINING) == manifest
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("protected", ["place", "place/bundle"])
def test_a_place_that_may_not_be_written_is_told_of_before_a_bundle_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: str
) -> None:
    """Who tests may be one whom no permissions hold."""

    def require(folder: Path) -> None:
        if folder == tmp_path / protected:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    folder = tmp_path / "place" / "bundle"
    manifest = export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)
    monkeypatch.setattr("muzero_engine.export.bundle.require_writable", require)
    monkeypatch.setattr("muzero_engine.export.bundle.initial_graph", lambda _: pytest.fail("a graph is made"))
    for place in (folder, folder.parent / "new" / "bundle")[: 1 + (protected == "place")]:
        with pytest.raises(PermissionError, match=re.escape(str(tmp_path / protected))):
            export_bundle(tiny_network(GAME, seed=2), GAME, place, training=TRAINING)
    assert read_manifest(folder) == manifest


def test_a_bundle_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    export_bundle(tiny_network(GAME, seed=1), GAME, folder, training=TRAINING)
    paths = {folder: 0o770, folder / MANIFEST: 0o660}
    for path, mode in paths.items():
        path.chmod(mode)
    export_bundle(tiny_network(GAME, seed=2), GAME, folder, training=TRAINING)
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in paths} == paths


@pytest.mark.parametrize(("field", "value"), [("game_version", 99), ("planes", 7), ("ownership", True)])
def test_a_network_for_another_version_of_the_game_is_refused(field: str, value: Any, tmp_path: Path) -> None:
    config = replace(tiny_network(GAME).config, **{field: value})
    with pytest.raises(BadConfig, match=f"the network's {field} is {value} where"):
        export_bundle(MuZeroNetwork(config), GAME, tmp_path / "x", training=TRAINING)
    assert not (tmp_path / "x").exists()
