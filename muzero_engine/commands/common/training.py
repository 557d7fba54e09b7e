"""What the commands of the extra `train` share: errors in one line, and what lies beside a checkpoint's file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import MANIFEST, Training

LIBRARIES = ("torch", "safetensors", "matplotlib", "onnx")


@contextlib.contextmanager
def training_errors() -> Iterator[None]:
    """Say in one line what people can do something about: a library that is missing, a disk that is full."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES:
            raise
        raise click.ClickException(
            f"this needs {error.name}, which playing does not: pip install 'muzero-engine[train]'"
        ) from None
    except FileExistsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the disk'}: {error.strerror or error}") from None
    except ArithmeticError as error:
        if not type(error).__module__.startswith("muzero_engine."):
            raise
        raise click.ClickException(str(error)) from None


def training_beside(checkpoint: Path) -> Training:
    """Return what the manifest beside a checkpoint's file says of its training. Raises BadWeights."""
    if not (checkpoint.parent / MANIFEST).exists():
        return Training("of unknown training")
    return read_manifest(checkpoint.parent).training
