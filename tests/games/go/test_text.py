"""What people read and write of Go: vertices, positions, boards."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.go_games import diagram, play, random_game

from muzero_engine.games.base import BadPosition, IllegalMove, Shape
from muzero_engine.games.go import from_text
from muzero_engine.games.go.actions import parse_vertex, vertex_text
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

SHAPES = st.tuples(st.integers(2, 19), st.integers(2, 19))
SEEDS = st.integers(0, 2**32 - 1)


def one_line(error: Exception) -> None:
    assert len(str(error).splitlines()) == 1


@given(SHAPES, st.data())
@settings(max_examples=60, deadline=None)
def test_vertices(shape: Shape, data: st.DataObject) -> None:
    action = data.draw(st.integers(0, shape[0] * shape[1]))
    text = vertex_text(action, shape)
    assert "I" not in text
    assert parse_vertex(text, shape) == parse_vertex(f" {text.lower()} ", shape) == action


def test_vertices_of_the_corners() -> None:
    assert [vertex_text(square, (9, 19)) for square in (0, 18, 152, 170, 171)] == ["A9", "T9", "A1", "T1", "pass"]


@given(st.one_of(st.text(max_size=6), st.from_regex(r"[A-Ta-t][0-9]{1,4}", fullmatch=True)))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_vertex_parser(text: str) -> None:
    position = GoPosition((9, 9))
    try:
        assert position.is_legal(position.parse_action(text))
    except IllegalMove as error:
        one_line(error)


@pytest.mark.parametrize(
    "text", ["I5", "A0", "A10", "K1", "", "5A", "A", "A-1", "A1.0", "A²", "\u017f5", "A01", "resign"]
)
def test_texts_that_are_no_vertex(text: str) -> None:
    with pytest.raises(IllegalMove):
        parse_vertex(text, (9, 9))


@given(SHAPES, SEEDS, st.integers(-40, 40))
@settings(max_examples=30, deadline=None)
def test_position_text(shape: Shape, seed: int, komi2: int) -> None:
    game = random_game(shape, seed, 60)
    game.set_komi(komi2 / 2)
    again = from_text(game.text())
    assert again.text() == game.text()
    assert (again.shape, again.mover, again.komi2) == (game.shape, game.mover, komi2)
    assert [again.stones(colour) for colour in (BLACK, WHITE)] == [game.stones(colour) for colour in (BLACK, WHITE)]


def test_position_text_of_the_header() -> None:
    position = GoPosition((9, 9))
    play(position, "C7", "E5")
    assert position.text() == "9/9/2b6/9/4w4/9/9/9/9 b 7.5"


@given(st.text(alphabet="bw/0123459 .-x\n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_position_parser(text: str) -> None:
    try:
        assert from_text(text).ply == 0
    except BadPosition as error:
        one_line(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9/9 b",
        "3/3/3 x 7.5",
        "3/3/3 b 7.3",
        "3/3/3 b nan",
        "3/2/3 b 0",
        "3/4/3 b 0",
        "3//3 b 0",
        "20/20 b 0",
        "0/0 b 0",
        "1/1 b 0",
        "bw/wb b 0",
        "99999999999/9 b 0",
        "b9999999999b/9 b 0",
        "3/3/3 b 9999999",
    ],
)
def test_position_texts_that_are_refused(text: str) -> None:
    with pytest.raises(BadPosition):
        from_text(text)


def test_board_for_people() -> None:
    position = diagram(". . .\n. . .\nO X .", BLACK, komi=0.5)
    play(position, "A2")
    assert position.board_text() == (
        "   A B C\n"
        " 3 . . . 3\n"
        " 2(X). . 2\n"
        " 1 . X . 1\n"
        "   A B C\n"
        "captures: X 1, O 0; komi 0.5\n"
        "White (O) to move; last move Black A2"
    )
    assert " 9 . . . . . . . . . 9\n 8 . . . . . . . . . 8\n 7 . . + . + . + . . 7" in GoPosition((9, 9)).board_text()
