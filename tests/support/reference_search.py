"""pUCT written as plainly as possible, one leaf at a time: what the real search is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.model import Model
from muzero_engine.search.config import SearchConfig


@dataclass
class Node:
    prior: float
    latent: Floats | None = None
    reward: float = 0.0
    discount: float = -1.0
    children: dict[int, Node] = field(default_factory=dict)  # insertion order: prior descending, then action order
    returns: list[float] = field(default_factory=list)  # own mover's view

    @property
    def value(self) -> float:
        return sum(self.returns) / len(self.returns)


def _children(actions: Ints, logits: Floats) -> dict[int, Node]:
    ranked = sorted(zip(logits.tolist(), actions.tolist(), strict=True), key=lambda pair: -pair[0])
    odds = [math.exp(logit - ranked[0][0]) for logit, _ in ranked]
    return {action: Node(prior=o / sum(odds)) for (_, action), o in zip(ranked, odds, strict=True)}


def search(model: Model, observation: Floats, legal: Ints, simulations: int, config: SearchConfig) -> dict[int, Node]:
    """Return the root's children after that many simulations."""
    out = model.initial_inference(observation[None])
    root = Node(prior=1.0, latent=out.latent, children=_children(legal, out.policy_logits[0][legal]))
    root.returns.append(float(out.value[0]))
    known_q = root.returns[:1]  # all that Q ever was in the tree
    for _ in range(simulations):
        path = [root]
        actions: list[int] = []
        while path[-1].returns:
            unit = (max(known_q) - min(known_q)) / 2 if config.rescale and len(set(known_q)) > 1 else 1.0
            action = _select(path[-1], config, unit)
            actions.append(action)
            path.append(path[-1].children[action])
        leaf, parent = path[-1], path[-2]
        assert parent.latent is not None
        step = model.recurrent_inference(parent.latent, np.array(actions[-1:], dtype=np.int64))
        leaf.latent = step.latent
        leaf.reward, leaf.discount = float(step.reward[0]), float(step.discount[0])
        leaf.children = _children(step.top_actions[0], step.top_logits[0])
        value = float(step.value[0])
        for node in reversed(path):
            node.returns.append(value)
            value = node.reward + node.discount * value
        known_q += [node.reward + node.discount * node.value for node in path[1:]]
    return root.children


def _select(node: Node, config: SearchConfig, unit: float) -> int:
    """Return the action of highest pUCT, where `unit` is half of the range of Q."""
    total = len(node.returns)
    u = math.sqrt(total) * (config.c1 + math.log((total + config.c2 + 1) / config.c2))
    visited_prior = sum(child.prior for child in node.children.values() if child.returns)
    first_play = node.value - config.fpu_reduction * unit * math.sqrt(visited_prior)

    def score(action: int) -> float:
        child = node.children[action]
        q = child.reward + child.discount * child.value if child.returns else first_play
        return q + 2.0 * unit * u * child.prior / (1 + len(child.returns))

    return max(node.children, key=score)
