"""An engine climbs a ladder: it meets the opponents near its rating until that is known.

Games are kept in a folder together with what they were played with, so that a ladder that was interrupted goes on, and
games under other conditions are refused rather than mixed in.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from muzero_engine.files import write_atomically
from muzero_engine.games.base import Position
from muzero_engine.games.go.handicap import fixed_handicap
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.match.game import GamePlan, initial_position
from muzero_engine.match.openings import Opening, random_openings
from muzero_engine.match.placing import Placing, next_opponents, place
from muzero_engine.match.record import Ending, GameRecord
from muzero_engine.match.yardsticks import HANDICAP_KOMI, Ladder, Yardstick

CONDITIONS = "ladder.json"
FIRST_GAMES = 8  # played in single pairs, to get near the engine's rating quickly
BATCH = 4  # pairs that are chosen at once after that
FAULTS = 2  # games lost by an opponent's own faults after which it is met no more


class BadLadder(ValueError):
    """A ladder that cannot be climbed or gone on with; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSettings:
    """What the engine plays with. All but `games` must be the same when a ladder goes on."""

    game: str
    engine: str  # its name in tables
    weights: str  # hash of the weights
    control: str = "movetime=0.5"  # a time control's text
    threads: int = 1
    concurrency: int = 2  # games side by side
    seed: int = 0  # of the openings
    games: int = 200

    def text(self) -> str:
        """For people: "0.5 s a move, 1 thread, 2 games side by side"."""
        control = f"{self.control.removeprefix('movetime=')} s a move" if self.control.startswith("movetime=") else ""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        games = f"{self.concurrency} games side by side" if self.concurrency > 1 else "one game at a time"
        return f"{control or self.control}, {threads}, {games}"


Openings = Mapping[int, Sequence[Opening]]  # by the number of handicap stones
Play = Callable[[Sequence[GamePlan]], list[GameRecord]]  # plays and stores games; fewer come back if it was stopped
OnBatch = Callable[[Sequence[GameRecord]], None]  # gets all games so far


def check_conditions(folder: Path, settings: LadderSettings) -> None:
    """Makes the folder for a new ladder, or sees that the one in it was played with the same settings.

    Raises BadLadder.
    """
    path = folder / CONDITIONS
    wanted = dataclasses.asdict(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        if found is None:
            write_atomically(path, (json.dumps(wanted, indent=2) + "\n").encode())
            return
    except OSError as error:
        raise BadLadder(f"{path} cannot be used ({error.strerror}): give another folder with --out") from None
    except ValueError:
        raise BadLadder(f"{path} is damaged: remove the folder, or give another one with --out") from None
    if not isinstance(found, dict):
        raise BadLadder(f"{path} is damaged: remove the folder, or give another one with --out")
    for name, value in wanted.items():
        if name != "games" and found.get(name) != value:
            raise BadLadder(
                f"the games in {folder} were played with {name} {found.get(name)!r}, not {value!r}: "
                "give another folder with --out"
            )


def ladder_openings(
    ladder: Ladder, settings: LadderSettings, pairs: int, value: Callable[[Position], float] | None = None
) -> Openings:
    """`pairs` random openings for even games, and twice as many for each handicap. See `random_openings` for `value`.

    The same settings give the same openings, if `value` judges alike.
    """
    game = load_game(settings.game)
    initial = initial_position(game, ladder.game)
    found = {0: random_openings(initial, pairs, plies=ladder.opening_plies, seed=settings.seed, value=value)}
    for stones in {yardstick.handicap for yardstick in ladder.yardsticks} - {0}:
        position = GoPosition(initial.shape, komi=HANDICAP_KOMI)
        position.place_handicap(fixed_handicap(stones, initial.shape))
        found[stones] = random_openings(
            position, 2 * pairs, plies=ladder.opening_plies // 2, seed=settings.seed, from_start=False
        )
    return found


def climb(
    ladder: Ladder,
    settings: LadderSettings,
    available: Sequence[str],
    openings: Openings,
    games: Sequence[GameRecord],
    play: Play,
    on_batch: OnBatch,
    start: float | None = None,
) -> list[GameRecord]:
    """Plays until the engine has `settings.games` games, or until `play` comes back early; returns all games.

    Args:
        available: opponents that can be met.
        openings: see `ladder_openings`.
        games: what was played before.
        start: a rating to begin at.

    Raises BadLadder if no opponent is left.
    """
    engine = settings.engine
    played = list(games)
    while True:
        plans = _unfinished(ladder, engine, played, openings)
        if not plans:
            rated = rated_games(played, engine)
            left = settings.games - len(rated)
            if left <= 0:
                return played
            usable = [name for name in available if faults(played).get(name, 0) < FAULTS]
            if not usable:
                raise BadLadder("no opponent is left: see the reasons in the records of the games")
            pairs = min(1 if len(played) < FIRST_GAMES else BATCH, (left + 1) // 2)
            pairs = max(pairs, -(-settings.concurrency // 2))
            first = 1 + max((record.pair for record in played), default=-1)
            chosen = next_opponents(ladder, usable, rated, engine, pairs, start)
            for number, name in enumerate(chosen, start=first):
                plans += pair_plans(engine, ladder.yardstick(name), openings, number)
        records = play(plans)
        played += records
        if records:
            on_batch(played)
        if len(records) < len(plans):
            return played


def pair_plans(engine: str, yardstick: Yardstick, openings: Openings, pair: int) -> list[GamePlan]:
    """The two games of a pair: the engine moves first, then second, from the same opening.

    An opponent with handicap stones is black in both, and the openings differ.
    """
    found = openings[yardstick.handicap]
    other = yardstick.name
    if not yardstick.handicap:
        opening = found[pair % len(found)]
        return [
            GamePlan(first=engine, second=other, opening=opening, pair=pair, game=0),
            GamePlan(first=other, second=engine, opening=opening, pair=pair, game=1),
        ]
    numbers = (2 * pair) % len(found), (2 * pair + 1) % len(found)
    return [
        GamePlan(first=other, second=engine, opening=found[number], pair=pair, game=game)
        for game, number in enumerate(numbers)
    ]


def _unfinished(ladder: Ladder, engine: str, games: Sequence[GameRecord], openings: Openings) -> list[GamePlan]:
    """The games that are missing of pairs that were begun."""
    pairs: dict[int, list[GameRecord]] = {}
    for record in games:
        pairs.setdefault(record.pair, []).append(record)
    plans = []
    for pair, found in sorted(pairs.items()):
        if len(found) == 1:
            other = found[0].second if found[0].first == engine else found[0].first
            plans.append(pair_plans(engine, ladder.yardstick(other), openings, pair)[1 - found[0].game])
    return plans


def rated_games(games: Sequence[GameRecord], engine: str) -> list[GameRecord]:
    """The games that say something about the engine: not those that an opponent's program lost by a fault."""
    return [record for record in games if not record.ending.is_fault or loser(record) == engine]


def faults(games: Sequence[GameRecord]) -> Mapping[str, int]:
    """Games that each player's program lost by a fault of its own."""
    found: dict[str, int] = {}
    for record in games:
        if record.ending.is_fault:
            found[loser(record)] = found.get(loser(record), 0) + 1
    return found


def loser(record: GameRecord) -> str:
    """Who lost; for a drawn game, the second player."""
    return record.first if record.winner == 1 else record.second


def fault_lines(games: Sequence[GameRecord], engine: str) -> list[str]:
    """A line for each kind of fault of the engine, and each of its opponents."""
    counts: dict[tuple[str, Ending], int] = {}
    for record in games:
        if record.ending.is_fault:
            key = loser(record), record.ending
            counts[key] = counts.get(key, 0) + 1
    return [
        f"{name}: {count} game{'s' if count > 1 else ''} lost by {ending.value}"
        + ("" if name == engine else " (not rated)")
        for (name, ending), count in counts.items()
    ]


def placing_of(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> Placing | None:
    """Where the engine stands after these games."""
    return place(ladder, rated_games(games, settings.engine), settings.engine)
