"""Positional superko: triple ko, send two return one, boards that repeat without a capture."""

from __future__ import annotations

import pytest
from support.go_games import diagram, legal, play

from muzero_engine.games.base import IllegalMove
from muzero_engine.games.go.actions import parse_vertex
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

TRIPLE_KO = """
    . X O . . X O . . X O .
    X O . O X O . O X . X O
"""


def test_triple_ko() -> None:
    """Every retake follows a move elsewhere, so simple ko never forbids one: only superko ends the cycle."""
    position = diagram(TRIPLE_KO, BLACK)
    play(position, "C1", "K1", "G1", "B1", "L1")
    assert not legal(position, "F1")
    assert legal(position, "A2")


SEND_TWO_RETURN_ONE = """
    . . . . .
    . . . . .
    O O O . .
    O O X X .
    . X . X .
"""


def test_send_two_return_one() -> None:
    position = diagram(SEND_TWO_RETURN_ONE, BLACK)
    play(position, "A1", "C1")  # two stones sent and taken
    assert position.lost == (2, 0)
    assert not legal(position, "B1")  # one returned would be the first board again
    with pytest.raises(IllegalMove, match="superko"):
        play(position, "B1")


def test_a_board_without_a_capture_can_repeat_as_well() -> None:
    """The same cycle, entered elsewhere: the move that closes it captures nothing."""
    position = diagram(SEND_TWO_RETURN_ONE, BLACK)
    position.set_up([*position.stones(BLACK), parse_vertex("A1", (5, 5))], position.stones(WHITE), WHITE)
    play(position, "C1", "B1", "pass")
    assert position.stones(BLACK).count(parse_vertex("B1", (5, 5))) == 1
    assert not legal(position, "A1")


def test_a_pass_may_repeat_the_board() -> None:
    position = GoPosition((5, 5))
    play(position, "C3", "pass")
    assert legal(position, "pass")
