"""`scripts/check_records.py`, called from tests."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

CHECKER = Path(__file__).resolve().parents[2] / "scripts" / "check_records.py"


def check_records(folder: Path) -> int:
    """Its exit status: 0 if it finds nothing wrong. What it says goes to standard output."""
    arguments, sys.argv = sys.argv, [str(CHECKER), str(folder)]
    try:
        runpy.run_path(str(CHECKER), run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    finally:
        sys.argv = arguments
    raise AssertionError("the checker always ends with a status")
