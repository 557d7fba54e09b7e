"""Batches from a ring: positions with the U steps after each, their history and their targets.

Past the end of a game there are no targets: that it is over is said by the outcome of the move that ended it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from muzero_engine.games.base import GameSpec
from muzero_engine.training.observations import observations
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import Batch


def value_target(result: Tensor, root_value: Tensor, root_value_share: float) -> Tensor:
    """Return float32[..., 3] (win, draw, loss) from the result int8 in {-1, 0, 1} and the root value float in [-1, 1].

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
    unroll_steps: int,
    root_value_share: float,
    later_observation: bool,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> Batch:
    """Return the batch of the plies with numbers int64[M], as played.

    With `later_observation` it also has the observation of one of the steps after each, drawn at random.
    """
    places = _places(ring, index, unroll_steps)
    later_step, observation, observation_there = _observations(ring, places, spec, later_observation, generator, dtype)
    target_actions, target_probs = _policy_targets(ring, places)
    outcome, has_outcome = _outcome_targets(ring, places)
    noise = torch.randint(
        spec.num_actions(ring.shape), places.rows[:, 1:].shape, generator=generator, device=index.device
    )
    value = value_target(ring.result[places.rows], ring.root_value[places.rows], root_value_share)
    return Batch(
        shape=ring.shape,
        observation=observation,
        later_step=later_step,
        later_observation=observation_there,
        action=torch.where(places.alive[:, :-1], ring.action[places.rows[:, :-1]].long(), noise),
        target_actions=target_actions,
        target_probs=target_probs,
        has_policy=target_actions[:, :, 0] >= 0,
        value=value * places.alive.unsqueeze(2),
        has_value=places.alive,
        outcome=outcome,
        has_outcome=has_outcome,
        alive=places.alive,
        result=ring.result[places.rows[:, 0]],
        ownership=_ownership_target(ring, places) if spec.ownership else None,
        short_value=ring.short_value[places.rows].float() if ring.short_value.shape[1] else None,
        has_ownership=ring.by_rules[places.rows[:, 0]] if spec.ownership else None,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where M positions and the U steps after each stand in a ring."""

    plies: Tensor  # int64[M, U + 1], numbers in the ring; past the end of the game they are of another game
    rows: Tensor  # int64[M, U + 1], the rows of these plies
    age: Tensor  # int64[M], plies before the position in its game
    left: Tensor  # int64[M], moves from the position to the end of its game, its own included
    alive: Tensor  # bool[M, U + 1]: the game had not ended before this step


def _places(ring: Ring, index: Tensor, unroll_steps: int) -> _Places:
    steps = torch.arange(unroll_steps + 1, device=index.device)
    plies = index.unsqueeze(1) + steps
    rows = plies % ring.capacity
    age, left = ring.age[rows[:, 0]].long(), ring.left[rows[:, 0]].long()
    return _Places(plies, rows, age, left, alive=steps < left.unsqueeze(1))


def _observations(
    ring: Ring, places: _Places, spec: GameSpec, later: bool, generator: torch.Generator, dtype: torch.dtype
) -> tuple[Tensor | None, Tensor, Tensor | None]:
    """Return a random step int64[M] in 1..U and the observations dtype[M, planes, H, W] of step 0 and of that step.

    Without `later` there is no such step: the first and the last are None.
    """
    device, (positions, steps) = places.rows.device, places.rows.shape
    observed = torch.zeros((positions, 1), dtype=torch.int64, device=device)  # [M, 1 or 2]: the steps that are seen
    if later:
        drawn = torch.randint(1, steps, (positions, 1), generator=generator, device=device)
        observed = torch.cat([observed, drawn], dim=1)
    back = torch.arange(spec.layout.history, device=device)
    newest = places.plies.gather(1, observed).unsqueeze(2)
    past = (newest - back) % ring.capacity  # [M, observed, history], newest first
    in_game = back <= (places.age[:, None] + observed).unsqueeze(2)
    present = places.alive.gather(1, observed).unsqueeze(2) & in_game
    planes = observations(ring.packed[past.flatten(0, 1)], present.flatten(0, 1), spec, ring.shape, dtype)
    planes = planes.view(*observed.shape, *planes.shape[1:])
    return (observed[:, 1], planes[:, 0], planes[:, 1]) if later else (None, planes[:, 0], None)


def _policy_targets(ring: Ring, places: _Places) -> tuple[Tensor, Tensor]:
    """Return actions int64[M, U + 1, T], -1 padded, and their probabilities float32[M, U + 1, T], which sum to 1."""
    actions = torch.where(places.alive.unsqueeze(2), ring.target_actions[places.rows].long(), -1)
    probs = torch.where(actions >= 0, ring.target_probs[places.rows].float(), 0.0)
    return actions, probs / probs.sum(dim=2, keepdim=True).clamp(min=1e-6)


def _outcome_targets(ring: Ring, places: _Places) -> tuple[Tensor, Tensor]:
    """Return the class int64[M, U] of each move (0 goes on, 1 its mover wins, 2 draw, 3 loses), bool[M, U]: it counts.

    The last move of a resigned or capped game has no class, since the rules did not end the game there.
    """
    moves = torch.arange(places.rows.shape[1] - 1, device=places.rows.device)
    last = moves == places.left.unsqueeze(1) - 1
    by_rules = ring.by_rules[places.rows[:, 0]].unsqueeze(1)
    result = ring.result[places.rows[:, :-1]]
    ending = torch.where(result == 0, 2, torch.where(result > 0, 1, 3))
    return torch.where(last & by_rules, ending, 0), places.alive[:, :-1] & (by_rules | ~last)


def _ownership_target(ring: Ring, places: _Places) -> Tensor:
    """Return float32[M, H, W] in {-1, 0, 1}: whose each point is on the final board, + for the mover of step 0."""
    start = places.rows[:, 0]
    sign = 1.0 - 2.0 * (ring.packed[start, -1] == 1).float()
    return ring.ownership(start) * sign[:, None, None]
