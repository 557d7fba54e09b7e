"""An export that is killed at every moment at which it changes a folder leaves the old bundle or the new one."""

from __future__ import annotations

import json
from pathlib import Path

from lab.trials.common.table import Table
from lab.trials.killing import training
from lab.trials.killing.runs import Faulty, Kill, Plan, Tally, count_points, hidden_files, killed, run

from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.manifest import MANIFEST, BadWeights


def trial(plan: Plan, folder: Path, table: Table, tally: Tally) -> None:
    """Kill exports at the moments of one, or at as many of them as planned. Raises Faulty."""
    bundle, export = folder / "bundle", ["export", "--run", str(folder / "run"), "--out", str(folder / "bundle")]
    table.progress("export: a run to export")
    run(training.command(folder / "run"))
    run(export)  # so that there is an old one
    points, most = count_points(export), plan.kills
    files = _files(bundle)
    for point in sorted({1 + i * points // most for i in range(most)} if most < points else range(1, points + 1)):
        table.progress(f"export: moment {point} of {points}")
        if not killed(export, Kill("point", point), tally):
            raise Faulty(f"moment {point} of {points} never came")
        if _files(bundle) != files:
            raise Faulty(f"another bundle after a kill at moment {point}")
    run(export)
    tally.runs += 1
    if _files(bundle) != files:
        raise Faulty("another bundle in the end")
    tally.litter = hidden_files(folder)


def _files(bundle: Path) -> dict[str, object]:
    """Return the hashes of a bundle's files. Raises Faulty where it is not whole."""
    if not bundle.exists():
        raise Faulty("there is no bundle any more")
    try:
        load_bundle(bundle, load_game("tictactoe").spec)
    except BadWeights as error:
        raise Faulty(str(error)) from None
    files: dict[str, object] = json.loads((bundle / MANIFEST).read_text())["files"]
    return files
