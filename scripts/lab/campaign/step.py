"""One step of training, whole: `python scripts/lab/campaign GAME OUT --minutes 9 [--set SETTING=VALUE ...]`.

It trains on from the shipped weights (or, where OUT holds a network of an earlier step, from that one), exports what
was learnt, and plays it against the shipped weights on the same GPUs. All GPUs are used. Cores that training leaves
play a ladder with the network that the step began with. OUT gets

    net.tar       the new bundle, 8-bit graph included when there is time
    run.tar.gz    metrics, settings, logs and pictures of the run
    matches.txt   Elo against the shipped weights, with 95% intervals, after 32 and after 128 simulations a move
    summary.json  how far it came, and when

each a few MB, and each written as soon as there is something to say: interrupted at any moment, by Ctrl-C, SIGTERM or
the end of its minutes, a step leaves what it has. A run that is to go on exactly keeps its folder (`--run`); without it
the next step begins with the network alone, a new replay and a new learning rate.

The settings are those of the shipped weights' last runs (`RECIPES`); `--set` adds to them, as `train --set` does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.training.report.run_metrics import METRICS_FILE, BadMetrics, read_records

ROOT = Path(__file__).resolve().parents[3]
COMMON = (
    "learner.learning_rate=5e-4",
    "learner.final_learning_rate=3e-5",
    "learner.batch_size=512",
    "learner.steps_per_cycle=256",
    "replay.min_plies=400000",
    "search.c_scale=0.5",
    "search.root_policy_temperature=1.2",
    "self_play.opening_plies=10",
    "checkpoint_replay_mb=0",
    "checkpoint_games=false",
    "evaluation.every_cycles=0",
)
RECIPES = {
    "chess": (*COMMON, "self_play.temperature=1.0", "self_play.temperature_plies=30"),
    "shogi": (
        *COMMON,
        "search.root_policy_temperature=1.5",
        "self_play.temperature=1.2",
        "self_play.temperature_plies=60",
    ),
    "go": (
        *COMMON,
        "self_play.shapes=9x9:0.2,13x13:0.2,19x19:0.6",
        "self_play.max_plies=0",
        "self_play.opening_plies=4",
        "self_play.temperature=1.2",
        "self_play.temperature_plies=30",
    ),
}
DEEPER = ("--simulations", "128")
MATCHES: dict[str, tuple[tuple[str, ...], ...]] = {
    "chess": ((), DEEPER),
    "shogi": ((), DEEPER),
    "go": ((), ("--size", "19", "--max-plies", "600")),
}
PAIRS = 200
MATCH_SHARE = 0.25  # of the minutes, if there are matches
EXPORT = 30.0  # seconds that the last export may take
SAFE_EVERY = 150.0  # seconds between exports while it trains
STOP = 40.0  # seconds that a run may take to end with a checkpoint
START = 15.0  # seconds that a run takes before its first cycle
INT8 = 60.0  # seconds that must be left before an 8-bit graph is begun


class Step:
    """The folders and the clock of one step."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.begun = time.monotonic()
        self.end: float = self.begun + 60 * args.minutes
        self.out: Path = args.out.resolve()
        self.run: Path = (args.run or self.out.parent / f"{self.out.name}-run").resolve()
        self.bundle = self.run / "bundle"
        self.shipped = ROOT / "weights" / args.game
        self.children: list[subprocess.Popen[bytes]] = []
        self.summary: dict[str, object] = {}
        if self.training_end - START <= self.begun:
            raise SystemExit(f"--minutes {args.minutes:g} leave no time to train: matches, export and start take more")
        self.out.mkdir(parents=True, exist_ok=True)
        self.run.mkdir(parents=True, exist_ok=True)

    @property
    def left(self) -> float:
        """Return the seconds to the end of the step."""
        return self.end - time.monotonic()

    @property
    def training_end(self) -> float:
        """Return the time on the monotonic clock at which training has to be over, its last checkpoint included."""
        matches = MATCH_SHARE * 60 * self.args.minutes if self.args.pairs else 0.0
        return self.end - matches - EXPORT - STOP / 2

    def start(
        self, name: str, command: Sequence[str], cores: set[int], *, gpus: str | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process on some cores and GPUs (None: all, "": none); its output goes into the run's folder."""
        child = start(command, self.run / f"{name}.log", cores, gpus=gpus)
        self.children.append(child)
        return child

    def report(self, **facts: object) -> None:
        """Add facts to summary.json and print them."""
        self.summary |= {"seconds": round(time.monotonic() - self.begun)} | facts
        write_atomically(self.out / "summary.json", (json.dumps(self.summary, indent=2) + "\n").encode())
        print(", ".join(f"{name} {fact}" for name, fact in facts.items()), flush=True)

    def stop_all(self) -> None:
        """End every process that still runs, with everything that it started."""
        for child in self.children:
            stop(child, 5.0)


def start(command: Sequence[str], log: Path, cores: set[int], *, gpus: str | None = None) -> subprocess.Popen[bytes]:
    """Start a process on some cores and GPUs (None: all, "": none); its output goes behind what is in the log."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    if gpus is not None:
        environment["CUDA_VISIBLE_DEVICES"] = gpus
    with log.open("ab") as file:
        child = subprocess.Popen(
            command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
        )
    os.sched_setaffinity(child.pid, cores)  # its threads and children follow
    return child


def stop(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end, and after so many seconds kill it with what it started."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def pack(target: Path, folder: Path, names: Sequence[str], mode: str = "w:gz") -> None:
    """Write a tar file of what there is of these files of a folder, in one move."""
    partial = target.with_name(f".{target.name}")
    with tarfile.open(partial, mode) as tar:  # type: ignore[call-overload]  # the mode is a literal to the stubs
        for name in names:
            if (folder / name).exists():
                tar.add(folder / name, arcname=name)
    partial.replace(target)


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    return [str(i) for i, line in enumerate(listed.splitlines()) if line.startswith("GPU ")]


def train_command(step: Step, gpus: int, workers: int) -> list[str]:
    """Return the command of `train`: on where the run was, else from the network that the step begins with."""
    args = step.args
    settings = [*RECIPES[args.game], f"self_play.workers={workers}", *args.set]
    options = [part for setting in settings for part in ("--set", setting)]
    seconds = step.training_end - time.monotonic()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(max(1, gpus))]
    command += ["-m", "--", "muzero_engine", "train", "--run", str(step.run), "--time-limit", f"{seconds:.0f}s"]
    if any(step.run.glob("checkpoint-*")):
        return [*command, "--resume", *options]
    begin = args.init or (step.run / "begin" if (step.run / "begin").exists() else step.shipped)
    duration = args.duration or f"{seconds - START:.0f}s"
    return [
        *command,
        "--game",
        args.game,
        "--preset",
        args.preset,
        "--init",
        str(begin),
        "--duration",
        duration,
        *options,
    ]


def export(step: Step, cores: set[int], *, int8: bool = False) -> bool:
    """Write the newest checkpoint as a bundle and as net.tar. Return whether there was one, and time for it."""
    if not any(step.run.glob("checkpoint-*")):
        return False
    fresh = step.run / "exported"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [sys.executable, "-m", "muzero_engine", "export", "--run", str(step.run), "--out", str(fresh)]
    child = step.start("export", [*command, *(["--int8"] if int8 else [])], cores, gpus="")
    try:
        child.wait(max(1.0, step.left - 10))
    except subprocess.TimeoutExpired:
        stop(child, 1.0)
    if child.returncode != 0:
        return False
    shutil.rmtree(step.bundle, ignore_errors=True)
    fresh.rename(step.bundle)
    pack(step.out / "net.tar", step.run, ["bundle"], "w")
    return True


def save_run(step: Step) -> None:
    """Write run.tar.gz, and what the metrics say into the summary."""
    names = [METRICS_FILE, "config.json", "pictures", *(path.name for path in step.run.glob("*.log"))]
    pack(step.out / "run.tar.gz", step.run, [*names, "ladder"])
    try:
        records = read_records(step.run)
    except BadMetrics:
        return
    if records:
        last = records[-1]
        step.report(steps=last.step, games=last.games, plies=last.plies, training_seconds=round(last.seconds))


def play_matches(step: Step, gpus: list[str], cores: list[int]) -> None:
    """Play the new network against the shipped one; matches share the GPUs and the cores."""
    compare = [sys.executable, str(ROOT / "scripts" / "lab" / "compare"), "batched", "--game", step.args.game]
    compare += ["--weights", str(step.bundle), "--against", str(step.shipped), "--pairs", str(step.args.pairs)]
    matches = MATCHES[step.args.game]
    share = max(1, len(cores) // len(matches))
    children = []
    for i, options in enumerate(matches):
        own = set(cores[i * share : (i + 1) * share]) or set(cores)
        gpu = gpus[i % len(gpus)] if gpus else ""
        children.append(step.start(f"match-{i}", [*compare, *options, ""], own, gpus=gpu))
    for child in children:
        try:
            child.wait(max(1.0, step.left - 5))
        except subprocess.TimeoutExpired:
            stop(child, 1.0)
    text = ""
    for i, options in enumerate(matches):
        text += (
            f"{' '.join(options) or 'as in self-play'}:\n{(step.run / f'match-{i}.log').read_text(encoding='utf-8')}"
        )
    write_atomically(step.out / "matches.txt", text.encode())
    print(text, flush=True)


def start_ladder(step: Step, cores: list[int], weights: Path) -> subprocess.Popen[bytes] | None:
    """Start games against the ladder's opponents on cores that nothing else uses; without any, return None."""
    if not cores:
        return None
    return step.start("ladder", ladder_command(step, weights, len(cores)), set(cores), gpus="")


def ladder_command(step: Step, weights: Path, concurrency: int) -> list[str]:
    """Return the command of the ladder's games; the bundle's manifest stays as it is."""
    command = [sys.executable, "-m", "muzero_engine", "ladder", "--game", step.args.game, "--weights", str(weights)]
    return [*command, "--out", str(step.run / "ladder"), "--concurrency", str(concurrency)]


def work(step: Step) -> None:
    """Train, export and play, each in the time that it has."""
    args = step.args
    gpus = visible_gpus()
    cores = sorted(os.sched_getaffinity(0))
    spare = min(args.ladder_cores, max(0, len(cores) - 2))
    training, idle = cores[: len(cores) - spare], cores[len(cores) - spare :]
    if not any(step.run.glob("checkpoint-*")) and (step.out / "net.tar").exists() and args.init is None:
        with tarfile.open(step.out / "net.tar") as tar:  # an earlier step's, whose run is gone
            tar.extractall(step.run, filter="data")
        shutil.rmtree(step.run / "begin", ignore_errors=True)
        step.bundle.rename(step.run / "begin")
    workers = max(1, len(training) // max(1, len(gpus)) - 1) if gpus else 0
    train = step.start("train", train_command(step, len(gpus), workers), set(training))
    ladder = start_ladder(step, idle, args.init or step.shipped)
    saved = time.monotonic()
    while train.poll() is None and time.monotonic() < step.training_end + STOP / 2:
        time.sleep(1.0)
        if time.monotonic() - saved > SAFE_EVERY:
            saved = time.monotonic()
            export(step, set(idle or training))
            save_run(step)
    stop(train, STOP)
    step.report(training_ended=train.returncode)
    if ladder is not None:
        stop(ladder, 10.0)
    exported = export(step, set(cores))
    save_run(step)
    if not exported:
        step.report(problem="nothing was exported: see train.log and export.log in run.tar.gz")
        return
    if args.pairs:
        play_matches(step, gpus, cores)
    pictures = ["report", str(step.run), "--png", str(step.run / "pictures")]
    report = step.start("report", [sys.executable, "-m", "muzero_engine", *pictures], set(cores), gpus="")
    try:
        report.wait(max(1.0, step.left - 5))
    except subprocess.TimeoutExpired:
        stop(report, 1.0)
    save_run(step)
    if step.left > INT8 and not args.no_int8:
        step.report(int8=export(step, set(cores), int8=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("game", choices=sorted(RECIPES))
    parser.add_argument("out", type=Path, help="a folder for what is worth keeping")
    parser.add_argument("--minutes", type=float, default=9.0, help="of the whole step")
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", help="of train")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--init", type=Path, help="a network to begin with [OUT's, else the shipped weights]")
    parser.add_argument("--run", type=Path, help="the run's folder, to go on exactly in a later step [OUT-run]")
    parser.add_argument("--duration", help="of the whole run, over which the learning rate falls [of this step]")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of games in each match; 0: none")
    parser.add_argument("--ladder-cores", type=int, default=0, help="cores that play ladder games while it trains")
    parser.add_argument("--no-int8", action="store_true")
    step = Step(parser.parse_args())

    def interrupted(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    try:
        work(step)
    except KeyboardInterrupt:
        step.report(interrupted=True)
        for child in step.children:
            if "train" in str(child.args):
                stop(child, STOP)
        step.end = time.monotonic() + 30.0
        export(step, os.sched_getaffinity(0))
        save_run(step)
    finally:
        step.stop_all()


if __name__ == "__main__":
    main()
