"""Points ahead, as analysis reports them: what winning rates are worth in points, by the values at other komi.

A network that was trained to win by half a point knows the score better than its ownership tells: how likely the mover
is to end more than T points ahead, komi not counted, is how likely it is to win where komi takes T from it. So its
values of one position at several komi are the distribution of the score, P(S > T) (`ScoreCurve`). Where they cross one
half komi would make the game even; from there to the komi of the game it is the lead, as KataGo defines it too.

What a search has found is another winning rate p at the komi of the game. It is worth what it takes on that curve,

    lead(p) = T(1/2) - T(p),

which is the network's own lead at its own winning rate, 0 at one half, grows with p and has its sign. Beyond `CERTAIN`
a winning rate says nothing of the size: it is worth the points from which on it is certain, or those of the komi of the
game where they are more.

A game without komi has only its ownership (`ScoreSpread`), and so has a network that hardly heeds komi, as one that was
trained with few does while the board is open: where its curve is wider than the ownership lets the score be, small
changes of p would be many points. Nor is a komi of more than half the board anything that it has seen (`FAR`): what it
says there depends on whose turn it is. The final score is then taken to be spread around the lead by a logistic
distribution, and the lead is where that puts the chance to win,

    lead = s ln(p / (1 - p)),  s = deviation * sqrt(3) / pi,

with a deviation of sqrt(sum(1 - o^2)) points for ownership o (each point of the board somebody's or the other's, one
independent of another). Where a game is as good as decided (beyond `DECIDED` in value) it goes over to what the
ownership adds up to, as far as that says more in the same direction: that alone may contradict the winning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from muzero_engine.engine.report import RootMove, SearchInfo
from muzero_engine.games.base import MOST_KOMI, Position, Scored, WithKomi

CERTAIN = 0.98  # a winning rate beyond this says no more of the size
DECIDED = 0.8
LEAST_DEVIATION = 0.5  # points
WIDE = (-2.0, -0.7, 0.7, 2.0)  # sides of the board around what is expected, where a curve is looked at first
WIDER = (-8.0, -4.0, 4.0, 8.0)  # and then, where it is not even in between
FAR = 0.5  # of the points of the board: a lead of more is not looked for among komi
ROUNDS = 4  # of looking at three points between the two that it is even between, which are a point apart at last
ONE_SIGMA = 0.8413  # P(S > T) one standard deviation below the mean of a normal distribution

Values = Callable[[Sequence[Position]], list[float]]  # of positions, each its mover's, in [-1, 1], without a search


class ScoreModel(Protocol):
    """What turns values at a root into points; the view of the root's mover."""

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the final score, in points."""
        ...

    def lead(self, value: float) -> float:
        """Return the points ahead at a value in [-1, 1]; 0 at 0, it has the sign of the value and grows with it."""
        ...


@dataclass(frozen=True, slots=True)
class ScoreSpread:
    """A score that is spread around the lead."""

    owned: float  # points ahead by the ownership
    deviation: float  # of the final score, in points

    def lead(self, value: float) -> float:
        """See `ScoreModel`."""
        rate = min(max((value + 1.0) / 2.0, 0.001), 0.999)
        lead = self.deviation * math.sqrt(3.0) / math.pi * math.log(rate / (1.0 - rate))
        decided = max(0.0, abs(value) - DECIDED) / (1.0 - DECIDED)
        further = max(0.0, math.copysign(self.owned, self.owned * value) - abs(lead))
        return lead + math.copysign(min(decided, 1.0) * further, value)


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """How likely the mover is to end more than so many points ahead, komi not counted."""

    points: tuple[float, ...]  # ascending, two at least
    rates: tuple[float, ...]  # in [0, 1], none higher than the one before; the first above 1/2, the last below
    taken: float  # points that the komi of the game takes from the mover

    def lead(self, value: float) -> float:
        """See `ScoreModel`."""
        rate = min(max((value + 1.0) / 2.0, 1.0 - CERTAIN), CERTAIN)
        return self.even - self._nearest(rate)

    @property
    def even(self) -> float:
        """Return the points that would make the game even."""
        return self._nearest(0.5)

    @property
    def deviation(self) -> float:
        """See `ScoreModel`."""
        below, above = self._where(ONE_SIGMA)[1], self._where(1.0 - ONE_SIGMA)[0]
        span = min(above, self.points[-1]) - max(below, self.points[0])
        return max(span / 2.0, LEAST_DEVIATION)

    def _nearest(self, rate: float) -> float:
        """Return the points at which the winning rate is so high: of several those nearest to the komi of the game; the
        first or the last where it is so high at none."""
        low, high = self._where(rate)
        return min(max(self.taken, min(low, self.points[-1])), max(high, self.points[0]))

    def _where(self, rate: float) -> tuple[float, float]:
        """Return the first and the last points at which it is so high, straight lines in between; infinite where it is
        so from the start, or to the end."""
        rates = [min(max(each, 1.0 - CERTAIN), CERTAIN) for each in self.rates]
        first = next((i for i, each in enumerate(rates) if each <= rate), len(rates))
        last = next((i for i, each in enumerate(rates) if each < rate), len(rates))
        low = -math.inf if first == 0 else math.inf if first == len(rates) else self._between(rates, first, rate)
        high = math.inf if last == len(rates) else -math.inf if last == 0 else self._between(rates, last, rate)
        return low, high

    def _between(self, rates: Sequence[float], after: int, rate: float) -> float:
        """Return where the line to point `after` from the one before it has this rate."""
        before = after - 1
        share = (rates[before] - rate) / (rates[before] - rates[after])
        return self.points[before] + share * (self.points[after] - self.points[before])


class RootPoints:
    """Points at the root of one search. The network is asked when they are first wanted, for its `Values` at a dozen of
    komi: `values` may be called then."""

    def __init__(self, position: Position, values: Values) -> None:
        self._position, self._values = position.copy(), values
        self._model: ScoreModel | None = None

    def model(self, info: SearchInfo) -> ScoreModel:
        """Return what turns the values of reports of the search into points."""
        if self._model is None:
            spread = score_spread(info, self._position)
            curve = None
            if info.ownership is not None and isinstance(self._position, WithKomi):
                curve = score_curve(self._position, float(info.ownership.sum()), self._values)
            self._model = curve if curve is not None and curve.deviation <= spread.deviation else spread
        return self._model


def score_curve(position: Position, expected: float, values: Values) -> ScoreCurve | None:
    """Return the curve of a position; None where the network's values do not follow komi, or the lead is beyond `FAR`.
    `expected` are the points that the mover is ahead, komi not counted, give or take."""
    assert isinstance(position, WithKomi)
    sign = 1.0 if position.mover == 0 else -1.0
    known: dict[float, float] = {}

    def ask(points: Sequence[float]) -> None:
        most = MOST_KOMI - 0.5
        new = sorted({max(-most, min(most, math.floor(each) + 0.5)) for each in points} - known.keys())  # nobody draws
        asked = []
        for each in new:
            one = position.copy()
            assert isinstance(one, WithKomi)
            one.set_komi(sign * each)
            asked.append(one)
        known.update(zip(new, ((1.0 + value) / 2.0 for value in values(asked)), strict=True))

    rows, columns = position.shape
    side, taken = math.sqrt(rows * columns), sign * position.komi
    ask([taken, *(expected + side * each for each in WIDE)])
    if not _crosses(known):
        ask([expected + side * each for each in WIDER])
    for _ in range(ROUNDS):
        if not _crosses(known):
            return None
        points, rates = _falling(known)
        after = next(i for i, each in enumerate(rates) if each <= 0.5)
        first, last = points[after - 1], points[after]
        if last - first <= 1.0:
            break
        ask([first + (last - first) * share for share in (0.25, 0.5, 0.75)])
    if not _crosses(known):
        return None
    curve = ScoreCurve(*_falling(known), taken)
    return curve if abs(curve.even - taken) <= FAR * rows * columns else None


def _crosses(known: dict[float, float]) -> bool:
    """Return whether rates by points are above one half at first, and below it at last."""
    _, rates = _falling(known)
    return rates[0] > 0.5 > rates[-1]


def _falling(known: dict[float, float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return points, ascending, and their rates, none higher than the one before: what is not so is in the middle of
    what is too high before it and too low after it."""
    points = sorted(known)
    rates = np.array([known[each] for each in points])
    falling = (np.minimum.accumulate(rates) + np.maximum.accumulate(rates[::-1])[::-1]) / 2.0
    return tuple(points), tuple(falling.tolist())


def score_spread(info: SearchInfo, position: Position) -> ScoreSpread:
    """Return the model of a root by its ownership; without one the deviation is the side of the board."""
    if info.ownership is None:
        return ScoreSpread(0.0, math.sqrt(position.shape[0] * position.shape[1]))
    owned = info.ownership.astype(np.float64)
    komi = position.komi if isinstance(position, WithKomi) else 0.0
    komi = komi if position.mover == 1 else -komi
    deviation = math.sqrt(max(float((1.0 - owned * owned).sum()), LEAST_DEVIATION**2))
    return ScoreSpread(float(owned.sum()) + komi, deviation)


def move_lead(position: Position, move: RootMove, score: ScoreModel) -> float:
    """Return the points that the mover is ahead after a move: those that are counted, everything on the board alive,
    where it ends the game by the rules, as its value is."""
    if move.ends is not None:
        after = position.copy()
        after.push(move.action)
        if isinstance(after, Scored):
            return movers_points(position, after.score())
    return score.lead(move.value)


def movers_points(position: Position, score: float) -> float:
    """Return player 0's points ahead as those of who is to move."""
    return score if position.mover == 0 else -score
