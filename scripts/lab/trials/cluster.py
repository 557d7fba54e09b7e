"""A run whose games come from a Ray cluster on this machine, of which one part after another is killed: what was lost.

    python scripts/lab/trials cluster actors --moments 20

- `actors`: kill -9 of one actor at random moments;
- `learner`: kill -9 of the learner at random moments, which then goes on from its checkpoint;
- `slow`: an actor gets a hundredth of the time, another one none;
- `version`: a machine with another version of the program joins;
- `head`: the whole cluster goes away and comes back.

The run is tic-tac-toe with the preset `tiny`; its folder and the cluster's files are temporary. One table on standard
output; the exit code is 1 where a game that counted was lost or counted twice. What does not come in five minutes (the
next games, the end of all processes, a line) ends the trial with an error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.common.commands import parser_of
from lab.common.processes import descendants, processes

from muzero_engine.training.run.checkpoint_contents import newest_checkpoint

PATIENCE = 300.0  # seconds for anything to happen
ROOT = Path(__file__).resolve().parents[3]
RAY = (sys.executable, "-m", "ray.scripts.scripts")


@dataclass
class Loopback:
    """A learner on this machine, and all processes that belong to it."""

    folder: Path  # of the run and of Ray's files: a short path, since sockets lie in it
    settings: tuple[str, ...] = ()
    address: str = "auto"
    actors: int = 4
    learner: subprocess.Popen[bytes] | None = None
    said_before: int = 0  # characters, by learners before

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def environment(self) -> dict[str, str]:
        """Return what every process of the trial is started with."""
        return {
            **os.environ,
            "RAY_TMPDIR": str(self.folder),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str) -> None:
        """Start the learner, or go on with it."""
        command = [sys.executable, "-m", "muzero_engine", "train", "--game", "tictactoe", "--preset", "tiny"]
        command += ["--run", str(self.run), "--resume", "auto", "--device", "cpu", "--cluster", self.address]
        for setting in (f"cluster.actors={self.actors}", *self.settings):
            command += ["--set", setting]
        self.said_before = len(self.said())
        with self.log.open("ab") as log:
            self.learner = subprocess.Popen(
                [*command, *arguments], env=self.environment, stdout=log, stderr=log, cwd=self.folder
            )

    def said(self) -> str:
        """Return all that the learner said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def all(self) -> dict[int, str]:
        """Return the processes of this trial with their command lines."""
        there = processes()
        found = {pid for pid, (_, command) in there.items() if str(self.folder / "ray") in command}
        found |= {self.learner.pid} if self.learner is not None and self.learner.poll() is None else set()
        found.discard(os.getpid())
        mine = {**{pid: there[pid] for pid in found if pid in there}, **descendants(*found)}
        return {pid: command for pid, (_, command) in mine.items()}

    def playing(self) -> list[int]:
        """Return the processes of actors."""
        return sorted(pid for pid, command in self.all().items() if command.startswith("ray::_RayActor"))

    def games(self) -> int:
        """Return the games that the run has counted in its metrics."""
        metrics = self.run / "metrics.jsonl"
        lines = metrics.read_text().splitlines(keepends=True) if metrics.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        return int(json.loads(whole[-1])["games"]) if whole else 0

    def wait(self, what: str, holds: Callable[[], object]) -> float:
        """Wait until something holds; return the seconds. Raises TimeoutError."""
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > PATIENCE:
                raise TimeoutError(f"{what} did not come:\n{self.said()[-3000:]}")
            time.sleep(0.05)
        return time.monotonic() - started

    def goes_on(self) -> None:
        """Wait until the learner that was started last has got games."""
        self.wait("games of a new beginning", lambda: " plays, with " in self.said()[self.said_before :])

    def more_games(self) -> float:
        """Wait until the run has counted more games; return the seconds."""
        before = self.games()
        return self.wait("more games", lambda: self.games() > before)

    def stop(self) -> float:
        """End the learner as Ctrl-C does; return the seconds."""
        assert self.learner is not None
        self.learner.send_signal(signal.SIGINT)
        return self.wait("the end", lambda: self.learner is not None and self.learner.poll() is not None)

    def kill(self) -> float:
        """Kill the learner; return the seconds until nobody of it is left."""
        assert self.learner is not None
        self.learner.kill()
        self.learner.wait()
        return self.wait("the end of all processes", lambda: not self.all())

    def saved(self) -> tuple[int, int]:
        """Return the games that the newest checkpoint counts, and those that its replay holds."""
        checkpoint = newest_checkpoint(self.run)
        counters = checkpoint.document["counters"]
        assert isinstance(counters, dict)
        replay = checkpoint.read_group("replay-0")
        return int(counters["games"]), sum(len(replay[f"{kind}.3x3.lengths"]) for kind in ("train", "held"))

    def close(self) -> None:
        """Kill what is left of the trial."""
        for pid in self.all():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.learner is not None:
            self.learner.wait()


@contextlib.contextmanager
def loopback(*settings: str, actors: int = 4, address: str = "auto") -> Iterator[Loopback]:
    """Make a folder for a trial, and leave nothing of it behind."""
    folder = Path(tempfile.mkdtemp(prefix="mz", dir="/tmp"))
    trial = Loopback(folder, settings, address, actors)
    try:
        yield trial
    finally:
        trial.close()
        shutil.rmtree(folder, ignore_errors=True)


def check_saved(trial: Loopback, faults: list[str]) -> None:
    """Compare what a checkpoint counts with what it holds."""
    counted, held = trial.saved()
    print(f"the newest checkpoint counts {counted} games and holds {held}", flush=True)
    if counted != held:
        faults.append(f"a checkpoint counts {counted} games and holds {held}")


def actors(args: argparse.Namespace, faults: list[str]) -> None:
    rng = random.Random(args.seed)
    with loopback("steps=1000000", "replay.capacity_plies=1000000", actors=args.actors) as trial:
        trial.start()
        trial.wait("the first games", trial.games)
        print(f"{'moment':>8} {'killed':>8} {'games':>7} {'next games':>11}", flush=True)
        for _ in range(args.moments):
            after = rng.uniform(0.0, args.latest)
            time.sleep(after)
            trial.wait("an actor", trial.playing)
            victim = rng.choice(trial.playing())
            before = trial.games()
            os.kill(victim, signal.SIGKILL)
            seconds = trial.more_games()
            print(f"{after:7.1f}s {victim:8} {before:7} {seconds:10.1f}s", flush=True)
        trial.wait("all actors", lambda: len(trial.playing()) == args.actors)
        print(f"Ctrl-C: ended after {trial.stop():.1f} s", flush=True)
        trial.wait("the end of all processes", lambda: not trial.all())
        check_saved(trial, faults)
        if trial.saved()[0] != trial.games():
            faults.append(f"of {trial.games()} games that counted the checkpoint has {trial.saved()[0]}")


def learner(args: argparse.Namespace, faults: list[str]) -> None:
    rng = random.Random(args.seed)
    settings = ("steps=1000000", "replay.capacity_plies=1000000", "checkpoint_seconds=2")
    with loopback(*settings, actors=args.actors) as trial:
        print(f"{'moment':>8} {'counted':>8} {'saved':>7} {'goes on at':>11} {'all ended':>10}", flush=True)
        for _ in range(args.moments):
            trial.start()
            trial.more_games()
            after = rng.uniform(0.0, args.latest)
            time.sleep(after)
            counted = trial.games()
            seconds = trial.kill()
            saved = trial.saved()[0] if any(trial.run.glob("checkpoint-*")) else 0
            trial.start()
            trial.goes_on()
            goes_on = trial.games()
            print(f"{after:7.1f}s {counted:8} {saved:7} {goes_on:11} {seconds:9.1f}s", flush=True)
            if goes_on < saved:
                faults.append(f"of {saved} games that were saved {goes_on} were left")
            trial.kill()
        trial.start()
        trial.more_games()
        trial.stop()
        check_saved(trial, faults)


def slow(args: argparse.Namespace, faults: list[str]) -> None:
    settings = ("steps=1000000", "cluster.silence=20", "cluster.staleness=4")
    with loopback(*settings, actors=args.actors) as trial:
        trial.start()
        trial.wait("all actors", lambda: len(trial.playing()) == args.actors and trial.games())
        lame, dead, *_ = trial.playing()
        os.kill(dead, signal.SIGSTOP)
        end = time.monotonic() + 60.0
        before = trial.games()
        while time.monotonic() < end:
            for number, seconds in ((signal.SIGSTOP, 1.0), (signal.SIGCONT, 0.01)):
                os.kill(lame, number)
                time.sleep(seconds)
        print(f"{trial.games() - before} games in 60 s beside an actor that hung and one that had 1% of the time")
        os.kill(lame, signal.SIGCONT)
        trial.wait("the line of the one that hung", lambda: "did nothing for" in trial.said())
        trial.wait("its end", lambda: dead not in trial.playing())
        trial.wait("another", lambda: len(trial.playing()) == args.actors)
        trial.stop()
        print("\n".join(line for line in trial.said().splitlines() if "an actor" in line or "dropped" in line))
        check_saved(trial, faults)


def version(args: argparse.Namespace, faults: list[str]) -> None:
    with loopback("steps=1000000", actors=0) as trial, head(trial, cores=3):
        trial.start()
        trial.wait("the first games", trial.games)
        other = trial.folder / "other"
        shutil.copytree(ROOT / "muzero_engine", other / "muzero_engine")
        init = other / "muzero_engine" / "__init__.py"
        init.write_text(init.read_text().replace("__version__ = ", "__version__ = '9.9' or "))
        join(trial, cores=2, path=other)
        trial.wait("the refusal", lambda: "is refused: muzero-engine is 9.9 there" in trial.said())
        trial.more_games()
        trial.stop()
        print(next(line for line in trial.said().splitlines() if "refused" in line))
        check_saved(trial, faults)


def head_goes(args: argparse.Namespace, faults: list[str]) -> None:
    with loopback("steps=1000000", actors=0) as trial:
        with head(trial, cores=3):
            trial.start()
            trial.wait("the first games", trial.games)
        seconds = trial.wait("a line", lambda: "again every" in trial.said())
        print(f"the cluster is gone: the learner said so after {seconds:.1f} s")
        before = trial.games()
        with head(trial, cores=3):
            seconds = trial.wait("more games", lambda: trial.games() > before)
            print(f"it is there again: games after {seconds:.1f} s")
            trial.stop()
        print("\n".join(line for line in trial.said().splitlines() if "cluster" in line and "step" not in line))
        check_saved(trial, faults)


@contextlib.contextmanager
def head(trial: Loopback, cores: int) -> Iterator[None]:
    """Begin a cluster as a user does, and end it."""
    command = [*RAY, "start", "--head", "--port=0", f"--num-cpus={cores}", "--include-dashboard=false"]
    command += ["--node-ip-address=127.0.0.1", "--disable-usage-stats", "--object-store-memory=100000000"]
    subprocess.run(
        [*command, f"--temp-dir={trial.folder / 'ray'}"], env=trial.environment, check=True, cwd=trial.folder
    )
    try:
        yield
    finally:
        mine = trial.learner.pid if trial.learner is not None else 0
        for pid, line in trial.all().items():
            if pid != mine and str(trial.folder / "ray") in line:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def join(trial: Loopback, cores: int, path: Path) -> None:
    """Let another machine join, as it were: one whose package lies at `path`."""
    address = (trial.folder / "ray" / "ray_current_cluster").read_text().strip()
    command = [*RAY, "start", f"--address={address}", f"--num-cpus={cores}", "--object-store-memory=100000000"]
    environment = {**trial.environment, "PYTHONPATH": str(path)}
    subprocess.run(
        [*command, "--node-ip-address=127.0.0.1"], env=environment, check=True, cwd=path, stdout=subprocess.DEVNULL
    )


TRIALS = {"actors": actors, "learner": learner, "slow": slow, "version": version, "head": head_goes}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("trial", choices=TRIALS)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--latest", type=float, default=6.0, help="seconds between two moments, at most")
    parser.add_argument("--actors", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, here and in the runs
    faults: list[str] = []
    TRIALS[args.trial](args, faults)
    print("; ".join(faults) or "nothing that counted was lost")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
