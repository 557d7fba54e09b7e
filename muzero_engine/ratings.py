"""Ratings of players that met in games: one joint maximum-likelihood fit of all results, on the Elo scale.

A player that is d Elo stronger, the advantage of moving first included, expects E = 1 / (1 + 10^(-d / 400)) points a
game (Bradley and Terry, 1952). How these points split into wins and draws is Davidson's model ("On extending the
Bradley-Terry model to accommodate ties in paired comparison experiments", 1970) with its parameter nu >= 0, P(draw) =
nu sqrt(P(win) P(loss)); the advantage of the first player is added as Davidson and Beaver (1977) do. So

    P(win) : P(draw) : P(loss) = x : nu : 1 / x        where x > 0 is such that P(win) + P(draw) / 2 = E

Davidson rather than Rao and Kupper (1967): a draw is then half a win and half a loss, as in Elo's sums of points.
Davidson himself takes x = 10^(d / 800); his scale shrinks where many games are drawn, so that ratings from elsewhere
could not be held fixed beside each other. Taken as above, two players that only met each other are as far apart as
their score says, however they drew, and the estimates of ratings and of nu are independent in the limit.

Every pair that met gets `prior_games` more, half won and half lost, so that a player without a point stays finite; so
does the first player against an equal, where moving first is rated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from muzero_engine.arrays import Doubles, Ints

NATURAL = math.log(10.0) / 400.0  # log strength of one point of Elo where no game is drawn
NORMAL_95 = 1.959963984540054  # 95% of a normal distribution lie within so many standard deviations
MANY = 30  # degrees of freedom
_STUDENT = {1: 12.706, 2: 4.303}
PRIOR_GAMES = 0.1
ITERATIONS = 200
TOLERANCE = 1e-6  # Elo, and 1e-6 of log nu: the largest change of the last iteration
LONGEST_STEP = 800.0  # Elo, in one iteration
LONGEST_DRAW_STEP = 2.0  # log nu
MOST_DRAWISH = 12.0  # log nu; all but one game in 100,000 between equals are drawn
UNSEEN = 4.0  # decided games that are taken to have been missed where all were drawn, for nu alone


def student_95(freedom: int) -> float:
    """Return how many standard errors on both sides of a mean an interval of 95% has, with so many degrees of freedom.

    From 3 degrees on that is Abramowitz and Stegun 26.7.5, within 1% of Student's quantile.
    """
    if freedom in _STUDENT:
        return _STUDENT[freedom]
    z = NORMAL_95
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def student_share(t: float, freedom: int) -> float:
    """Return the share of Student's distribution below `t`, in [0, 1], with so many degrees of freedom.

    Exact for few (Abramowitz and Stegun 26.7.3 and 26.7.4), then the normal distribution's at a `t` made smaller
    (26.7.8), within 2e-4.
    """
    if freedom > MANY:
        z = t * (1.0 - 0.25 / freedom) / math.sqrt(1.0 + 0.5 * t * t / freedom)
        return 0.5 * math.erfc(-z / math.sqrt(2.0))
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for power in range(1 + odd, freedom, 2):
        total += term
        term *= power / (power + 1) * math.cos(angle) ** 2
    both = math.sin(angle) * total
    return 0.5 + (angle + both) / math.pi if odd else 0.5 + 0.5 * both


class BadRatings(ValueError):
    """Results from which nothing can be rated; the message says why."""


@dataclass(frozen=True, slots=True)
class Results:
    """Games between two players. `wins` and `losses` are those of `first`; counts may be weights."""

    first: str
    second: str
    wins: float
    draws: float
    losses: float
    moved_first: bool = True  # whether `first` did, in all of these games; False: each player in half of them


@dataclass(frozen=True, slots=True)
class PlayerRating:
    """A player's rating in Elo, and its 95% interval `elo` +- `error` (0 for a player held fixed)."""

    elo: float
    error: float


@dataclass(frozen=True, slots=True)
class Ratings:
    """A fit: `players` by name, in the order they were first named, those held fixed first."""

    players: Mapping[str, PlayerRating]
    advantage: PlayerRating  # Elo of moving first; 0 +- 0 where it was not fitted
    drawishness: float  # nu; equals draw nu / (2 + nu) of their games
    _covariance: Doubles  # Elo^2, players in their order

    def elo(self, name: str) -> float:
        """Return the rating of a player. Raises KeyError for one that was left out."""
        return self.players[name].elo

    def difference(self, name: str, other: str) -> PlayerRating:
        """Return how much stronger `name` is than `other`, with the 95% interval of the difference."""
        order = list(self.players)
        i, j = order.index(name), order.index(other)
        variance = self._covariance[i, i] + self._covariance[j, j] - 2.0 * self._covariance[i, j]
        return PlayerRating(self.elo(name) - self.elo(other), NORMAL_95 * math.sqrt(max(variance, 0.0)))


def fit_ratings(
    results: Iterable[Results],
    anchors: Mapping[str, float],
    *,
    advantage: bool = False,
    prior_games: float = PRIOR_GAMES,
) -> Ratings:
    """Return ratings of all players that a chain of games connects with one of `anchors` (name -> Elo, held fixed).

    With `advantage` the worth of moving first is fitted too, one for all games. Players without a chain of games to an
    anchor have no rating and are left out.

    Intervals come from the Fisher information at the maximum, of ratings, advantage and nu together. Games are taken to
    be independent; where openings are unfair and each is played with both colours, intervals are somewhat too wide. For
    a player that won or lost (nearly) everything an interval is wide, but still too trusting. Where all games were
    drawn nu is held at what it would be with `UNSEEN` decided ones, as draws alone say nothing of its size.

    Raises BadRatings without an anchor.
    """
    if not anchors:
        raise BadRatings("ratings need a player whose rating is given: name an anchor")
    used = [result for result in results if result.wins + result.draws + result.losses > 0]
    names = _connected(used, anchors)
    index = {name: i for i, name in enumerate(names)}
    used = [result for result in used if result.first in index and result.first != result.second]
    games = _Games.of(used, index, prior_games, advantage=advantage)
    anchored = np.array([anchors.get(name, 0.0) for name in names])
    drawn = sum(result.draws for result in used)
    decided = sum(result.wins + result.losses for result in used)
    most_drawish = MOST_DRAWISH if decided or not drawn else math.log(2.0 * drawn / UNSEEN)
    fit = _Fit(games, anchored, len(anchors), most_drawish, advantage=advantage)
    fit.maximise()
    return _ratings(names, fit)


def expected_score(elo: float) -> float:
    """Return the expected points a game of a player that is `elo` stronger, in [0, 1]."""
    return 1.0 / (1.0 + math.pow(10.0, -elo / 400.0))


def elo_of_score(score: float) -> float:
    """Return the difference in Elo that a score in [0, 1] stands for; minus or plus infinity at the ends."""
    if score <= 0.0 or score >= 1.0:
        return math.copysign(math.inf, score - 0.5)
    return -400.0 * math.log10(1.0 / score - 1.0)


@dataclass(frozen=True, slots=True)
class _Games:
    """All games as rows, the prior's included."""

    first: Ints  # int64[n], index of a player
    second: Ints
    moved_first: Doubles  # float64[n], 1 where the advantage counts, 0 in the prior's games
    wins: Doubles
    draws: Doubles
    losses: Doubles

    @classmethod
    def of(cls, results: Sequence[Results], index: Mapping[str, int], prior_games: float, *, advantage: bool) -> _Games:
        rows = [(index[r.first], index[r.second], float(r.moved_first), r.wins, r.draws, r.losses) for r in results]
        met = sorted({(min(i, j), max(i, j)) for i, j, *_ in rows})
        half = prior_games / 2.0
        if half > 0.0:
            rows += [(i, j, 0.0, half, 0.0, half) for i, j in met]
            rows += [(0, 0, 1.0, half, 0.0, half)] if advantage and met else []  # between equals: on moving first
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 6)
        first, second = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        return cls(first, second, table[:, 2], table[:, 3], table[:, 4], table[:, 5])


@dataclass(frozen=True, slots=True)
class _Probabilities:
    """Probabilities of each row's results, float64[n]."""

    expected: Doubles  # points of the first player
    expected_against: Doubles  # 1 - expected, without its rounding
    win: Doubles
    draw: Doubles
    loss: Doubles

    @classmethod
    def of(cls, difference: Doubles, nu: float) -> _Probabilities:
        scaled = np.clip(NATURAL * difference, -300.0, 300.0)
        expected, against = 1.0 / (1.0 + np.exp(-scaled)), 1.0 / (1.0 + np.exp(scaled))
        # x from (1 - E) x^2 - nu (E - 1/2) x - E = 0, for the stronger player (the other one has 1 / x)
        strong, weak = np.maximum(expected, against), np.minimum(expected, against)
        lead = nu * (strong - 0.5)
        larger = (lead + np.sqrt(lead**2 + 4.0 * strong * weak)) / (2.0 * weak)
        x = np.where(expected >= against, larger, 1.0 / larger)
        total = x + nu + 1.0 / x
        return cls(expected, against, x / total, nu / total, 1.0 / x / total)


class _Fit:
    """Fisher scoring with step halving over x = (Elo of the players that move, advantage, log nu), the last two where
    they are fitted. Players 0 to `fixed` - 1 are held."""

    def __init__(self, games: _Games, anchored: Doubles, fixed: int, most_drawish: float, *, advantage: bool) -> None:
        self._games = games
        self._anchored = anchored
        self._fixed = fixed
        self._moving = len(anchored) - fixed
        self._has_advantage = advantage and len(games.first) > 0
        self._has_draws = bool((games.draws > 0).any())
        size = self._moving + self._has_advantage + self._has_draws
        self._x = np.zeros(size)
        self._x[: self._moving] = anchored[:fixed].mean()
        self._most_drawish = most_drawish  # log nu
        if self._has_draws:
            self._x[-1] = min(0.0, most_drawish)
        self._n = games.wins + games.draws + games.losses
        self._columns = self._design()

    def _design(self) -> Doubles:
        """Return the derivative of each row's difference in Elo to x, float64[n, size] (nothing for log nu)."""
        rows = np.arange(len(self._n))
        players = np.zeros((len(self._n), len(self._anchored)))
        players[rows, self._games.first] += 1.0
        players[rows, self._games.second] -= 1.0
        columns = [players[:, self._fixed :]]
        if self._has_advantage:
            columns.append(self._games.moved_first[:, None])
        if self._has_draws:
            columns.append(np.zeros((len(rows), 1)))
        return np.concatenate(columns, axis=1)

    @property
    def elo(self) -> Doubles:
        return np.concatenate([self._anchored[: self._fixed], self._x[: self._moving]])

    @property
    def advantage(self) -> float:
        return float(self._x[self._moving]) if self._has_advantage else 0.0

    @property
    def drawishness(self) -> float:
        return self._nu(self._x)

    def _nu(self, x: Doubles) -> float:
        return math.exp(x[-1]) if self._has_draws else 0.0

    def _probabilities(self, x: Doubles) -> _Probabilities:
        elo = np.concatenate([self._anchored[: self._fixed], x[: self._moving]])
        difference = elo[self._games.first] - elo[self._games.second]
        if self._has_advantage:
            difference = difference + x[self._moving] * self._games.moved_first
        return _Probabilities.of(difference, self._nu(x))

    def _log_likelihood(self, x: Doubles) -> float:
        model, games = self._probabilities(x), self._games
        total = games.wins * np.log(model.win) + games.losses * np.log(model.loss)
        if self._has_draws:
            total = total + games.draws * np.log(model.draw)
        return float(total.sum())

    def slopes(self) -> tuple[Doubles, Doubles]:
        """Return the gradient, float64[size], and the Fisher information, float64[size, size].

        Of a game are observed s = 1/2, 0, -1/2 (won, drawn, lost), whose natural parameter is 2 log x, and t = 1 if
        drawn, with log nu. E fixes the mean of s, so d(2 log x) / dE = 1 / Var(s), d(2 log x) / d(log nu) =
        -Cov(s, t) / Var(s).
        """
        model, games = self._probabilities(self._x), self._games
        mean = 0.5 * (model.win - model.loss)
        variance = model.win * model.loss + 0.25 * model.draw * (model.win + model.loss)
        slope = NATURAL * model.expected * model.expected_against / variance  # of 2 log x, per Elo
        s = 0.5 * (games.wins - games.losses) - self._n * mean
        gradient = self._columns.T @ (s * slope)
        information = self._columns.T @ ((self._n * slope**2 * variance)[:, None] * self._columns)
        if self._has_draws:
            t = games.draws - self._n * model.draw
            gradient[-1] = (t + s * mean * model.draw / variance).sum()
            information[-1, -1] = (self._n * model.draw * model.win * model.loss / variance).sum()
        return gradient, information

    def maximise(self) -> None:
        """Go uphill until nothing moves any more."""
        if not len(self._x):
            return
        value = self._log_likelihood(self._x)
        for _ in range(ITERATIONS):
            step = self._step()
            size = 1.0
            while size > 1e-9:
                new = self._x + size * step
                if self._has_draws:
                    new[-1] = min(max(new[-1], -MOST_DRAWISH), self._most_drawish)
                likelihood = self._log_likelihood(new)
                if likelihood >= value:
                    break
                size /= 2.0
            else:
                return
            change = float(np.abs(new - self._x).max())
            self._x, value = new, likelihood
            if change < TOLERANCE:
                return

    def _step(self) -> Doubles:
        gradient, information = self.slopes()
        step = _inverse(information) @ gradient
        elo = step[: len(step) - self._has_draws]
        factor = min(1.0, LONGEST_STEP / max(float(np.abs(elo).max(initial=0.0)), 1.0))
        if self._has_draws:
            factor = min(factor, LONGEST_DRAW_STEP / max(abs(float(step[-1])), 1.0))
        return np.asarray(factor * step)

    def covariance(self) -> tuple[Doubles, float]:
        """Return, in Elo^2, the players' covariance, float64[players, players], and the variance of the advantage."""
        whole = np.zeros((len(self._anchored), len(self._anchored)))
        if not len(self._x):
            return whole, 0.0
        inverse = _inverse(self.slopes()[1])
        whole[self._fixed :, self._fixed :] = inverse[: self._moving, : self._moving]
        return whole, float(inverse[self._moving, self._moving]) if self._has_advantage else 0.0


def _inverse(information: Doubles) -> Doubles:
    """Return the inverse of a symmetric, positive matrix whose entries may differ by many orders of magnitude."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-200))
    scaled = scale[:, None] * information * scale
    try:
        root = np.linalg.inv(np.linalg.cholesky(scaled))  # one thread, where eigenvalues wait for others
    except np.linalg.LinAlgError:
        return np.asarray(scale[:, None] * np.linalg.pinv(scaled, hermitian=True) * scale)
    return np.asarray(scale[:, None] * (root.T @ root) * scale)


def _ratings(names: Sequence[str], fit: _Fit) -> Ratings:
    covariance, of_advantage = fit.covariance()
    errors = NORMAL_95 * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    players = {
        name: PlayerRating(float(elo), float(error)) for name, elo, error in zip(names, fit.elo, errors, strict=True)
    }
    advantage = PlayerRating(fit.advantage, NORMAL_95 * math.sqrt(max(of_advantage, 0.0)))
    return Ratings(players, advantage, fit.drawishness, covariance)


def _connected(results: Sequence[Results], anchors: Iterable[str]) -> list[str]:
    """Return the players reached from the anchors by games, the anchors first."""
    neighbours: dict[str, list[str]] = {}
    for result in results:
        neighbours.setdefault(result.first, []).append(result.second)
        neighbours.setdefault(result.second, []).append(result.first)
    reached = dict.fromkeys(anchors)
    queue = list(reached)
    for name in queue:
        for other in neighbours.get(name, ()):
            if other not in reached:
                reached[other] = None
                queue.append(other)
    return queue
