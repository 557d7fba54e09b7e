"""The MuZero network: representation h, dynamics g, prediction f (Schrittwieser et al. 2020, appendices F and G).

Every latent is in the frame of its own mover. g therefore ends with the game's fixed turn of the board: what it
computes in the frame of the player who moves becomes the frame of the player who moves next, so that g(h(o[t]), a[t])
and h(o[t+1]) can be compared point by point. (Which channels mean "mine" and "theirs" g learns to exchange by itself.)

The stem of g does not add the latent back, as some MuZero networks do: the next mover's frame exchanges "mine" and
"theirs", so that the identity is no useful start.
"""

from __future__ import annotations

import copy
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.games.base import ActionTable, Turn
from muzero_engine.games.registry import load_game
from muzero_engine.network.actions import action_planes
from muzero_engine.network.blocks import StandardisedConv, Tower, bounded
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.heads import OwnershipHead, PolicyHead, PooledHead

ACTION_INIT = 4.0  # filters of actions in g's stem start so much larger: one point among hundreds of activations
GOES_ON_LOGIT = 5.0  # a fresh g says that a move ends the game with probability 0.02


class Prediction(NamedTuple):
    """f(s), from the mover's point of view."""

    policy_logits: Tensor  # float[B, A], illegal actions not masked
    value_logits: Tensor  # float[B, 3]: win, draw, loss


class InitialTensors(NamedTuple):
    """f(h(o)); the decoded fields are those of `muzero_engine.model.InitialOutput`, float32."""

    latent: Tensor  # float[B, C, H, W] in [0, 1]
    policy_logits: Tensor  # float[B, A]
    value_logits: Tensor  # float[B, 3]: win, draw, loss
    value: Tensor  # float32[B] in [-1, 1]
    draw: Tensor  # float32[B] in [0, 1]
    ownership: Tensor | None  # float32[B, H, W] in [-1, 1], + for the mover


class RecurrentTensors(NamedTuple):
    """f(g(s, a)); the decoded fields are those of `muzero_engine.model.RecurrentOutput`, float32."""

    latent: Tensor  # float[B, C, H, W] in [0, 1], frame of the next mover
    outcome_logits: Tensor  # float[B, 4]: goes on, mover of s wins, draw, mover of s loses
    reward: Tensor  # float32[B] in [-1, 1]
    discount: Tensor  # float32[B] in [-1, 0]
    reward_draw: Tensor  # float32[B] in [0, 1]
    policy_logits: Tensor  # float[B, A]
    value_logits: Tensor  # float[B, 3], of s', seen by the mover of s'
    value: Tensor  # float32[B] in [-1, 1]
    draw: Tensor  # float32[B] in [0, 1]


class MuZeroNetwork(nn.Module):
    """h, g and f of one game. Size-agnostic where the configuration says so.

    `table` is the game's action table for its board; without it the registry's game of `config.game` is asked.
    """

    def __init__(self, config: NetworkConfig, table: ActionTable | None = None) -> None:
        super().__init__()
        if table is None and not config.size_agnostic:
            table = load_game(config.game).action_table(config.shapes[0])
        self.config = config
        channels, agnostic = config.channels, config.size_agnostic
        width, hidden = config.value_channels, config.value_hidden
        self.representation_stem = StandardisedConv(config.planes, channels, 3)
        self.representation_tower = Tower(channels, config.representation_blocks, size_agnostic=agnostic)
        self.action_planes = action_planes(config, table)
        self.dynamics_stem = StandardisedConv(channels + config.action_input_planes, channels, 3)
        self.dynamics_tower = Tower(channels, config.dynamics_blocks, size_agnostic=agnostic)
        self.reward = PooledHead(channels, width, hidden, 4, size_agnostic=agnostic)
        self.policy = PolicyHead(channels, config.action_planes, config.extra_actions, size_agnostic=agnostic)
        self.value = PooledHead(channels, width, hidden, 3, size_agnostic=agnostic)
        self.ownership = OwnershipHead(channels, width) if config.ownership else None
        with torch.no_grad():
            self.dynamics_stem.weight[:, channels:] *= ACTION_INIT
            self.reward.logits.bias[0] = GOES_ON_LOGIT

    def represent(self, observation: Tensor) -> Tensor:
        """Return h(o): from float[B, planes, H, W] the latent float[B, C, H, W] in [0, 1], mover's frame."""
        return bounded(self.representation_tower(F.relu(self.representation_stem(observation))))

    def dynamics(self, latent: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Return g(s, a): the next mover's latent and outcome logits float[B, 4].

        Actions int64[B] are in the frame of `latent`, which is s.
        """
        planes = self.action_planes(action, latent)
        x = F.relu(self.dynamics_stem(torch.cat([latent, planes], dim=1)))
        x = bounded(self.dynamics_tower(x))
        return turned(x, self.config.turn), self.reward(x)

    def predict(self, latent: Tensor) -> Prediction:
        """Return f(s)."""
        return Prediction(self.policy(latent), self.value(latent))

    def predict_ownership(self, latent: Tensor) -> Tensor | None:
        """Return float[B, H, W] in [-1, 1], + for the mover; None where the game has no such head."""
        return None if self.ownership is None else torch.tanh(self.ownership(latent).float())

    def initial_inference(self, observation: Tensor) -> InitialTensors:
        """Return f(h(o)) with its scalars decoded."""
        latent = self.represent(observation)
        policy, value = self.predict(latent)
        return InitialTensors(latent, policy, value, *decoded_value(value), self.predict_ownership(latent))

    def recurrent_inference(self, latent: Tensor, action: Tensor) -> RecurrentTensors:
        """Return f(g(s, a)) with its scalars decoded."""
        following, outcome = self.dynamics(latent, action)
        policy, value = self.predict(following)
        return RecurrentTensors(following, outcome, *decoded_outcome(outcome), policy, value, *decoded_value(value))

    def folded(self) -> Self:
        """Return a copy for inference alone: every standardised convolution is a plain one that computes the same."""
        result = copy.deepcopy(self).eval().requires_grad_(False)
        _fold(result)
        return result


def turned(x: Tensor, turn: Turn) -> Tensor:
    """Return float[B, C, H, W] seen from the other player's side; the function is its own inverse."""
    match turn:
        case Turn.NONE:
            return x
        case Turn.MIRROR:
            return x.flip(2)
        case Turn.ROTATE:
            return x.flip(2, 3)


def decoded_value(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return (value float32[B] in [-1, 1], draw float32[B] in [0, 1]) from win, draw, loss logits float[B, 3]."""
    win, draw, loss = logits.float().softmax(dim=1).unbind(dim=1)
    return win - loss, draw


def decoded_outcome(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (reward, discount, reward_draw), float32[B] each, from the outcome logits float[B, 4] of g."""
    goes_on, win, draw, loss = logits.float().softmax(dim=1).unbind(dim=1)
    return win - loss, -goes_on, draw


def _fold(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, StandardisedConv):
            setattr(module, name, child.folded().requires_grad_(False))
        else:
            _fold(child)
