"""Puts games between the rungs of a ladder, played on one or several machines, into the package's counts.

    python scripts/lab/studies rungs ladders/chess-rungs other-machine/chess-rungs

The folders are those of `muzero-engine ladder --rungs`, each with a `--seed` of its own. Those of the same seed and
players replace what was counted of them before. Prints the ratings that come of it.
"""

from __future__ import annotations

from pathlib import Path

from lab.common.commands import parser_of

from muzero_engine.commands.ladder.rungs import count_folder, ratings_table
from muzero_engine.match.ladder.opponents import ladder_of
from muzero_engine.match.ladder.rungs import Rungs, read_rungs, rungs_file, write_rungs
from muzero_engine.match.records.store import Store


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--game", choices=("chess", "go", "shogi"), required=True)
    parser.add_argument("--size", type=int, help="lines of the board of Go")
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    ladder = ladder_of(args.game, args.size)
    path = rungs_file(ladder)
    rungs = read_rungs(path) if path.exists() else Rungs()
    for folder in args.folders:
        rungs = rungs.merged(count_folder(ladder, Store.resume(folder, args.game, {"rungs": ladder.label})))
    write_rungs(path, rungs)
    print(ratings_table(ladder, rungs))
