"""Batches from a ring: positions with the U steps after each, history, targets, absorbing ends."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from muzero_engine.games.base import GameSpec
from muzero_engine.training.observations import observations
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import Batch


def value_target(result: Tensor, root_value: Tensor, root_value_share: float) -> Tensor:
    """float32[..., 3] (win, draw, loss) from the result int8 in {-1, 0, 1} and the root value float in [-1, 1].

    `root_value_share` of the target is the root value v. Of its distribution only the mean is known, so it takes its
    draws from how the game ended: (1 + v) / 2, 0, (1 - v) / 2 in a decided game, and v+, 1 - |v|, v- in a drawn one. So
    a game that is never drawn gets no draws from it, and one that is often drawn about as many as there are.
    """
    final = F.one_hot(1 - result.long(), 3).to(torch.float32)
    value = root_value.to(torch.float32).clamp(-1.0, 1.0)
    decided = torch.stack([(1 + value) / 2, torch.zeros_like(value), (1 - value) / 2], dim=-1)
    drawn = torch.stack([value.clamp(min=0), 1 - value.abs(), (-value).clamp(min=0)], dim=-1)
    searched = torch.where((result == 0).unsqueeze(-1), drawn, decided)
    return (1 - root_value_share) * final + root_value_share * searched


def batch_at(
    ring: Ring,
    index: Tensor,
    *,
    spec: GameSpec,
    unroll: int,
    root_value_share: float,
    later_observation: bool,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> Batch:
    """The batch of the plies with numbers int64[M], as played; `later_observation`: that of a random step, too."""
    device, positions = index.device, len(index)
    steps = torch.arange(unroll + 1, device=device)
    plies = index.unsqueeze(1) + steps  # [M, U + 1]; past the end of the game they mean another game
    rows = plies % ring.capacity
    start = rows[:, 0]
    age, left = ring.age[start].long(), ring.left[start].long()
    alive = steps < left.unsqueeze(1)
    observed = torch.zeros_like(index).unsqueeze(1)  # [M, 1 or 2]: the steps that are seen
    if later_observation:
        later = torch.randint(1, unroll + 1, (positions, 1), generator=generator, device=device)
        observed = torch.cat([observed, later], dim=1)
    back = torch.arange(spec.layout.history, device=device)
    past = (plies.gather(1, observed).unsqueeze(2) - back) % ring.capacity  # [M, observed, history], newest first
    present = alive.gather(1, observed).unsqueeze(2) & (back <= (age[:, None] + observed).unsqueeze(2))
    seen = observations(ring.packed[past.flatten(0, 1)], present.flatten(0, 1), spec, ring.shape, dtype)
    observation = seen.view(*observed.shape, *seen.shape[1:])
    target_actions = torch.where(alive.unsqueeze(2), ring.target_actions[rows].long(), -1)
    target_probs = torch.where(target_actions >= 0, ring.target_probs[rows].float(), 0.0)
    result = ring.result[rows]
    value = value_target(result, ring.root_value[rows], root_value_share) * alive.unsqueeze(2)
    last = steps[:-1] == left.unsqueeze(1) - 1  # [M, U]: move u ends the game
    by_rules = ring.by_rules[start].unsqueeze(1)
    classes = torch.where(result[:, :-1] == 0, 2, torch.where(result[:, :-1] > 0, 1, 3))
    noise = torch.randint(spec.num_actions(ring.shape), (positions, unroll), generator=generator, device=device)
    ownership = None
    if spec.ownership:
        sign = 1.0 - 2.0 * (ring.packed[start, -1] == 1).float()
        ownership = ring.ownership(start) * sign[:, None, None]
    return Batch(
        shape=ring.shape,
        observation=observation[:, 0],
        later_step=observed[:, 1] if later_observation else None,
        later_observation=observation[:, 1] if later_observation else None,
        action=torch.where(alive[:, :-1], ring.action[rows[:, :-1]].long(), noise),
        target_actions=target_actions,
        target_probs=target_probs / target_probs.sum(dim=2, keepdim=True).clamp(min=1e-6),
        has_policy=target_actions[:, :, 0] >= 0,
        value=value,
        has_value=alive,
        outcome=torch.where(last & by_rules, classes, 0),
        has_outcome=alive[:, :-1] & (by_rules | ~last),
        alive=alive,
        ownership=ownership,
        has_ownership=ring.by_rules[start] if spec.ownership else None,
    )
