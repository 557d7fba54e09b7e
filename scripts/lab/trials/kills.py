"""Training, matches, ladders and exports killed (SIGKILL) at random moments and at renames, and gone on with.

    python scripts/lab/trials kills
    python scripts/lab/trials kills --what training --kills 100 --at-renames 20
    python scripts/lab/trials kills --what match --kills 40 --at-renames 10

Moments are drawn by a seed. At renames means before or after a rename, an exchange of folders or a removal, or in the
middle of what is added to a file. After each kill: every checkpoint is whole, none that was there before and is not too
old is gone, no game is there twice or has changed. In the end a run of training has the tensors, metrics and networks
of one that nothing happened to, bit for bit, and a match has its games, by the same moves; a ladder has all its games,
each once. An export is killed at each of its moments, and a bundle is whole after each. `litter` counts hidden files
that killed writers leave.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from lab.common.commands import parser_of
from lab.trials.common.table import Table
from lab.trials.killing import exports, matches, training
from lab.trials.killing.runs import Faulty, Plan, Tally

TRIALS: dict[str, Callable[[Plan, Path, Table, Tally], None]] = {
    "training": training.trial,
    "match": matches.match_trial,
    "ladder": matches.ladder_trial,
    "export": exports.trial,
}
SHARES = {"training": 1.0, "match": 0.4, "ladder": 0.2, "export": 1.0}  # of --kills, where all are killed


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--what", choices=TRIALS, help="one alone")
    parser.add_argument("--kills", type=int, default=10, help="of training; of matches and ladders some fewer")
    parser.add_argument("--at-renames", type=int, help="of these [a quarter]")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = Table(("what", "kills", "at renames", "ended", "litter"))
    for what in [args.what] if args.what else TRIALS:
        kills = args.kills if args.what else max(1, round(SHARES[what] * args.kills))
        at_points = kills // 4 if args.at_renames is None else min(kills, args.at_renames)
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            try:
                TRIALS[what](Plan(kills, at_points, args.seed), Path(folder), table, tally)
                stopped = False
            except Faulty as error:
                tally.fault, stopped = str(error), False
            except KeyboardInterrupt:
                stopped = True
        litter = f"{tally.litter} hidden files are left" if tally.litter else ""
        table.row(what, tally.kills, tally.at_points, tally.runs, tally.litter, fault=tally.fault or litter)
        if stopped:
            table.end(stopped=True)
    table.end()
