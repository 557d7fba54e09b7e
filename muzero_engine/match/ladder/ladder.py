"""An engine climbs a ladder: it meets the opponents near its rating until that is known."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from muzero_engine.games.base import Handicap, Position, WithKomi
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.ladder.opponents import HANDICAP_KOMI, Ladder, Opponent
from muzero_engine.match.ladder.placing import Placing, next_opponent, place
from muzero_engine.match.play.game import GamePlan, initial_position
from muzero_engine.match.play.openings import BadOpenings, Opening, random_openings
from muzero_engine.match.results.tables import fault_lines

FAULTS = 2  # games lost by an opponent's own faults after which it is met no more
FEW = 20  # openings that are judged to be even, which do where a small game has no more
OWN_FAULTS = 5  # games that the engine may lose by its own faults, or a twentieth of them if that is more


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
        """Write the settings for people: "0.5 s a move, 1 thread, 2 games side by side"."""
        control, _, margin = self.control.partition(",margin=")
        if control.startswith("movetime="):
            control = f"{control.removeprefix('movetime=')} s a move"
        if margin:
            control += f" with {margin} s of lag"
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        games = f"{self.concurrency} games side by side" if self.concurrency > 1 else "one game at a time"
        return f"{control}, {threads}, {games}"


Openings = Mapping[int, Sequence[Opening]]  # by the number of handicap stones


def ladder_facts(ladder: Ladder, settings: LadderSettings) -> dict[str, Any]:
    """Return what must stay the same for games to count together: settings, and how opponents are started."""
    facts = dataclasses.asdict(settings)
    del facts["games"]
    table = [(one.name, one.program, one.arguments, one.options, one.control, one.handicap) for one in ladder.opponents]
    facts["board"] = ladder.label
    facts["opponents"] = hashlib.sha256(json.dumps(table).encode()).hexdigest()[:16]
    return facts


def ladder_openings(
    ladder: Ladder, seed: int, pairs: int, value: Callable[[Position], float] | None = None
) -> Openings:
    """Return `pairs` random openings for even games, and twice as many for each handicap.

    `value` is that of `random_openings`. The same seed gives the same openings, if `value` judges alike. Of a small
    game there may be fewer openings for even games, of which any do where too few are even.
    """
    game = load_game(ladder.game.game)
    initial = initial_position(game, ladder.game)
    openings = {0: _even_openings(initial, pairs, ladder.opening_plies, seed, value)}
    for stones in {abs(opponent.handicap) for opponent in ladder.opponents} - {0}:
        position = game.initial(initial.shape)
        assert isinstance(position, WithKomi)
        assert isinstance(position, Handicap)
        position.set_komi(HANDICAP_KOMI)
        position.place_fixed_handicap(stones)
        openings[stones] = random_openings(
            position, 2 * pairs, plies=ladder.opening_plies // 2, seed=seed, from_start=False
        )
    return openings


def _even_openings(
    initial: Position, pairs: int, plies: int, seed: int, value: Callable[[Position], float] | None
) -> list[Opening]:
    tries = [(value, plies, FEW), *((None, fewer, 1) for fewer in range(plies, -1, -1))]
    for judge, random_plies, fewest in tries:
        with contextlib.suppress(BadOpenings):
            return random_openings(initial, pairs, plies=random_plies, seed=seed, value=judge, fewest=fewest)
    raise BadOpenings("the game is over before it begins")


class Climb:
    """The games that an engine plays, each chosen by those before. `games` is looked at anew for each pair."""

    def __init__(
        self,
        ladder: Ladder,
        settings: LadderSettings,
        available: Sequence[str],
        openings: Openings,
        games: Sequence[GameRecord],
        start: float | None = None,
    ) -> None:
        """Begin a climb: `available` are the opponents that can be met, `games` grows while they are played,
        and `start` is a rating to begin at."""
        self._ladder = ladder
        self._settings = settings
        self._available = available
        self._openings = openings
        self._games = games
        self._start = start

    @property
    def done(self) -> bool:
        """Return whether there are as many games as wanted, and no pair with one game alone."""
        return not self._unfinished() and self._left({}) <= 0

    def plans(self) -> Iterator[GamePlan]:
        """Return the games that are missing, as long as those that are given out will not be enough.

        Raises BadLadder if no opponent is left, or if the engine loses too many games by its own faults.
        """
        handed_out: dict[tuple[int, int], str] = {}  # (pair, game) -> opponent
        waiting = self._unfinished()
        while waiting or self._left(handed_out) > 0:
            waiting = waiting or self._next_pair(handed_out)
            plan = waiting.pop(0)
            handed_out[plan.pair, plan.game] = plan.second if plan.first == self._settings.engine else plan.first
            yield plan

    def _pending(self, handed_out: Mapping[tuple[int, int], str]) -> list[str]:
        """Return the opponents of the games that were given out and are not finished."""
        finished = {(record.pair, record.game) for record in self._games}
        return [name for key, name in handed_out.items() if key not in finished]

    def _left(self, handed_out: Mapping[tuple[int, int], str]) -> int:
        rated = rated_games(self._games, self._settings.engine)
        return self._settings.games - len(rated) - len(self._pending(handed_out))

    def _next_pair(self, handed_out: Mapping[tuple[int, int], str]) -> list[GamePlan]:
        engine = self._settings.engine
        lost = faults(self._games)
        if lost.get(engine, 0) > max(OWN_FAULTS, len(self._games) / 20):
            raise BadLadder(
                f"{engine} lost {lost[engine]} of {len(self._games)} games by faults of its program, not by its play: "
                + "; ".join(line for line in fault_lines(self._games, engine) if line.startswith(engine))
            )
        usable = [name for name in self._available if lost.get(name, 0) < FAULTS]
        if not usable:
            raise BadLadder("no opponent is left: see the reasons in the records of the games")
        pairs = [*(pair for pair, _ in handed_out), *(record.pair for record in self._games)]
        name = next_opponent(
            self._ladder,
            usable,
            rated_games(self._games, engine),
            engine,
            planned=Counter(self._pending(handed_out)),
            start=self._start,
        )
        return pair_plans(engine, self._ladder.opponent(name), self._openings, 1 + max(pairs, default=-1))

    def _unfinished(self) -> list[GamePlan]:
        """Return the games that are missing of pairs that were begun."""
        engine = self._settings.engine
        pairs: dict[int, list[GameRecord]] = {}
        for record in self._games:
            pairs.setdefault(record.pair, []).append(record)
        plans = []
        for pair, (record, *twins) in sorted(pairs.items()):
            if not twins:
                other = record.second if record.first == engine else record.first
                both = pair_plans(engine, self._ladder.opponent(other), self._openings, pair)
                plans.append(both[1 - record.game])
        return plans


def pair_plans(engine: str, opponent: Opponent, openings: Openings, pair: int) -> list[GamePlan]:
    """Return the two games of a pair: the engine moves first, then second, from the same opening.

    Who has handicap stones is black in both, and the openings differ.
    """
    choices = openings[abs(opponent.handicap)]
    other = opponent.name
    if not opponent.handicap:
        opening = choices[pair % len(choices)]
        return [
            GamePlan(first=engine, second=other, opening=opening, pair=pair, game=0),
            GamePlan(first=other, second=engine, opening=opening, pair=pair, game=1),
        ]
    numbers = (2 * pair) % len(choices), (2 * pair + 1) % len(choices)
    black, white = (other, engine) if opponent.handicap > 0 else (engine, other)
    return [
        GamePlan(first=black, second=white, opening=choices[number], pair=pair, game=game)
        for game, number in enumerate(numbers)
    ]


def rated_games(games: Sequence[GameRecord], engine: str) -> list[GameRecord]:
    """Return the games that say something about the engine: not those that an opponent's program lost by a fault."""
    return [record for record in games if not record.ending.is_fault or record.loser == engine]


def faults(games: Sequence[GameRecord]) -> Mapping[str, int]:
    """Count the games that each player's program lost by a fault of its own."""
    counts: dict[str, int] = {}
    for record in games:
        if record.ending.is_fault:
            counts[record.loser] = counts.get(record.loser, 0) + 1
    return counts


def placing_of(ladder: Ladder, settings: LadderSettings, games: Sequence[GameRecord]) -> Placing | None:
    """Return where the engine stands after these games."""
    return place(ladder, rated_games(games, settings.engine), settings.engine)
