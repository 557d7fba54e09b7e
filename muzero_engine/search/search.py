"""Single-root anytime search inside a learned model.

    search = Search(model, config)
    search.start(observation, legal_actions, ending)
    while not enough: search.step(budget)
    search.root_moves()

The rules appear at the root alone: its legal actions, and the exact value of those that end the game. Everything below
is imagined by the model. One `step` collects leaves (in-flight visits keep them apart), evaluates them in one call of
the model and backs them up, so a caller that looks at the clock between steps obeys `stop` within one evaluation.

Two more pieces of this program pick a child: `training.search.tree` (thousands of games at once, in torch) and
`training.search.triton_kernels` (the same on a GPU). They are others because here one tree must be quick, grow without
a known budget and stop at any moment. They also play by another rule: this search, with which everything that is
shipped plays and is matched, takes the child of highest pUCT below the root, whatever `RootPolicy` says of the root
itself; the batched search is full Gumbel MuZero below the root too, and with it self-play, reanalysis and the
evaluation inside training, whose results are therefore those of the network under another search. The formulas of both
are held together by tests/training/search/test_batched.py (`test_formulas_are_those_of_the_engines_search`).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heappush

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.model import Model, RecurrentOutput
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.memory import TreeMemory
from muzero_engine.search.root import GumbelRoot, PuctRoot, Root
from muzero_engine.search.scoring import Exploration, least_range, lower_confidence_bound, softmax
from muzero_engine.search.tree import NO_SLOT, ROOT, Tree


@dataclass(frozen=True, slots=True)
class RootChild:
    """One root action after a search; values are the root mover's view. Ranges are those of games (`Tree`).

    Of an action that no simulation went through nothing is known but the root: `q` and `draw` are the network's of it.
    """

    action: int
    node: int  # for `Search.children`
    visits: int
    q: float  # [-1, 1]
    draw: float  # [0, 1]
    prior: float  # [0, 1]
    lcb: float  # [-1, 1]
    ends: float | None  # exact value where the action ends the game by the rules, or is proven to lead there


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree as it is shown. Values are the view of who plays the action."""

    parent: int  # place of the parent among the branches, -1 for the root
    action: int  # in the frame of who plays it; below the root it need not be legal
    prior: float  # [0, 1]
    visits: int
    q: float  # [-1, 1]


@dataclass(frozen=True, slots=True)
class RankedActions:
    """A moment at which sequential halving ranked root actions: the first `left` of them go on."""

    simulations: int  # of the search so far
    actions: tuple[int, ...]  # best first
    left: int


class Search:
    """One search at a time; `start` begins another in the same memory. One thread calls it."""

    def __init__(self, model: Model, config: SearchConfig) -> None:
        self._model = model
        self._config = config
        self._tree = Tree()
        self._memory = TreeMemory(config.memory_mb, config.batch_size, model.latent_levels)
        self._square_sums: dict[int, float] = {}  # of edge values, root children only
        self._ends: dict[int, float] = {}  # root child -> exact value
        self._root: Root | None = None  # deals with the other root children; None where there are none
        self._make_room = partial(self._memory.make_room, self._tree)
        self._exploration = Exploration(config.c1, config.c2)
        self._least_q = self._greatest_q = 0.0  # of the tree, the network's value of the root included
        self.seldepth = 0
        self.root_value = 0.0  # of the network
        self.root_draw = 0.0  # of the network, [0, 1]
        self.policy_logits = np.zeros(0, dtype=np.float32)  # of the network at the root, float32[A]
        self.ownership: Floats | None = None

    @property
    def simulations(self) -> int:
        """Return the simulations backed up since `start`."""
        return self._tree.done[ROOT] - 1 if len(self._tree) else 0

    @property
    def value(self) -> float:
        """Return the mean return at the root, mover's view."""
        return self._tree.value[ROOT]

    def expectation(self) -> tuple[float, float]:
        """Return what the mover may expect at the root as (return, the same where a draw is worth 0), by the moves that
        do not end the game, where there are any (`Root.expectation`)."""
        if self._root is None:
            value, draw = self._tree.value[ROOT], self._tree.draw[ROOT]
        else:
            value, draw = self._root.expectation()
        return value, self.as_result(value, draw)

    @property
    def root_result(self) -> float:
        """Return the network's value of the root where a draw is worth 0."""
        return self.as_result(self.root_value, self.root_draw)

    def as_result(self, value: float, draw: float) -> float:
        """Return a value of the root mover's view where a draw is worth 0, whatever the search counts it as."""
        return max(-1.0, min(1.0, value - self._config.draw_value * draw))

    @property
    def hashfull(self) -> int:
        """Return how much of the node memory is in use, per mille."""
        return 1000 * len(self._tree) // self._memory.max_nodes

    def start(self, observation: Floats, legal_actions: Ints, ending: dict[int, float]) -> None:
        """Begin a search: one initial inference.

        `observation` is float32[planes, H, W]; `legal_actions` int64[n], n >= 1, the ones to consider; `ending` the
        exact values (root mover's view) of those that end the game.
        """
        root = self._model.initial_inference(observation[None])
        config = self._config
        tree = self._tree = Tree()
        self._memory.clear(root.latent.shape[1:])
        self._make_room = partial(self._memory.make_room, tree)
        self.seldepth = 0
        self.root_draw = float(root.draw[0])
        self.root_value = self.utility(float(root.value[0]), self.root_draw)
        self._least_q = self._greatest_q = self.root_value
        self.ownership = None if root.ownership is None else root.ownership[0]
        self.policy_logits = root.policy_logits[0]
        logits = self.policy_logits[legal_actions].astype(np.float64)
        priors = softmax(logits, config.policy_temperature * config.root_widening)
        scores = np.log(np.maximum(priors, 1e-12))
        if config.gumbel_scale > 0.0:
            scores += config.gumbel_scale * np.random.default_rng(config.seed).gumbel(size=len(scores))
        gumbel = config.root_policy is RootPolicy.GUMBEL
        order = np.lexsort((legal_actions, -(scores if gumbel else priors)))
        tree.new(-1, -1, 1.0, 0.0)
        tree.slot[ROOT] = self._memory.pool.put(root.latent)[0]
        tree.visits[ROOT] = 1
        tree.backup([ROOT], self.root_value, self.root_draw)
        tree.actions[ROOT] = array("i", legal_actions[order].tolist())
        tree.priors[ROOT] = array("f", priors[order].tolist())
        first_play = self.root_value - config.fpu_reduction
        tree.kids[ROOT] = [
            tree.new(ROOT, a, p, first_play) for a, p in zip(tree.actions[ROOT], tree.priors[ROOT], strict=True)
        ]
        self._ends = {kid: ending[tree.action[kid]] for kid in tree.kids[ROOT] if tree.action[kid] in ending}
        self._square_sums = dict.fromkeys(tree.kids[ROOT], 0.0)
        for kid, value in self._ends.items():
            tree.q[kid] = self._exact_utility(value)
        searched = [kid for kid in tree.kids[ROOT] if kid not in self._ends]
        if not searched:
            self._root = None
        elif gumbel:
            chosen = order[[kid - 1 for kid in searched]]
            network = self.root_value, self.root_draw
            self._root = GumbelRoot(tree, searched, scores[chosen].tolist(), logits[chosen].tolist(), network, config)
        else:
            self._root = PuctRoot(tree, searched, self._exploration, config.fpu_reduction)

    def prove(self, action: int, value: float) -> None:
        """Take the exact value (+1, 0, -1, root mover's view) of a root action as known from now on.

        It ends the game, so to speak, and gets no more simulations. Nothing happens where its value is known already.
        """
        kid = next(kid for kid in self._tree.kids[ROOT] if self._tree.action[kid] == action)
        if kid in self._ends:
            return
        self._ends[kid] = value
        self._tree.q[kid] = self._exact_utility(value)
        if len(self._ends) == len(self._tree.kids[ROOT]):
            self._root = None
        else:
            assert self._root is not None
            self._root.remove(kid)

    def utility(self, value: float, draw: float, side: float = 1.0) -> float:
        """Return a value with draws counted as `draw_value` says; `side` is +1 where the root's mover is to move."""
        if self._config.rescale:
            return value
        return max(-1.0, min(1.0, value + side * self._config.draw_value * draw))

    def _exact_utility(self, value: float) -> float:
        return self._config.draw_value if value == 0.0 else value

    # -- simulations ---------------------------------------------------------------------------------------------

    def step(self, budget: int) -> int:
        """Run up to `budget` >= 1 simulations, at most one batch; return how many were backed up (at least one)."""
        tree, ends, batch_size = self._tree, self._ends, self._config.batch_size
        done, visits = tree.done, tree.visits
        paths: list[list[int]] = []
        collisions: list[list[int]] = []
        before, finished = done[ROOT], 0
        while len(paths) < min(batch_size, budget - finished) and len(collisions) <= batch_size:
            if finished >= min(budget, batch_size if paths else 4 * batch_size):  # leaves in flight may change the rest
                break
            path = self._descend()
            if path is None:  # the root waits for the leaves in flight
                if paths:
                    break
                continue
            leaf = path[-1]
            if done[leaf] or leaf in ends:
                self._backup_known(path)
                finished = done[ROOT] - before
            elif visits[leaf] > 1:
                collisions.append(path)
            else:
                paths.append(path)
        for path in collisions:
            tree.withdraw(path)
        if paths:
            self._evaluate(paths)
        return done[ROOT] - before

    def _backup_known(self, path: list[int]) -> None:
        """Back up a path whose end needs no model: the rules or the model say that the game is over there."""
        leaf = path[-1]
        ends = self._ends.get(leaf)
        if ends is None:
            self._record(path, self._tree.value[leaf], 0.0)
        else:
            self._record(path, -self._exact_utility(ends), float(ends == 0.0))

    def _record(self, path: list[int], value: float, draw: float) -> None:
        edge = self._tree.backup(path, value, draw)
        self._square_sums[path[1]] += edge * edge
        if self._config.rescale:
            self._widen_range(path)
        if len(path) > self.seldepth + 1:
            self.seldepth = len(path) - 1

    def _widen_range(self, path: list[int]) -> None:
        """Let the range of the tree's Q hold those along a path; [MZ] equation 5. The network's value of the root is in
        it from the start, as in the pseudocode there."""
        q = self._tree.q
        along = [q[node] for node in path[1:]]
        self._least_q = min(self._least_q, min(along))
        self._greatest_q = max(self._greatest_q, max(along))
        if self._greatest_q > self._least_q:
            narrowest = least_range(self._tree.value[ROOT], self._config.min_range)
            self._tree.unit = max(self._greatest_q - self._least_q, narrowest) / 2

    def _descend(self) -> list[int] | None:
        """Return a path from the root to a leaf, visits counted (`Tree.descend` says what it may end in), or None where
        the root waits for the leaves in flight."""
        child = self._select_root()
        if child is None:
            return None
        tree = self._tree
        visits = tree.visits
        path = [ROOT, child]
        visits[ROOT] += 1
        visits[child] += 1
        if child not in self._ends:
            factors = self._exploration.up_to(visits[child])
            tree.descend(path, factors, self._config.fpu_reduction, self._make_room)
        return path

    def _select_root(self) -> int | None:
        """Return the root child to simulate, see `Root`; one that ends the game only where there are no others."""
        if self._root is None:
            return max(self._ends, key=self._tree.q.__getitem__)
        return self._root.select()

    # -- evaluation ----------------------------------------------------------------------------------------------

    def _evaluate(self, paths: list[list[int]]) -> None:
        tree, memory = self._tree, self._memory
        parents = [path[-2] for path in paths]
        for parent in parents:
            if tree.slot[parent] == NO_SLOT:
                self._restore_latent(parent, keep=parents)
        memory.reserve_latents(tree, len(paths), keep=parents)
        latents = memory.pool.get([tree.slot[parent] for parent in parents])
        actions = np.array([tree.action[path[-1]] for path in paths], dtype=np.int64)
        out = self._model.recurrent_inference(latents, actions)
        self._expand([path[-1] for path in paths], out)
        rewards, discounts = out.reward.tolist(), out.discount.tolist()
        reward_draws, values, draws = out.reward_draw.tolist(), out.value.tolist(), out.draw.tolist()
        contempt = self._config.draw_value != 0.0
        for i, path in enumerate(paths):
            leaf = path[-1]
            reward, value = rewards[i], values[i]
            if contempt:
                side = 1.0 if len(path) % 2 else -1.0
                value = self.utility(value, draws[i], side)
                reward = self.utility(reward, reward_draws[i], -side)
            tree.set_edge(leaf, reward, discounts[i], reward_draws[i])
            self._record(path, value, draws[i])

    def _expand(self, leaves: list[int], out: RecurrentOutput) -> None:
        """Store latents and children: priors are the softmax over the actions that the model names."""
        tree = self._tree
        odds = out.top_logits - out.top_logits[:, :1]
        if self._config.policy_temperature != 1.0:
            odds /= np.float32(self._config.policy_temperature)
        np.exp(odds, out=odds)
        odds /= odds.sum(axis=1, keepdims=True)
        width = 4 * odds.shape[1]
        actions, priors = out.top_actions.astype(np.int32).tobytes(), odds.tobytes()
        start = 0
        for leaf, slot in zip(leaves, self._memory.pool.put(out.latent), strict=True):
            tree.slot[leaf] = slot
            tree.actions[leaf] = array("i", actions[start : start + width])
            tree.priors[leaf] = array("f", priors[start : start + width])
            start += width

    def _restore_latent(self, node: int, keep: Sequence[int]) -> None:
        """Compute a dropped latent again, from the nearest ancestor that still has one (the root always has)."""
        tree, memory = self._tree, self._memory
        chain = [node]
        while tree.slot[tree.parent[chain[-1]]] == NO_SLOT:
            chain.append(tree.parent[chain[-1]])
        latent = memory.pool.get([tree.slot[tree.parent[chain[-1]]]])
        for below in reversed(chain):
            latent = self._model.recurrent_inference(latent, np.array([tree.action[below]], dtype=np.int64)).latent
            memory.reserve_latents(tree, 1, keep)
            tree.slot[below] = memory.pool.put(latent)[0]  # those on the way too: what comes back comes back below them

    # -- results ---------------------------------------------------------------------------------------------------

    def root_moves(self) -> list[RootChild]:
        """Return every root action, best first: as the root policy ranks them, and an action that ends the game before
        the first one whose Q is lower than its exact value."""
        q = self._tree.q
        order = [] if self._root is None else self._root.ranked()
        for kid in sorted(self._ends, key=q.__getitem__):
            place = next(
                (i for i, other in enumerate(order) if q[kid] > q[other] or self._ends[kid] == 1.0), len(order)
            )
            order.insert(place, kid)
        return [self._root_child(kid) for kid in order]

    def _root_child(self, kid: int) -> RootChild:
        tree = self._tree
        done = tree.done[kid]
        ends = self._ends.get(kid)
        if ends is not None:
            exact = self._exact_utility(ends)
            return RootChild(tree.action[kid], kid, done, exact, float(ends == 0.0), tree.prior[kid], exact, ends)
        q, draw = (tree.q[kid], tree.draw[kid]) if done else (self.root_value, self.root_draw)
        least = min(self._least_q, q) if self._config.rescale else -1.0
        square = self._square_sums[kid] / done if done else 0.0
        lcb = lower_confidence_bound(q, square, done, least=least, unit=tree.unit)
        return RootChild(tree.action[kid], kid, done, q, draw, tree.prior[kid], lcb, None)

    def children(self, node: int) -> list[tuple[int, int]]:
        """Return (action, node) of a node's visited children, most visited first, then by prior."""
        tree = self._tree
        kids = [kid for kid in tree.kids[node] if tree.done[kid]]
        return [(tree.action[kid], kid) for kid in sorted(kids, key=lambda kid: -tree.done[kid])]

    def branches(self, most: int) -> list[Branch]:
        """Return the `most` nodes that were visited most, each after its parent."""
        tree = self._tree
        branches: list[Branch] = []
        waiting = [(-tree.done[kid], kid, -1) for kid in tree.kids[ROOT] if tree.done[kid]]
        heapify(waiting)
        while waiting and len(branches) < most:
            visits, node, parent = heappop(waiting)
            for kid in tree.kids[node]:
                if tree.done[kid]:
                    heappush(waiting, (-tree.done[kid], kid, len(branches)))
            branches.append(Branch(parent, tree.action[node], tree.prior[node], -visits, tree.q[node]))
        return branches

    def rankings(self) -> list[RankedActions]:
        """Return how sequential halving ranked root actions, in turn; nothing with another root policy."""
        if not isinstance(self._root, GumbelRoot):
            return []
        action = self._tree.action
        return [
            RankedActions(one.simulations, tuple(action[node] for node in one.nodes), one.left)
            for one in self._root.rankings
        ]

    def reward(self, node: int) -> float:
        """Return what the model expects of the edge to a node that was simulated, view of who plays it."""
        return self._tree.reward[node]

    def visits(self, node: int) -> int:
        """Return how many simulations went through a node that `children` or `root_moves` named."""
        return self._tree.done[node]

    def visit_lead(self) -> int:
        """Return by how many visits the most visited root action leads the next one, of those whose value is open."""
        tree = self._tree
        done = sorted((tree.done[kid] for kid in tree.kids[ROOT] if kid not in self._ends), reverse=True)
        return sum(done[:1]) - sum(done[1:2])

    def line_length(self) -> int:
        """Return how many plies the most visited line from the root has."""
        tree = self._tree
        length, node = 0, ROOT
        while kids := tree.kids[node]:
            node = max(kids, key=tree.done.__getitem__)
            if not tree.done[node]:
                break
            length += 1
        return length
