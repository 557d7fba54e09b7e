"""What the engine tells about a search. Actions are those of the root position; values the root mover's view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from muzero_engine.search.scoring import softmax
from muzero_engine.search.search import Branch, RankedActions


@dataclass(frozen=True, slots=True)
class RootMove:
    """One root move. Its `pv` begins with the move, is legal by the rules and never goes past the end of the game."""

    action: int
    visits: int
    value: float  # Q in [-1, 1]; without visits the network's value of the root
    draw: float  # of the same, [0, 1], never more than 1 - |value|
    prior: float  # [0, 1], over the legal moves
    lcb: float  # lower confidence bound of `value`, in [-1, 1]
    pv: tuple[int, ...]  # each action in the frame of the player to move at that ply
    ends: float | None = None  # exact value if the move ends the game by the rules (+1, 0, -1), or a mate is proven
    pv_visits: tuple[int, ...] = ()  # simulations through each move of `pv`
    mate_plies: int | None = None  # up to the mate that a solver proved, `pv`, this move included; None: no such proof

    @property
    def wdl(self) -> tuple[float, float, float]:
        """Return the probabilities of win, draw and loss; they sum to 1."""
        win = (1.0 - self.draw + self.value) / 2.0
        return win, self.draw, 1.0 - self.draw - win


@dataclass(frozen=True, slots=True)
class TreePicture:
    """The tree of a search as it is shown."""

    branches: tuple[Branch, ...]  # the nodes that were visited most, each after its parent
    rankings: tuple[RankedActions, ...]  # of sequential halving, in turn


@dataclass(frozen=True, slots=True)
class SearchInfo:
    """A moment of a search: at least one move whenever the position has a legal one."""

    moves: tuple[RootMove, ...]  # every allowed root move, best first (the first is what would be played now)
    nodes: int  # simulations so far
    elapsed_ms: float
    depth: int  # grows monotonically within a search, at least 1
    seldepth: int  # deepest leaf so far
    hashfull: int  # per mille of the tree's memory in use
    value: float  # of the root, mover's view, in [-1, 1]: `Search.expectation`, or a higher one of a move that ends it
    network_value: float  # of the root, mover's view, in [-1, 1], before any search
    ownership: npt.NDArray[np.float32] | None  # float32[H, W] in [-1, 1], +1 = the mover's; games that have it
    tree: TreePicture | None = None  # where it was asked for
    network_draw: float = 0.0  # of the root, [0, 1], never more than 1 - |network_value|
    policy_logits: npt.NDArray[np.float32] | None = None  # of the network at the root, float32[A]

    def network_policy(self, actions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the network's policy over these actions of the root, float64[n], before any search and whatever the
        options make of it; even where there is no network."""
        if self.policy_logits is None:
            return np.full(len(actions), 1.0 / len(actions))
        return softmax(self.policy_logits[actions].astype(np.float64))

    @property
    def nps(self) -> int:
        """Return the simulations per second."""
        return round(1000.0 * self.nodes / max(self.elapsed_ms, 1.0))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The end of a search. `action` is None where the position has no legal move."""

    action: int | None
    ponder: int | None  # the expected reply, legal and not ending the game; frame of the opponent
    info: SearchInfo
    declare_win: bool = False  # the game may be won by declaration instead (shogi)
    resign: bool = False  # the options' resign threshold was met for the set number of turns
