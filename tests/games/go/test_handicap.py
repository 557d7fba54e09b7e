"""Handicap stones and positions that are set up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.go_games import EXAMPLES, SHAPES, everything, play

from muzero_engine.games.base import BadPosition, Shape
from muzero_engine.games.go.actions import vertex_text
from muzero_engine.games.go.handicap import fixed_handicap, free_handicap
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition


def test_handicap_stones_stay_and_white_begins() -> None:
    position = GoPosition((19, 19))
    position.place_handicap(fixed_handicap(4, (19, 19)))
    assert [position.action_text(square) for square in position.stones(BLACK)] == ["D16", "Q16", "D4", "Q4"]
    assert (position.mover, position.ply) == (WHITE, 0)
    with pytest.raises(IndexError):
        position.pop()
    with pytest.raises(BadPosition, match="empty board"):
        position.place_handicap([0, 1])


@pytest.mark.parametrize("squares", [[3], [3, 3], [3, 25], [-1, 3], []])
def test_bad_handicap_changes_nothing(squares: list[int]) -> None:
    position = GoPosition((5, 5))
    with pytest.raises(BadPosition):
        position.place_handicap(squares)
    assert everything(position) == everything(GoPosition((5, 5)))


def test_handicap_stands_on_the_third_line_up_to_size_12() -> None:
    for size, text in ((7, "C3 E5"), (12, "C3 K10"), (13, "D4 K10")):
        shape = size, size
        assert " ".join(vertex_text(square, shape) for square in fixed_handicap(2, shape)) == text


def test_fixed_handicap_on_oblong_boards_and_beyond_the_table() -> None:
    assert [vertex_text(square, (9, 13)) for square in fixed_handicap(2, (9, 13))] == ["D3", "K7"]
    for stones, shape in ((2, (6, 6)), (5, (8, 8)), (10, (19, 19)), (1, (19, 19)), (5, (9, 10))):
        with pytest.raises(BadPosition, match="board allows"):
            fixed_handicap(stones, shape)


@given(SHAPES, st.data())
@EXAMPLES
def test_free_handicap(shape: Shape, data: st.DataObject) -> None:
    stones = data.draw(st.integers(2, shape[0] * shape[1] - 1))
    position = GoPosition(shape)
    position.place_handicap(free_handicap(stones, shape))
    assert len(position.stones(BLACK)) == stones


@pytest.mark.parametrize(
    ("black", "white", "why"),
    [([25], [], "outside"), ([3], [3], "cannot hold"), ([0], [1, 5], "no liberty"), ([-1], [], "outside")],
)
def test_bad_set_up_changes_nothing(black: list[int], white: list[int], why: str) -> None:
    position = GoPosition((5, 5))
    play(position, "C3")
    before = everything(position)
    with pytest.raises(BadPosition, match=why):
        position.set_up(black, white, WHITE)
    assert everything(position) == before
