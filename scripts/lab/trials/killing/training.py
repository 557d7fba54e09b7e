"""A training run that is killed again and again, and gone on with, ends as one that nothing happened to."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

from lab.trials.common.table import Table
from lab.trials.killing.runs import Faulty, Kill, Plan, Tally, hidden_files, killed, next_kill, run, whole_checkpoints

STEPS = 40
SETTINGS = """network.channels=8 network.representation_blocks=1 search.simulations=4 search.considered=4
self_play.games=8 self_play.plies_per_cycle=40 replay.min_plies=60 replay.capacity_plies=400 learner.batch_size=8
learner.steps_per_cycle=2 evaluation.every_cycles=4 evaluation.games=4 evaluation.simulations=4
checkpoint_seconds=0.01""".split()
LATEST_S = 7.0  # of a processor; a run needs some 2 to begin and 6 in all
MOST_POINTS = 80  # moments of three checkpoints
TIMES = ("seconds", "device_seconds", "cycle_seconds")


def command(folder: Path, steps: int = STEPS) -> list[str]:
    """Return the arguments that begin the run of so many steps or go on with it."""
    arguments = ["train", "--game", "tictactoe", "--preset", "tiny", "--run", str(folder), "--resume", "auto"]
    arguments += ["--steps", str(steps), "--seed", "3", "--device", "cpu"]
    return [*arguments, *(word for setting in SETTINGS for word in ("--set", setting))]


def trial(plan: Plan, folder: Path, table: Table, tally: Tally) -> None:
    """Kill runs, and go on with each to its end. Raises Faulty."""
    rng = random.Random(f"training {plan.seed}")
    undisturbed, place = folder / "undisturbed", folder / "killed"
    table.progress("training: a run without kills")
    run(command(undisturbed))
    wanted = outcome(undisturbed)
    while tally.kills < plan.kills:
        step = -1
        while True:
            table.progress(f"training: {tally.kills} of {plan.kills} kills, step {step}")
            moment = Kill("second", rng.uniform(0.2, LATEST_S))
            if not killed(command(place), next_kill(plan, tally, rng, moment=moment, most_points=MOST_POINTS), tally):
                break
            steps = whole_checkpoints(place)
            if max([-1, *steps]) < step:
                raise Faulty(f"of step {step} there is {steps or 'nothing'} left")
            step = max([step, *steps])
        tally.runs += 1
        tally.litter += hidden_files(place)
        found = outcome(place)
        if differences := [name for name in wanted if wanted[name] != found[name]]:
            raise Faulty(f"a run that was killed has another {differences[0]}")
        shutil.rmtree(place)


def outcome(folder: Path) -> dict[str, Any]:
    """Return all that the same seed makes the same: tensors, metrics without times. Raises Faulty."""
    steps = whole_checkpoints(folder)
    if steps[-1] != STEPS:
        raise Faulty(f"a run ended at step {steps[-1]}")
    tensors = {path.name: tensors_of(path) for path in (folder / f"checkpoint-{STEPS}").glob("*.safetensors")}
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        for name in TIMES:
            record.pop(name)
        record["play"].pop("seconds")
    networks = {path.name: path.read_bytes() for path in sorted((folder / "nets").iterdir())}
    return {"tensors": tensors, "metrics": records, "networks": networks, "checkpoints": steps[-2:]}


def tensors_of(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Return type, shape and bytes of each tensor of a safetensors file, in whatever order they are there."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    entries: dict[str, dict[str, Any]] = json.loads(data[8:start])
    entries.pop("__metadata__", None)
    tensors = {}
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        tensors[name] = entry["dtype"], entry["shape"], data[start + begin : start + end]
    return tensors
