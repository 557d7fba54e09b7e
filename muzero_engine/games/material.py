"""Material as a rule of thumb for the scripted opponent `greedy`: what a capture or a promotion gains at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from muzero_engine.games.base import ActionTable, Gains, Ints, Position, Shape
from muzero_engine.games.encoding import observation


def material_gains(
    values: Sequence[float], action_table: Callable[[Shape], ActionTable], promotions: Sequence[float] = ()
) -> Callable[[Position], Gains]:
    """Return the gain of each legal action of a position: the piece that it takes, and what a promotion adds.

    Args:
        values: of the pieces, in the order of the frame's planes of one player.
        action_table: of the game.
        promotions: what each `kind` of the action table adds; empty: nothing.
    """
    worth = np.array(values)

    @functools.cache
    def table(shape: Shape) -> tuple[Ints, Gains]:
        actions = action_table(shape)
        gains = np.zeros(len(actions.kind))
        if promotions:
            gains = np.where(actions.kind >= 0, np.array(promotions)[actions.kind], 0.0)
        return actions.to_square, gains

    def gains(position: Position) -> Gains:
        to_square, promotion = table(position.shape)
        legal, count = position.legal_actions(), len(worth)
        theirs = observation(position)[count : 2 * count].reshape(count, -1)
        captured = (worth[:, None] * theirs).sum(axis=0)
        total: Gains = promotion[legal] + captured[to_square[legal]]
        return total

    return gains
