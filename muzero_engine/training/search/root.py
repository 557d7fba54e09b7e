"""The root of the batched search: who is considered, in which order, and what the search says in the end.

The tree keeps statistics of the m candidates only; the improved policy, completed Q and v_mix here are over all legal
actions. Formulas: [GZ] Danihelka et al. 2022, "Policy improvement by planning with Gumbel".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from muzero_engine.training.search.tree import (
    SearchTree,
    SelectionSettings,
    TreeKernels,
    children_statistics,
    mixed_value,
    root_range,
    sigma,
)
from muzero_engine.training.types import SearchOutput


def halving_schedule(candidates: int, simulations: int) -> list[list[int]]:
    """Return int[candidates + 1][simulations]: row n is the schedule when n actions are considered.

    It says how often the candidate of each simulation has been visited before it. The candidate is then the best of
    those with so many visits.

    Sequential halving ([GZ] algorithm 2) in mctx's form, whose rounding is kept: phases of
    max(1, simulations / (ceil(log2 n) * left)) visits to each of those left, of whom half (at least two) go on.
    """
    return [_visits_in_turn(considered, simulations) for considered in range(candidates + 1)]


def _visits_in_turn(considered: int, simulations: int) -> list[int]:
    if considered <= 1:
        return list(range(simulations))
    phases = math.ceil(math.log2(considered))
    sequence: list[int] = []
    visits = 0
    left = considered
    while len(sequence) < simulations:
        rounds = max(1, int(simulations / (phases * left)))
        for _ in range(rounds):
            sequence += [visits] * left
            visits += 1
        left = max(2, left // 2)
    return sequence[:simulations]


def widened(prior: Tensor, temperature: float, even_share: float) -> Tensor:
    """Return the logits float32[B, A] that a search begins from: `prior` (logits, -inf where illegal) divided by a
    temperature, and mixed with so large a share of an even distribution over the legal actions."""
    logits = prior / temperature
    if not even_share:
        return logits
    legal = prior > -torch.inf
    mixed = (1.0 - even_share) * logits.softmax(dim=1) + even_share * legal / legal.sum(dim=1, keepdim=True)
    return mixed.log()


def plant_roots(
    tree: SearchTree, kernels: TreeKernels, allowed: Tensor, value: Tensor, legal: Tensor, noise: Tensor
) -> None:
    """Draw the candidates of every root and start its tree.

    The search begins from the logits `allowed` float32[B, A], -inf where illegal, and `value` float32[B]; `legal`
    bool[B, A] has a true in every row, `noise` float32[B, A] is Gumbel(0, 1): the m highest of noise + logits are a
    sample without replacement ([GZ] section 2).
    """
    candidates = min(tree.schedule.shape[0] - 1, allowed.shape[1])
    score, action = kernels.top(allowed + noise, candidates)
    tree.plant(action, allowed.gather(1, action), score, legal.sum(dim=1), value)


def improve_policies(
    tree: SearchTree,
    kernels: TreeKernels,
    allowed: Tensor,
    settings: SelectionSettings,
    targets: int,
    prior: Tensor,
    noise: Tensor,
) -> SearchOutput:
    """Return what the finished trees say: move, value and improved policy of every root, [GZ] sections 3.3 and 4.

    `allowed` is what `plant_roots` began with, `targets` is T. The divergence is from the network's own `prior`, logits
    float32[B, A], -inf where illegal. `noise` is what the candidates were drawn with.

    With N and q of the root's children and v_mix ([GZ] equation 33), completed Q is q(a) where N(a) > 0, else v_mix. We
    write it v_mix + d(a), where d is 0 but at visited candidates, and then have over all A actions

        pi' = softmax(logits + sigma(v_mix + d)) = softmax(logits + scale * d),    scale = (c_visit + max N) * c_scale,

    as sigma is linear and what all actions share drops out of a softmax; and the value of the root under it is

        sum of pi'(a) * (v_mix + d(a)) = v_mix + sum of pi'(a) * d(a).

    So no row of completed Q is ever made for the actions that have no node. Where Q is rescaled, sigma is of
    (v_mix + d - least) / extent in place of v_mix + d: the scale is divided by the extent, the value stays as it is.
    The move is the one of highest gumbel + logit + sigma(q) among the most visited, the survivors of sequential
    halving ([GZ] algorithm 2), and the divergence is KL(pi' || pi) = sum of pi'(a) * (log pi'(a) - log pi(a)).
    """
    games = torch.arange(tree.batch, device=tree.child.device)
    raw_value, logit, action = tree.raw_value[:, 0], tree.logit[:, 0], tree.action[:, 0].long()
    visits, q = children_statistics(tree, games, torch.zeros_like(games))
    mixed = mixed_value(raw_value, logit, q, visits)[:, None]
    completed = torch.where(visits > 0, q, mixed)

    most = visits.amax(dim=1, keepdim=True)
    scale = (settings.c_visit + most) * settings.c_scale
    shown = completed
    if settings.rescale:
        least, extent = root_range(tree, completed, mixed, settings.min_range)
        shown = (completed - least) / extent
        scale = scale / extent
    score = torch.where(visits == most, tree.root_score + sigma(shown, visits, settings), -torch.inf)
    survivor = action.gather(1, score.argmax(dim=1, keepdim=True))[:, 0]

    # Everywhere v_mix but at the visited candidates; slots without a candidate hold action 0 and must not touch it.
    is_candidate = tree.root_score > -torch.inf
    difference = torch.zeros_like(allowed).scatter_add_(1, action, (completed - mixed) * is_candidate)
    log_improved = (allowed + scale * difference).log_softmax(dim=1)  # sigma of the shared v_mix cancels
    log_prior = prior.log_softmax(dim=1)
    improved = log_improved.exp()
    ratio = torch.where(improved > 0, log_improved - log_prior, 0.0)
    target_probs, target_actions = _highest(kernels, improved, targets)
    return SearchOutput(
        action=survivor,
        value=mixed[:, 0] + (improved * difference).sum(dim=1),
        target_actions=target_actions,
        target_probs=target_probs,
        divergence=(improved * ratio).sum(dim=1).clamp_min(0.0),
        raw_value=raw_value,
        unlikely=torch.where(prior > -torch.inf, noise - prior, -torch.inf).argmax(dim=1),
    )


def _highest(kernels: TreeKernels, improved: Tensor, targets: int) -> tuple[Tensor, Tensor]:
    """Return (probabilities float32[B, T] of sum 1, actions int64[B, T]), highest first, padded with 0 and -1."""
    count = min(targets, improved.shape[1])
    probs, actions = kernels.top(improved, count)
    probs, order = probs.sort(dim=1, descending=True, stable=True)
    actions = torch.where(probs > 0, actions.gather(1, order), -1)
    probs = probs / probs.sum(dim=1, keepdim=True)
    padding = (0, targets - count)
    return torch.nn.functional.pad(probs, padding), torch.nn.functional.pad(actions, padding, value=-1)
