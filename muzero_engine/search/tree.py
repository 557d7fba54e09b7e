"""The tree as parallel lists, one entry a node; node 0 is the root.

A node stands for the edge that leads to it and for the state behind the edge. Lists, not numpy arrays: the search reads
single entries, which takes a list 13 ns and a numpy array 60 ns or more. Children are created in the order of their
prior, so the only unvisited child that selection has to look at is the next one.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable

ROOT = 0
NO_SLOT = -1
FREE = -2  # `parent` of a node on the free list
_CERTAIN_END = 0.01  # a discount nearer to 0: the model is sure that the edge ends the game, nothing lies behind it
NODE_BYTES = 1400  # of one node with 32 children, with some room: 1000 were measured in a tree of a million nodes


class Tree:
    """See the field comments for the point of view of each number. Not thread-safe.

    Ranges are those of games. In environments values and rewards have any size, discounts are in [0, 1], `draw` is 0.
    """

    def __init__(self) -> None:
        self.parent: list[int] = []  # -1 for the root
        self.action: list[int] = []  # in the frame of the parent's mover
        self.prior: list[float] = []  # P(s, a) of the edge, [0, 1]
        self.visits: list[int] = []  # simulations started through the edge
        self.done: list[int] = []  # simulations backed up; visits - done are in flight
        self.value: list[float] = []  # mean return from the state on, view of the state's own mover, [-1, 1]
        self.q: list[float] = []  # reward + discount * value, view of the parent's mover, [-1, 1]
        self.draw: list[float] = []  # mean probability of a draw from the edge on, [0, 1]
        self.reward: list[float] = []  # of the edge, view of the parent's mover
        self.discount: list[float] = []  # of the edge, [-1, 0]
        self.reward_draw: list[float] = []  # of the edge: probability that it ends the game in a draw
        self.actions: list[array[int]] = []  # of the children, prior descending; empty until evaluated
        self.priors: list[array[float]] = []  # of the children, the same order, sum 1
        self.kids: list[list[int]] = []  # children created so far, a prefix of `actions` (all of them at the root)
        self.seen_prior: list[float] = []  # sum of the priors of `kids` (not kept up at the root)
        self.slot: list[int] = []  # of the latent in the pool, or NO_SLOT
        self.stamp: list[int] = []  # visits when the eviction sweep last passed
        self.unit = 1.0  # half of the range of Q, which pUCT takes exploration and first-play urgency relative to
        self._free: list[int] = []

    def __len__(self) -> int:
        """Return how many nodes are in use."""
        return len(self.parent) - len(self._free)

    def new(self, parent: int, action: int, prior: float, q: float) -> int:
        """Add a node without an evaluation; `q` is what selection takes it for until then."""
        if self._free:
            node = self._free.pop()
            self.parent[node] = parent
            self.action[node] = action
            self.prior[node] = prior
            self.q[node] = q
            return node
        self.parent.append(parent)
        self.action.append(action)
        self.prior.append(prior)
        self.visits.append(0)
        self.done.append(0)
        self.value.append(0.0)
        self.q.append(q)
        self.draw.append(0.0)
        self.reward.append(0.0)
        self.discount.append(-1.0)
        self.reward_draw.append(0.0)
        self.actions.append(_NO_ACTIONS)
        self.priors.append(_NO_PRIORS)
        self.kids.append([])
        self.seen_prior.append(0.0)
        self.slot.append(NO_SLOT)
        self.stamp.append(0)
        return len(self.parent) - 1

    def new_child(self, node: int, q: float) -> int:
        """Add the next child of a node in the order of priors; there must be one."""
        kids = self.kids[node]
        prior = self.priors[node][len(kids)]
        kid = self.new(node, self.actions[node][len(kids)], prior, q)
        kids.append(kid)
        self.seen_prior[node] += prior
        return kid

    def free(self, node: int) -> None:
        """Give a childless node back; its latent's slot must have been released."""
        self.parent[node] = FREE
        self.visits[node] = 0
        self.done[node] = 0
        self.value[node] = 0.0
        self.draw[node] = 0.0
        self.reward[node] = 0.0
        self.discount[node] = -1.0
        self.reward_draw[node] = 0.0
        self.actions[node] = _NO_ACTIONS
        self.priors[node] = _NO_PRIORS
        self.kids[node] = []
        self.seen_prior[node] = 0.0
        self.slot[node] = NO_SLOT
        self.stamp[node] = 0
        self._free.append(node)

    def descend(
        self, path: list[int], factors: list[float], fpu_reduction: float, make_room: Callable[[], bool]
    ) -> None:
        """Go on with `path`, which ends in a child of the root, to a leaf, and count the visits below that child.

        The last node is then new, in flight (a collision) or an end of the game that the model is sure of. The child of
        highest pUCT is taken ([MZ] equation 2, Q halved or rescaled), created if it is the next unvisited one and
        `make_room` says that there is room for it. `factors` are those of `scoring.Exploration`, by the visits of the
        parent.
        """
        visits, done, discount, q, prior = self.visits, self.done, self.discount, self.q, self.prior
        unit = self.unit
        fpu_reduction *= unit
        node = path[-1]
        while done[node] and (discount[node] < -_CERTAIN_END or discount[node] > _CERTAIN_END):
            kids = self.kids[node]
            scale = factors[visits[node] - 1] * unit  # without the visit under way
            best, best_score = -1, -1e30
            for kid in kids:
                score = q[kid] + scale * prior[kid] / (1 + visits[kid])
                if score > best_score:
                    best, best_score = kid, score
            priors, opened = self.priors[node], len(kids)
            if opened < len(priors):
                first_play = self.value[node] - fpu_reduction * math.sqrt(self.seen_prior[node])
                if first_play + scale * priors[opened] > best_score and (make_room() or best < 0):
                    best = self.new_child(node, first_play)
            node = best
            path.append(node)
            visits[node] += 1

    def withdraw(self, path: list[int]) -> None:
        """Take the visits back that a descent counted along `path`."""
        visits = self.visits
        for node in path:
            visits[node] -= 1

    def set_edge(self, node: int, reward: float, discount: float, reward_draw: float) -> None:
        """Say what the model knows of the edge to a node, in the units of the fields."""
        self.reward[node] = reward
        self.discount[node] = discount
        self.reward_draw[node] = reward_draw

    def backup(self, path: list[int], value: float, draw: float) -> float:
        """Add one simulation along `path` (root first) and return its edge value at path[1], root mover's view.

        `value` and `draw` are those of the last state, its own mover's view: G = reward + discount * G' (a discount of
        -(1 - p_end) turns the view at every ply).
        """
        done, values, draws, q = self.done, self.value, self.draw, self.q
        edge = 0.0
        for node in reversed(path):
            count = done[node] + 1
            done[node] = count
            mean = values[node]
            mean += (value - mean) / count
            values[node] = mean
            reward = self.reward[node]
            discount = self.discount[node]
            q[node] = reward + discount * mean
            draw = self.reward_draw[node] - discount * draw
            draws[node] += (draw - draws[node]) / count
            edge = value
            value = reward + discount * value
        return edge


_NO_ACTIONS: array[int] = array("i")
_NO_PRIORS: array[float] = array("f")
