"""The rules of Go: hand-made positions, a slow second implementation, inverse pairs."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.go_games import EXAMPLES, diagram, everything, legal, play, random_game
from support.go_reference import SlowGo

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome, Shape, Symmetry
from muzero_engine.games.encoding import apply_symmetry, observation
from muzero_engine.games.go import GAME, from_text
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

SMALL_SHAPES = st.tuples(st.integers(2, 5), st.integers(2, 5))
SEEDS = st.integers(0, 2**32 - 1)


# Captures, ko, suicide


def test_a_stone_is_captured_in_the_corner() -> None:
    position = diagram(". . .\n. . .\nO X .", BLACK)
    play(position, "A2")
    assert position.stones(WHITE) == []
    assert position.lost == (0, 1)


def test_one_move_captures_chains_on_all_sides() -> None:
    position = diagram(
        """
        . X O X .
        X O . O X
        . X O X .
        """,
        BLACK,
    )
    play(position, "C2")
    assert position.stones(WHITE) == []
    assert position.lost == (0, 4)


def test_simple_ko() -> None:
    position = diagram(
        """
        . X O . .
        X O . O .
        . X O . .
        """,
        BLACK,
    )
    play(position, "C2")  # takes B2
    assert not legal(position, "B2")
    assert np.flatnonzero(position.frames(1)[0, 2]).tolist() == [6]
    with pytest.raises(IllegalMove, match=r"B2 is illegal: it recreates an earlier board \(superko\)"):
        position.push(6)
    play(position, "E1", "E3")  # a threat and its answer
    assert legal(position, "B2")


def test_snapback() -> None:
    position = diagram(
        """
        . . . . .
        . . . . .
        X X X . .
        O O O X .
        . . O X .
        """,
        BLACK,
    )
    play(position, "B1", "A1")  # thrown in and captured
    assert position.lost == (1, 0)
    play(position, "B1")  # five stones back, and no ko
    assert position.lost == (1, 5)
    assert position.stones(WHITE) == []


SUICIDE_OF_TWO = """
    . . . .
    X X . .
    O . X .
"""


def test_suicide_is_forbidden() -> None:
    position = diagram(SUICIDE_OF_TWO, WHITE)
    assert not legal(position, "B1")
    with pytest.raises(IllegalMove, match="B1 is illegal: it is suicide"):
        play(position, "B1")
    single = diagram(". X .\nX . .\n. . .", WHITE)
    assert not legal(single, "A3")
    single.set_mover(BLACK)
    assert legal(single, "A3")


def test_a_capture_is_no_suicide() -> None:
    position = diagram(
        """
        . X O .
        X O O .
        O O . .
        . . . .
        """,
        WHITE,
    )
    assert legal(position, "A4")  # no liberty of its own, but both black stones go
    play(position, "A4")
    assert position.lost == (2, 0)


def test_play_any_removes_a_suicide_and_ignores_ko() -> None:
    position = diagram(SUICIDE_OF_TWO, WHITE)
    position.play_any(9, WHITE)
    assert position.stones(WHITE) == []
    assert position.lost == (0, 2)
    assert position.pop() == 9
    assert position.stones(WHITE) == [8]

    ko = diagram(". X O .\nX O . O\n. X O .", BLACK)
    before = ko.text().split()[0]
    play(ko, "C2")
    ko.play_any(5, WHITE)
    assert ko.text().split()[0] == before
    assert not legal(ko, "C2")  # black's capture again would be the second board again
    ko.pop()
    assert not legal(ko, "B2")


def test_play_any_takes_two_moves_of_one_colour_and_refuses_occupied_points() -> None:
    position = GoPosition((9, 9))
    position.play_any(0, BLACK)
    position.play_any(1, BLACK)
    assert position.moves == [(BLACK, 0), (BLACK, 1)]
    assert position.mover == WHITE
    for bad, why in ((0, "A9 is illegal: it is occupied"), (82, "outside"), (-1, "outside")):
        with pytest.raises(IllegalMove, match=why):
            position.play_any(bad, WHITE)
    position.pop()
    assert position.mover == BLACK


# The end and the score


def test_neutral_points_count_for_nobody() -> None:
    position = diagram(
        """
        . X . O .
        . X . O .
        . X . O .
        . X . O .
        """
    )
    assert position.area().tolist() == [[1, 1, 0, -1, -1]] * 4
    assert position.area().dtype == np.int8
    assert position.score() == 0
    play(position, "C2")
    assert position.score() == 1
    assert GoPosition((5, 5)).score() == -7.5  # an empty board reaches nobody


@pytest.mark.parametrize(
    ("komi", "score", "winner"), [(0, 25.0, BLACK), (24.5, 0.5, BLACK), (25, 0.0, None), (25.5, -0.5, WHITE)]
)
def test_two_passes_end_the_game(komi: float, score: float, winner: int | None) -> None:
    position = GoPosition((5, 5), komi=komi)
    play(position, "C3", "pass")
    assert position.outcome() is None
    assert position.score() == score
    value = {BLACK: 1.0, None: 0.0, WHITE: -1.0}[winner]
    assert position.ending_actions() == {25: value}
    play(position, "pass")
    assert position.outcome() == Outcome(winner, "two passes")
    position.set_up([12], [], BLACK)
    play(position, "pass")
    assert position.ending_actions() == {25: -value}  # white ends it


def test_play_may_go_on_after_two_passes() -> None:
    position = GoPosition((5, 5))
    play(position, "pass", "pass", "C3")
    assert position.outcome() is None
    assert position.ending_actions() == {}


def test_two_passes_of_one_player_end_nothing() -> None:
    position = GoPosition((5, 5))
    position.play_any(25, BLACK)
    position.set_mover(BLACK)
    assert position.ending_actions() == {}
    position.push(25)
    assert position.outcome() is None


@pytest.mark.parametrize(
    ("given_komi", "komi"), [(7.5, 7.5), (6.75, 7.0), (-3.5, -3.5), (0, 0), (375, 375), (1e6, 1e6), (0.2, 0)]
)
def test_komi_is_kept_in_half_points(given_komi: float, komi: float) -> None:
    position = GoPosition((9, 9))
    position.set_komi(given_komi)
    assert position.komi == komi
    assert position.score() == -komi
    assert from_text(position.text()).komi == komi


@pytest.mark.parametrize("komi", [float("nan"), float("inf"), -1e9])
def test_komi_that_is_no_number(komi: float) -> None:
    with pytest.raises(BadPosition, match="komi"):
        GoPosition((9, 9)).set_komi(komi)


def test_scalars_take_the_view_of_the_mover() -> None:
    position = GoPosition((5, 5), komi=7.5)
    assert position.scalars().tolist() == [-15, 0, 1]
    play(position, "pass")
    assert position.scalars().tolist() == [15, 1, 1]
    assert observation(position)[-3:, 0, 0].tolist() == [0.5, 1.0, 1.0]
    position.set_komi(1e6)
    assert position.scalars().tolist() == [722, 1, 1]


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (20, 9), (9, 20), (0, 0)])
def test_bad_board_size(shape: Shape) -> None:
    with pytest.raises(BadPosition, match="2 to 19"):
        GAME.initial(shape)


# Against the slow implementation


@given(SMALL_SHAPES, SEEDS)
@EXAMPLES
def test_random_games_agree_with_the_slow_rules(shape: Shape, seed: int) -> None:
    chance = random.Random(seed)
    position, slow = GoPosition(shape, komi=0), SlowGo(*shape)
    for _ in range(60):
        slow_legal = sorted(row * shape[1] + column for row, column in slow.legal())
        assert position.legal_actions().tolist() == [*slow_legal, shape[0] * shape[1]]
        action = chance.choice(slow_legal) if slow_legal and chance.random() < 0.95 else shape[0] * shape[1]
        position.push(action)
        slow.play(None if action == shape[0] * shape[1] else divmod(action, shape[1]))
        for colour in (BLACK, WHITE):
            stones = [row * shape[1] + column for (row, column), owner in slow.stones.items() if owner == colour]
            assert position.stones(colour) == sorted(stones)
        assert list(position.lost) == slow.lost
    owner = position.area()
    assert {(r, c): owner[r, c] for r in range(shape[0]) for c in range(shape[1])} == slow.area()
    assert position.score() == sum(slow.area().values())


# Inverse pairs


@given(SMALL_SHAPES, SEEDS, st.booleans())
@EXAMPLES
def test_pop_undoes_every_move(shape: Shape, seed: int, any_play: bool) -> None:
    game = random_game(shape, seed, 40, any_play=any_play)
    replay = GoPosition(shape)
    states = []
    for colour, action in game.moves:
        replay.set_mover(colour)
        states.append(everything(replay))
        replay.play_any(action, colour)
    assert everything(replay) == everything(game)
    twin = replay.copy()
    replay.push(replay.legal_actions()[0])
    assert everything(twin) == everything(game)
    replay.pop()
    for (_, action), state in zip(reversed(game.moves), reversed(states), strict=True):
        assert replay.pop() == action
        assert everything(replay) == state
    twin.pop()
    assert everything(twin) == states[-1]  # a copy shares nothing that changes


# Symmetry and planes


@given(st.integers(2, 6), SEEDS, st.sampled_from(Symmetry))
@EXAMPLES
def test_a_turned_game_has_the_turned_moves(size: int, seed: int, symmetry: Symmetry) -> None:
    shape = (size, size)
    game = random_game(shape, seed, 3 * size * size)
    permutation = GAME.action_permutation(symmetry, shape)
    turned = GoPosition(shape)
    for _, action in game.moves:
        turned.push(int(permutation[action]))
    assert turned.legal_actions().tolist() == sorted(permutation[game.legal_actions()].tolist())
    assert turned.score() == game.score()
    np.testing.assert_array_equal(observation(turned), apply_symmetry(observation(game), symmetry))


def test_history_planes() -> None:
    position = GoPosition((5, 5))
    play(position, "A5", "B5", "pass")
    frames = position.frames(5)
    assert frames.shape == (5, 3, 5, 5)
    assert [int(frame.sum()) for frame in frames] == [2, 2, 1, 0, 0]
    assert frames[0, 0, 0, 0]
    assert frames[0, 1, 0, 1]
    seen_by_white = observation(position)
    assert seen_by_white.shape == (27, 5, 5)
    assert seen_by_white[0, 0, 1] == 1  # the mover's own stones come first
    assert seen_by_white[1, 0, 0] == 1
