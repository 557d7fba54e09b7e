"""A match, or a ladder, that is killed again and again and gone on with has each game once, and as it would be."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.trials.common.table import Table
from lab.trials.killing.runs import Faulty, Kill, Plan, Tally, hidden_files, killed, next_kill, run

from muzero_engine.match.records.store import GAMES
from muzero_engine.match.records.verify import verify

PAIRS = 15
MOST_LINES = 8.0  # of games, until a kill
MOST_POINTS = 60  # moments: three a game, of its line and its records
LADDER_GAMES = 12
Games = dict[tuple[int, int], dict[str, Any]]  # what is recorded, by pair and game
Command = Callable[[Path], list[str]]  # the arguments that begin a match in a folder, or go on with it


def match_command(folder: Path) -> list[str]:
    """Return the arguments that begin the match or go on with it."""
    arguments = ["match", "--game", "chess", "-e", "name=A muzero --seed 5", "-e", "name=B muzero --seed 6 --c-puct 2"]
    arguments += ["--tc", "nodes=4", "--max-plies", "30", "--pairs", str(PAIRS), "--concurrency", "2"]
    arguments += ["--out", str(folder)]
    return [*arguments, "--resume"] if (folder / GAMES).exists() else arguments


def ladder_command(folder: Path) -> list[str]:
    """Return the arguments that begin the ladder or go on with it."""
    arguments = [
        "ladder",
        "--game",
        "go",
        "--control",
        "movetime=0.02",
        "--games",
        str(LADDER_GAMES),
        "--start",
        "-200",
    ]
    without = [word for name in ("uct 64", "uct 256") for word in ("--without", name)]
    return [*arguments, *without, "--out", str(folder)]


def match_trial(plan: Plan, folder: Path, table: Table, tally: Tally) -> None:
    """Kill matches, and go on with each to its end. Raises Faulty."""
    table.progress("match: one without kills")
    run(match_command(folder / "undisturbed"))
    wanted = games_of(folder / "undisturbed")
    while tally.kills < plan.kills:
        found = _killed_match(match_command, plan, folder / "killed", table, tally)
        if found.keys() != wanted.keys():
            raise Faulty(f"there are {len(found)} games, not {len(wanted)}")
        if any(_played(wanted[key]) != _played(game) for key, game in found.items()):
            raise Faulty("a game is another one than without kills")


def ladder_trial(plan: Plan, folder: Path, table: Table, tally: Tally) -> None:
    """Kill ladders, and go on with each to its end. Raises Faulty."""
    while tally.kills < plan.kills:
        found = _killed_match(ladder_command, plan, folder / "killed", table, tally)
        if len(found) < LADDER_GAMES:
            raise Faulty(f"there are {len(found)} games, not {LADDER_GAMES}")


def _killed_match(command: Command, plan: Plan, place: Path, table: Table, tally: Tally) -> Games:
    """Kill one until it ends; return its games, and remove them. Raises Faulty."""
    rng, games = random.Random(f"{plan.seed} {tally.runs}"), Games()
    while True:
        table.progress(f"{tally.kills} of {plan.kills} kills, {len(games)} games")
        moment = Kill("lines", rng.uniform(0.0, MOST_LINES), place / GAMES)
        kill = next_kill(plan, tally, rng, moment=moment, most_points=MOST_POINTS)
        if not killed(command(place), kill, tally):
            break
        now = games_of(place)
        if any(now.get(key) != game for key, game in games.items()):
            raise Faulty("a recorded game is gone, or another one")
        games = now
    tally.runs += 1
    tally.litter += hidden_files(place)
    if problems := verify(place).problems:
        raise Faulty(f"{problems[0].line}: {problems[0].text}")
    found = games_of(place)
    shutil.rmtree(place)
    return found


def games_of(folder: Path) -> Games:
    """Return the games of a folder whose lines are whole. Raises Faulty where one is there twice."""
    path = folder / GAMES
    whole = path.read_bytes().split(b"\n")[1:-1] if path.exists() else []
    games: Games = {}
    for line in whole:
        record = json.loads(line)
        key = record["pair"], record["game"]
        if key in games:
            raise Faulty(f"game {key} is there twice")
        games[key] = record
    return games


def _played(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the same seeds make the same."""
    moves = [ply[0] for ply in record["moves"]]
    return record["first"], record["start"], record["opening_moves"], moves, record["ending"]
