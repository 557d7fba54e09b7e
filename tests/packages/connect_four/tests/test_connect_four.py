"""Connect Four passes the conformance kit, and a few games by hand. Run by `python -m pytest` in this folder."""

from __future__ import annotations

import pytest
from connect_four import GAME

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome
from muzero_engine.games.conformance import Check, checks


@pytest.mark.parametrize("check", checks(GAME), ids=str)
def test_conformance(check: Check) -> None:
    check.run()


def perft(depth: int) -> int:
    position = GAME.initial((6, 7))

    def leaves(depth: int) -> int:
        if depth == 0 or position.outcome() is not None:
            return depth == 0
        total = 0
        for action in position.legal_actions().tolist():
            position.push(action)
            total += leaves(depth - 1)
            position.pop()
        return total

    return leaves(depth)


def test_the_number_of_games() -> None:
    assert [perft(depth) for depth in range(1, 5)] == [7, 49, 343, 2401]


@pytest.mark.parametrize("moves", ["a b a b a b a", "a b b c g c c d d d d", "a a b b c c d"])
def test_four_in_a_row(moves: str) -> None:
    position = GAME.initial((6, 7))
    for move in moves.split():
        assert position.outcome() is None
        position.push(position.parse_action(move))
    assert position.outcome() == Outcome(0, "four in a row")


def test_a_full_column_is_refused() -> None:
    position = GAME.initial((6, 7))
    for _ in range(6):
        position.push(position.parse_action("d"))
    with pytest.raises(IllegalMove, match="d cannot be played"):
        position.parse_action("d")


def test_a_disc_in_the_air_is_refused() -> None:
    with pytest.raises(BadPosition, match="above an empty square"):
        GAME.from_text("x....../......./......./......./......./.......")
