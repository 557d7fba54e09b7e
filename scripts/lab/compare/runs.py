"""Train with several settings for the same time, then let the networks play each other.

    python scripts/lab/compare runs --game chess --init weights/chess --time 8m --out /tmp/compare
        "" "search.simulations=64" "learner.consistency_weight=2"

Every setting is a list of `train --set` options, the first one (often none) is what the others are compared with. Runs
have one GPU and an equal share of the cores each, as many side by side as there are GPUs (without one, one after the
other), and last as long as `--duration` says, compilation included. `network.channels`, `network.dynamics_blocks` and
`network.representation_blocks` resize the network of `--init`. Prints how far each run came and, by
`compare batched`, its games against the first.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from lab.common.commands import parser_of
from lab.compare.batched import compare

from muzero_engine.games.registry import game_names
from muzero_engine.training.report.progress import clock_text, short_number
from muzero_engine.training.report.run_metrics import CycleRecord, read_records

LEAN = ("checkpoint_games=false", "checkpoint_replay_mb=0", "evaluation.every_cycles=0")  # nothing beside the training
WAIT = 10.0  # seconds between two lines of progress


@dataclass(frozen=True, slots=True)
class Run:
    """One setting on its way."""

    text: str
    folder: Path
    process: subprocess.Popen[bytes]


def visible_gpus() -> list[str]:
    """Return the GPUs of this process, one entry without any."""
    count = max(1, torch.cuda.device_count())
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return named.split(",")[:count] if named else [str(number) for number in range(count)]


def begin(args: argparse.Namespace, number: int, place: int, gpus: list[str]) -> Run:
    """Start the training of a setting on one of the GPUs."""
    text, folder = args.settings[number], args.out / str(number)
    command = [sys.executable, "-m", "muzero_engine", "train", "--game", args.game, "--preset", args.preset]
    command += ["--run", str(folder), "--duration", args.time]
    command += ["--init", str(args.init)] if args.init else []
    for change in (*LEAN, *shlex.split(args.common), *shlex.split(text)):
        command += ["--set", change]
    cores = sorted(os.sched_getaffinity(0))
    share = max(1, len(cores) // len(gpus))
    own = set(cores[place * share : (place + 1) * share])
    folder.mkdir(parents=True)
    with (folder / "train.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": gpus[place]},
            preexec_fn=lambda: os.sched_setaffinity(0, own),
        )
    return Run(text, folder, process)


def state(run: Run) -> str:
    """Say how far a run is, in one line."""
    try:
        records = read_records(run.folder)
    except ValueError:
        records = []
    name = run.text or "(nothing changed)"
    if not records:
        return f"{name}: begins"
    last = records[-1]
    line = f"{name}: {last.step:,} steps, {last.games:,} games, {short_number(last.plies)} plies"
    return f"{line} in {clock_text(last.seconds)}{losses(records)}"


def losses(records: list[CycleRecord]) -> str:
    """Return the losses of the last cycle that learnt, on games that are learnt from and on others."""
    learnt = [record for record in records if record.learn is not None]
    if not learnt:
        return ""
    texts = [
        f"policy {means.policy[0]:.3f}, value {means.value[0]:.3f}"
        for means in (learnt[-1].learn, learnt[-1].held_out)
        if means is not None and means.policy[0] is not None and means.value[0] is not None
    ]
    return "; " + "; held out: ".join(texts)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("settings", nargs="+", metavar="SETTINGS", help='like "search.simulations=64 seed=2"')
    parser.add_argument("--game", choices=game_names(), required=True)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--init", type=Path, help="what all of them begin with")
    parser.add_argument("--common", default="", help="settings of all of them")
    parser.add_argument("--time", default="8m", help="of each run")
    parser.add_argument("--pairs", type=int, default=192)
    parser.add_argument("--max-plies", type=int, default=200, help="of a game between two networks")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    args = parser.parse_args()
    gpus = visible_gpus()
    runs: list[Run] = []
    while len(runs) < len(args.settings):
        side_by_side = range(len(runs), min(len(runs) + len(gpus), len(args.settings)))
        runs += [begin(args, number, place, gpus) for place, number in enumerate(side_by_side)]
        while any(run.process.poll() is None for run in runs):
            time.sleep(WAIT)
            for run in runs:
                if run.process.poll() is None:
                    print(state(run), flush=True)
    for run in runs:
        print(state(run))
        if run.process.returncode:
            print("\n".join((run.folder / "train.log").read_text(errors="replace").splitlines()[-3:]))
    first, *others = runs
    for run in others:
        if first.process.returncode or run.process.returncode:
            continue
        print(f"{run.text}, against {first.text or 'the defaults'}:", flush=True)
        compare(args.game, run.folder, first.folder, pairs=args.pairs, max_plies=args.max_plies)
    sys.exit(any(run.process.returncode for run in runs))
