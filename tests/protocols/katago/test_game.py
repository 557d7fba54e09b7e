"""A packed game gives the positions that were packed, whichever is asked for after which."""

from __future__ import annotations

import random

import numpy as np
import pytest

from muzero_engine.games.base import IllegalMove
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition
from muzero_engine.protocols.katago.game import Playback, QueriedGame


def played(seed: int) -> tuple[QueriedGame, list[GoPosition]]:
    """A game of arbitrary moves for arbitrary players, and the position after each number of them."""
    chance = random.Random(seed)
    position = GoPosition((5, 4), black=[0, 7], white=[3], komi=chance.choice((0.5, -3.0)), mover=WHITE)
    start = position.copy()
    moves: list[tuple[int, int]] = []
    while len(moves) < 12:
        colour, action = chance.choice((BLACK, WHITE)), chance.randrange(21)
        try:
            position.play_any(action, colour)
        except IllegalMove:
            continue
        moves.append((colour, action))
    game = QueriedGame.of(start, moves, WHITE)
    positions = [start.copy()]
    for colour, action in moves:
        positions.append(positions[-1].copy())
        positions[-1].play_any(action, colour)
    for position, (colour, _) in zip(positions, moves, strict=False):
        position.set_mover(colour)
    return game, positions


def test_positions_are_those_of_the_game() -> None:
    games = [played(seed) for seed in range(4)]
    playback, chance = Playback(), random.Random(0)
    for _ in range(100):
        game, positions = games[0] if chance.random() < 0.7 else chance.choice(games)
        turn = chance.randrange(len(positions))
        position, wanted = playback.at(game, turn), positions[turn]
        assert position.text() == wanted.text()
        assert position.mover == wanted.mover == game.mover(turn)
        assert position.moves == wanted.moves
        assert np.array_equal(position.frames(8), wanted.frames(8))


def test_a_move_that_cannot_be_played_is_that_of_the_position() -> None:
    game = QueriedGame.of(GoPosition((3, 3)), [(BLACK, 4), (WHITE, 0), (BLACK, 0), (WHITE, 1)], BLACK)
    playback = Playback()
    with pytest.raises(IllegalMove):
        playback.at(game, 4)
    assert playback.position.ply == 2
    assert game.mover(2) == BLACK
    assert QueriedGame.of(GoPosition((3, 3)), [], WHITE).start().mover == WHITE
