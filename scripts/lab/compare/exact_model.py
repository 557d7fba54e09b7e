"""A network that cheats in its tree: what its learnt dynamics cost is what it wins by that."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import fields

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.model import InitialOutput, Model, RecurrentOutput, top_policy

PARTS = ("policy", "value", "ends")
ILLEGAL = -30.0  # logit


class ExactModel:
    """A `Model` whose latents name true positions and the latents that g made on the way to them.

    Of `parts`, `policy` and `value` are those of h at the true position instead of g's; `ends` are rewards and ends by
    the rules, with illegal moves as losses and without them in the exact policy. `watch` must be told the root's
    position before a search. Past an illegal move, or an end that g does not see, everything is g's.
    """

    latent_levels = 0

    def __init__(self, model: Model, parts: Set[str]) -> None:
        self._model, self._parts = model, parts
        self._nodes: list[tuple[Position | None, Floats]] = []  # the position, and g's latent, float32[C, H, W]
        self._root: Position | None = None

    def watch(self, position: Position) -> None:
        """Return the root of the next search."""
        self._root = position.copy()

    def initial_inference(self, observation: Floats) -> InitialOutput:
        """See `Model`; for one observation."""
        root = self._model.initial_inference(observation)
        self._nodes = [(self._root, root.latent[0])]
        return InitialOutput(
            np.zeros((1, 1, 1, 1), np.float32), root.policy_logits, root.value, root.draw, root.ownership
        )

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """See `Model`."""
        parents = [self._nodes[int(number)] for number in latent[:, 0, 0, 0]]
        imagined = self._model.recurrent_inference(np.stack([latent for _, latent in parents]), action)
        begin = len(self._nodes)
        names = np.arange(begin, begin + len(action), dtype=np.float32).reshape(-1, 1, 1, 1)
        copies = {field.name: np.array(getattr(imagined, field.name)) for field in fields(imagined)}
        output = RecurrentOutput(**copies | {"latent": names})
        children = [
            self._child(parent, int(move), output, i)
            for i, ((parent, _), move) in enumerate(zip(parents, action, strict=True))
        ]
        self._nodes += zip(children, imagined.latent, strict=True)
        alive = [(i, child) for i, child in enumerate(children) if child is not None]
        if alive and self._parts & {"policy", "value"}:
            self._look(alive, output)
        return output

    def _child(self, parent: Position | None, move: int, output: RecurrentOutput, row: int) -> Position | None:
        """Return the position after the move, where there is one that goes on; `ends` of this row become exact."""
        if parent is None:
            return None
        exact = "ends" in self._parts
        if move not in parent.legal_actions():
            if exact:
                output.reward[row], output.discount[row], output.reward_draw[row] = -1.0, 0.0, 0.0
            return None
        child = parent.copy()
        child.push(move)
        outcome = child.outcome()
        if exact:
            output.reward[row] = 0.0 if outcome is None else outcome.value(parent.mover)
            output.discount[row] = -1.0 if outcome is None else 0.0
            output.reward_draw[row] = float(outcome is not None and outcome.winner is None)
        return child if outcome is None else None

    def _look(self, alive: list[tuple[int, Position]], output: RecurrentOutput) -> None:
        """Put what h sees in these rows."""
        seen = self._model.initial_inference(np.stack([observation(child) for _, child in alive]))
        for place, (row, child) in enumerate(alive):
            if "policy" in self._parts:
                logits = seen.policy_logits[place]
                if "ends" in self._parts:
                    legal = child.legal_actions()
                    masked = np.full_like(logits, ILLEGAL)
                    masked[legal] = logits[legal]
                    logits = masked
                actions, tops = top_policy(logits[None])
                output.top_actions[row], output.top_logits[row] = actions[0], tops[0]
            if "value" in self._parts:
                output.value[row], output.draw[row] = seen.value[place], seen.draw[place]
