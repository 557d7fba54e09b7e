"""Which children a node gets: the actions of highest prior, for a whole batch at once."""

from __future__ import annotations

import numpy as np

from muzero_engine.model import Floats


def children(logits: Floats, count: int, temperature: float) -> tuple[np.ndarray, Floats]:
    """The actions int32[B, k] of highest prior, prior descending (ties by action), and their priors float32[B, k].

    k = min(count, A); the priors are a softmax of `logits` float32[B, A] at `temperature` over the k actions, sum 1.
    """
    rows, total = logits.shape
    count = min(count, total)
    chosen = np.argpartition(logits, total - count, axis=1)[:, total - count :]
    chosen.sort(axis=1)
    top = logits.ravel()[chosen + np.arange(0, rows * total, total)[:, None]]
    order = np.argsort(-top, axis=1, kind="stable")
    order += np.arange(0, top.size, top.shape[1])[:, None]
    actions = chosen.astype(np.int32).ravel()[order]
    odds = top.ravel()[order]
    odds -= odds[:, :1]
    if temperature != 1.0:
        odds /= np.float32(temperature)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=1, keepdims=True)
    return actions, odds
