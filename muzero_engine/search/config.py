"""Parameters of the search, with the values of the papers as defaults."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class RootPolicy(enum.Enum):
    """How simulations are shared out among the root's moves."""

    PUCT = "puct"
    GUMBEL = "gumbel"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """Q is in [-1, 1] for games; pUCT halves it, so that c1 and c2 keep the meaning they have for [0, 1].

    With `rescale` returns have any size, as in environments, and there are no draws: pUCT takes Q relative to the least
    and greatest of the tree ([MZ] equation 5), sigma relative to those of the root's actions.
    """

    root_policy: RootPolicy = RootPolicy.GUMBEL
    c1: float = 0.7  # of equation 2 in Schrittwieser et al. 2020, appendix B (1.25 there; BENCHMARKS.md says why)
    c2: float = 19652.0  # the same, as there
    fpu_reduction: float = 0.2  # in Q; first-play urgency is V(parent) - fpu_reduction * sqrt(visited prior)
    policy_temperature: float = 1.0
    root_widening: float = 1.0  # times the temperature at the root: more moves get simulations
    c_visit: float = 50.0  # Danihelka et al. 2022, section 3.4
    c_scale: float = 1.0  # for Q in [-1, 1]; 0.1 for Q that is rescaled (as in mctx)
    considered_actions: int = 16  # m of sequential halving (ibid., section 5); training: `SearchSettings.considered`
    reconsider: bool = False  # each round of halving chooses its m among all moves again, not among the first m
    batch_size: int = 8  # leaves evaluated at once
    draw_value: float = 0.0  # what a draw is worth to the root's mover, in [-1, 1]
    memory_mb: int = 256  # bound of the whole tree, latents included
    seed: int = 0
    gumbel_scale: float = 0.0  # root noise; 0: deterministic
    rescale: bool = False
    min_range: float = 1e-8  # with `rescale`: a smaller range of Q counts as this (`scoring.least_range`); training:
    # `SearchSettings.min_range`

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.considered_actions < 1 or self.memory_mb < 1:
            raise ValueError("batch_size, considered_actions and memory_mb are at least 1")
        if self.policy_temperature <= 0.0 or self.root_widening <= 0.0:
            raise ValueError("policy_temperature and root_widening are positive")
        if self.min_range <= 0.0:
            raise ValueError("min_range is positive")
        if self.rescale and self.draw_value != 0.0:
            raise ValueError("there are no draws where returns are rescaled: draw_value is 0 there")
