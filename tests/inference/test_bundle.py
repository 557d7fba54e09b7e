"""A bundle is loaded only where every file is the one that its manifest names."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tracemalloc
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from support.networks import tiny_network

from muzero_engine.export.bundle import export_bundle
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.inference import bundle as bundle_module
from muzero_engine.inference.bundle import (
    WEIGHTS_VARIABLE,
    default_weights_dir,
    default_weights_dirs,
    load_bundle,
    read_manifest,
)
from muzero_engine.inference.manifest import (
    CHECKPOINT,
    HISTORY,
    INITIAL,
    MANIFEST,
    MAX_FILE_BYTES,
    PICTURE,
    RECURRENT,
    BadWeights,
    Training,
)

GAME = load_game("tictactoe")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "tictactoe"
    export_bundle(tiny_network(GAME), GAME, folder, training=Training("untrained"))
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


def test_a_sound_bundle_loads(folder: Path) -> None:
    bundle = load_bundle(folder, GAME.spec)
    assert bundle.manifest == read_manifest(folder)
    assert bundle.graphs == {name: (folder / name).read_bytes() for name in (INITIAL, RECURRENT)}
    assert bundle.manifest.training.untrained


@pytest.mark.parametrize("name", [INITIAL, RECURRENT, CHECKPOINT])
def test_a_changed_byte_is_noticed(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BadWeights, match=f"{name} in .* is not the file"):
        load_bundle(folder)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_longer_or_shorter_file_is_noticed(folder: Path, change: int) -> None:
    data = (folder / INITIAL).read_bytes()
    (folder / INITIAL).write_bytes(data[:-1] if change < 0 else data + b"\0")
    with pytest.raises(BadWeights, match="is not the file"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [INITIAL, RECURRENT, CHECKPOINT, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadWeights, match=f"{name} is missing in"):
        load_bundle(folder)


def test_a_training_run_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").touch()
    with pytest.raises(BadWeights, match=f"is a training run: muzero-engine export --run {tmp_path} --out WEIGHTS"):
        load_bundle(tmp_path)


def test_a_folder_that_may_not_be_entered_is_said_to_be_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_arguments: object, **_more: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr("muzero_engine.inference.bundle.read_limited", refuse)
    with pytest.raises(BadWeights, match=f"{MANIFEST} in .* cannot be read"):
        load_bundle(folder)


def test_playing_does_not_need_the_curves(tmp_path: Path) -> None:
    export_bundle(tiny_network(GAME), GAME, tmp_path / "new", training=Training("x"), picture=b"png", history=b"{}")
    for name in (PICTURE, HISTORY):
        (tmp_path / "new" / name).unlink()
    assert set(load_bundle(tmp_path / "new", GAME.spec).graphs) == {INITIAL, RECURRENT}


def test_the_weights_are_those_of_the_network(folder: Path) -> None:
    weights = load_bundle(folder).weights
    expected = tiny_network(GAME).state_dict()
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        assert np.array_equal(weights[name], tensor.half().numpy())


def damaged(header: object, data: bytes = bytes(64)) -> bytes:
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\xff" * 16,
        damaged("[" * 5000),
        damaged([]),
        damaged({"a": 3}),
        damaged({"a": {"dtype": "F16", "shape": [2]}}),
        damaged({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        damaged({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 8]}}),
        damaged({"a": {"dtype": "F16", "shape": [40], "data_offsets": [0, 80]}}),
        damaged({"a": {"dtype": "F16", "shape": [-2, -2], "data_offsets": [0, 8]}}),
        damaged({"a": {"dtype": "F16", "shape": [10**30], "data_offsets": [0, 2 * 10**30]}}),
        damaged({"a": {"dtype": "F16", "shape": [0, 10**30], "data_offsets": [0, 0]}}),
        damaged({"a": {"dtype": "F16", "shape": [1] * 100, "data_offsets": [0, 2]}}),
        damaged({"a": {"dtype": "F16", "shape": ["2"], "data_offsets": [0, 4]}}),
        damaged({"a": {"dtype": "F16", "shape": [2], "data_offsets": [-4, 0]}}),
    ],
)
def test_a_checkpoint_that_holds_no_such_weights_is_refused_in_one_line(folder: Path, content: bytes) -> None:
    """Though the manifest vouches for it."""
    (folder / CHECKPOINT).write_bytes(content)
    document = json.loads((folder / MANIFEST).read_text())
    document["files"][CHECKPOINT] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (folder / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(BadWeights, match=f"{CHECKPOINT} in .* does not hold weights in 16 bits") as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / INITIAL).unlink()
    (folder / INITIAL).mkdir()
    with pytest.raises(BadWeights, match="cannot be read"):
        load_bundle(folder)


def test_a_path_that_is_no_folder_is_refused(folder: Path) -> None:
    with pytest.raises(BadWeights, match="is not a folder"):
        load_bundle(folder / "nowhere")
    with pytest.raises(BadWeights, match="is not a folder"):
        load_bundle(folder / INITIAL)


@pytest.mark.parametrize("size", [1 << 53, MAX_FILE_BYTES + 1])
def test_a_file_that_is_said_to_be_huge_is_refused_unread(folder: Path, size: int) -> None:
    _declare(folder, INITIAL, size)
    with pytest.raises(BadWeights, match=rf"{INITIAL}.*\.size must be a whole number from 1 to {MAX_FILE_BYTES}"):
        load_bundle(folder)


def test_no_more_memory_is_taken_than_the_file_on_the_disk_needs(folder: Path) -> None:
    """The largest size that a manifest may name is not asked of the system for a small file."""
    _declare(folder, INITIAL, MAX_FILE_BYTES)
    tracemalloc.start()
    try:
        with pytest.raises(BadWeights, match="is not the file"):
            load_bundle(folder)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 24


def _declare(folder: Path, name: str, size: int) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    document["files"][name]["size"] = size
    (folder / MANIFEST).write_text(json.dumps(document))


def test_a_huge_manifest_is_not_swallowed(folder: Path) -> None:
    with (folder / MANIFEST).open("ab") as file:
        file.truncate(1 << 34)
    with pytest.raises(BadWeights, match="larger than 1 MiB"):
        load_bundle(folder)


def test_another_version_of_the_game_is_refused(folder: Path) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**document, "game_version": 12}))
    with pytest.raises(BadWeights, match="version 12"):
        load_bundle(folder, GAME.spec)


def test_where_the_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    package = tmp_path / "site" / "muzero_engine"
    monkeypatch.setattr(bundle_module, "__file__", str(package / "inference" / "bundle.py"))
    assert default_weights_dir("go") == tmp_path / "site" / "weights" / "go"
    (package / "weights" / "go").mkdir(parents=True)
    assert default_weights_dir("go") == package / "weights" / "go"
    assert default_weights_dir("MinAtar/Breakout-v1") == package / "weights" / "MinAtar-Breakout-v1"
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "mine"))
    assert default_weights_dir("go") == tmp_path / "mine" / "go"
    assert default_weights_dir("../Any Maze-v0") == tmp_path / "mine" / "Any-Maze-v0"


def test_bundles_that_come_along_are_those_of_the_first_place_that_has_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    package = tmp_path / "site" / "muzero_engine"
    monkeypatch.setattr(bundle_module, "__file__", str(package / "inference" / "bundle.py"))
    assert default_weights_dirs() == []
    mine = tmp_path / "mine"
    for place, root in (("go", tmp_path / "site" / "weights"), ("chess", package / "weights"), ("Maze", mine)):
        (root / place).mkdir(parents=True)
        assert place not in [folder.name for folder in default_weights_dirs()]
        (root / place / MANIFEST).touch()
        if place != "Maze":
            assert default_weights_dirs() == [root / place]
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(mine))
    assert default_weights_dirs() == [mine / "Maze"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_weights_that_come_along_fit_their_game(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    bundle = load_bundle(default_weights_dir(name), load_game(name).spec)
    assert set(bundle.manifest.shapes) == set(load_game(name).spec.shapes)
    assert sum(file.size for file in bundle.manifest.files.values()) <= 12 << 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are POSIX's")
@pytest.mark.parametrize("name", [MANIFEST, INITIAL, CHECKPOINT])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(BadWeights, match="it is no regular file"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "~nouser/x"])
def test_a_folder_of_no_possible_name(name: str) -> None:
    with pytest.raises(BadWeights, match="there are no weights in"):
        read_manifest(Path(name))
