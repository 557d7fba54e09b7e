"""Where tests leave records of whole games (PGN, SGF, USI), for people to look at."""

from __future__ import annotations

import os
from pathlib import Path


def record_path(name: str) -> Path:
    """Return a path for this file in the folder of test output ($MUZERO_TEST_OUTPUT, or test-output here)."""
    folder = Path(os.environ.get("MUZERO_TEST_OUTPUT") or Path(__file__).parents[2] / "test-output")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
