"""What the commands of the extra `train` share: errors in one line, and what lies beside a checkpoint's file."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import click

from muzero_engine.commands.common.refusals import refusal
from muzero_engine.files import read_limited
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import CHECKPOINT, MANIFEST, MAX_FILE_BYTES, FileInfo, Manifest, Training
from muzero_engine.installing import install_command

OUT_OF_MEMORY = ("out of memory", "can't allocate memory")  # how PyTorch says it, of a GPU and of a processor
LIBRARIES = ("torch", "safetensors", "matplotlib", "onnx")


@contextlib.contextmanager
def training_errors() -> Iterator[None]:
    """Say in one line what people can do something about: a library that is missing, a disk that is full."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES:
            raise
        raise _missing(error.name) from None
    except ImportError as error:  # it is there, and does not start
        if (error.name or "").startswith("muzero_engine") or isinstance(error.__cause__, KeyboardInterrupt):
            raise
        raise click.ClickException(f"a library cannot be loaded: {_first_line(error)}") from None
    except OSError as error:
        if error.errno is None:  # a sentence of this package
            raise click.ClickException(str(error)) from None
        raise click.ClickException(refusal(error, "the disk")) from None
    except ArithmeticError as error:
        if not type(error).__module__.startswith("muzero_engine."):
            raise
        raise click.ClickException(str(error)) from None
    except RuntimeError as error:
        ours = type(error).__module__.startswith("muzero_engine.")
        if ours or not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        raise click.ClickException(
            f"not enough memory: {_first_line(error)[:300]}. Play fewer --games at once, or set evaluation.games, "
            "replay.capacity_plies, learner.batch_size or the network's size lower; checkpoints are intact"
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def require_training_libraries(*names: str) -> None:
    """Raise ClickException with the command that installs them where one of these is missing, and OSError in a working
    folder that was removed, where PyTorch would end the program. Imports none."""
    os.getcwd()
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise _missing(name)
    atexit.register(gc.freeze)  # or the end of the program looks for garbage in all of PyTorch, for a second


def require_ray() -> None:
    """Raise ClickException with the command that installs Ray where it is missing. It is not imported."""
    if importlib.util.find_spec("ray") is None:
        raise click.ClickException(f"--cluster needs Ray: {install_command('cluster')}")


def _missing(library: str) -> click.ClickException:
    return click.ClickException(f"this needs {library}, which playing does not: {install_command('train')}")


def manifest_beside(checkpoint: Path) -> Manifest | None:
    """Return the manifest beside a checkpoint's file; None where there is none, or it is of another file. Raises
    BadWeights."""
    if not (checkpoint.parent / MANIFEST).exists():
        return None
    manifest = read_manifest(checkpoint.parent)
    return manifest if _is_described(checkpoint, manifest.files.get(CHECKPOINT)) else None


def training_beside(checkpoint: Path) -> Training:
    """Return what the manifest beside a checkpoint's file says of its training. Raises BadWeights."""
    manifest = manifest_beside(checkpoint)
    return Training("of unknown training") if manifest is None else manifest.training


def file_beside(checkpoint: Path, name: str) -> Path | None:
    """Return a file beside a checkpoint's that is of the same network, as far as a manifest there tells; None where
    there is none. Raises BadWeights, OSError."""
    path = checkpoint.parent / name
    if not path.exists():
        return None
    if not (checkpoint.parent / MANIFEST).exists():
        return path
    manifest = manifest_beside(checkpoint)
    return path if manifest is not None and _is_described(path, manifest.files.get(name)) else None


def _is_described(path: Path, info: FileInfo | None) -> bool:
    return info == FileInfo.of(read_limited(path, MAX_FILE_BYTES))
