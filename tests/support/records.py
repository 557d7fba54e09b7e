"""Where tests leave records of whole games (PGN, SGF, USI), for people to look at."""

from __future__ import annotations

import os
from pathlib import Path


def record_path(name: str) -> Path:
    """A path for a file of this name in the folder for test output ($MUZERO_TEST_OUTPUT, or test-output here)."""
    folder = Path(os.environ.get("MUZERO_TEST_OUTPUT") or Path(__file__).parents[2] / "test-output")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
