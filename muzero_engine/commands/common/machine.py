"""What the program runs on: versions, processor, memory."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from pathlib import Path

from muzero_engine import __version__
from muzero_engine.inference.session import available_backends
from muzero_engine.machine import usable_cores
from muzero_engine.search import tree

PACKAGE = "muzero-engine"


def versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of each library that is installed."""
    known = {PACKAGE: __version__, "python": platform.python_version()}
    for library in _libraries():
        try:
            known[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return known


def _libraries() -> list[str]:
    """Return the libraries that this package asks for, to play or to train, as its installed metadata name them."""
    try:
        lines = importlib.metadata.requires(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:  # run from a folder, not installed
        lines = []
    needed = [line for line in lines if "extra ==" not in line or '"train"' in line]
    return list(dict.fromkeys(re.split(r"[^A-Za-z0-9_.-]", line.strip())[0] for line in needed))


def machine() -> dict[str, str | int | list[str]]:
    """Return the system, the processor, the cores this process may use, where a network can run, fastest first, and
    whether the search is compiled (`setup.py` says how)."""
    return {
        "system": platform.platform(terse=True),
        "cpu": _cpu(),
        "cores": usable_cores(),
        "backends": [backend.value for backend in available_backends()],
        "search": "Python" if str(tree.__file__).endswith(".py") else "compiled",
    }


def machine_line() -> str:
    """Return the processor, cores and system in one line: "AMD EPYC, 2 cores, Linux-6.1"."""
    cores = usable_cores()
    return f"{_cpu()}, {cores} core{'' if cores == 1 else 's'}, {platform.platform(terse=True)}"


def peak_memory_mb() -> float | None:
    """Return the most memory that this process has held resident, in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
