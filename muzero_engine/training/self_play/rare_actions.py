"""Moves of self-play that nobody would choose: so that no action dies out.

A move whose prior has fallen to nothing is never searched, so never played, so never learnt of: g imagines nonsense
behind it, and its value looks bad for ever. A share of the plies (`SelfPlaySettings.rare_share`) plays a legal action
that is drawn as likely as it has been played rarely, and the roots' priors get an even share
(`SearchSettings.even_prior_share`), so that it is searched as well. (AlphaZero's noise at the root does the second by
chance: Silver et al. 2018.)
"""

from __future__ import annotations

import torch
from torch import Tensor


class RareActions:
    """How often each action was played in some slots, and what is played instead of what the search chose."""

    def __init__(self, actions: int, share: float, device: torch.device) -> None:
        self._share = share
        self.played = torch.zeros(actions, dtype=torch.float32, device=device)

    def choose(self, action: Tensor, legal: Tensor, generator: torch.Generator) -> Tensor:
        """Return int64[B]: `action`, or in a share of the rows another of the `legal` ones, bool[B, A]; count them.

        That is drawn with probability in proportion to 1 / (1 + times played). Rows without a legal action keep
        `action` and are not counted.
        """
        alive = legal.any(dim=1)
        chance = torch.rand(len(action), generator=generator, device=action.device)
        weight = torch.where(legal, 1.0 / (1.0 + self.played), 0.0)
        rare = (weight / torch.empty_like(weight).exponential_(generator=generator)).argmax(dim=1)  # waits for nothing
        chosen = torch.where(alive & (chance < self._share), rare, action)
        self.played.index_add_(0, chosen, alive.float())
        return chosen
