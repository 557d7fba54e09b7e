"""The weights of Othello that come along: the engine with them beats who moves at random and who takes most discs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from muzero_engine.commands.common.compose import make_engine, think
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import Position
from muzero_engine.games.othello import GAME

GAMES = 8
NODES = 32

Choice = Callable[[Position, np.random.Generator], int]


def random_move(position: Position, rng: np.random.Generator) -> int:
    return int(rng.choice(position.legal_actions()))


def most_discs(position: Position, rng: np.random.Generator) -> int:
    assert GAME.greedy is not None
    gains = GAME.greedy(position)
    return int(rng.choice(position.legal_actions()[gains == gains.max()]))


@pytest.mark.parametrize("opponent", [random_move, most_discs])
def test_the_weights_beat_a_scripted_player(opponent: Choice) -> None:
    """Random and greedy won 3 and 6 of 64 games against them with half as many simulations."""
    engine = make_engine("othello", EngineOptions(minibatch_size=1))
    points = 0.0
    try:
        for number in range(GAMES):
            rng = np.random.default_rng(number)
            position = GAME.initial((8, 8))
            ours = number % 2
            while (outcome := position.outcome()) is None:
                if position.mover == ours:
                    action = think(engine, position, Limits(nodes=NODES)).action
                    assert action is not None
                else:
                    action = opponent(position, rng)
                position.push(action)
            points += (outcome.value(ours) + 1) / 2
    finally:
        engine.close()
    assert points >= 0.75 * GAMES
