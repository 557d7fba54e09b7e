"""Weights bundles on disk: where they are, and loading them with every file checked.

A bundle is a folder with `manifest.json` and the files that it names. The bytes that were hashed are the bytes that are
used: a file is read once.
"""

from __future__ import annotations

import errno
import math
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from muzero_engine.dataclass_json import parse_json
from muzero_engine.files import folder_name, read_limited
from muzero_engine.games.base import GameSpec
from muzero_engine.inference.manifest import (
    CHECKPOINT,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    UNPLAYED_FILES,
    BadWeights,
    FileInfo,
    Manifest,
)

WEIGHTS_VARIABLE = "MUZERO_WEIGHTS"
RUN_METRICS = "metrics.jsonl"  # what every training run has
MAX_DIMENSIONS = 8  # of a tensor

StoredTensors = dict[str, npt.NDArray[np.float16]]  # the tensors of a checkpoint by name


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose manifest was read and whose files were checked."""

    folder: Path
    manifest: Manifest
    graphs: dict[str, bytes]  # the ONNX files
    weights: StoredTensors


def default_weights_dir(name: str) -> Path:
    """Return the folder of the weights that come along for a game or an environment, which need not exist.

    It is `$MUZERO_WEIGHTS/<folder_name(name)>`, else that of `shipped_weights_dir`.
    """
    override = os.environ.get(WEIGHTS_VARIABLE)
    return Path(override) / folder_name(name) if override else shipped_weights_dir(name)


def shipped_weights_dir(name: str) -> Path:
    """Return the folder inside the installed package, else in the source checkout around it; no symbolic link."""
    return _shipped_root() / folder_name(name)


def default_weights_dirs() -> list[Path]:
    """Return the folders of all bundles that come along, whose files need not be whole."""
    override = os.environ.get(WEIGHTS_VARIABLE)
    root = Path(override) if override else _shipped_root()
    return sorted(manifest.parent for manifest in root.glob(f"*/{MANIFEST}"))


def _shipped_root() -> Path:
    package = Path(__file__).resolve().parents[1]
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a bundle; its files are not looked at. Raises BadWeights."""
    if not os.path.isdir(folder):  # unlike Path's, it knows any name
        raise BadWeights(f"there are no weights in {folder}: it is not a folder; give the folder of a weights bundle")
    data = _read(folder, MANIFEST, MAX_MANIFEST_BYTES)
    return Manifest.from_json(data, str(folder))


def load_bundle(folder: Path, spec: GameSpec | None = None) -> Bundle:
    """Read a bundle and check it: every file's hash, and the fit to `spec` where one is given.

    The curves of the training may be missing, as playing does not need them. Raises BadWeights.
    """
    manifest = read_manifest(folder)
    if spec is not None:
        manifest.check_game(spec, str(folder))
    graphs: dict[str, bytes] = {}
    weights: StoredTensors = {}
    for name, info in manifest.files.items():
        if name in UNPLAYED_FILES and not (folder / name).exists():
            continue
        data = _read(folder, name, info.size)
        if FileInfo.of(data) != info:
            raise _other_file(folder, name)
        if name == CHECKPOINT:
            weights = _weights(data, f"{CHECKPOINT} in {folder}")
        elif name not in UNPLAYED_FILES:
            graphs[name] = data
    return Bundle(folder, manifest, graphs, weights)


def tensor_places(data: bytes) -> tuple[int, dict[str, Any]]:
    """Return where the data of a safetensors file begin, and the `dtype`, `shape` and `data_offsets` of each tensor.

    See github.com/huggingface/safetensors, "Format". Nothing is checked: a file that is none may raise anything.
    """
    begin = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = parse_json(data[8:begin])
    return begin, {name: info for name, info in header.items() if name != "__metadata__"}


def _weights(data: bytes, where: str) -> StoredTensors:
    """Return the tensors of a checkpoint, all in 16 bits; views of `data`. Raises BadWeights."""
    try:
        begin, tensors = tensor_places(data)
        return {name: _tensor(data, begin, info) for name, info in tensors.items()}
    except (ValueError, LookupError, TypeError, AttributeError, MemoryError, OverflowError):
        raise BadWeights(
            f"{where} does not hold weights in 16 bits: export the weights again, or install them again"
        ) from None


def _tensor(data: bytes, begin: int, info: dict[str, Any]) -> npt.NDArray[np.float16]:
    first, end = info["data_offsets"]
    shape: list[int] = info["shape"]
    if info["dtype"] != "F16" or len(shape) > MAX_DIMENSIONS or not 0 <= first <= end <= len(data) - begin:
        raise ValueError
    if end - first != 2 * math.prod(shape):
        raise ValueError
    return np.frombuffer(data, np.dtype("<f2"), math.prod(shape), begin + first).reshape(shape)


def _read(folder: Path, name: str, size: int) -> bytes:
    """Return the bytes of a file of at most `size` bytes. Raises BadWeights.

    The memory taken is that of what lies on the disk, whatever a manifest says of its size.
    """
    try:
        return read_limited(folder / name, size)
    except FileNotFoundError:
        if name == MANIFEST and os.path.exists(folder / RUN_METRICS):
            named = shlex.quote(str(folder))
            raise BadWeights(
                f"{folder} is a training run: muzero-engine export --run {named} --out WEIGHTS makes weights of it"
            ) from None
        raise BadWeights(f"{name} is missing in {folder}: export or install the weights again") from None
    except OSError as error:
        if error.errno == errno.EFBIG and name != MANIFEST:
            raise _other_file(folder, name) from None
        raise BadWeights(f"{name} in {folder} cannot be read ({error.strerror}): check the file") from None


def _other_file(folder: Path, name: str) -> BadWeights:
    return BadWeights(
        f"{name} in {folder} is not the file that {MANIFEST} describes (its hash differs): "
        "export or install the weights again"
    )
