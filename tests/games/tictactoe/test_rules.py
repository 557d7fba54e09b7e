"""Tic-tac-toe: the whole game tree, texts and refusals."""

from __future__ import annotations

import pytest

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome
from muzero_engine.games.registry import load_game
from muzero_engine.games.tictactoe.rules import TicTacToePosition

SHAPE = (3, 3)


def count_games(position: TicTacToePosition, known: dict[str, tuple[int, int, int]]) -> tuple[int, int, int]:
    """Games from here on that x wins, o wins, and that are drawn."""
    outcome = position.outcome()
    if outcome is not None:
        assert outcome.winner is None or len(position.legal_actions()) == 0
        return int(outcome.winner == 0), int(outcome.winner == 1), int(outcome.winner is None)
    text = position.text()
    if text not in known:
        counts = []
        for action in position.legal_actions().tolist():
            position.push(action)
            counts.append(count_games(position, known))
            position.pop()
        x, o, drawn = (sum(column) for column in zip(*counts, strict=True))
        known[text] = x, o, drawn
    return known[text]


def test_the_published_number_of_games() -> None:
    known: dict[str, tuple[int, int, int]] = {}
    assert count_games(TicTacToePosition.initial(SHAPE), known) == (131184, 77904, 46080)
    assert len(known) == 4520  # 5,478 positions, of which 958 end the game


def test_a_won_game() -> None:
    position = TicTacToePosition.initial(SHAPE)
    for text in ("a1", "a2", "b1", "b2"):
        position.push(position.parse_action(text))
    assert position.ending_actions() == {position.parse_action("c1"): 1.0}
    position.push(position.parse_action("C1"))
    assert position.outcome() == Outcome(0, "three in a row")
    assert position.text() == ".../oo./xxx"
    assert position.board_text() == "3 . . .\n2 o o .\n1 x x x\n  a b c\no to move"
    with pytest.raises(IllegalMove):
        position.push(8)


def test_a_full_board_is_a_draw() -> None:
    position = TicTacToePosition.from_text("xox/oox/x.o")
    assert position.mover == 0
    assert position.ending_actions() == {1: 0.0}
    position.push(1)
    assert position.outcome() == Outcome(None, "full board")


@pytest.mark.parametrize("text", ["", "xo", "xo./.x./....", "xo./.x./..z", "xx./.../...", "xxx/ooo/...", "xxx/oo./o.."])
def test_bad_positions(text: str) -> None:
    with pytest.raises(BadPosition):
        TicTacToePosition.from_text(text)


def test_another_board_is_refused() -> None:
    with pytest.raises(BadPosition, match="4x4"):
        load_game("tictactoe").initial((4, 4))


@pytest.mark.parametrize("text", ["d1", "a0", "", "a1 ", "b2b2"])
def test_a_taken_or_unknown_square(text: str) -> None:
    position = TicTacToePosition.initial(SHAPE)
    position.push(0)
    with pytest.raises(IllegalMove):
        position.parse_action(text)
