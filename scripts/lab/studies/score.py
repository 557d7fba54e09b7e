"""How far the points ahead that Go's analysis shows agree with the counted ends of games, and with the winning rate.

    python scripts/lab/studies score --weights weights/go --games 40 --visits 200
    python scripts/lab/studies score --weights weights/go --sgf games.sgf --every 5

The engine plays itself from random openings until both pass, and the board is counted. Who is well ahead gives points
away and who is lost plays on until everything dies; so before every move the komi is what makes the game even, by the
engine's own points, and each side has to fight for every point (some boards die all the same). Or the games are those
of a file, by whomever, whose results (`RE[B+3.5]`) are counted ends. At the moves from `--from` on, at the usual komi,
are two estimates of the lead: what analysis shows (`engine/points.py`), and what the ownership adds up to. The table
has, by part of the game, their mean absolute error, their bias (the leader's view), how many are right to two points,
with the 95% interval over games, and how often their sign is not that of the search's value. What a player gives away
after the position is in the error: where one group is at stake no estimate can be right. A game a process; Ctrl-C ends
with what there is.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lab.common.commands import parser_of

from muzero_engine.commands.common.compose import make_engine, think
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.points import RootPoints
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.go.rules import BLACK, GoPosition
from muzero_engine.games.go.sgf import parse_sgf
from muzero_engine.games.go.sgf_tree import split_games
from muzero_engine.games.registry import load_game

RIGHT = 2.0  # points
EVEN = 0.9  # of the value: beyond it a game is decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One game to play."""

    weights: Path
    size: int
    visits: int
    opening: int
    first: int  # ply that is looked at first
    every: int  # ply from there on is looked at, in games of a file
    seed: int
    record: str = ""  # SGF of the game; empty: the engine plays it


@dataclass(frozen=True, slots=True)
class Seen:
    """One position of a game, from black's point of view."""

    game: int  # seed of its task
    ply: int
    shown: float  # points ahead, as analysis shows them
    owned: float  # points ahead, by the ownership
    value: float  # of the search, in [-1, 1]
    end: float  # points ahead when the game was counted


def game(task: Task) -> list[Seen]:
    """Look at a game; return what was seen of it, nothing where it was too long, too uneven or not counted."""
    engine = make_engine("go", EngineOptions(weights=str(task.weights), threads=1, seed=task.seed))
    try:
        return recorded(engine, task) if task.record else played(engine, task)
    finally:
        engine.close()


def look(engine: Engine, position: GoPosition, task: Task) -> tuple[SearchResult, tuple[int, float, float, float]]:
    """Search a position; return the result, and all of `Seen` between its game and its end."""
    result = think(engine, position, Limits(nodes=task.visits))
    sign, value = 1 if position.mover == BLACK else -1, result.info.value
    owned = result.info.ownership
    assert owned is not None
    lead = RootPoints(position, engine.values).model(result.info).lead(value)
    return result, (position.ply, sign * lead, sign * float(owned.sum()) - position.komi, sign * value)


def played(engine: Engine, task: Task) -> list[Seen]:
    """Play a game, see `game`."""
    rng = random.Random(task.seed)
    position = load_game("go").initial((task.size, task.size))
    assert isinstance(position, GoPosition)
    usual = position.komi
    seen: list[tuple[int, float, float, float]] = []
    while position.outcome() is None:
        if position.ply > 3 * task.size**2:
            return []
        if position.ply < task.opening:
            position.push(int(rng.choice(position.legal_actions()[:-1])))
            continue
        _, found = look(engine, position, task)
        if position.ply >= task.first:
            seen.append(found)
        position.set_komi(math.floor(usual + found[1]) + 0.5)
        result = think(engine, position, Limits(nodes=task.visits))
        assert result.action is not None
        position.push(result.action)
        position.set_komi(usual)
    return [Seen(task.seed, *each, position.score()) for each in seen]


def recorded(engine: Engine, task: Task) -> list[Seen]:
    """Go through a game of a file, see `game`."""
    record = parse_sgf(task.record)
    counted = re.fullmatch(r"([BW])\+(\d+(?:\.\d+)?)", record.result)
    if counted is None:
        return []
    end = float(counted[2]) * (1 if counted[1] == "B" else -1)
    whole = record.position()
    position = whole.copy()
    while position.moves:
        position.pop()
    seen = []
    for ply, (_, action) in enumerate(whole.moves[:-2]):  # the last two are passes
        if ply >= task.first and (ply - task.first) % task.every == 0:
            seen.append(look(engine, position, task)[1])
        position.push(action)
    return [Seen(task.seed, *each, end) for each in seen]


def interval(games: Sequence[int], figures: npt.NDArray[np.bool_] | npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of the mean of figures of positions, games drawn anew: those of a game hang together."""
    groups = [figures[[i for i, one in enumerate(games) if one == game]] for game in dict.fromkeys(games)]
    sums, counts = np.array([group.sum() for group in groups]), np.array([len(group) for group in groups])
    drawn = np.random.default_rng(0).integers(0, len(groups), (2_000, len(groups)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def row(name: str, seen: Sequence[Seen]) -> str:
    """Return a row of the table."""
    if not seen:
        return f"| {name} | 0 | | |"
    end, value = np.array([one.end for one in seen]), np.array([one.value for one in seen])
    cells = []
    for lead in (np.array([one.shown for one in seen]), np.array([one.owned for one in seen])):
        error = lead - end
        low, high = interval([one.game for one in seen], np.abs(error) <= RIGHT)
        cells.append(
            f"{np.abs(error).mean():.1f}, {(error * np.sign(end)).mean():+.1f}, {(np.abs(error) <= RIGHT).mean():.0%} "
            f"[{low:.0%}, {high:.0%}], {(lead * value < 0).mean():.0%}"
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
    lines += [row("all of these", close), row(f"decided: value beyond {EVEN}", decided), row("all", seen)]
    return "\n".join(lines)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--size", type=int, default=9, help="lines of the board")
    parser.add_argument("--games", type=int, default=40)
    parser.add_argument("--visits", type=int, default=200, help="a move")
    parser.add_argument("--opening", type=int, default=2, help="random moves that a game begins with")
    parser.add_argument("--from", type=int, default=30, dest="first", help="ply that is looked at first")
    parser.add_argument("--every", type=int, default=1, help="ply of a file's games is looked at")
    parser.add_argument("--sgf", type=Path, help="games whose results are counted ends, in place of games of its own")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    records = [] if args.sgf is None else split_games(args.sgf.read_text())
    tasks = [
        Task(
            weights=args.weights.resolve(),
            size=args.size,
            visits=args.visits,
            opening=args.opening,
            first=args.first,
            every=args.every,
            seed=args.seed * 100_003 + number,
            record=record,
        )
        for number, record in enumerate(list(records)[: args.games] or [""] * args.games)
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
