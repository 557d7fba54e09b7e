"""The formulas of the search, each with its source. Q, V mover's view; N visit counts; pi probabilities.

[MZ] Schrittwieser et al. 2020, "Mastering Atari, Go, chess and shogi by planning with a learned model".
[GZ] Danihelka et al. 2022, "Policy improvement by planning with Gumbel".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from muzero_engine.arrays import Doubles, Ints


def exploration(parent_visits: int, c1: float, c2: float) -> float:
    """Return sqrt(N(s)) * (c1 + log((N(s) + c2 + 1) / c2)), the factor of `prior / (1 + N(s, a))`; [MZ] equation 2."""
    return math.sqrt(parent_visits) * (c1 + math.log((parent_visits + c2 + 1.0) / c2))


class Exploration:
    """Twice `exploration`, for Q in [-1, 1] where the paper has [0, 1], from a table that grows as needed."""

    def __init__(self, c1: float, c2: float) -> None:
        self._c1, self._c2 = c1, c2
        self._factors: list[float] = []

    def up_to(self, parent_visits: int) -> list[float]:
        """Return the factors by the visits of the node, for `parent_visits` and fewer; for reading alone."""
        factors = self._factors
        while parent_visits >= len(factors):
            factors.append(2.0 * exploration(len(factors), self._c1, self._c2))
        return factors


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Doubles:
    """Return float64 probabilities over the last axis."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    odds = np.exp(scaled)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float64)


def mixed_value(value: float, prior: Doubles, q: Doubles, visits: Ints) -> float:
    """Return v_mix, the value of a node for its unvisited actions; [GZ] appendix D, equation 33.

    `value` is the network's; `prior`, `q`, `visits` are [A]; q is used only where visits > 0.
    """
    total = int(visits.sum())
    seen = visits > 0
    mass = float(prior[seen].sum())
    if total == 0 or mass <= 0.0:
        return value
    average = float((prior[seen] * q[seen]).sum()) / mass
    return (value + total * average) / (1 + total)


def completed_q(value: float, prior: Doubles, q: Doubles, visits: Ints) -> Doubles:
    """Return float64[A]: q where visited, v_mix elsewhere; [GZ] equation 10."""
    return np.where(visits > 0, q, mixed_value(value, prior, q, visits))


def least_range(value: float, steps: float) -> float:
    """Return what a smaller range of Q around a value counts as, where Q is rescaled: so many steps of the support.

    Networks of environments learn values in steps of 1 of h(x) = sign(x)(sqrt(|x| + 1) - 1) + 0.001 x ([MZ] appendix
    F), and what they tell apart is a part of such a step: 1 / h'(x), 2 sqrt(|x| + 1) or so. Without a floor the noise
    of a network that knows nothing yet would be brought to [0, 1] and decide.
    """
    return 2.0 * steps * math.sqrt(abs(value) + 1.0)


def rescaled(completed: Doubles, narrowest: float) -> Doubles:
    """Return completed Q float64[A] brought to [0, 1] by its least and greatest, whose difference counts as `narrowest`
    at least, as mctx's `qtransform_completed_by_mix_value` does."""
    least = completed.min()
    return np.asarray((completed - least) / max(completed.max() - least, narrowest), dtype=np.float64)


def sigma(q: Doubles, max_visits: int, c_visit: float, c_scale: float) -> Doubles:
    """Return Q as logits, float64[A]: (c_visit + max_b N(b)) * c_scale * q; [GZ] equation 8."""
    return (c_visit + max_visits) * c_scale * q


def lower_confidence_bound(
    mean: float, mean_square: float, visits: int, *, least: float = -1.0, unit: float = 1.0, z: float = 1.96
) -> float:
    """Return the lower end of the normal interval of a mean of values from `least` to `least` + 2 * `unit`; `least`
    below two visits."""
    if visits < 2:
        return least
    variance = max(mean_square - mean * mean, 0.0) * visits / (visits - 1)
    return max(least, mean - z * math.sqrt(variance / visits) - unit / visits)
