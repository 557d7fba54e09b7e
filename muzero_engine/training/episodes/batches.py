"""Batches of episodes: rows with the U steps after each, what was seen then, and the targets.

Past the end of an episode there are no targets: that it is over is said by the step that terminated it. The last
observation of a truncated episode has those of its search.
"""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.training.episodes.observations import shifted, stacked
from muzero_engine.training.episodes.ring import EpisodeRing, sequences_from
from muzero_engine.training.episodes.targets import value_targets
from muzero_engine.training.types import Batch


def episode_batch(
    ring: EpisodeRing,
    place: Tensor,
    *,
    spec: EnvironmentSpec,
    unroll_steps: int,
    discount: float,
    n_step: int,
    later_observation: bool,
    shift: int = 0,
    generator: torch.Generator,
    dtype: torch.dtype,
    weight: Tensor | None = None,
    result: Tensor | None = None,
) -> Batch:
    """Return the batch of the rows at place int64[M], none of which is the last of its episode.

    With `later_observation` it also has the observation of one of the steps after each, drawn at random. Images are
    moved by up to `shift` points (`observations.shifted`). `weight` and `result` are float32[M] of the batch; without
    `result` it is not known.
    """

    def seen(places: Tensor) -> Tensor:
        observed = observations_at(ring, places, spec, dtype)
        return shifted(observed, shift, generator) if shift and spec.kind is ObservationKind.IMAGE else observed

    device, rows = place.device, ring.rows
    steps = sequences_from(ring, place, unroll_steps + 1 + n_step)
    here = steps.places[:, : unroll_steps + 1]
    last, terminated = rows.last[here], rows.terminated[here]
    before = last.cumsum(dim=1) - last.long()  # last rows before each step
    in_episode = (before == 0) & steps.there[:, : unroll_steps + 1]
    alive = in_episode & ~(last & terminated)
    acts = (in_episode & ~last)[:, :-1]
    noise = torch.randint(spec.actions, acts.shape, generator=generator, device=device)
    target_actions = torch.where(alive.unsqueeze(2), rows.target_actions[here].long(), -1)
    probs = torch.where(target_actions >= 0, rows.target_probs[here].float(), 0.0)
    later_step = later = None
    if later_observation:
        later_step = torch.randint(1, unroll_steps + 1, (len(place),), generator=generator, device=device)
        there = here.gather(1, later_step.unsqueeze(1)).squeeze(1)
        later = seen(there)
    outcome = torch.stack([rows.reward[here], (terminated & ~last).float()], dim=2)[:, :-1]
    value = value_targets(ring, steps, discount=discount, n_step=n_step)
    return Batch(
        shape=spec.board,
        observation=seen(place),
        later_step=later_step,
        later_observation=later,
        action=torch.where(acts, rows.action[here[:, :-1]].long(), noise),
        target_actions=target_actions,
        target_probs=probs / probs.sum(dim=2, keepdim=True).clamp(min=1e-6),
        has_policy=target_actions[:, :, 0] >= 0,
        value=(value * alive).unsqueeze(2),
        has_value=alive,
        outcome=outcome * acts.unsqueeze(2),
        has_outcome=acts,
        alive=alive,
        result=torch.full((len(place),), torch.nan, device=device) if result is None else result,
        ownership=None,
        weight=weight,
    )


def observations_at(ring: EpisodeRing, place: Tensor, spec: EnvironmentSpec, dtype: torch.dtype) -> Tensor:
    """Return what the network sees of the rows at place int64[M], see `observations.stacked`."""
    back = torch.arange(spec.stack, device=place.device)
    slot, row = place // ring.length, place % ring.length
    places = (slot * ring.length).unsqueeze(1) + (row.unsqueeze(1) - back) % ring.length
    return stacked(ring.rows.packed[places], back <= ring.rows.age[place].unsqueeze(1), spec, dtype)
