"""A training run is stopped at random moments, as with Ctrl-C, and goes on each time: how long it took to end, and what
was lost.

    python scripts/lab/trials stop-training --game shogi --moments 20

One table on standard output; the exit code is 1 where an end took longer than the bound, or where what a checkpoint had
counted was lost. `--from-nothing` begins anew each time: all moments lie in the loading of PyTorch and in the first
cycles.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 120.0  # seconds after which an end is forced


@dataclass(frozen=True, slots=True)
class Stop:
    """One moment."""

    after: float  # seconds from the start of the program to the signal
    answered: float | None  # seconds to the line that answers, None: there was none (nothing was to be saved)
    ended: float  # seconds to the end of the process
    code: int
    plies: int  # that the newest checkpoint has
    steps: int
    said: str  # the line about the end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0] if __doc__ else None)
    parser.add_argument("--game", default="shogi")
    parser.add_argument("--preset")
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--latest", type=float, default=40.0, help="second after the start")
    parser.add_argument("--bound", type=float, default=5.0, help="seconds to an end")
    parser.add_argument("--ranks", type=int, default=1, help="processes, started by torchrun")
    parser.add_argument("--workers", type=int, default=0, help="rules processes; 0: none")
    parser.add_argument("--signal", choices=("SIGINT", "SIGTERM"), default="SIGINT")
    parser.add_argument("--from-nothing", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, here and in the runs
    rng = random.Random(args.seed)
    faults = []
    print(f"{'moment':>8} {'answer':>7} {'end':>6} {'code':>4} {'plies':>7} {'step':>5}  what was said", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run, plies = Path(folder, "run"), 0
        for _ in range(args.moments):
            if args.from_nothing:
                shutil.rmtree(run, ignore_errors=True)
                plies = 0
            stop = stopped(args, run, rng.uniform(0.0, args.latest))
            answer = "-" if stop.answered is None else f"{stop.answered:.2f}"
            print(
                f"{stop.after:7.1f}s {answer:>7} {stop.ended:5.2f}s {stop.code:4} {stop.plies:7} {stop.steps:5}  "
                f"{stop.said.replace(str(run), 'RUN')}",
                flush=True,
            )
            if stop.ended > args.bound:
                faults.append(f"an end took {stop.ended:.1f} s")
            if stop.plies < plies:
                faults.append(f"of {plies} plies {stop.plies} were left")
            plies = stop.plies
    print("; ".join(faults) or f"{args.moments} stops, each within {args.bound:g} s, nothing lost")
    sys.exit(bool(faults))


def stopped(args: argparse.Namespace, run: Path, after: float) -> Stop:
    """Start the run, or go on with it, and stop it after so many seconds."""
    command = [sys.executable]
    if args.ranks > 1:
        command += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(args.ranks), "-m", "--"]
    else:
        command += ["-m"]
    command += ["muzero_engine", "train", "--game", args.game, "--run", str(run), "--resume", "auto", "--device", "cpu"]
    command += ["--preset", args.preset] if args.preset else []
    command += ["--set", f"self_play.workers={args.workers}"] if args.workers else []
    log = run.with_name("log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output)
        time.sleep(after)
        sent = time.monotonic()
        process.send_signal(getattr(signal, args.signal))
        answered = None
        while process.poll() is None and time.monotonic() - sent < PATIENCE:
            if answered is None and b"stopping: " in log.read_bytes():
                answered = time.monotonic() - sent
            time.sleep(0.02)
        process.kill()
        ended = time.monotonic() - sent
        code = process.wait()
    said = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("stopped", "Error"))]
    newest = max(run.glob("checkpoint-*/checkpoint.json"), key=lambda path: path.stat().st_mtime, default=None)
    counters = {"plies": 0, "step": 0} if newest is None else json.loads(newest.read_text())["counters"]
    return Stop(after, answered, ended, code, counters["plies"], counters["step"], said[-1] if said else "-")
