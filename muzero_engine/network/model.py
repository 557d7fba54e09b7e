"""The MuZero network: representation h, dynamics g, prediction f (Schrittwieser et al. 2020, appendices F and G).

Every latent is in the frame of its own mover. g therefore ends with the game's fixed turn of the board: what it
computes in the frame of the player who moves becomes the frame of the player who moves next, so that g(h(o[t]), a[t])
and h(o[t+1]) can be compared point by point. (Which channels mean "mine" and "theirs" g learns to exchange by itself.)

In games the stem of g does not add the latent back, as some MuZero networks do: the next mover's frame exchanges "mine"
and "theirs", so that the identity is no useful start. In environments it does.

What value and reward are says `returns` (`network.returns.ReturnModel`).
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
from muzero_engine.network.heads import OwnershipHead, policy_head, scalar_head
from muzero_engine.network.returns import return_model
from muzero_engine.network.stems import representation_stem

ACTION_INIT = 4.0  # filters of actions in g's stem start so much larger: one point among hundreds of activations


class Prediction(NamedTuple):
    """f(s), from the mover's point of view."""

    policy_logits: Tensor  # float[B, A], illegal actions not masked
    value_logits: Tensor  # float[B, ReturnModel.value_outputs]; in games win, draw, loss


class InitialTensors(NamedTuple):
    """f(h(o)); the decoded fields are those of `muzero_engine.model.InitialOutput`, float32."""

    latent: Tensor  # float[B, C, H, W] in [0, 1]
    policy_logits: Tensor  # float[B, A]
    value_logits: Tensor  # float[B, ReturnModel.value_outputs]
    value: Tensor  # float32[B], in games in [-1, 1]
    draw: Tensor  # float32[B] in [0, 1]
    ownership: Tensor | None  # float32[B, H, W] in [-1, 1], + for the mover


class RecurrentTensors(NamedTuple):
    """f(g(s, a)); the decoded fields are those of `muzero_engine.model.RecurrentOutput`, float32."""

    latent: Tensor  # float[B, C, H, W] in [0, 1], frame of the next mover
    reward_logits: Tensor  # float[B, ReturnModel.reward_outputs]; in games goes on, mover of s wins, draw, loses
    reward: Tensor  # float32[B], in games in [-1, 1]
    discount: Tensor  # float32[B], in games in [-1, 0], in environments in [0, 1]
    reward_draw: Tensor  # float32[B] in [0, 1]
    policy_logits: Tensor  # float[B, A]
    value_logits: Tensor  # float[B, ReturnModel.value_outputs], of s', seen by the mover of s'
    value: Tensor  # float32[B], in games in [-1, 1]
    draw: Tensor  # float32[B] in [0, 1]


class MuZeroNetwork(nn.Module):
    """h, g and f of one game or environment. Size-agnostic where the configuration says so.

    `table` is the game's action table for its board; without it the registry's game of `config.game` is asked.
    """

    def __init__(self, config: NetworkConfig, table: ActionTable | None = None) -> None:
        super().__init__()
        if table is None and config.action_planes and not config.size_agnostic:
            table = load_game(config.game).action_table(config.shapes[0])
        self.config = config
        self.returns = return_model(config)
        channels, agnostic, single = config.channels, config.size_agnostic, config.shapes == ((1, 1),)
        self.representation_stem = representation_stem(config)
        self.representation_tower = Tower(channels, config.representation_blocks, size_agnostic=agnostic, single=single)
        self.action_planes = action_planes(config, table)
        self.dynamics_stem = StandardisedConv(channels + config.action_input_planes, channels, 1 if single else 3)
        self.dynamics_tower = Tower(channels, config.dynamics_blocks, size_agnostic=agnostic, single=single)
        self.reward = scalar_head(config, self.returns.reward_outputs)
        self.policy = policy_head(config)
        self.value = scalar_head(config, self.returns.value_outputs)
        self.ownership = OwnershipHead(channels, config.value_channels) if config.ownership else None
        self.returns.initialise(self.value.logits, self.reward.logits)
        with torch.no_grad():
            self.dynamics_stem.weight[:, channels:] *= ACTION_INIT

    def represent(self, observation: Tensor) -> Tensor:
        """Return h(o): the latent float[B, C, H, W] in [0, 1], mover's frame.

        Observations are float[B, planes, H, W], in environments also uint8 or bool, see `NetworkConfig.stem`.
        """
        if not observation.is_floating_point():
            observation = observation.to(self.dynamics_stem.bias.dtype)
        return bounded(self.representation_tower(F.relu(self.representation_stem(observation))))

    def dynamics(self, latent: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Return g(s, a): the next mover's latent and reward logits float[B, ReturnModel.reward_outputs].

        Actions int64[B] are in the frame of `latent`, which is s.
        """
        planes = self.action_planes(action, latent)
        x = self.dynamics_stem(torch.cat([latent, planes], dim=1))
        x = bounded(self.dynamics_tower(F.relu(x + latent if self.config.one_player else x)))
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
        return InitialTensors(latent, policy, value, *self.returns.decoded_value(value), self.predict_ownership(latent))

    def recurrent_inference(self, latent: Tensor, action: Tensor) -> RecurrentTensors:
        """Return f(g(s, a)) with its scalars decoded."""
        following, reward = self.dynamics(latent, action)
        policy, value = self.predict(following)
        returns = self.returns
        decoded = returns.decoded_reward(reward)
        return RecurrentTensors(following, reward, *decoded, policy, value, *returns.decoded_value(value))

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


def _fold(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, StandardisedConv):
            setattr(module, name, child.folded().requires_grad_(False))
        else:
            _fold(child)
