"""The model as the search sees it: numpy in, numpy out; every value in the mover's frame.

`initial_inference` is f(h(o)), `recurrent_inference` is f(g(s, a)) (Schrittwieser et al. 2020, appendix B). Scalars are
decoded by the model; the discount carries the change of player: `Q(s, a) = reward + discount * value(s')` with
`discount = -(1 - p_end)`, so that values never need another sign. Ranges are those of board games; in environments
rewards and values are any numbers, the discount lies in [0, 1], and nothing is a draw.

What the two give has one name in each form: `InitialOutput` and `RecurrentOutput` here (numpy, decoded, what an engine
plays with), `InitialTensors` and `RecurrentTensors` in `network.model` (torch, with the logits that are learnt), and
`InitialEstimate` and `RecurrentEstimate` in `training.search.batched` for the part of those that its search reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from muzero_engine.arrays import Floats, Ints

TOP = 32  # actions that a state in the tree gets at most: all that the search ever looks at


@dataclass(frozen=True, slots=True)
class InitialOutput:
    """f(h(o)) for a batch of B observations."""

    latent: Floats  # float32[B, C, H, W], bounded (min-max normalised to [0, 1])
    policy_logits: Floats  # float32[B, A], unnormalised, illegal actions not masked
    value: Floats  # float32[B] in [-1, 1], expected result for the mover
    draw: Floats  # float32[B] in [0, 1], probability of a draw
    ownership: Floats | None = None  # float32[B, H, W] in [-1, 1], +1 = the mover's (Go only)


@dataclass(frozen=True, slots=True)
class RecurrentOutput:
    """f(g(s, a)) for a batch of B edges. `value` and `draw` are of s', seen by the mover of s'."""

    latent: Floats  # float32[B, C, H, W] of s', in the frame of the mover of s'
    reward: Floats  # float32[B] in [-1, 1]: P(the mover of s wins by a) - P(loses by a)
    discount: Floats  # float32[B] in [-1, 0]: -(1 - P(a ends the game))
    reward_draw: Floats  # float32[B] in [0, 1]: P(a ends the game in a draw)
    top_actions: Ints  # int64[B, K], the K = min(TOP, A) actions of highest policy logit, descending
    top_logits: Floats  # float32[B, K], unnormalised; nothing says which actions are legal
    value: Floats  # float32[B] in [-1, 1]
    draw: Floats  # float32[B] in [0, 1]


def top_policy(policy_logits: Floats) -> tuple[Ints, Floats]:
    """Return `top_actions` and `top_logits` of float32[B, A], for models that do not choose them in their graph."""
    total = policy_logits.shape[1]
    count = min(TOP, total)
    chosen = np.argpartition(policy_logits, total - count, axis=1)[:, total - count :]
    chosen.sort(axis=1)  # equal logits keep the order of their actions
    top = np.take_along_axis(policy_logits, chosen, axis=1)
    order = np.argsort(-top, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1), np.take_along_axis(top, order, axis=1)


class Model(Protocol):
    """Blocks while it computes; called from one thread at a time; the caller owns what it gets."""

    @property
    def latent_levels(self) -> int:
        """Return n, 1 to 255, where g rounds the latents that it is given to multiples of 1 / n; else 0."""
        ...

    def initial_inference(self, observation: Floats) -> InitialOutput:
        """Return f(h(o)); `observation` is float32[B, planes, H, W], of images uint8."""
        ...

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """Return f(g(s, a)); `latent` is float32[B, C, H, W], `action` int64[B] in the frame of its mover."""
        ...
