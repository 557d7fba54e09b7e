"""Running the program until it kills itself or ends, and what all such trials look at."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.trials.common.sessions import environment
from lab.trials.killing.fragile import POINTS

FRAGILE = Path(__file__).with_name("fragile.py")
PATIENCE_S = 600.0
ORPHANS_S = 20.0  # within which engines end whose match was killed


@dataclass(frozen=True, slots=True)
class Kill:
    """When a process ends by force."""

    at: str  # "point", "second" (see `fragile`), or "lines": when a file has so many more, and that part of a second
    count: float
    file: Path | None = None  # of lines


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a trial kills."""

    kills: int
    at_points: int  # of these, at a rename or another change of a folder
    seed: int


@dataclass(slots=True)
class Tally:
    """What came of a trial."""

    kills: int = 0
    at_points: int = 0  # of these, at a rename or another change of a folder
    runs: int = 0  # that were gone on with to their end
    litter: int = 0  # hidden files left in the end
    fault: str = ""


def next_kill(plan: Plan, tally: Tally, rng: random.Random, *, moment: Kill, most_points: int) -> Kill | None:
    """Return the next kill: at `moment`, or at one of the first points, as many as planned; None: there were enough."""
    left = plan.kills - tally.kills
    if left <= 0:
        return None
    if rng.random() * left < plan.at_points - tally.at_points:
        return Kill("point", rng.randrange(1, most_points))
    return moment


class Faulty(RuntimeError):
    """Something was lost; the message says what."""


def run(arguments: Sequence[str], kill: Kill | None = None) -> bool:
    """Run the program until its end; return whether it was killed. Raises Faulty where it failed by itself."""
    if kill is None or kill.file is not None:
        command = [sys.executable, "-m", "muzero_engine", *arguments]
    else:
        command = [sys.executable, str(FRAGILE), kill.at, str(kill.count), "--", *arguments]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment())
        try:
            if kill is not None and kill.file is not None:
                _wait_for_lines(process, kill.file, kill.count)
                children = _children(process.pid)
                process.kill()
                _wait_for_end(children)
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Faulty(f"{arguments[0]} hung") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode in (0, -signal.SIGKILL):
            return process.returncode != 0
        said.seek(0)
        text = ascii(said.read().decode(errors="replace").strip()[-300:])
        raise Faulty(f"{arguments[0]} ended with {process.returncode}: {text}")


def killed(arguments: Sequence[str], kill: Kill | None, tally: Tally) -> bool:
    """Run the program; count a kill, and return whether there was one. Raises Faulty."""
    if not run(arguments, kill) or kill is None:
        return False
    tally.kills += 1
    tally.at_points += kill.at == "point"
    return True


def count_points(arguments: Sequence[str]) -> int:
    """Run the program to its end; return at how many moments it could be killed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "points")
        os.environ[POINTS] = str(path)
        try:
            run(arguments, Kill("point", 0))
        finally:
            del os.environ[POINTS]
        return int(path.read_text())


def whole_checkpoints(run_folder: Path) -> list[int]:
    """Return the steps of a run's checkpoints, oldest first. Raises Faulty where one is not whole."""
    steps = []
    for folder in run_folder.glob("checkpoint-*"):
        try:
            files = json.loads((folder / "checkpoint.json").read_bytes())["files"]
            for name, entry in files.items():
                if hashlib.sha256((folder / name).read_bytes()).hexdigest() != entry["sha256"]:
                    raise Faulty(f"{folder.name} has another {name} than was written")
        except (OSError, ValueError, KeyError) as error:
            raise Faulty(f"{folder.name} is not whole: {type(error).__name__}") from None
        steps.append(int(folder.name.removeprefix("checkpoint-")))
    return sorted(steps)


def hidden_files(folder: Path) -> int:
    """Count what a killed writer left behind, locks aside."""
    return sum(1 for path in folder.rglob(".*") if path.name != ".lock")


def _wait_for_lines(process: subprocess.Popen[bytes], path: Path, count: float) -> None:
    """Wait until a file has so many more lines, and for the part of a second, or until the process ends."""
    deadline, wanted = time.monotonic() + PATIENCE_S, _lines(path) + int(count)
    while process.poll() is None and _lines(path) < wanted:
        if time.monotonic() > deadline:
            raise Faulty("a match came to no game")
        time.sleep(0.01)
    time.sleep(count % 1)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _children(process: int) -> list[int]:
    try:
        return [
            int(pid) for path in Path(f"/proc/{process}/task").glob("*/children") for pid in path.read_text().split()
        ]
    except OSError:
        return []


def _wait_for_end(processes: list[int]) -> None:
    deadline = time.monotonic() + ORPHANS_S
    while any(_lives(process) for process in processes):
        if time.monotonic() > deadline:
            raise Faulty("engines live on after their match was killed")
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
