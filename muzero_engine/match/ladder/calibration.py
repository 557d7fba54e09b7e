"""Measuring levels: the engine at several settings against the rungs of its game's ladder, and against itself.

`PATH` goes from nearly random moves to the engine's full strength. All settings are players of one fit with the rungs,
whose fixed ratings are held (`match.ladder.placing`); a monotone fit along the path then makes the table of them. What
a setting is worth is known from games against rungs and, for one half, against its neighbours on the path; a game
without opponents needs none but random moves.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable
from muzero_engine.match.ladder.ladder import FAULTS, OWN_FAULTS, BadLadder, Openings, faults, pair_plans
from muzero_engine.match.ladder.opponents import Ladder, Opponent, UnknownLadder, ladder_of
from muzero_engine.match.ladder.placing import place
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.settings.match_settings import GameSettings
from muzero_engine.ratings import NATURAL, NORMAL_95, PlayerRating, Ratings, expected_score

PATH = tuple(
    LevelSettings(simulations, temperature, cut)
    for simulations, temperature, cut in (
        (1, 8.0, 0.0),
        (1, 4.0, 0.0005),
        (1, 3.0, 0.001),
        (1, 2.2, 0.002),
        (1, 1.6, 0.005),
        (1, 1.1, 0.01),
        (1, 0.6, 0.02),
        (1, 0.2, 0.1),
        (6, 0.2, 0.1),
        (24, 0.2, 0.1),
        (96, 0.2, 0.1),
        (400, 0.2, 0.1),
    )
)
BLOCK = 4  # pairs of games that two players play one after the other, so that engines are seldom started anew
FEW = 6  # games of a setting before its blocks are as long: little is known of whom it should meet
UNKNOWN = 1000.0  # Elo; the interval of a player without games
WIDEST = 500.0  # Elo; a setting whose rating is known no better is left out of the table
LEAST_STEP = 1.0  # Elo between two levels of a table
PREFIX = "level "  # of the names of settings in records
OPENING_PLIES = 4  # of a game without a ladder


def calibration_ladder(game: str, size: int | None = None) -> Ladder:
    """Return the ladder of a game; one of random moves alone for a game or a board that has none. Raises UnknownLadder
    where there is no board of `size` lines."""
    shapes = load_game(game).spec.shapes
    shape = None if size is None else (size, size)
    if shape is not None and len(shapes) == 1:
        raise UnknownLadder(f"{game} is played on one board: leave --size out")
    if shape is not None and shape not in shapes:
        sizes = ", ".join(str(rows) for rows, columns in sorted(shapes) if rows == columns)
        raise UnknownLadder(f"{game} has no board of {size} lines: choose one of {sizes}")
    try:
        return ladder_of(game, size)
    except UnknownLadder:
        pass
    random = Opponent(name="random", rating=0.0, fixed=True)
    board = "" if shape is None else f" {size}x{size}"
    return Ladder(
        label=f"{game}{board}",
        game=GameSettings(game=game, shape=shape),
        scale=f"uniformly random moves{' on' if board else ''}{board} = 0",
        opponents=(random,),
        opening_plies=OPENING_PLIES,
    )


def scale_of(ladder: Ladder) -> str:
    """Return what a table of levels says of the scale of its ratings, and on which board they were measured."""
    return f"{ladder.game.game}: {ladder.scale}"


def player_name(settings: LevelSettings) -> str:
    """Return what settings are called in records."""
    return f"{PREFIX}{settings.text()}"


def settings_of(name: str) -> LevelSettings | None:
    """Return the settings of a player of a calibration, None for a rung."""
    return LevelSettings.parse(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


class Blocks:
    """Hands games out so that each thread plays a block of two players' games, for which it starts engines once."""

    def __init__(self, next_block: Callable[[Sequence[GamePlan]], list[GamePlan]]) -> None:
        """Take what makes a block, given the games that are out or wait in other blocks; an empty one is the end."""
        self._next_block = next_block
        self._waiting: dict[int, list[GamePlan]] = {}  # by thread
        self._playing: dict[int, GamePlan] = {}

    def plans(self) -> Iterator[GamePlan]:
        """Return games until there is no block left, the last ones from others' blocks. The thread that plays a game is
        the one that asks for it."""
        while True:
            thread = threading.get_ident()
            mine = self._waiting.setdefault(thread, [])
            self._playing.pop(thread, None)
            if not mine:
                others = [plan for plans in self._waiting.values() for plan in plans]
                mine += self._next_block([*others, *self._playing.values()])
            longest = mine or max(self._waiting.values(), key=len)
            if not longest:
                return
            self._playing[thread] = longest.pop(0)
            yield self._playing[thread]


class Calibration:
    """Chooses the games of a calibration. `games` is looked at anew for each block, and grows while they are played."""

    def __init__(
        self, ladder: Ladder, available: Sequence[str], openings: Openings, games: Sequence[GameRecord], wanted: int
    ) -> None:
        """Begin with the rungs `available`; every setting of the path is to have `wanted` games."""
        self._ladder = ladder
        self._rungs = [rung for rung in ladder.opponents if rung.name in set(available)]
        self._openings = openings
        self._games = games
        self._before = len(games)  # of earlier calls
        self._wanted = wanted
        self._pairs = Pairs(games)

    @property
    def progress(self) -> float:
        """Return which share of the wanted games there is, in [0, 1]."""
        counts = _players(self._games)
        return sum(min(counts[player_name(one)], self._wanted) for one in PATH) / (self._wanted * len(PATH))

    def block(self, handed_out: Sequence[GamePlan]) -> list[GamePlan]:
        """Return the next games of two players, none where every setting has enough.

        Raises BadLadder where the engine loses by faults.
        """
        refuse_faults(self._games, self._before)
        counts = _players(self._games) + _players(handed_out)
        name = min(map(player_name, PATH), key=lambda player: counts[player])
        left = self._wanted - counts[name]
        if left <= 0:
            return []
        other = self._opponent(name, faults(self._games))
        count = min(BLOCK, math.ceil(left / 2)) if counts[name] >= FEW else 1
        return self._pairs.next(name, other, self._openings, count)

    def _opponent(self, name: str, lost: Mapping[str, int]) -> Opponent:
        """Return one of its two neighbours for every second game of a setting; for the others whose games tell most of
        its rating, of the rungs and these.

        Steps between rungs are steps between levels only as far as the strength of one program is that of another:
        neighbours say how far apart they are themselves.
        """
        ratings = joint_fit(self._ladder, self._games)
        place_on_path = [player_name(settings) for settings in PATH].index(name)
        own = self._guess(place_on_path) if ratings is None or name not in ratings.players else ratings.elo(name)
        neighbours = [
            Opponent(name=player_name(PATH[i]), rating=own)
            for i in (place_on_path - 1, place_on_path + 1)
            if 0 <= i < len(PATH)
        ]
        usable = [rung for rung in self._rungs if lost.get(rung.name, 0) < FAULTS]
        met = _opponents_of(name, self._games)
        among_themselves = sum(met[one.name] for one in neighbours)
        if 2 * among_themselves < met.total():
            return min(neighbours, key=lambda other: met[other.name])
        return max([*usable, *neighbours], key=lambda other: _worth(name, own, other, ratings))

    def _guess(self, place_on_path: int) -> float:
        """Return a rating for a setting without games: one as far along the rungs as the setting is along the path."""
        lowest, highest = self._rungs[0].rating, self._rungs[-1].rating
        return lowest + (highest - lowest) * place_on_path / len(PATH)


def _worth(name: str, own: float, other: Opponent, ratings: Ratings | None) -> float:
    """Return by how much a block of games would lower the variance of the rating `own` of a player, in Elo^2.

    For players without a rating in the fit it is as if they were known to +-`UNKNOWN`.
    """
    known = {} if ratings is None else ratings.players
    elo = known[other.name].elo if other.name in known else other.rating
    variance = _variance(known.get(name))
    if ratings is not None and name in known and other.name in known:
        of_difference = _variance(ratings.difference(name, other.name))
        shared = (variance + _variance(known[other.name]) - of_difference) / 2.0  # the covariance of the two
    else:
        shared = 0.0
        of_difference = variance + _variance(known.get(other.name))
    score = expected_score(own - elo)
    information = 2 * BLOCK * score * (1.0 - score) * NATURAL**2
    return (variance - shared) ** 2 * information / (1.0 + of_difference * information)


def _variance(rating: PlayerRating | None) -> float:
    return ((UNKNOWN if rating is None else rating.error) / NORMAL_95) ** 2


def joint_fit(ladder: Ladder, games: Sequence[GameRecord]) -> Ratings | None:
    """Return the ratings of all players, rungs and settings, that games connect with the ladder's fixed ones; None
    without a game."""
    counted = [record for record in games if not record.ending.is_fault]
    own = next((name for record in counted for name in (record.first, record.second) if name.startswith(PREFIX)), None)
    placing = None if own is None else place(ladder, counted, own)
    return None if placing is None else placing.ratings


def level_table(ladder: Ladder, games: Sequence[GameRecord]) -> LevelTable | None:
    """Return the table that games make: a monotone fit along the path, checks included; None where two levels cannot be
    told apart.

    Settings whose rating is known no better than +-`WIDEST` are left out.
    """
    ratings = joint_fit(ladder, games)
    counts = _players(games)
    known = [
        (settings, rating, counts[name])
        for name, rating in (ratings.players if ratings else {}).items()
        if (settings := settings_of(name)) is not None and 0.0 < rating.error <= WIDEST
    ]
    known.sort(key=lambda entry: entry[0].order)
    blocks = monotone([rating.elo for _, rating, _ in known], [rating.error**-2 for _, rating, _ in known])
    levels: list[Level] = []
    for block in blocks:
        ends = {block.start: block.value, block.stop - 1: block.value}
        if len(ends) > 1:  # what is alike in strength: below it the weakest setting counts, above it the strongest
            ends = {block.start: block.value - LEAST_STEP / 2.0, block.stop - 1: block.value + LEAST_STEP / 2.0}
        for place_in_order, elo in ends.items():
            settings, rating, played = known[place_in_order]
            if not levels or elo - levels[-1].elo > 0.5 * LEAST_STEP:
                levels.append(Level(round(elo, 1), round(rating.error, 1), played, settings))
    boards = load_game(ladder.game.game).spec.shapes
    board = (ladder.game.shape or boards[0]) if len(boards) > 1 else None
    table = LevelTable(scale_of(ladder), tuple(levels), board)
    return table if table.rises else None


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbours that a monotone fit gives one value: those from `start` to before `stop`."""

    start: int
    stop: int
    value: float


def monotone(values: Sequence[float], weights: Sequence[float]) -> list[Block]:
    """Return the rising step function nearest to the values, by weighted squares (pool adjacent violators)."""
    blocks: list[tuple[Block, float]] = []
    for i, (value, weight) in enumerate(zip(values, weights, strict=True)):
        block, mass = Block(i, i + 1, value), weight
        while blocks and blocks[-1][0].value >= block.value:
            before, mass_before = blocks.pop()
            total = mass + mass_before
            mean = (before.value * mass_before + block.value * mass) / total
            block, mass = Block(before.start, block.stop, mean), total
        blocks.append((block, mass))
    return [block for block, _ in blocks]


class Pairs:
    """Numbers the pairs of a folder's games."""

    def __init__(self, games: Sequence[GameRecord]) -> None:
        self._next = 1 + max((record.pair for record in games), default=-1)

    def next(self, name: str, other: Opponent, openings: Openings, count: int) -> list[GamePlan]:
        """Return the games of the next `count` pairs of two players."""
        plans: list[GamePlan] = []
        for _ in range(count):
            plans += pair_plans(name, other, openings, self._next)
            self._next += 1
        return plans


def refuse_faults(games: Sequence[GameRecord], before: int) -> None:
    """Raise BadLadder where the engine lost more than a few games by faults of its program, those of earlier calls left
    out: the first `before`."""
    new = games[before:]
    lost = [record for record in new if record.ending.is_fault and record.loser.startswith(PREFIX)]
    if len(lost) > max(OWN_FAULTS, len(games) / 20):
        last = lost[-1]
        raise BadLadder(
            f"{last.loser} lost a game by a fault of its program, the {len(lost)}th: {last.reason}; such games count "
            "for nothing, and the same command goes on when that is mended"
        )


def _opponents_of(name: str, games: Sequence[GameRecord]) -> Counter[str]:
    """Count the games of a player by its opponents, those that a program's fault decided left out."""
    counts: Counter[str] = Counter()
    for game in games:
        if name in (game.first, game.second) and not game.ending.is_fault:
            counts[game.second if game.first == name else game.first] += 1
    return counts


def _players(games: Sequence[GameRecord] | Sequence[GamePlan]) -> Counter[str]:
    """Count the games of each player, those that a program's fault decided left out."""
    counts: Counter[str] = Counter()
    for game in games:
        if isinstance(game, GamePlan) or not game.ending.is_fault:
            counts.update((game.first, game.second))
    return counts
