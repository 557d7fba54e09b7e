"""Several runs of training beside each other: `python scripts/lab/beside.py OUT --minutes 9 "NAME OPTION ..." ...`.

Each run is `muzero-engine train OPTION ...` of this checkout in the folder RUNS/NAME. GPUs and cores are dealt out
evenly, in order: four runs on two GPUs with 32 cores have half a GPU and eight cores each. When the minutes are over
all end with a checkpoint, and the same command goes on with them.

    python scripts/lab/beside.py out --minutes 9 \
        "freeway-2 --env MinAtar/Freeway-v1 --preset small --seed 2 --duration 415s" \
        "freeway-3 --env MinAtar/Freeway-v1 --preset small --seed 3 --duration 415s"

OUT gets summary.txt, with a line a run that says how far it came, and what it returned where that was evaluated, and
for each NAME.log, the end of what it said, and NAME.tar.gz: metrics, settings and the newest network. With --export
also NAME-net.tar, the bundle with its 8-bit graph, which takes a minute of processors' time after a run that ended by
itself.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]  # the package of this checkout is trained; where `lab` is

from lab.campaign.step import pack, start, stop, visible_gpus  # noqa: E402

from muzero_engine.files import write_atomically  # noqa: E402
from muzero_engine.training.report.run_metrics import METRICS_FILE, BadMetrics, read_records  # noqa: E402
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint  # noqa: E402
from muzero_engine.training.run.loop import RunEnd  # noqa: E402

STOP = 40.0  # seconds that a run may take to end with a checkpoint
PACKING = 10.0  # seconds at the end
LOG_BYTES = 20_000  # of a log, its end
TRAIN = (sys.executable, "-P", "-m", "muzero_engine", "train")
EXPORT = (sys.executable, "-P", "-m", "muzero_engine", "export")


@dataclass(slots=True)
class Run:
    """One run, and its place on this machine."""

    name: str
    options: list[str]  # of `train`
    folder: Path
    gpu: str  # as CUDA_VISIBLE_DEVICES names it; empty: none
    cores: set[int]
    child: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    ended: float = 0.0
    said_before: int = 0  # bytes of its log from earlier calls

    @property
    def log(self) -> Path:
        """Return the file of what it says."""
        return self.folder.with_suffix(".log")

    def train(self, seconds: float) -> None:
        """Begin, or go on, for so many seconds at most."""
        limits = ("--run", str(self.folder), "--resume", "auto", "--time-limit", f"{seconds:.0f}s")
        workers = ("--set", f"self_play.workers={max(1, len(self.cores) - 1)}")
        self.begun = time.monotonic()
        self.said_before = self.log.stat().st_size if self.log.exists() else 0
        self.child = start((*TRAIN, *limits, *workers, *self.options), self.log, self.cores, gpus=self.gpu)

    def said(self) -> str:
        """Return how far it came, in a line."""
        assert self.child is not None
        line = f"{self.name}: code {self.child.returncode}, {self.ended - self.begun:.1f} s of this call"
        try:
            records = read_records(self.folder)
        except BadMetrics as error:
            return f"{line}, {error}"
        if not records:
            return f"{line}, nothing was played"
        last = records[-1]
        line += f"; step {last.step:,}, {last.plies:,} plies, {last.seconds:.0f} s in all"
        first = next((record for record in records if record.learn is not None), None)
        if first is not None:
            line += f" ({first.seconds - first.cycle_seconds:.0f} s before it learnt)"
        for record in reversed(records):
            if record.evaluation is not None:
                return f"{line}; at step {record.step:,}: {record.evaluation.sentence()}"
        return line

    @property
    def over(self) -> bool:
        """Return whether it ended by itself, with all its steps or after its duration."""
        said = self.log.read_bytes()[self.said_before :].decode(errors="replace")
        return any(f"{end.value}: " in said for end in (RunEnd.FINISHED, RunEnd.LASTED))


def deal(orders: list[str], runs: Path) -> list[Run]:
    """Return the runs that the orders describe, each with its share of the GPUs and cores that there are."""
    gpus, cores = visible_gpus(), sorted(os.sched_getaffinity(0))
    share = max(1, len(cores) // len(orders))
    dealt = []
    for i, order in enumerate(orders):
        name, *options = shlex.split(order)
        gpu = gpus[i * len(gpus) // len(orders)] if gpus else ""
        dealt.append(Run(name, options, runs / name, gpu, set(cores[i * share : (i + 1) * share]) or set(cores)))
    return dealt


def finish(run: Run, out: Path, seconds: float, *, exports: bool) -> None:
    """Keep of a run what is worth it, within so many seconds."""
    assert run.child is not None
    write_atomically(out / f"{run.name}.log", run.log.read_bytes()[-LOG_BYTES:])
    names = [METRICS_FILE, "config.json"]
    if any(run.folder.glob("checkpoint-*")):
        newest = newest_checkpoint(run.folder).folder
        names += [f"{newest.name}/{path.name}" for path in newest.glob("*") if path.name.startswith(("ema", "check"))]
    pack(out / f"{run.name}.tar.gz", run.folder, names)
    if exports and run.over and seconds > 0:
        bundle = run.folder.parent / f"{run.name}-net"
        command = (*EXPORT, "--run", str(run.folder), "--out", str(bundle), "--int8")
        child = start(command, run.log, run.cores, gpus="")
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            stop(child, 1.0)
        if child.returncode == 0:
            pack(out / f"{bundle.name}.tar", bundle.parent, [bundle.name], "w")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a folder for what is worth keeping")
    parser.add_argument(
        "orders", nargs="+", metavar="RUN", help="a name, and options of train, as one word of the shell"
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="of the whole call")
    parser.add_argument("--runs", type=Path, help="where the runs' folders lie [OUT-runs]")
    parser.add_argument("--export", action="store_true", help="make a bundle of each run that ended by itself")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    out = args.out.resolve()
    folder = (args.runs or out.with_name(f"{out.name}-runs")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    runs = deal(args.orders, folder)

    def interrupted(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    lines: dict[str, str] = {}

    def keep(run: Run) -> None:
        run.ended = time.monotonic()
        finish(run, out, end - run.ended - PACKING, exports=args.export)
        lines[run.name] = run.said()
        print(lines[run.name], flush=True)
        write_atomically(out / "summary.txt", ("\n".join(lines.values()) + "\n").encode())

    try:
        for run in runs:
            run.train(end - time.monotonic() - PACKING)
        while len(lines) < len(runs):
            time.sleep(0.5)
            for run in runs:
                assert run.child is not None
                late = time.monotonic() > end - PACKING + 5.0
                if run.name not in lines and (late or run.child.poll() is not None):
                    stop(run.child, STOP)
                    keep(run)
    except KeyboardInterrupt:
        for run in runs:
            if run.child is not None and run.name not in lines:
                stop(run.child, STOP)
                end = 0.0  # no more exports
                keep(run)
    finally:
        for run in runs:
            if run.child is not None:
                stop(run.child, STOP)


if __name__ == "__main__":
    main()
