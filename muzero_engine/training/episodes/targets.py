"""What is learnt of returns: n-step targets that bootstrap (Schrittwieser et al. 2020, appendix G), whole returns.

z[t] = r[t] + gamma r[t + 1] + ... + gamma^(n - 1) r[t + n - 1] + gamma^n v[t + n], where v is the value of the search.
It is cut where the episode ends: after a termination nothing follows; at a truncation v of the last observation stands
for what would have followed; so does v of the newest row, where the rest of the episode has not been played yet.
"""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.training.episodes.ring import EpisodeRing, RowSequences


def value_targets(ring: EpisodeRing, steps: RowSequences, *, discount: float, n_step: int) -> Tensor:
    """Return float32[M, K - n] of the first K - n of the K steps; those that are not there have meaningless ones."""
    rows, count = ring.rows, steps.places.shape[1] - n_step
    reward, value = rows.reward[steps.places], rows.root_value[steps.places]
    terminated = rows.terminated[steps.places]
    bootstraps = rows.last[steps.places] | steps.newest  # nothing that was earned after it is known
    target = torch.zeros_like(value[:, :count])
    factor = torch.ones_like(target)  # discount ** steps so far; 0 once the target is complete
    for ahead in range(n_step):
        here = slice(ahead, ahead + count)
        target = target + factor * torch.where(bootstraps[:, here], value[:, here], reward[:, here])
        factor = factor * discount * ~(bootstraps[:, here] | terminated[:, here])
    return target + factor * value[:, n_step : n_step + count]


def whole_returns(ring: EpisodeRing, discount: float) -> Tensor:
    """Return float32[B * T], by place: the discounted rewards from each row to the end of its episode.

    NaN where that is not known: in episodes that were truncated or go on, and in rows that are not there.
    """
    rows, slots, length = ring.rows, ring.slots, ring.length
    end, held = ring.end.to(rows.reward.device), ring.held.to(rows.reward.device)
    # in order of time, oldest first: [B, T]
    order = (end.unsqueeze(1) + torch.arange(length, device=end.device)) % length
    places = torch.arange(slots, device=end.device).unsqueeze(1) * length + order
    there = torch.arange(length, device=end.device) >= length - held.unsqueeze(1)
    ends = rows.terminated[places] & ~rows.last[places]
    result = torch.where(there & ~rows.last[places], rows.reward[places], torch.nan)
    goes_on = torch.where(ends, 0.0, discount)
    # doubling: after k rounds `result` has the rewards of 2 ** k rows, `goes_on` what the return behind them counts
    ahead = 1
    while ahead < 2 * length:
        beyond = torch.full_like(result, torch.nan)
        beyond[:, : max(length - ahead, 0)] = result[:, ahead:]
        later = torch.zeros_like(goes_on)
        later[:, : max(length - ahead, 0)] = goes_on[:, ahead:]
        result = torch.where(goes_on > 0, result + goes_on * beyond, result)
        goes_on = goes_on * later
        ahead *= 2
    by_place = torch.empty(slots * length, device=end.device)
    by_place[places.flatten()] = result.flatten()
    return by_place
