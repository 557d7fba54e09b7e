"""Makes a virtual environment with the package in it: `setup_venv.py FOLDER [EXTRA [ADDED]]`.

EXTRA is installed with the package when the environment is made, ADDED into the one that is there.

Needs nothing but the standard library and says everything on stderr. Safe to start many times at once: the first one
works under a lock, the others wait for it. A stamp, written last, says for which folder and pyproject.toml and of which
Python the environment was made; without a stamp that fits, as after an interruption, a move or an upgrade of the
system's Python, it is made anew. `scripts/_venv` compares the same stamp before it starts this program.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


def say(message: str) -> None:
    print(f"muzero-engine: {message}", file=sys.stderr, flush=True)


def run(*command: str | Path) -> None:
    """Run a command with its output on stderr. Raises CalledProcessError."""
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def make(venv: Path, extra: str) -> None:
    """Make the environment from nothing. Raises CalledProcessError."""
    say(f"setting up {venv} (once; this takes a minute)")
    shutil.rmtree(venv, ignore_errors=True)
    run(sys.executable, "-m", "venv", venv)
    install(venv, extra)
    run(venv / "bin" / "python", "-m", "compileall", "-q", REPOSITORY / "muzero_engine")  # the first start is no slower


def add(venv: Path, extra: str) -> None:
    """Add what an extra needs to an environment. Raises CalledProcessError."""
    say(f"adding what '{extra}' needs to {venv} (once; with PyTorch this takes some minutes and more than a GB)")
    if sys.platform == "linux" and "PIP_EXTRA_INDEX_URL" not in os.environ and not Path("/proc/driver/nvidia").exists():
        say(
            "PyTorch's build for CUDA takes some GB more. For the one for processors stop this (Ctrl-C) and begin again"
        )
        say(f"with PIP_EXTRA_INDEX_URL={CPU_BUILDS} before the command")
    install(venv, extra)


def into_environment() -> None:
    """Let pip install into the environment that it belongs to, where the user's settings send packages elsewhere."""
    os.environ["PIP_USER"] = "0"
    for elsewhere in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        os.environ.pop(elsewhere, None)


def install(venv: Path, extra: str) -> None:
    """Install the package of this checkout, with an extra if that is not empty. Raises CalledProcessError."""
    requirement = f"{REPOSITORY}[{extra}]" if extra else str(REPOSITORY)
    run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", requirement)


def made_of(venv: Path) -> bytes:
    """Return what the stamp of an environment says that works."""
    python = os.path.realpath(venv / "bin" / "python")
    return os.fsencode(f"{REPOSITORY}\n{python}\n") + (REPOSITORY / "pyproject.toml").read_bytes()


def ensure(stamp: Path, setting_up: Callable[[], None]) -> bool:
    """Set something up unless its stamp fits, and stamp it. Raises CalledProcessError. Returns whether it did."""
    venv = stamp.parent
    if stamp.exists() and os.access(venv / "bin" / "python", os.X_OK) and stamp.read_bytes() == made_of(venv):
        return False
    setting_up()
    partial = stamp.with_suffix(".partial")
    partial.write_bytes(made_of(venv))
    os.replace(partial, stamp)
    return True


def main() -> int:
    into_environment()
    venv = Path(sys.argv[1]).absolute()
    extra, added = (*sys.argv[2:], "", "")[:2]
    try:
        with open(f"{venv}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = ensure(venv / "setup.stamp", lambda: make(venv, extra))
            if added:
                new |= ensure(venv / f"setup-{added}.stamp", lambda: add(venv, added))
    except OSError as error:
        say(f"could not set up {venv}: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        say(f"(it needs to write to {venv.parent}: start it once as who may, or clone it into a folder of your own)")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"could not set up {venv}: '{' '.join(error.cmd)}' failed, see above")
        say("(on Debian and Ubuntu, 'apt install python3-venv' may be missing; pip needs a network)")
        return 1
    except KeyboardInterrupt:
        say("stopped; the next start goes on with it")
        return 1
    if new:
        say("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
