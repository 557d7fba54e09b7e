"""The trees of the batched search as tensors, and what is done to them, in plain torch.

Below, B games, A actions, N = simulations + 1 nodes a game (0: the root; 0 where a child stands for "none yet"), and
W children a node: the K of highest prior below the root, at the root the m candidates of sequential halving. What is
known of an edge is kept at the node it leads to: visits[b, n] is N(s, a), q[b, n] is Q(s, a) = r + discount * v(s')
(mover of s). Children stand in the order of their actions, so that a tie falls to the lower action, as in mctx.

Softmaxes and v_mix need no prior of the children that were dropped: the first is over the kept children, in the second
the normaliser cancels.

In games values, rewards and Q are in [-1, 1] and discounts in [-1, 0]. In environments the first have no bounds,
discounts are in [0, 1], and selection rescales the Q of a node's actions to [0, 1] (`SelectionSettings.rescale`).

Three pieces of this program pick a child. `search/` plans for one position on the CPU in numpy, where single trees must
be quick and stop at any moment; `TorchKernels` here plans for thousands of games at once in torch, is the reference and
what a CPU runs; `triton_kernels` does the same on a GPU without waiting for the host. Held together by
tests/training/search: test_batched.py (this against mctx and against `search.scoring`), test_triton_kernels.py.
Formulas: [GZ] Danihelka et al. 2022, "Policy improvement by planning with Gumbel".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

MIN_PRIOR = torch.finfo(torch.float32).tiny  # a visited child's weight in v_mix never vanishes (as in mctx)


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a simulation ends: the edge (parent, action) and the node it leads to. Overwritten by each simulation."""

    parent: Tensor  # int64[B]
    action: Tensor  # int64[B]
    leaf: Tensor  # int64[B]; an older node only where the depth bound ended the walk
    latent: Tensor  # int64[B], parent * B + game: the row of the parent's latent


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The trees of B games."""

    child: Tensor  # int32[B, N, W], 0: not visited
    action: Tensor  # int32[B, N, W]
    logit: Tensor  # float32[B, N, W] prior logits, -inf in slots that hold no action
    parent: Tensor  # int32[B, N]
    visits: Tensor  # int32[B, N], of the root: 1 + those of its children
    raw_value: Tensor  # float32[B, N], the network's value of the node, its mover's view
    mean: Tensor  # float32[B, N], mean over the node's own value and the returns of its simulations
    reward: Tensor  # float32[B, N], of the move into the node, its mover's view
    discount: Tensor  # float32[B, N], of the move into the node
    q: Tensor  # float32[B, N], reward + discount * mean
    root_score: Tensor  # float32[B, W], Gumbel noise + logit of the root's candidates, -inf where there is none
    considered: Tensor  # int32[B], number of candidates: the row of the schedule
    passed_over: Tensor  # int32[B], number of the root's legal actions that are no candidates
    schedule: Tensor  # int32[m + 1, simulations], see `halving_schedule`
    selection: Selection

    @classmethod
    def empty(cls, batch: int, width: int, schedule: Tensor) -> SearchTree:
        """Return trees on the device of `schedule`, to be filled from the root on (`plant`)."""
        device = schedule.device
        nodes = schedule.shape[1] + 1

        def ints(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int32, device=device)

        def floats(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.float32, device=device)

        longs = [torch.zeros(batch, dtype=torch.int64, device=device) for _ in range(4)]
        return cls(
            child=ints(batch, nodes, width),
            action=ints(batch, nodes, width),
            logit=torch.full((batch, nodes, width), -torch.inf, device=device),
            parent=ints(batch, nodes),
            visits=ints(batch, nodes),
            raw_value=floats(batch, nodes),
            mean=floats(batch, nodes),
            reward=floats(batch, nodes),
            discount=floats(batch, nodes),
            q=floats(batch, nodes),
            root_score=floats(batch, width),
            considered=ints(batch),
            passed_over=ints(batch),
            schedule=schedule,
            selection=Selection(*longs),
        )

    @property
    def batch(self) -> int:
        return self.child.shape[0]

    @property
    def nodes(self) -> int:
        return self.child.shape[1]

    @property
    def width(self) -> int:
        return self.child.shape[2]

    def plant(self, action: Tensor, logit: Tensor, score: Tensor, legal: Tensor, value: Tensor) -> None:
        """Start new trees from roots with candidates `action` int[B, m], their logits and scores, float32[B, m]
        (-inf: no candidate), the number of legal actions int[B], and the network's value float32[B]."""
        candidates = action.shape[1]
        self.child.zero_()
        self.visits.zero_()
        self.visits[:, 0] = 1
        self.action[:, 0, :candidates] = action
        self.logit[:, 0].fill_(-torch.inf)
        self.logit[:, 0, :candidates] = logit
        self.root_score.fill_(-torch.inf)
        self.root_score[:, :candidates] = score
        self.considered.copy_(legal.clamp_max(candidates))
        self.passed_over.copy_((legal - candidates).clamp_min(0))
        self.raw_value[:, 0] = value
        self.mean[:, 0] = value


class SelectionSettings(NamedTuple):
    """The settings that selection needs."""

    depth: int  # deepest leaf in plies
    c_visit: float
    c_scale: float
    rescale: bool = False  # whether sigma is of completed Q brought to [0, 1] by the least and greatest of the node
    min_range: float = 1e-8  # between these: a smaller one counts as this, see `least_range`


class TreeKernels(Protocol):
    """The operations of one simulation; each writes to the tree alone."""

    def select(self, tree: SearchTree, simulation: int, settings: SelectionSettings) -> None:
        """Walk from the root to an edge not yet visited (or to the depth settings) and note it in `tree.selection`.

        A new leaf becomes node `simulation` + 1 and the child of its parent.
        """
        ...

    def expand(self, tree: SearchTree, logits: Tensor, children: int) -> None:
        """Give the selected leaves their `children` actions of highest logit, from float[B, A]."""
        ...

    def backup(self, tree: SearchTree, reward: Tensor, discount: Tensor, value: Tensor) -> None:
        """Note the network's answer for the selected leaves, float32[B] each, and carry it to the root."""
        ...

    def top(self, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Return the `count` highest of each row of float[B, A]: float32[B, count], int64[B, count], by rising index.

        Of equal values the lower index goes first. Rows hold no NaN.
        """
        ...


class TorchKernels:
    """The reference. On a GPU it waits for the host at every ply, so no CUDA graph can hold it."""

    def select(self, tree: SearchTree, simulation: int, settings: SelectionSettings) -> None:
        games = torch.arange(tree.batch, device=tree.child.device)
        parent, slot = torch.zeros_like(games), torch.zeros_like(games)
        rows, node = games, torch.zeros_like(games)
        choice = self._root_slot(tree, simulation, settings)
        depth = 1
        while True:
            parent[rows], slot[rows] = node, choice
            child = tree.child[rows, node, choice].long()
            deeper = child > 0
            rows, node = rows[deeper], child[deeper]
            if depth >= settings.depth or not len(rows):
                break
            depth += 1
            choice = self._interior_slot(tree, rows, node, settings)
        visited = tree.child[games, parent, slot].long()
        leaf = torch.where(visited > 0, visited, simulation + 1)
        tree.child[games, parent, slot] = leaf.int()
        tree.parent[games, leaf] = parent.int()
        tree.selection.parent.copy_(parent)
        tree.selection.action.copy_(tree.action[games, parent, slot])
        tree.selection.leaf.copy_(leaf)
        tree.selection.latent.copy_(parent * tree.batch + games)

    def _root_slot(self, tree: SearchTree, simulation: int, settings: SelectionSettings) -> Tensor:
        """Return int64[B]: sequential halving as in mctx, the best of the candidates with the visits that are due."""
        games = torch.arange(tree.batch, device=tree.child.device)
        visits, q = children_statistics(tree, games, torch.zeros_like(games))
        mixed = mixed_value(tree.raw_value[:, 0], tree.logit[:, 0], q, visits)[:, None]
        completed = torch.where(visits > 0, q, mixed)
        if settings.rescale:
            least, extent = root_range(tree, completed, mixed, settings.min_range)
            completed = (completed - least) / extent
        score = tree.root_score + sigma(completed, visits, settings)
        due = tree.schedule[tree.considered.long(), simulation]
        return torch.where(visits == due[:, None], score, -torch.inf).argmax(dim=1)

    def _interior_slot(self, tree: SearchTree, rows: Tensor, node: Tensor, settings: SelectionSettings) -> Tensor:
        """Return int64[rows]: argmax of pi' - N(b) / (1 + sum N); [GZ] section 5."""
        logit = tree.logit[rows, node]
        visits, q = children_statistics(tree, rows, node)
        mixed = mixed_value(tree.raw_value[rows, node], logit, q, visits)[:, None]
        completed = torch.where(visits > 0, q, mixed)
        if settings.rescale:
            least, greatest = bounds(completed, logit > -torch.inf)
            completed = (completed - least) / torch.maximum(greatest - least, least_range(mixed, settings.min_range))
        improved = (logit + sigma(completed, visits, settings)).softmax(dim=1)
        return (improved - visits / (1 + visits.sum(dim=1, keepdim=True))).argmax(dim=1)

    def expand(self, tree: SearchTree, logits: Tensor, children: int) -> None:
        games = torch.arange(tree.batch, device=tree.child.device)
        values, actions = self.top(logits, children)
        leaf = tree.selection.leaf
        tree.logit[games, leaf, :children] = values
        tree.action[games, leaf, :children] = actions.int()

    def backup(self, tree: SearchTree, reward: Tensor, discount: Tensor, value: Tensor) -> None:
        rows = torch.arange(tree.batch, device=tree.child.device)
        node = tree.selection.leaf.clone()
        tree.reward[rows, node] = reward
        tree.discount[rows, node] = discount
        tree.raw_value[rows, node] = value
        tree.mean[rows, node] = value
        tree.visits[rows, node] += 1
        returns = value
        while len(rows):
            reward, discount = tree.reward[rows, node], tree.discount[rows, node]
            tree.q[rows, node] = reward + discount * tree.mean[rows, node]
            returns = reward + discount * returns
            node = tree.parent[rows, node].long()
            count = tree.visits[rows, node]
            tree.mean[rows, node] = (tree.mean[rows, node] * count + returns) / (count + 1)
            tree.visits[rows, node] = count + 1
            inner = node > 0
            rows, node, returns = rows[inner], node[inner], returns[inner]

    def top(self, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
        values = values.float()
        if count == values.shape[1]:
            return values, torch.arange(count, device=values.device).expand(len(values), count)
        last = values.topk(count, dim=1).values[:, -1:]
        above, level = values > last, values == last
        spare = count - above.sum(dim=1, keepdim=True)
        indices = (above | (level & (level.cumsum(dim=1) <= spare))).nonzero()[:, 1].view(-1, count)
        return values.gather(1, indices), indices


def children_statistics(tree: SearchTree, rows: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
    """Return (visits int32[rows, W], Q float32[rows, W], 0 where not visited) of the children of one node a row."""
    child = tree.child[rows, node].long()
    seen = child > 0
    visits = tree.visits[rows[:, None], child] * seen
    return visits, tree.q[rows[:, None], child] * seen


def mixed_value(value: Tensor, logits: Tensor, q: Tensor, visits: Tensor) -> Tensor:
    """Return float32[B]: v_mix, [GZ] appendix D, equation 33, of the network's values float32[B] and float32[B, W]."""
    weight = (logits - logits.amax(dim=1, keepdim=True)).exp().clamp_min(MIN_PRIOR) * (visits > 0)
    total = visits.sum(dim=1)
    average = (weight * q).sum(dim=1) / weight.sum(dim=1).clamp_min(MIN_PRIOR)
    return (value + total * average) / (1 + total)


def bounds(completed: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Return (least, greatest), float32[B, 1] each, of the completed Q float32[B, W] of slots that hold an action,
    `real` bool[B, W]."""
    least = torch.where(real, completed, torch.inf).amin(dim=1, keepdim=True)
    return least, torch.where(real, completed, -torch.inf).amax(dim=1, keepdim=True)


def least_range(value: Tensor, steps: float) -> Tensor:
    """Return what a smaller range of Q around values counts as, of their shape; see `search.scoring.least_range`."""
    return 2.0 * steps * (value.abs() + 1.0).sqrt()


def root_range(tree: SearchTree, completed: Tensor, mixed: Tensor, min_range: float) -> tuple[Tensor, Tensor]:
    """Return (least, extent), float32[B, 1] each, of the completed Q of all legal actions of the roots.

    `completed` float32[B, W] is that of the candidates, `mixed` float32[B, 1] is v_mix, that of the actions passed
    over. The extent is at least `least_range`.
    """
    least, greatest = bounds(completed, tree.root_score > -torch.inf)
    others = (tree.passed_over > 0)[:, None]
    least = torch.where(others, torch.minimum(least, mixed), least)
    greatest = torch.where(others, torch.maximum(greatest, mixed), greatest)
    return least, torch.maximum(greatest - least, least_range(mixed, min_range))


def sigma(completed: Tensor, visits: Tensor, settings: SelectionSettings) -> Tensor:
    """Return float32[B, W]: (c_visit + max_b N(b)) * c_scale * Q; [GZ] equation 8."""
    return (settings.c_visit + visits.amax(dim=1, keepdim=True)) * settings.c_scale * completed
