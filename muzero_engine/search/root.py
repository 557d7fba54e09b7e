"""Which of the root's moves is simulated next, and which is best: two policies, each with the lists that it needs.

Both deal with those of the root's children where the game goes on; what the others are worth is known without a search.
They read the tree and write nothing to it but the first-play urgency of the next child (`PuctRoot`).

[MZ] Schrittwieser et al. 2020, [GZ] Danihelka et al. 2022: see `scoring`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from muzero_engine.arrays import Doubles
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.halving import SequentialHalving
from muzero_engine.search.scoring import Exploration, completed_q, least_range, rescaled, sigma, softmax
from muzero_engine.search.tree import ROOT, Tree


class Root(Protocol):
    """How simulations are shared out among the root's children, and how they are ranked. One search each."""

    def select(self) -> int | None:
        """Return the child to simulate, or None where the leaves in flight must be evaluated first."""
        ...

    def ranked(self) -> list[int]:
        """Return the children, best first."""
        ...

    def expectation(self) -> tuple[float, float]:
        """Return (Q, probability of a draw) that the mover may expect of playing well here, draws counted as in Q."""
        ...

    def remove(self, child: int) -> None:
        """Deal with the others alone from now on: what `child` is worth is known. At least one is left, and no leaf is
        in flight."""
        ...


def _mass(tree: Tree, children: Sequence[int]) -> float:
    """Return the sum of the priors of children, never 0: moves that end the game may have all of it."""
    return sum(tree.prior[child] for child in children) or 1.0


class PuctRoot:
    """The child of highest pUCT ([MZ] equation 2, Q halved or rescaled) among those visited and the next by prior."""

    def __init__(self, tree: Tree, children: Sequence[int], exploration: Exploration, fpu_reduction: float) -> None:
        """Begin with `children`: nodes, at least one, in descending order of their priors."""
        self._tree = tree
        self._children = list(children)
        self._exploration = exploration
        self._fpu_reduction = fpu_reduction
        self._opened = 1  # how many children selection looks at: the visited ones and the next
        self._prior = _mass(tree, children)

    def select(self) -> int:
        tree = self._tree
        visits, q, priors = tree.visits, tree.q, tree.prior
        scale = self._exploration.up_to(visits[ROOT])[visits[ROOT]] / self._prior * tree.unit
        opened = self._children[: self._opened]
        fresh = opened[-1]
        if not visits[fresh]:
            mass = (sum(priors[child] for child in opened) - priors[fresh]) / self._prior
            q[fresh] = tree.value[ROOT] - self._fpu_reduction * math.sqrt(mass) * tree.unit
        best, best_score = -1, -1e30
        for child in opened:
            score = q[child] + scale * priors[child] / (1 + visits[child])
            if score > best_score:
                best, best_score = child, score
        if best == fresh and self._opened < len(self._children):
            self._opened += 1
        return best

    def ranked(self) -> list[int]:
        """Return the children by visits, then Q."""
        done, q = self._tree.done, self._tree.q
        return sorted(self._children, key=lambda child: (done[child], q[child], -child), reverse=True)

    def expectation(self) -> tuple[float, float]:
        """Return the means of all simulations: most of them go where it is best."""
        return self._tree.value[ROOT], self._tree.draw[ROOT]

    def remove(self, child: int) -> None:
        index = self._children.index(child)
        del self._children[index]
        self._prior = _mass(self._tree, self._children)
        if index < self._opened:
            self._opened = max(1, self._opened - 1)


@dataclass(frozen=True, slots=True)
class Ranking:
    """A moment at which sequential halving ranked candidates."""

    simulations: int  # of the search so far
    nodes: tuple[int, ...]  # best first
    left: int  # how many of them go on: the better half, or all where a new round begins


class GumbelRoot:
    """Sequential halving among the children of highest gumbel + logit ([GZ] section 3 and algorithm 2)."""

    def __init__(
        self,
        tree: Tree,
        children: Sequence[int],
        scores: Sequence[float],
        logits: Sequence[float],
        root: tuple[float, float],
        config: SearchConfig,
    ) -> None:
        """Begin with `children`: nodes, at least one, in descending order of their `scores`, gumbel + logit each.

        `logits` are the network's own, at a temperature of 1 and without noise, `root` its value and probability of a
        draw there.
        """
        self._tree = tree
        self._children = list(children)
        self._scores, self._logits = list(scores), list(logits)
        self._root_value, self._root_draw = root
        self._c_visit, self._c_scale = config.c_visit, config.c_scale
        self._rescale, self._min_range = config.rescale, config.min_range
        self._considered, self._reconsider = config.considered_actions, config.reconsider
        self._prior = _mass(tree, children)
        self._halving = SequentialHalving(*self._candidates())
        self.rankings: list[Ranking] = []

    def select(self) -> int | None:
        candidate = self._halving.next(self._by_score)
        return None if candidate is None else self._children[candidate]

    def ranked(self) -> list[int]:
        """Return the children by score among those with at least half as many visits as the most visited one, and then
        the others by visits, then Q."""
        done, q = self._tree.done, self._tree.q
        score = dict(zip(self._children, self._scores_by(self._completed()), strict=True))
        most = max(done[child] for child in self._children)

        def key(child: int) -> tuple[float, int, float, int]:
            return score[child] if 2 * done[child] >= most else -1e30, done[child], q[child], -child

        return sorted(self._children, key=key, reverse=True)

    def expectation(self) -> tuple[float, float]:
        """Return the means under a policy halfway between the network's and the improved one, which is the softmax of
        the scores ([GZ] equation 11).

        The improved one believes the best of its estimates, which is too high for it: along games of the engine's own
        best moves the mover seems to lose 6% of the winning rate a move, to gain 6% to 11% by the prior, and 0% to 2%
        halfway (100 simulations, Go and chess; weights/experiments/2026-11-30-value-of-the-root.md). The mean of all
        simulations is no value of the root: halving gives as many to each of its candidates at first.
        """
        tree, children = self._tree, self._children
        completed = self._completed()
        policy = (softmax(np.array(self._scores_by(completed))) + softmax(np.array(self._logits))) / 2.0
        draws = np.array([tree.draw[child] if tree.done[child] else self._root_draw for child in children])
        return float(policy @ completed), float(policy @ draws)

    def remove(self, child: int) -> None:
        index = self._children.index(child)
        del self._children[index], self._scores[index], self._logits[index]
        self._prior = _mass(self._tree, self._children)
        if self._reconsider or index < self._considered:  # its place goes to the next by score
            self._halving = self._halving.over(*self._candidates())

    def _candidates(self) -> tuple[int, int]:
        """Return how many children a round has, and how many it has them from."""
        count = min(self._considered, len(self._children))
        return count, len(self._children) if self._reconsider else count

    def _by_score(self, candidates: Sequence[int]) -> list[int]:
        """Order indices of `children`, best first."""
        scores = self._scores_by(self._completed())
        ordered = sorted(candidates, key=lambda candidate: -scores[candidate])
        left = self._halving.left_of(len(ordered))
        named = ordered if len(ordered) <= self._considered else ordered[:left]
        best_first = tuple(self._children[candidate] for candidate in named)
        self.rankings.append(Ranking(self._tree.done[ROOT] - 1, best_first, left))
        return ordered

    def _scores_by(self, completed: Doubles) -> list[float]:
        """Return gumbel + logit + sigma(completed Q) of each child; [GZ] section 3.4."""
        if self._rescale:
            completed = rescaled(completed, least_range(self._tree.value[ROOT], self._min_range))
        most = max(self._tree.done[child] for child in self._children)
        bonus = sigma(completed, most, self._c_visit, self._c_scale)
        return [score + float(extra) for score, extra in zip(self._scores, bonus, strict=True)]

    def _shares(self) -> Doubles:
        """Return the children's shares of their priors' sum: all the same where the network gives them none."""
        prior = np.array([self._tree.prior[child] for child in self._children]) / self._prior
        return prior if prior.any() else np.full(len(prior), 1.0 / len(prior))

    def _completed(self) -> Doubles:
        """Return the completed Q of each child."""
        tree, children = self._tree, self._children
        visits = np.array([tree.done[child] for child in children], dtype=np.int64)
        q = np.array([tree.q[child] for child in children])
        prior = self._shares()
        return completed_q(self._root_value, prior, q, visits)
