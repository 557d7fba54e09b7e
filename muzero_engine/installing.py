"""How to install what is missing into the Python that runs this, which may not be the one that `pip` is of."""

from __future__ import annotations

import shlex
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of the checkout, where this package is in one


def pip() -> str:
    """Return how pip is called for this Python."""
    return f"{shlex.quote(sys.executable)} -m pip"


def install_command(extra: str) -> str:
    """Return the command that adds an extra of this package to the Python that runs it."""
    source = f"{ROOT}[{extra}]" if (ROOT / "pyproject.toml").exists() else f"muzero-engine[{extra}]"
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and marker.exists():  # the system's own Python, which refuses
        return f"python3 -m venv muzero && muzero/bin/pip install {shlex.quote(source)}, then muzero/bin/muzero-engine"
    return f"{pip()} install {shlex.quote(source)}"
