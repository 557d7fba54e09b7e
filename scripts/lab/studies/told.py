"""Whether values come true: what the engine says of positions of recorded games, against what the games came to.

    muzero-engine match --game go --tc none --pairs 40 --out matches/go -e "name=a muzero --visits 60 --temperature 0.3"
        -e "name=b muzero --visits 60 --temperature 0.3"
    python scripts/lab/studies told matches/go --weights weights/go --nodes 60 --every 5

Every fifth position is searched anew, and the value of the search is set against the result of the game for the side
that it favours, both from -1 to 1. A row is as sure as its interval says: 95%, games drawn anew, since the positions of
a game hang together. Values are those of the engine's own play: where others play on, stronger or weaker, they need not
come true. Games that no rule ended (on time, by a crash, adjudicated) are left out; a resignation counts.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of
from lab.studies.score import interval

from muzero_engine.commands.common.compose import make_engine, think_whole
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.match.records.store import recorded_games

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # of what is said
ENDED = (Ending.RULES, Ending.RESIGNATION, Ending.DECLARATION)


@dataclass(frozen=True, slots=True)
class Told:
    """A position of a game, from the view of the side that the value favours."""

    game: int
    said: float  # in [0, 1]
    came: float  # -1, 0 or 1


def told(engine: Engine, record: GameRecord, number: int, nodes: int, every: int) -> list[Told]:
    """Return what is said of every `every`th position of a game, the first one behind the opening."""
    position = load_game(record.game_name).from_text(record.start)
    for text in record.opening_moves:
        position.push(position.parse_action(text))
    found = []
    for i, ply in enumerate(record.moves):
        if i % every == 0:
            value = think_whole(engine, position, Limits(nodes=nodes)).info.value
            points = record.points if position.mover == 0 else 1.0 - record.points
            sign = 1.0 if value >= 0.0 else -1.0
            found.append(Told(number, sign * value, sign * (2.0 * points - 1.0)))
        position.push(position.parse_action(ply.move))
    return found


def row(said: tuple[float, float], rows: Sequence[Told]) -> str:
    """Return a row of the table: of the positions whose value is between two bounds."""
    came = np.array([one.came for one in rows])
    low, high = interval([one.game for one in rows], came)
    mean = np.mean([one.said for one in rows])
    games = len({one.game for one in rows})
    return (
        f"| {said[0]} to {said[1]} | {mean:.2f} | {came.mean():.2f} [{low:.2f}, {high:.2f}] | {len(rows)} | {games} |"
    )


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="of matches or ladders")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=60, help="of each search")
    parser.add_argument("--every", type=int, default=5, help="ply is looked at")
    parser.add_argument("--games", type=int, default=1000, help="at most")
    args = parser.parse_args()
    game = read_manifest(args.weights).game
    records = [record for folder in args.folders for record in recorded_games(folder)]
    records = [one for one in records if one.game_name == game and one.ending in ENDED][: args.games]
    if not records:
        raise SystemExit(f"no game of {game} that was played to its end in {', '.join(map(str, args.folders))}")
    engine = make_engine(game, EngineOptions(weights=str(args.weights.resolve()), threads=1))
    found: list[Told] = []
    try:
        for number, record in enumerate(records, 1):
            found += told(engine, record, number, args.nodes, args.every)
            print(f"\r{number}/{len(records)} games", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        pass  # the table of what there is
    finally:
        engine.close()
    print(file=sys.stderr)
    print("| value | said, mean | came, mean | positions | games |\n| - | -: | -: | -: | -: |")
    for low, high in itertools.pairwise(EDGES):
        rows = [one for one in found if low <= one.said < high or high == one.said == EDGES[-1]]
        if rows:
            print(row((low, high), rows))
