"""`ReturnModel`: what value and reward are, for a board game and for an environment. The one place where they differ.

A network, its loss and its search hold one and never ask which. `GameReturns` are the results of a game of two:
win, draw and loss. `EpisodeReturns` are sums of discounted rewards of one player, as categories on a support
(Schrittwieser et al. 2020, appendix F).

The paper decodes a distribution as h^-1 of the mean of the scaled numbers. Here each category stands for the number x
that it scales, a target lies on its two neighbours so that their mean is the target itself, and a distribution is
decoded as its mean: then the value that is learnt is the mean of the targets. The paper's is below it where returns are
random, since h is concave: of 0 and 1, each half of the time, it makes 0.457.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.network.config import NetworkConfig
from muzero_engine.returns import SCALING_EPSILON, DiscountedReturns

GOES_ON_LOGIT = 5.0  # a fresh g says that a move ends the game with probability 0.02, a step an episode with 0.007
FIRST_SLOPE, FIRST_DEPTH = 0.5, 10.0  # logits of a fresh network's categories: less by so much a step from 0, at most


class ValueLoss(NamedTuple):
    """The loss of values, and what is watched. float32[...] each, of logits float32[..., value_outputs]."""

    loss: Tensor  # cross-entropy, nats
    error: Tensor  # squared error of the decoded value; no gradient


class RewardLoss(NamedTuple):
    """The loss of rewards, and what is watched, which has no gradient. Of logits float32[..., reward_outputs]."""

    loss: Tensor  # float32[...], cross-entropy, nats
    error: Tensor  # float32[...], squared error of the decoded reward
    ended: Tensor  # bool[...]: the step was the last one
    called: Tensor  # bool[...]: the most likely is that it was
    found: Tensor  # bool[...]: where it was, what is most likely is right


class ReturnModel(Protocol):
    """What value and reward are. Q(s, a) = reward + discount * value(s'), whoever moves in s'."""

    @property
    def value_outputs(self) -> int:
        """Return how many logits f gives for the value."""
        ...

    @property
    def reward_outputs(self) -> int:
        """Return how many logits g gives for the reward."""
        ...

    @property
    def rescales(self) -> bool:
        """Return whether searches must scale Q themselves, because values have no range of their own."""
        ...

    def initialise(self, value: nn.Linear, reward: nn.Linear) -> None:
        """Give the last layers of the heads, which are zero, the biases of a fresh network."""
        ...

    def decoded_value(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return (value, draw), float32[B] each, from float[B, value_outputs]."""
        ...

    def decoded_reward(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (reward, discount, reward_draw), float32[B] each, from float[B, reward_outputs]."""
        ...

    def value_loss(self, logits: Tensor, target: Tensor) -> ValueLoss:
        """Return the loss of float32[..., value_outputs] for `Batch.value`, float32[..., 3 or 1]."""
        ...

    def reward_loss(self, logits: Tensor, target: Tensor) -> RewardLoss:
        """Return the loss of float32[..., reward_outputs] for `Batch.outcome`, int64[...] or float32[..., 2]."""
        ...


@dataclass(frozen=True, slots=True)
class GameReturns:
    """Win, draw and loss; the reward is the outcome of the move just played: goes on, its mover wins, draw, loses.

    The change of player is the sign of the discount, -(1 - p_end) in [-1, 0]. Values and rewards lie in [-1, 1].
    """

    value_outputs = 3
    reward_outputs = 4
    rescales = False

    def initialise(self, value: nn.Linear, reward: nn.Linear) -> None:
        """See `ReturnModel`: a value of 0, and the game goes on."""
        with torch.no_grad():
            reward.bias[0] = GOES_ON_LOGIT

    def decoded_value(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return (value in [-1, 1], draw in [0, 1]) from win, draw, loss logits float[B, 3]."""
        win, draw, loss = logits.float().softmax(dim=1).unbind(dim=1)
        return win - loss, draw

    def decoded_reward(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (reward, discount, reward_draw) from outcome logits float[B, 4]."""
        goes_on, win, draw, loss = logits.float().softmax(dim=1).unbind(dim=1)
        return win - loss, -goes_on, draw

    def value_loss(self, logits: Tensor, target: Tensor) -> ValueLoss:
        """See `ReturnModel`; `target` are probabilities of win, draw and loss, float32[..., 3]."""
        log_probs = logits.log_softmax(dim=-1)
        loss = -(target * log_probs).sum(dim=-1)
        with torch.no_grad():
            error = log_probs.exp() - target
            return ValueLoss(loss, (error[..., 0] - error[..., 2]).square())

    def reward_loss(self, logits: Tensor, target: Tensor) -> RewardLoss:
        """See `ReturnModel`; `target` are classes int64[...]: 0 goes on, 1 its mover wins, 2 draw, 3 loses."""
        loss = F.cross_entropy(logits.flatten(0, -2), target.flatten(), reduction="none").view_as(target)
        with torch.no_grad():
            called = logits.argmax(dim=-1)
            reward = (target == 1).float() - (target == 3).float()
            _, win, _, lost = logits.softmax(dim=-1).unbind(dim=-1)
            return RewardLoss(loss, (win - lost - reward).square(), target > 0, called > 0, called == target)


@dataclass(frozen=True, slots=True)
class EpisodeReturns:
    """Discounted returns of one player: value and reward as categories, and a logit for "this step ends the episode".

    The discount is that of the returns times 1 - P(the step ends the episode). Nothing is ever a draw.
    """

    returns: DiscountedReturns
    rescales = True

    @property
    def value_outputs(self) -> int:
        """See `ReturnModel`."""
        return self.returns.atoms

    @property
    def reward_outputs(self) -> int:
        """See `ReturnModel`: the categories, then whether the step ends the episode."""
        return self.returns.atoms + 1

    def initialise(self, value: nn.Linear, reward: nn.Linear) -> None:
        """See `ReturnModel`: value and reward are 0, most likely, and the episode goes on.

        With even categories those far from 0, as the first weights shake them, would make values of hundreds.
        """
        steps = torch.arange(-self.returns.support, self.returns.support + 1).abs()
        first = -(steps * FIRST_SLOPE).clamp(max=FIRST_DEPTH)
        with torch.no_grad():
            value.bias.copy_(first)
            reward.bias[:-1] = first
            reward.bias[-1] = -GOES_ON_LOGIT

    def decoded_value(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return (value, zeros) from float[B, atoms]; the value is the expected return."""
        value = self._mean(logits.float())
        return value, torch.zeros_like(value)

    def decoded_reward(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (expected reward, discount in [0, 1], zeros) from float[B, atoms + 1]."""
        logits = logits.float()
        reward = self._mean(logits[:, :-1])
        discount = self.returns.discount * torch.sigmoid(-logits[:, -1])
        return reward, discount, torch.zeros_like(reward)

    def value_loss(self, logits: Tensor, target: Tensor) -> ValueLoss:
        """See `ReturnModel`; `target` are returns float32[..., 1]."""
        loss = self._cross_entropy(logits, target[..., 0])
        with torch.no_grad():
            return ValueLoss(loss, (self._mean(logits) - target[..., 0]).square())

    def reward_loss(self, logits: Tensor, target: Tensor) -> RewardLoss:
        """See `ReturnModel`; `target` are rewards and whether the step ended the episode (0 or 1), float32[..., 2]."""
        reward, terminated = target.unbind(dim=-1)
        end = logits[..., -1]
        loss = self._cross_entropy(logits[..., :-1], reward)
        loss = loss + F.binary_cross_entropy_with_logits(end, terminated, reduction="none")
        with torch.no_grad():
            ended, called = terminated > 0, end > 0
            return RewardLoss(loss, (self._mean(logits[..., :-1]) - reward).square(), ended, called, called == ended)

    def _mean(self, logits: Tensor) -> Tensor:
        support = self.returns.support
        numbers = unscaled(torch.arange(-support, support + 1, device=logits.device, dtype=torch.float32))
        return (logits.softmax(dim=-1) * numbers).sum(dim=-1)

    def _cross_entropy(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return float32[...] of logits float32[..., atoms] with numbers float32[...], each on its two neighbours."""
        support = self.returns.support
        log_probs = logits.log_softmax(dim=-1)
        target = target.clamp(-self.returns.largest, self.returns.largest)
        lower = scaled(target).floor().clamp(-support, support - 1)
        below, above = unscaled(lower), unscaled(lower + 1)
        share = ((target - below) / (above - below)).clamp(0.0, 1.0)  # of the upper neighbour
        place = (lower + support).long().unsqueeze(-1)
        at_lower = log_probs.gather(-1, place).squeeze(-1)
        at_upper = log_probs.gather(-1, place + 1).squeeze(-1)
        return -((1.0 - share) * at_lower + share * at_upper)


def scaled(x: Tensor) -> Tensor:
    """Return h(x) = sign(x)(sqrt(|x| + 1) - 1) + 0.001 x (Schrittwieser et al. 2020, appendix F)."""
    size = x.abs()
    return x.sign() * size / ((size + 1.0).sqrt() + 1.0) + SCALING_EPSILON * x


def unscaled(x: Tensor) -> Tensor:
    """Return h^-1(x). The paper's formula without its difference of close numbers: (sqrt(1 + u) - 1) / (2 epsilon)."""
    size = x.abs() + 1.0 + SCALING_EPSILON
    root = 2.0 * size / ((1.0 + 4.0 * SCALING_EPSILON * size).sqrt() + 1.0)
    return x.sign() * (root.square() - 1.0)


def return_model(config: NetworkConfig) -> ReturnModel:
    """Return what value and reward are for a network of this configuration."""
    return GameReturns() if config.returns is None else EpisodeReturns(config.returns)
