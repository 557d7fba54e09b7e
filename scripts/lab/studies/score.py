"""How far the points ahead that Go's analysis shows agree with the counted ends of games, and with the winning rate.

    python scripts/lab/studies score --weights weights/go --games 40 --visits 200

The engine plays itself from random openings until both pass, and the board is counted. Who is well ahead gives points
away, so the komi that makes the game even, by the ownership of the root, is set at move `--from`, and games that would
need a strange one are left out. At each move from there on are two estimates of the lead: what analysis shows
(`engine/points.py`), and what the ownership adds up to, komi counted. The table has, by part of the game, their
mean absolute error, their bias (black's view), how many are right to two points, and how often their sign is not that
of the search's value; positions that are decided stand apart, since points are given away there. Where one group is at
stake no estimate can be right. A game a process; Ctrl-C ends with what there is.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.commands.common.compose import make_engine, think
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.points import score_model
from muzero_engine.games.go.rules import BLACK, GoPosition
from muzero_engine.games.registry import load_game

RIGHT = 2.0  # points
EVEN = 0.9  # of the value: beyond it a game is decided
FURTHEST = 5.0  # points between the usual komi and one that makes a game even: others the network does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One game to play."""

    weights: Path
    size: int
    visits: int
    opening: int
    first: int  # ply that is looked at first
    seed: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One position of a game, from black's point of view."""

    ply: int
    shown: float  # points ahead, as analysis shows them
    owned: float  # points ahead, by the ownership
    value: float  # of the search, in [-1, 1]
    end: float  # points ahead when the game was counted


def game(task: Task) -> list[Seen]:
    """Play a game; return what was seen of it, nothing where it was too long or too uneven."""
    options = EngineOptions(weights=str(task.weights), threads=1, seed=task.seed)
    engine = make_engine("go", options)
    rng = random.Random(task.seed)
    position = load_game("go").initial((task.size, task.size))
    assert isinstance(position, GoPosition)
    seen: list[tuple[int, float, float, float]] = []
    while position.outcome() is None:
        if position.ply > 3 * task.size**2:
            return []
        if position.ply < task.opening:
            position.push(int(rng.choice(position.legal_actions()[:-1])))
            continue
        result = think(engine, position, Limits(nodes=task.visits))
        sign = 1 if position.mover == BLACK else -1
        if position.ply == task.first:
            owned = result.info.ownership
            assert owned is not None
            komi = math.floor(sign * float(owned.sum())) + 0.5
            if abs(komi - position.komi) > FURTHEST:
                return []
            position.set_komi(komi)
            result = think(engine, position, Limits(nodes=task.visits))
        assert result.action is not None
        if position.ply >= task.first:
            model = score_model(result.info, position)
            value = result.info.value
            seen.append((position.ply, sign * model.lead(value), sign * model.owned, sign * value))
        position.push(result.action)
    engine.close()
    return [Seen(*each, position.score()) for each in seen]


def row(name: str, seen: Sequence[Seen]) -> str:
    """Return a row of the table."""
    if not seen:
        return f"| {name} | 0 | | |"
    end, value = np.array([one.end for one in seen]), np.array([one.value for one in seen])
    cells = []
    for lead in (np.array([one.shown for one in seen]), np.array([one.owned for one in seen])):
        error = lead - end
        cells.append(
            f"{np.abs(error).mean():.1f}, {error.mean():+.1f}, {(np.abs(error) <= RIGHT).mean():.0%}, "
            f"{(lead * value < 0).mean():.0%}"
        )
    return f"| {name} | {len(seen)} | {' | '.join(cells)} |"


def table(seen: Sequence[Seen], size: int) -> str:
    """Return the figures by part of the game, those of decided positions apart."""
    lines = [
        "| positions | number | shown: error, bias, right to 2 points, sign not the value's | ownership: the same |",
        "| - | -: | - | - |",
    ]
    part = size**2 // 6
    close, decided = ([one for one in seen if (abs(one.value) <= EVEN) == even] for even in (True, False))
    lines += [
        row(f"moves {begin} to {begin + part - 1}", [one for one in close if begin <= one.ply < begin + part])
        for begin in range(min(one.ply for one in seen), max(one.ply for one in seen) + 1, part)
    ]
    lines += [row("all of these", close), row(f"decided: value beyond {EVEN}", decided)]
    return "\n".join(lines)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--size", type=int, default=9, help="lines of the board")
    parser.add_argument("--games", type=int, default=40)
    parser.add_argument("--visits", type=int, default=200, help="a move")
    parser.add_argument("--opening", type=int, default=2, help="random moves that a game begins with")
    parser.add_argument("--from", type=int, default=30, dest="first", help="ply that is looked at first")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tasks = [
        Task(
            weights=args.weights.resolve(),
            size=args.size,
            visits=args.visits,
            opening=args.opening,
            first=args.first,
            seed=args.seed * 100_003 + number,
        )
        for number in range(args.games)
    ]
    seen: list[Seen] = []
    counted = 0
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        try:
            for one in pool.imap_unordered(game, tasks):
                counted += bool(one)
                seen += one
                print(f"\r{counted}/{args.games} games counted", end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            pool.terminate()
    print(file=sys.stderr)
    if not seen:
        raise SystemExit("no game came to its end")
    print(f"{counted} games\n{table(seen, args.size)}")
