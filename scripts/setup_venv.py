"""Makes a virtual environment with the package in it: `setup_venv.py FOLDER [EXTRA]`.

Needs nothing but the standard library and says everything on stderr. Safe to start many times at once: the first one
works under a lock, the others wait for it. A stamp, written last, says for which folder and pyproject.toml the
environment was made; without a stamp that fits, as after an interruption or a move, it is made anew. `scripts/_venv`
compares the same stamp before it starts this program.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def say(message: str) -> None:
    print(f"muzero-engine: {message}", file=sys.stderr, flush=True)


def run(*command: str | Path) -> None:
    """Runs a command with its output on stderr. Raises CalledProcessError."""
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def make(venv: Path, extra: str) -> None:
    """Makes the environment from nothing. Raises CalledProcessError."""
    say(f"setting up {venv} (once; this takes a minute)")
    shutil.rmtree(venv, ignore_errors=True)
    run(sys.executable, "-m", "venv", venv)
    requirement = f"{REPOSITORY}[{extra}]" if extra else str(REPOSITORY)
    run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", requirement)
    run(venv / "bin" / "python", "-m", "compileall", "-q", REPOSITORY / "muzero_engine")  # the first start is no slower


def main() -> int:
    venv = Path(sys.argv[1]).absolute()
    extra = sys.argv[2] if len(sys.argv) > 2 else ""
    wanted = f"{REPOSITORY}\n".encode() + (REPOSITORY / "pyproject.toml").read_bytes()
    stamp = venv / "setup.stamp"
    with open(f"{venv}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_bytes() == wanted:
            return 0
        try:
            make(venv, extra)
        except subprocess.CalledProcessError as error:
            say(f"could not set up {venv}: '{' '.join(error.cmd)}' failed, see above")
            say("(on Debian and Ubuntu, 'apt install python3-venv' may be missing; pip needs a network)")
            return 1
        partial = stamp.with_suffix(".partial")
        partial.write_bytes(wanted)
        os.replace(partial, stamp)
        say("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
