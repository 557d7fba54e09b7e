"""Calls of the program with something that is wrong, and what many of them have in common."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.trials.common.sessions import REPOSITORY

BUNDLE = REPOSITORY / "weights" / "tictactoe"
ANALYZE = ["analyze", "startpos", "--game", "tictactoe", "--nodes", "1"]
MATCH = ["match", "--game", "tictactoe", "-e", "random", "-e", "random", "--pairs", "1"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A call of the program that must be refused."""

    name: str
    arguments: Sequence[str]
    closed: str = ""  # a stream that is closed, as a shell says it
    succeeds: bool = False  # what is odd may be taken all the same


def bundle_copy(place: Path) -> Path:
    """Return a copy of a bundle that can be spoilt."""
    shutil.copytree(BUNDLE, place)
    return place


def nested(depth: int, inner: str = "1") -> str:
    return "[" * depth + inner + "]" * depth
