"""The loss of a batch: h once, g unrolled, f on every state (Schrittwieser et al. 2020, appendix G).

Weights and scales:

- Every term is a sum over the positions that have a target, divided by the batch size M (not by how many have one): a
  position weighs the same whatever else is in its batch, and the mean over ranks is the loss of their batches together.
- Terms of unrolled steps weigh 1/U, those of step 0 weigh 1.
- Consistency and decoder look at one unrolled step of each position, drawn at random, and its term weighs 1: on average
  the gradient of all U steps, for one call of h on as many positions as the batch has.
- The gradient that flows back through a call of g into the state it was given is halved; the heads of that state are
  not. A hook on the state would halve both.

Past the end of a game there are no targets: that the game is over is said by the outcome of the move that ended it.

What value and reward are, and so their losses, says `network.returns.ReturnModel`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.network.blocks import shared_filters
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.returns import RewardLoss, ValueLoss
from muzero_engine.training.config import LearnerSettings
from muzero_engine.training.learner.heads import TrainingHeads
from muzero_engine.training.report.step_metrics import STEP_METRICS, Metric
from muzero_engine.training.types import Batch

STATE_GRADIENT = 0.5  # Schrittwieser et al. 2020, appendix G
SOFT_EXPONENT = 0.25  # KataGo, "Auxiliary soft policy target": target ** (1 / 4), normalised

LossWeights = tuple[tuple[Metric, float], ...]


class BatchLoss(NamedTuple):
    """What the learner needs of a batch; sums and counts are those of `StepMetrics` and have no gradient."""

    total: Tensor  # float32[]
    sums: Tensor  # float32[len(STEP_METRICS), U + 1]
    counts: Tensor  # float32[len(STEP_METRICS), U + 1]


class MuZeroLoss(nn.Module):
    """The network and the training heads as one module from a batch to its loss.

    Called under `mixed_precision`, convolutions run in bfloat16 on a GPU; everything from the logits on is float32.
    """

    def __init__(self, network: MuZeroNetwork, settings: LearnerSettings) -> None:
        super().__init__()
        self.network = network
        self.heads = TrainingHeads(network.config, settings).to(next(network.parameters()).device)
        self._weights = loss_weights(settings)

    def forward(self, batch: Batch) -> BatchLoss:
        positions, unroll_steps = batch.action.shape
        terms = LossTerms(positions, unroll_steps, batch.action.device, batch.weight)
        with shared_filters(self.network):
            self._add_terms(batch, terms)
        return terms.loss(self._weights)

    def _add_terms(self, batch: Batch, terms: LossTerms) -> None:
        network, heads = self.network, self.heads
        unroll_steps = batch.action.shape[1]
        state = network.represent(batch.observation)
        states, rewards = [state], []
        for step in range(unroll_steps):
            state, reward = network.dynamics(half_gradient(state), batch.action[:, step])
            states.append(state)
            rewards.append(reward)
        every = torch.cat(states)  # float[(U + 1) * M, C, H, W], step by step: the heads run once
        prediction = network.predict(every)
        actions, probs = batch.target_actions.transpose(0, 1), batch.target_probs.transpose(0, 1)
        has_policy, alive = batch.has_policy.t(), batch.alive.t()
        terms.policy(split(prediction.policy_logits.float(), unroll_steps + 1), actions, probs, has_policy)
        value_logits = split(prediction.value_logits.float(), unroll_steps + 1)
        terms.value(network.returns.value_loss(value_logits, batch.value.transpose(0, 1)), batch.has_value.t())
        if unroll_steps:
            outcome = network.returns.reward_loss(torch.stack(rewards).float(), batch.outcome.transpose(0, 1))
            terms.reward(outcome, batch.has_outcome.t())
        if network.ownership is not None and batch.ownership is not None:
            ownership = network.predict_ownership(states[0])
            assert ownership is not None
            errors = (ownership - batch.ownership).square().mean(dim=(1, 2))
            has_ownership = alive[:1] if batch.has_ownership is None else batch.has_ownership[None]
            terms.add(Metric.OWNERSHIP, errors[None], has_ownership)
        if heads.soft_policy is not None:
            log_probs = split(heads.soft_policy(every).float().log_softmax(dim=1), unroll_steps + 1)
            terms.add(Metric.SOFT_POLICY, sparse_cross_entropy(log_probs, actions, softened(probs)), has_policy)
        if heads.short_value is not None and batch.short_value is not None:
            values = split(heads.short_value(every), unroll_steps + 1)
            errors = (values - batch.short_value.transpose(0, 1)).square().mean(dim=2)
            terms.add(Metric.SHORT_VALUE, errors, batch.has_value.t())
        if heads.consistency is None and heads.decoder is None:
            return
        drawn, seen = _later(batch)
        chosen = drawn == torch.arange(1, unroll_steps + 1, device=drawn.device).unsqueeze(1)  # bool[U, M]
        imagined = (split(every, unroll_steps + 1)[1:] * chosen[..., None, None, None]).sum(dim=0)  # what g has there
        if heads.consistency is not None:
            with torch.no_grad():
                target = network.represent(seen)
            terms.add_drawn(Metric.CONSISTENCY, heads.consistency(imagined, target), chosen & alive[1:])
        if heads.decoder is not None:
            logits = heads.decoder(torch.cat([states[0], imagined])).float()
            frames = torch.cat([batch.observation, seen])[:, : logits.shape[1]].float()
            errors = F.binary_cross_entropy_with_logits(logits, frames, reduction="none").mean(dim=(1, 2, 3))
            now, later = split(errors, 2)
            terms.add(Metric.DECODER, now[None], alive[:1])
            terms.add_drawn(Metric.DECODER, later, chosen & alive[1:])


class LossTerms:
    """Collects the terms of a batch of M positions and U steps. Rows of terms are unroll steps: [steps, M].

    The loss is that of positions with their `weight`, float32[M]; what is counted is without it.
    """

    def __init__(self, positions: int, unroll_steps: int, device: torch.device, weight: Tensor | None = None) -> None:
        self._positions = positions
        self._weight = weight
        self._unroll_steps = unroll_steps
        self._nothing = torch.zeros(unroll_steps + 1, device=device)
        self._sums: dict[Metric, Tensor] = {}
        self._counts: dict[Metric, Tensor] = {}
        self._weighted: dict[Metric, Tensor] = {}  # sums for the loss
        self._drawn: set[Metric] = set()

    def add(self, metric: Metric, terms: Tensor, mask: Tensor, *, first: int = 0) -> None:
        """Add terms float32[n, M] of unroll steps `first` to `first + n - 1`, counted where `mask` bool[n, M] is."""
        padding = (first, self._unroll_steps + 1 - first - terms.shape[0])
        sums = F.pad(torch.where(mask, terms, 0.0).sum(dim=1), padding)
        counts = F.pad(mask.sum(dim=1, dtype=torch.float32), padding)
        self._sums[metric] = self._sums.get(metric, self._nothing) + sums
        self._counts[metric] = self._counts.get(metric, self._nothing) + counts
        if self._weight is not None:
            weighted = F.pad(torch.where(mask, terms * self._weight, 0.0).sum(dim=1), padding)
            self._weighted[metric] = self._weighted.get(metric, self._nothing) + weighted

    def add_drawn(self, metric: Metric, terms: Tensor, mask: Tensor) -> None:
        """Add terms float32[M] of one unrolled step of each position: the one, if any, that `mask` bool[U, M] has."""
        self.add(metric, terms.expand(mask.shape), mask, first=1)
        self._drawn.add(metric)

    def policy(self, logits: Tensor, actions: Tensor, probs: Tensor, mask: Tensor) -> None:
        """Add the policy's terms: logits float32[U + 1, M, A]; targets int64[U + 1, M, T], float32[U + 1, M, T]."""
        log_probs = logits.log_softmax(dim=2)
        loss = sparse_cross_entropy(log_probs, actions, probs)
        self.add(Metric.POLICY, loss, mask)
        with torch.no_grad():
            entropy = -torch.special.xlogy(probs, probs).sum(dim=2)
            self.add(Metric.TARGET_ENTROPY, entropy, mask)
            self.add(Metric.POLICY_DIVERGENCE, loss - entropy, mask)
            self.add(Metric.POLICY_ENTROPY, -(log_probs.exp() * log_probs).sum(dim=2), mask)

    def value(self, value: ValueLoss, mask: Tensor) -> None:
        """Add the value's terms float32[U + 1, M]."""
        self.add(Metric.VALUE, value.loss, mask)
        self.add(Metric.VALUE_ERROR, value.error, mask)

    def reward(self, reward: RewardLoss, mask: Tensor) -> None:
        """Add the terms [U, M] of the moves into steps 1 to U."""
        self.add(Metric.OUTCOME, reward.loss, mask, first=1)
        self.add(Metric.REWARD_ERROR, reward.error, mask, first=1)
        self.add(Metric.ENDS_FOUND, reward.found.float(), mask & reward.ended, first=1)
        self.add(Metric.FALSE_ENDS, reward.called.float(), mask & ~reward.ended, first=1)

    def loss(self, weights: LossWeights) -> BatchLoss:
        """Return the weighted sum of the losses, and everything that was counted."""
        total = self._nothing.sum()
        descended = self._sums if self._weight is None else self._weighted
        for metric, weight in weights:
            sums = descended.get(metric, self._nothing)
            steps = 1 if metric in self._drawn else max(self._unroll_steps, 1)  # that a term stands among
            total = total + weight * (sums[0] + sums[1:].sum() / steps) / self._positions
        sums = torch.stack([self._sums.get(metric, self._nothing) for metric in STEP_METRICS])
        counts = torch.stack([self._counts.get(metric, self._nothing) for metric in STEP_METRICS])
        return BatchLoss(total, sums.detach(), counts)


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return the context that networks learn in: bfloat16 where a GPU computes convolutions, nothing on a CPU.

    It is entered around what is compiled, never inside: PyTorch's cache of compiled graphs takes none that enters it.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def loss_weights(settings: LearnerSettings) -> LossWeights:
    """Return the losses that are descended, each with its weight."""
    return (
        (Metric.POLICY, settings.policy_weight),
        (Metric.VALUE, settings.value_weight),
        (Metric.OUTCOME, settings.outcome_weight),
        (Metric.OWNERSHIP, settings.ownership_weight),
        (Metric.CONSISTENCY, settings.consistency_weight),
        (Metric.DECODER, settings.decoder_weight),
        (Metric.SOFT_POLICY, settings.soft_policy_weight),
        (Metric.SHORT_VALUE, settings.short_value_weight),
    )


def split(x: Tensor, outer: int) -> Tensor:
    """Return [outer * n, ...] as [outer, n, ...]."""
    return x.reshape(outer, -1, *x.shape[1:])


def half_gradient(state: Tensor) -> Tensor:
    """Return the same numbers, with half the gradient."""
    return torch.lerp(state.detach(), state, STATE_GRADIENT)


def sparse_cross_entropy(log_probs: Tensor, actions: Tensor, probs: Tensor) -> Tensor:
    """Return float32[..., M]: -sum p log q, q float32[..., M, A], over actions int64[..., M, T] (-1: padding)."""
    stored = log_probs.gather(-1, actions.clamp_min(0))
    return -torch.where(actions >= 0, probs * stored, 0.0).sum(dim=-1)


def softened(probs: Tensor) -> Tensor:
    """Return targets float32[..., T] to the power 1/4, normalised; zeros stay zero."""
    power = probs.clamp_min(0.0) ** SOFT_EXPONENT
    return power / power.sum(dim=-1, keepdim=True).clamp_min(1e-6)


def _later(batch: Batch) -> tuple[Tensor, Tensor]:
    if batch.later_step is None or batch.later_observation is None:
        raise ValueError("the batch lacks the later observation that the consistency loss and the decoder compare with")
    return batch.later_step, batch.later_observation
