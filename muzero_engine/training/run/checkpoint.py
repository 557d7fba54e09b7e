"""Checkpoints of a run: `RUN/checkpoint-STEP/`, whole or not there at all, in files that travel.

A checkpoint is a JSON document (`checkpoint.json`) and named *groups* of tensors in safetensors files of at most 15
MiB: `weights`, `ema`, `optimiser` of rank 0, and what every rank has of its own (`self-play-0`, `replay-0`, ...). It is
filled under a temporary name beside its place and renamed when every rank is done and every byte is on the disk, so
that a kill or a full disk leaves the checkpoints from before as they were; one of the same step makes room in the same
way (`files.replace_folder`). The document lists every file's size and hash, and the step: a folder of another name is
no checkpoint.

With several machines the run's folder must be one that all of them see.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from muzero_engine.dataclass_json import BadData, from_data, parse_json, to_data
from muzero_engine.files import read_limited, replace_folder, restore_folder, set_aside, write_atomically
from muzero_engine.network.network_file import BadCheckpoint, metadata_of

FILE_LIMIT = 15 << 20  # bytes
DOCUMENT_LIMIT = 64 << 20  # bytes
HEADER_ROOM = 64 << 10  # bytes of a file that are left for its header
KEPT = 2  # newest checkpoints that stay
DOCUMENT = "checkpoint.json"
FORMAT = 1

Tensors = Mapping[str, Tensor]
_NAME = re.compile(r"checkpoint-(0|[1-9]\d{0,17})")
_PIECE = re.compile(r"(.+)#(\d+)")


class CheckpointNotWritten(RuntimeError):
    """The disk refused a checkpoint; those from before are as they were. The message says which and why."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a checkpoint's document says of a file."""

    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class _Document:
    """What the document says to this module; the rest is `document`'s."""

    format: int
    files: dict[str, FileEntry]


class CheckpointWriter:
    """Writes the checkpoint of one step.

    Rank 0 calls `begin`, then every rank `write_group` as often as it likes, then rank 0 `commit`; the caller lets the
    ranks wait for each other in between. After CheckpointNotWritten on any rank, rank 0 calls `abandon`.
    """

    def __init__(self, run: Path, step: int) -> None:
        self._step = step
        self.place = run / f"checkpoint-{step}"
        self._folder = run / f".checkpoint-{step}.part"

    def begin(self) -> None:
        """Make the temporary folder, and room: what killed writers left behind goes."""
        try:
            restore_checkpoints(self._folder.parent)
            for left in self._folder.parent.glob(".checkpoint-*.part"):
                shutil.rmtree(left)
            self._folder.mkdir()
        except OSError as error:
            raise self._refused(error) from error

    def write_group(self, group: str, tensors: Tensors) -> None:
        """Write tensors (any device) as the files of this group."""
        try:
            shapes = json.dumps({name: list(tensor.shape) for name, tensor in tensors.items()})
            for i, part in enumerate(_parts(tensors)):
                metadata = {"shapes": shapes} if i == 0 else None
                write_atomically(self._folder / f"{group}.{i:03}.safetensors", save_tensors(part, metadata=metadata))
        except OSError as error:
            raise self._refused(error) from error

    def commit(self, document: Mapping[str, object]) -> None:
        """Add the document, move the folder to its place and remove checkpoints that are too old to keep."""
        try:
            files = {
                path.name: FileEntry(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted(self._folder.glob("*.safetensors"))
            }
            text = json.dumps({"format": FORMAT, "step": self._step, **document, "files": to_data(files)}, indent=1)
            write_atomically(self._folder / DOCUMENT, text.encode())
            replace_folder(self._folder, self.place)
            whole = [path for step, path in checkpoints(self.place.parent) if _step_of(path) == step]
            for old in whole[KEPT:]:
                _remove(old)
        except OSError as error:
            raise self._refused(error) from error

    def abandon(self) -> None:
        """Remove what was written so far."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _refused(self, error: OSError) -> CheckpointNotWritten:
        reason = error.strerror or str(error)
        return CheckpointNotWritten(f"{self.place} could not be written: {reason}; earlier checkpoints are intact")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on the disk whose document was read. Tensors are read, and checked, when they are asked for."""

    folder: Path
    step: int
    document: dict[str, Any]
    files: dict[str, FileEntry]

    def groups(self) -> set[str]:
        """Return the names of its groups."""
        return {name.split(".")[0] for name in self.files}

    def read_group(self, group: str) -> dict[str, Tensor]:
        """Return the tensors of a group, on the CPU. Raises BadCheckpoint."""
        pieces: dict[str, list[Tensor]] = {}
        shapes: dict[str, list[int]] = {}
        names = sorted(name for name in self.files if name.split(".")[0] == group)
        if not names:
            raise BadCheckpoint(f"the checkpoint {self.folder} has no {group}")
        for name in names:
            data = self._checked(name)
            try:
                part = load_tensors(data)
                if name.endswith(".000.safetensors"):
                    shapes = parse_json(metadata_of(data)["shapes"])
            except (safetensors.SafetensorError, KeyError, ValueError) as error:
                raise BadCheckpoint(f"the checkpoint {self.folder} has a bad file {name}: {error}") from error
            for key, tensor in sorted(part.items(), key=_piece_order):
                match = _PIECE.fullmatch(key)
                pieces.setdefault(match[1] if match else key, []).append(tensor)
        if not isinstance(shapes, dict) or set(shapes) != set(pieces):
            raise BadCheckpoint(f"the checkpoint {self.folder} has an incomplete {group}")
        try:
            return {name: torch.cat(parts).reshape(shapes[name]) for name, parts in pieces.items()}
        except (RuntimeError, TypeError, ValueError, OverflowError):
            raise BadCheckpoint(f"the checkpoint {self.folder} has a {group} of impossible shapes") from None

    def check(self) -> None:
        """Read every file and compare it with the document. Raises BadCheckpoint."""
        for name in self.files:
            self._checked(name)

    def _checked(self, name: str) -> bytes:
        path, entry = self.folder / name, self.files[name]
        try:
            data = read_limited(path, entry.size)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadCheckpoint(f"the checkpoint {self.folder} is damaged: {name}: {reason}") from error
        if len(data) != entry.size:
            raise BadCheckpoint(
                f"the checkpoint {self.folder} is damaged: {name} has {len(data)} bytes, not {entry.size}"
            )
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise BadCheckpoint(f"the checkpoint {self.folder} is damaged: {name} is not what was written")
        return data


def checkpoints(run: Path) -> list[tuple[int, Path]]:
    """Return (step, folder) of the checkpoints of a run, newest first.

    A folder that somebody gave another name than its step is none. Nothing is read but the documents: a file may be
    damaged, and a document damaged or gone.
    """
    found = []
    for path in run.glob("checkpoint-*"):
        match = _NAME.fullmatch(path.name)
        if match and path.is_dir() and _step_of(path) in (None, int(match[1])):
            found.append((int(match[1]), path))
    return sorted(found, reverse=True)


def restore_checkpoints(run: Path) -> None:
    """Bring back what a kill left aside while a checkpoint was replaced. Only its writer may. Raises OSError."""
    for aside in run.glob(set_aside(Path("checkpoint-*")).name):
        place = run / aside.name.removeprefix(".").removesuffix(".old")
        restore_folder(place)
        if aside.exists():
            shutil.rmtree(aside)


def _remove(place: Path) -> None:
    """Remove a checkpoint. A kill leaves it whole, or under a name that the next writer removes. Raises OSError."""
    leaving = place.with_name(f".{place.name}.part")
    os.replace(place, leaving)
    shutil.rmtree(leaving)


def set_later_aside(run: Path, step: int | None) -> list[Path]:
    """Rename the checkpoints of a run that goes on from `step` which would be newer, though they are of no use to it.

    They are damaged, of a step that the run went back from, or only named like a checkpoint; None: all of them. Return
    their new folders, `aside-NAME`. Only the run's writer may. Raises OSError.
    """
    moved = []
    for path in sorted(run.glob("checkpoint-*")):
        match = _NAME.fullmatch(path.name)
        if step is None or match is None or int(match[1]) > step:
            aside = run / f"aside-{path.name}"
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(path, aside)
            moved.append(aside)
    return moved


def _step_of(folder: Path) -> int | None:
    """Return the step that a checkpoint's document is of; None where it does not say."""
    try:
        document = _document(folder)
        step = document.get("step", document.get("counters", {}).get("step"))
    except (OSError, ValueError, AttributeError):
        return None
    return step if isinstance(step, int) else None


def _document(folder: Path) -> Any:
    """Return what a checkpoint's document says. Raises OSError, ValueError."""
    return parse_json(read_limited(folder / DOCUMENT, DOCUMENT_LIMIT), constants=True)


def open_checkpoint(folder: Path) -> Checkpoint:
    """Return the checkpoint in this folder, its document read. Raises BadCheckpoint."""
    match = _NAME.fullmatch(folder.name)
    if match is None:
        raise BadCheckpoint(f"{folder} is not a checkpoint of a run: its name is not checkpoint-STEP")
    try:
        document = _document(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadCheckpoint(f"the checkpoint {folder} cannot be read, {DOCUMENT}: {reason}") from error
    except ValueError as error:
        raise BadCheckpoint(f"the checkpoint {folder} has a damaged {DOCUMENT}: {error}") from error
    try:
        content = from_data(_Document, document, "it", ignored=True)
    except BadData as error:
        raise BadCheckpoint(f"{folder / DOCUMENT} was not written by this program: {error}") from error
    if content.format != FORMAT:
        raise BadCheckpoint(
            f"the checkpoint {folder} has format {content.format}, this program reads {FORMAT}: "
            "use the version of muzero-engine that wrote it"
        )
    if any("/" in name or "\\" in name for name in content.files):
        raise BadCheckpoint(f"{folder / DOCUMENT} was not written by this program")
    return Checkpoint(folder, int(match[1]), document, content.files)


def _parts(tensors: Tensors) -> Iterator[dict[str, Tensor]]:
    """Yield the tensors, flat and on the CPU, in dictionaries that fit a file each. Large ones become `name#0`, ..."""
    room = FILE_LIMIT - HEADER_ROOM
    part: dict[str, Tensor] = {}
    used = 0
    shapes_bytes = sum(len(name) + 64 for name in tensors)
    used = shapes_bytes  # the first file also has all shapes in its header
    for name, tensor in tensors.items():
        flat = tensor.detach().reshape(-1).cpu().contiguous()
        step = max(1, room // flat.element_size())
        whole = flat.numel() <= step
        for i in range(0, max(1, flat.numel()), step):
            piece = flat[i : i + step].clone()
            size = piece.numel() * piece.element_size() + 128
            if part and used + size > room:
                yield part
                part, used = {}, 0
            part[name if whole else f"{name}#{i // step}"] = piece
            used += size
    yield part


def _piece_order(item: tuple[str, Tensor]) -> tuple[str, int]:
    match = _PIECE.fullmatch(item[0])
    return (match[1], int(match[2])) if match else (item[0], 0)
