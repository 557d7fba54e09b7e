"""Games at random, for positions that a session is sent."""

from __future__ import annotations

import random

from muzero_engine.games.registry import load_game

LONGEST = 60  # plies


def random_walk(game_name: str, rng: random.Random, longest: int = LONGEST) -> list[str]:
    """Return the moves of a game at random, until it is over or this long."""
    game = load_game(game_name)
    position, moves = game.initial(game.spec.shapes[0]), list[str]()
    while len(moves) < longest and position.outcome() is None:
        action = int(rng.choice(position.legal_actions().tolist()))
        moves.append(position.action_text(action))
        position.push(action)
    return moves
