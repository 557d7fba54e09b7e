"""Checkpoints of a run are read as they were written, whatever a kill cut off."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from muzero_engine import files
from muzero_engine.network.network_file import BadCheckpoint
from muzero_engine.training.run import checkpoint as module
from muzero_engine.training.run.checkpoint import (
    CheckpointNotWritten,
    CheckpointWriter,
    checkpoints,
    open_checkpoint,
    restore_checkpoints,
    set_later_aside,
)
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint

GROUPS: dict[str, dict[str, Tensor]] = {
    "weights": {"a.weight": torch.randn(3, 4), "b": torch.tensor(2.5), "none": torch.zeros(0, 7)},
    "replay-0": {"packed": torch.arange(200, dtype=torch.uint8).reshape(50, 4), "open": torch.tensor([True, False])},
    "rng-0": {},
}


def write(run: Path, step: int, groups: dict[str, dict[str, Tensor]] = GROUPS) -> Path:
    writer = CheckpointWriter(run, step)
    writer.begin()
    for name, tensors in groups.items():
        writer.write_group(name, tensors)
    writer.commit({"game": "tictactoe", "step": step})
    return writer.place


def test_what_was_written_is_read(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write(tmp_path, 7))
    assert (checkpoint.step, checkpoint.document["game"], checkpoint.groups()) == (7, "tictactoe", set(GROUPS))
    for name, tensors in GROUPS.items():
        read = checkpoint.read_group(name)
        assert set(read) == set(tensors)
        for key, tensor in tensors.items():
            assert read[key].dtype == tensor.dtype
            assert read[key].shape == tensor.shape
            assert torch.equal(read[key], tensor), key


def test_large_groups_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_LIMIT", 8_000)
    monkeypatch.setattr(module, "HEADER_ROOM", 2_000)
    tensors = {f"t{i}": torch.randn(10 + i, 7) for i in range(12)} | {"large": torch.randn(101, 103).half()}
    folder = write(tmp_path, 1, {"weights": tensors})
    files = sorted(folder.glob("*.safetensors"))
    assert len(files) > 4
    assert all(path.stat().st_size <= 8_000 for path in files)
    read = open_checkpoint(folder).read_group("weights")
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


def test_more_than_ten_pieces_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_LIMIT", 1_400)
    monkeypatch.setattr(module, "HEADER_ROOM", 1_000)
    large = torch.arange(3_000)
    read = open_checkpoint(write(tmp_path, 1, {"weights": {"large": large}})).read_group("weights")
    assert torch.equal(read["large"], large)


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (5, 10, 100, 20):
        write(tmp_path, step)
    assert [step for step, _ in checkpoints(tmp_path)] == [100, 20]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-100", "checkpoint-20"]


def test_a_kill_while_an_old_one_is_removed_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (5, 10):
        write(tmp_path, step)

    def killed(folder: Path, **_settings: bool) -> None:
        if folder.exists():  # not where there may be something to remove, and is not
            raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, 20)
    assert not (tmp_path / "checkpoint-5").exists()
    write(tmp_path, 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-20", "checkpoint-30"]


def test_the_same_step_can_be_written_again(tmp_path: Path) -> None:
    write(tmp_path, 5)
    folder = write(tmp_path, 5, {"weights": {"x": torch.ones(1)}})
    assert open_checkpoint(folder).groups() == {"weights"}


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_kill_at_any_rename_of_a_folder_leaves_a_checkpoint_of_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool, renames: int
) -> None:
    class Killed(BaseException):
        pass

    write(tmp_path, 5)
    replace, done = os.replace, 0

    def rename(source: Path, target: Path) -> None:
        nonlocal done
        if Path(source).is_dir():
            if done == renames:
                raise Killed
            done += 1
        replace(source, target)

    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        patched.setattr(os, "replace", rename)
        if not exchange:
            patched.setattr(files, "_exchanged", lambda *_: False)
        write(tmp_path, 5, {"weights": {"x": torch.ones(1)}})
    restore_checkpoints(tmp_path)
    ((step, folder),) = checkpoints(tmp_path)
    assert step == 5
    open_checkpoint(folder).check()
    write(tmp_path, 6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-5", "checkpoint-6"]


def test_a_folder_of_another_name_than_its_step_is_no_checkpoint(tmp_path: Path) -> None:
    for name in ("checkpoint-9", "checkpoint-007", "checkpoint-99999999999999999999", "checkpoint-x"):
        shutil.copytree(write(tmp_path, 7), tmp_path / name)
    (tmp_path / "checkpoint-8").touch()
    assert [step for step, _ in checkpoints(tmp_path)] == [7]
    for step in (11, 12, 13):
        write(tmp_path, step)
    assert [step for step, _ in checkpoints(tmp_path)] == [13, 12]
    aside = set_later_aside(tmp_path, 13)
    assert [path.name for path in aside] == [
        "aside-checkpoint-007",
        "aside-checkpoint-99999999999999999999",
        "aside-checkpoint-x",
    ]


def test_damaged_documents_are_passed_over_and_never_kept_for_whole_ones(tmp_path: Path) -> None:
    (write(tmp_path, 9) / "checkpoint.json").write_text("{")
    (write(tmp_path, 10) / "checkpoint.json").unlink()
    for step in (1, 2, 3):
        write(tmp_path, step)
    notes: list[str] = []
    assert newest_checkpoint(tmp_path, note=notes.append).step == 3
    assert len(notes) == 2
    assert "checkpoint-10 cannot be read, checkpoint.json: No such file" in notes[0]
    assert "checkpoint-9 has a damaged checkpoint.json" in notes[1]
    assert notes[1].endswith("; that of step 3 is taken instead")
    assert [step for step, _ in checkpoints(tmp_path)] == [10, 9, 3, 2]
    for step in (2, 3):
        (tmp_path / f"checkpoint-{step}" / "weights.000.safetensors").write_bytes(b"")
    with pytest.raises(BadCheckpoint, match=r"checkpoint-10 cannot be read, checkpoint\.json"):
        newest_checkpoint(tmp_path)


def test_a_kill_on_the_way_leaves_no_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, 1)
    killed = CheckpointWriter(tmp_path, 2)
    killed.begin()
    killed.write_group("weights", GROUPS["weights"])
    assert [step for step, _ in checkpoints(tmp_path)] == [1]
    write(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-1", "checkpoint-3"]


@pytest.mark.parametrize("moment", ["group", "commit"])
def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    write(tmp_path, 1)
    writer = CheckpointWriter(tmp_path, 2)
    writer.begin()
    if moment == "commit":
        writer.write_group("weights", GROUPS["weights"])

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_atomically", full)
    last_act = partial(writer.write_group, "weights", GROUPS["weights"])
    if moment == "commit":
        last_act = partial(writer.commit, {"game": "tictactoe"})
    with pytest.raises(CheckpointNotWritten, match=r"checkpoint-2 could not be written: No space left on device"):
        last_act()
    writer.abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-1"]
    assert open_checkpoint(tmp_path / "checkpoint-1").read_group("weights")


def test_damaged_checkpoints_are_refused_in_one_line(tmp_path: Path) -> None:
    folder = write(tmp_path, 1)
    file = folder / "weights.000.safetensors"
    data = file.read_bytes()

    def refusal() -> str:
        with pytest.raises(BadCheckpoint) as caught:
            open_checkpoint(folder).read_group("weights")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    file.write_bytes(data[:-1])
    assert f"is damaged: weights.000.safetensors has {len(data) - 1} bytes, not {len(data)}" in refusal()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "is not what was written" in refusal()
    file.unlink()
    assert "No such file" in refusal()
    file.write_bytes(data)
    document = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps(document | {"format": 99}))
    assert "has format 99, this program reads 1" in refusal()
    (folder / "checkpoint.json").write_text(json.dumps({"format": 1, "files": [1]}))
    assert "was not written by this program" in refusal()
    (folder / "checkpoint.json").write_text(json.dumps({"format": 1, "files": {"../x": {"size": 1, "sha256": ""}}}))
    assert "was not written by this program" in refusal()
    (folder / "checkpoint.json").write_text("{")
    assert "has a damaged checkpoint.json" in refusal()
    with pytest.raises(BadCheckpoint, match="its name is not checkpoint-STEP"):
        open_checkpoint(tmp_path)
    with pytest.raises(BadCheckpoint, match="has no optimiser"):
        open_checkpoint(write(tmp_path, 9)).read_group("optimiser")
