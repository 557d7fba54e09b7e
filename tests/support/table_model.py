"""A model that is a table: states with random answers and random successors, for the batched search.

Ranges are those of games; `environment_tables` are those of an environment.

Latents and observations hold the number of the state, float32[B, 1, 1, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Floats = npt.NDArray[np.float32]


class Tables(NamedTuple):
    """S states, A actions."""

    logits: Floats  # float32[S, A]
    value: Floats  # float32[S] in [-1, 1]
    following: npt.NDArray[np.int64]  # int64[S, A]
    reward: Floats  # float32[S, A] in [-1, 1]
    discount: Floats  # float32[S, A] in [-1, 0]


def random_tables(seed: int, states: int, actions: int) -> Tables:
    """Return the draws that tests/golden/mctx.npz rests on: NumPy keeps PCG64's stream and `random` for ever."""
    draw = np.random.Generator(np.random.PCG64(seed))
    goes_on = np.minimum(1.0, 1.5 * draw.random((states, actions)))
    return Tables(
        logits=(4.0 * draw.random((states, actions)) - 2.0).astype(np.float32),
        value=(1.6 * draw.random(states) - 0.8).astype(np.float32),
        following=(draw.random((states, actions)) * states).astype(np.int64),
        reward=((2.0 * draw.random((states, actions)) - 1.0) * (1.0 - goes_on)).astype(np.float32),
        discount=(-goes_on).astype(np.float32),
    )


def environment_tables(seed: int, states: int, actions: int) -> Tables:
    """Return the draws that tests/golden/mctx_rescaled.npz rests on: values of tens, discounts in [0, 0.997]."""
    tables = random_tables(seed, states, actions)
    return tables._replace(
        value=50.0 * tables.value + np.float32(30.0),
        reward=5.0 * tables.reward,
        discount=np.float32(-0.997) * tables.discount,
    )


class TableRoot(NamedTuple):
    latent: Tensor
    policy_logits: Tensor
    value: Tensor


class TableStep(NamedTuple):
    latent: Tensor
    policy_logits: Tensor
    value: Tensor
    reward: Tensor
    discount: Tensor


class TableModel:
    """A `SearchModel` that looks everything up; it counts its calls."""

    def __init__(self, tables: Tables) -> None:
        self.logits = torch.from_numpy(tables.logits)
        self.value = torch.from_numpy(tables.value)
        self.following = torch.from_numpy(tables.following)
        self.reward = torch.from_numpy(tables.reward)
        self.discount = torch.from_numpy(tables.discount)
        self.calls = 0

    def initial_inference(self, observation: Tensor) -> TableRoot:
        state = observation.flatten().long()
        return TableRoot(observation.clone(), self.logits[state], self.value[state])

    def recurrent_inference(self, latent: Tensor, action: Tensor) -> TableStep:
        self.calls += 1
        state = latent.flatten().long()
        after = self.following[state, action]
        return TableStep(
            after.float().view(-1, 1, 1, 1),
            self.logits[after],
            self.value[after],
            self.reward[state, action],
            self.discount[state, action],
        )
