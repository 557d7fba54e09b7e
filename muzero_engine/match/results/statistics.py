"""How much stronger one player is than another, from games played in pairs, and when to stop playing.

The two games of a pair share their opening with colours swapped, so their results are not independent: the unit of all
statistics is the pair with its five possible sums of points, the "pentanomial". Games without their twin (a match
that was interrupted, or one without pairs) count on their own.

Tests are generalised sequential probability ratio tests (Michel Van den Bergh, "A practical introduction to the GSPRT"
and "Normalized Elo in practice", cantate.be/Fishtest): the likelihood of the observed counts is maximised among all
distributions with the expected score of H0, then of H1, and the logarithm of the ratio is compared with Wald's bounds.
Normalised Elo measures the mean in standard deviations of one game, so that the length of a test hardly depends on how
often games are drawn; it is 800 / ln(10) times (score - 1/2) / sigma.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from muzero_engine.ratings import Results, elo_of_score, expected_score, student_95, student_share

NORMALISED = 800.0 / math.log(10.0)  # normalised Elo of one standard deviation of a game
REGULAR = 1e-3  # games in a class of results that was not seen, as Fishtest has it
LARGEST_ELO = 200.0  # of a bound of a test; far beyond it the condition on normalised Elo has no solution


class BadTest(ValueError):
    """Bounds or error rates that make no test; the message says which."""


class RatedGame(Protocol):
    """What statistics need of a game."""

    @property
    def first(self) -> str:
        """Return who moved first."""
        ...

    @property
    def second(self) -> str: ...
    @property
    def pair(self) -> int:
        """Return the number that this game shares with its twin and with no other game of these players."""
        ...

    @property
    def points(self) -> float:
        """Return the points of `first`: 1, 0.5 or 0."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WinDrawLoss:
    """How many games a player won, drew and lost."""

    wins: int = 0
    draws: int = 0
    losses: int = 0

    @property
    def games(self) -> int:
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        return self.wins + 0.5 * self.draws


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToHead(WinDrawLoss):
    """One player's results against another: all games, and the same games by the pairs that they came in."""

    pairs: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)  # how many gave it 0, 1/2, 1, 3/2 and 2 points
    singles: tuple[int, int, int] = (0, 0, 0)  # games without their twin: lost, drawn, won

    @classmethod
    def of(cls, games: Iterable[RatedGame], player: str, opponent: str) -> HeadToHead:
        """Return the results of `player` in the games between these two; all others are passed over."""
        both = {player, opponent}
        return Tally(game for game in games if game.first in both and game.second in both).between(player, opponent)


class Tally:
    """How games ended between any two players, counted as they come."""

    def __init__(self, games: Iterable[RatedGame] = ()) -> None:
        self._results: dict[tuple[str, str], list[int]] = {}  # by who moved first and second: it lost, drew, won
        self._pairs: dict[tuple[str, str], list[int]] = {}  # by player and opponent: it had 0, 1/2, 1, 3/2, 2 points
        self._alone: dict[tuple[str, str], dict[int, float]] = {}  # its points in games without their twin, by pair
        for game in games:
            self.add(game)

    def add(self, game: RatedGame) -> None:
        """Count one more game."""
        names, points = (game.first, game.second), game.points
        self._results.setdefault(names, [0, 0, 0])[round(2 * points)] += 1
        for sides, own in ((names, points), (names[::-1], 1.0 - points)):
            alone = self._alone.setdefault(sides, {})
            if (twin := alone.pop(game.pair, None)) is None:
                alone[game.pair] = own
            else:
                self._pairs.setdefault(sides, [0, 0, 0, 0, 0])[round(2 * (own + twin))] += 1

    def results(self, players: Container[str] | None = None) -> list[Results]:
        """Return the results of each two, for each of them moving first, in the order in which they first met.

        With `players`, of games among these.
        """
        return [
            Results(*names, wins, draws, losses)
            for names, (losses, draws, wins) in self._results.items()
            if players is None or (names[0] in players and names[1] in players)
        ]

    def between(self, player: str, opponent: str) -> HeadToHead:
        """Return the results of `player` against `opponent`."""
        first, second = (self._results.get(names, (0, 0, 0)) for names in ((player, opponent), (opponent, player)))
        pairs, singles = self._pairs.get((player, opponent), (0, 0, 0, 0, 0)), [0, 0, 0]
        for points in self._alone.get((player, opponent), {}).values():
            singles[round(2 * points)] += 1
        return HeadToHead(
            wins=first[2] + second[0],
            draws=first[1] + second[1],
            losses=first[0] + second[2],
            pairs=(pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]),
            singles=(singles[0], singles[1], singles[2]),
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95% interval; ends may be infinite."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What results say about the difference in strength."""

    score: Interval  # points a game, in [0, 1]
    elo: Interval
    normalised: Interval  # normalised Elo
    superiority: float  # likelihood of superiority (LOS), the probability of being the stronger one, in [0, 1]


def estimate(results: HeadToHead) -> Estimate | None:
    """Return the difference in strength; None without a game.

    Intervals are Student's, of as many observations as there are pairs and single games. That of normalised Elo, a
    ratio of a mean and a deviation that are both measured, is by the influence of each observation on it (the delta
    method), but not narrower than with a known deviation: where both influences cancel out, higher orders count.
    Results that are all the same have no spread to be measured. They get that of one observation more that is won or
    lost by all points.
    """
    counts = _observations(results)
    if not counts:
        return None
    games = sum(size * count for size, _, count in counts)
    seen = sum(count for _, _, count in counts)
    mean = sum(points * count for _, points, count in counts) / games
    variance = sum(count * (points - size * mean) ** 2 for size, points, count in counts)
    if uniform := variance == 0.0:
        size = counts[0][0]
        variance = seen / (seen + 1) * 0.5 * size**2 * ((1.0 - mean) ** 2 + mean**2)
        seen += 1
    deviation = math.sqrt(variance / games)  # of one game
    error = deviation / math.sqrt(games) * math.sqrt(seen / (seen - 1))
    student = student_95(seen - 1)
    width = student * error
    low, high = max(mean - width, 0.0), min(mean + width, 1.0)
    unit = NORMALISED / deviation
    normalised = unit * (mean - 0.5)
    reach = unit * width
    if not uniform:
        spread = _ratio_variance(counts, mean, deviation) * seen / (seen - 1)
        reach = max(reach, student * NORMALISED * math.sqrt(spread))
    return Estimate(
        Interval(mean, low, high),
        Interval(elo_of_score(mean), elo_of_score(low), elo_of_score(high)),
        Interval(normalised, normalised - reach, normalised + reach),
        student_share((mean - 0.5) / error, seen - 1),
    )


def _ratio_variance(counts: Sequence[tuple[int, float, int]], mean: float, deviation: float) -> float:
    """Return the variance of (mean - 1/2) / deviation, for large numbers of `_observations`."""
    ratio = (mean - 0.5) / deviation
    total = 0.0
    for size, points, count in counts:
        off = (points - size * mean) / deviation
        total += count * (off - ratio / 2 * (off**2 - size)) ** 2
    return total / sum(size * count for size, _, count in counts) ** 2


def _observations(results: HeadToHead) -> list[tuple[int, float, int]]:
    """Return (games, points, how often) of a pair or a single game, those that occurred."""
    pairs = [(2, i / 2, count) for i, count in enumerate(results.pairs)]
    singles = [(1, i / 2, count) for i, count in enumerate(results.singles)]
    return [entry for entry in (*pairs, *singles) if entry[2] > 0]


class EloModel(enum.Enum):
    """In which unit the bounds of a test are."""

    LOGISTIC = "logistic"  # Elo: expected scores
    NORMALISED = "normalised"  # normalised Elo: expected scores in standard deviations of a game


class SprtDecision(enum.Enum):
    """What a test says so far."""

    OPEN = "open"
    H0 = "H0"  # the difference is `elo0`, or less
    H1 = "H1"  # the difference is `elo1`, or more


@dataclass(frozen=True, slots=True)
class SprtState:
    """A test's log likelihood ratio between its bounds."""

    llr: float
    lower: float
    upper: float
    decision: SprtDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprt:
    """A test of "at least `elo1` stronger" (H1) against "at most `elo0`" (H0). Raises BadTest."""

    elo0: float = 0.0
    elo1: float = 5.0
    alpha: float = 0.05  # probability of H1 where H0 is true
    beta: float = 0.05  # probability of H0 where H1 is true
    model: EloModel = EloModel.NORMALISED

    def __post_init__(self) -> None:
        if not -LARGEST_ELO <= self.elo0 < self.elo1 <= LARGEST_ELO:
            raise BadTest(
                f"a test needs elo0 < elo1 within {-LARGEST_ELO:g} to {LARGEST_ELO:g}, not {self.elo0:g}, {self.elo1:g}"
            )
        if not (self.alpha > 0.0 and self.beta > 0.0 and self.alpha + self.beta < 1.0):
            raise BadTest(f"alpha and beta must be above 0 with a sum below 1, not {self.alpha:g}, {self.beta:g}")

    def state(self, results: HeadToHead) -> SprtState:
        """Return the test after these results; where there are pairs, games without their twin are not counted."""
        llr = log_likelihood_ratio(results, self.elo0, self.elo1, self.model)
        lower, upper = math.log(self.beta / (1.0 - self.alpha)), math.log((1.0 - self.beta) / self.alpha)
        decision = SprtDecision.H0 if llr <= lower else SprtDecision.H1 if llr >= upper else SprtDecision.OPEN
        return SprtState(llr, lower, upper, decision)


def log_likelihood_ratio(results: HeadToHead, elo0: float, elo1: float, model: EloModel) -> float:
    """Return the natural logarithm of the maximum likelihood under a difference of `elo1` over that under `elo0`."""
    counts: Sequence[int] = results.pairs if any(results.pairs) else results.singles
    if not any(counts):
        return 0.0
    regular = [float(count) if count else REGULAR for count in counts]
    total = sum(regular)
    scores = [i / (len(counts) - 1) for i in range(len(counts))]  # points a game
    observed = [count / total for count in regular]
    likeliest: Callable[[float], list[float]]
    if model is EloModel.LOGISTIC:

        def likeliest(elo: float) -> list[float]:
            return with_mean(scores, observed, expected_score(elo))
    else:
        games = 1 if len(counts) == 3 else 2  # an observation is the mean of so many games

        def likeliest(elo: float) -> list[float]:
            return with_t_value(scores, observed, elo / NORMALISED * math.sqrt(games))

    h0, h1 = likeliest(elo0), likeliest(elo1)
    return sum(count * math.log(p1 / p0) for count, p0, p1 in zip(regular, h0, h1, strict=True))


def with_mean(values: Sequence[float], observed: Sequence[float], mean: float) -> list[float]:
    """Return that one of the distributions over `values` with this mean under which `observed` is likeliest.

    `observed` is positive and sums to 1; `mean` lies between the smallest and the largest value. (Van den Bergh,
    "Comments on maximum likelihood estimates for the multinomial distribution", proposition 1.1.)
    """
    return _balanced([value - mean for value in values], observed)


def with_t_value(values: Sequence[float], observed: Sequence[float], t: float) -> list[float]:
    """Do as `with_mean`, with (mean - 1/2) / standard deviation = `t` in the place of the mean.

    ("Normalized Elo in practice", section 4.1: the condition is made linear at the last estimate and solved again.)
    """
    distribution = [1.0 / len(values)] * len(values)
    for _ in range(200):
        mean = sum(p * value for p, value in zip(distribution, values, strict=True))
        deviation = math.sqrt(sum(p * (value - mean) ** 2 for p, value in zip(distribution, values, strict=True)))
        bent = [value - 0.5 - 0.5 * t * deviation * (1.0 + ((value - mean) / deviation) ** 2) for value in values]
        new = _balanced(bent, observed)
        change = max(abs(a - b) for a, b in zip(new, distribution, strict=True))
        distribution = new
        if change < 1e-10:
            break
    return distribution


def _balanced(offsets: Sequence[float], observed: Sequence[float]) -> list[float]:
    """Return p_i = observed_i / (1 + x offset_i) with the x for which sum p_i offset_i = 0.

    Offsets of both signs are needed.
    The sum falls steadily between the two poles, and sum p_i = 1 then holds by itself.
    """
    low, high = -1.0 / max(offsets), -1.0 / min(offsets)
    for _ in range(100):
        x = 0.5 * (low + high)
        total = sum(p * offset / (1.0 + x * offset) for p, offset in zip(observed, offsets, strict=True))
        low, high = (x, high) if total > 0.0 else (low, x)
        if high - low <= 1e-14 * max(abs(low), abs(high)):
            break
    x = 0.5 * (low + high)
    return [p / (1.0 + x * offset) for p, offset in zip(observed, offsets, strict=True)]
