"""What is said of a model's imagination: nothing against one that is right, and each fault of one that is not."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from support.fakes import HashModel
from support.rules_model import RulesModel

from muzero_engine.arrays import Floats
from muzero_engine.engine.imagination import horizons, imagine, plies_held, wrong_squares
from muzero_engine.games.base import Position
from muzero_engine.games.imagined_view import believed_pieces, believed_view
from muzero_engine.games.registry import load_game

GAMES = ("chess", "go", "othello", "shogi", "tictactoe")


def random_line(name: str, plies: int) -> tuple[Position, list[int]]:
    """Return a start position and legal moves from it."""
    game, rng = load_game(name), random.Random(3)
    start = game.initial(game.spec.shapes[0])
    walker = start.copy()
    actions: list[int] = []
    while len(actions) < plies and walker.outcome() is None:
        actions.append(rng.choice(walker.legal_actions().tolist()))
        walker.push(actions[-1])
    return start, actions


@pytest.mark.parametrize("name", GAMES)
def test_a_model_that_knows_the_rules_is_right_to_the_last_square(name: str) -> None:
    start, actions = random_line(name, 30)
    model = RulesModel(start)
    plies = imagine(model, model.decode, start, actions)
    position = start.copy()
    game = load_game(name)
    assert game.board_view is not None
    for ply, action in zip(plies, [None, *actions], strict=True):
        if action is not None:
            position.push(action)
        assert ply.action == action
        assert ply.wrong == ()
        assert ply.is_over == (position.outcome() is not None)
        assert ply.over == pytest.approx(float(ply.is_over))
        assert ply.illegal is None if ply.is_over else ply.illegal == pytest.approx(0)
        assert ply.value == (0.25 if position.mover == 0 else -0.25)
        assert ply.picture is not None
        view = game.board_view(position)
        assert believed_view(position, ply.picture).pieces == view.pieces
        assert all(one.probability == 1 for one in believed_pieces(position, ply.picture).values())
    assert plies_held(plies) == len(actions) - plies[-1].is_over


def test_a_square_that_is_wrong_is_named() -> None:
    start, _ = random_line("chess", 0)
    model = RulesModel(start)
    picture = imagine(model, model.decode, start, [])[0].picture
    assert picture is not None
    picture = picture.copy()
    picture[0, 1, 4] = 0.4  # the pawn on e2 is no longer believed in
    picture[4, 3, 3] = 0.6  # a queen on d4 is
    assert wrong_squares(picture, start) == ((1, 4), (3, 3))
    believed = believed_pieces(start, picture)
    assert believed[6, 4].piece.letter == "P"  # faint, but there
    assert believed[6, 4].probability == pytest.approx(0.4)
    assert believed[4, 3].piece.letter == "Q"
    assert (6, 4) not in believed_view(start, picture).pieces


def test_policy_on_illegal_moves_is_counted_and_values_are_the_first_players() -> None:
    start, actions = random_line("tictactoe", 3)
    plies = imagine(HashModel(start.spec, start.shape), None, start, actions)
    assert all(ply.picture is None and ply.wrong == () for ply in plies)
    assert plies[0].illegal == pytest.approx(0)  # every square is free at first
    assert all(ply.illegal is not None and 0 < ply.illegal < 1 for ply in plies[1:])
    assert plies[0].value == plies[0].seen_value  # h is asked both times
    assert plies[1].value != plies[1].seen_value


def test_horizons_are_means_over_positions() -> None:
    start, actions = random_line("chess", 4)
    model = RulesModel(start)
    right = imagine(model, model.decode, start, actions)
    faults = ((0, 0), (0, 1))
    other = [replace(ply, wrong=faults if i > 1 else (), illegal=0.5) for i, ply in enumerate(right)]
    known = horizons([right, other, right[:2]])
    assert [one.positions for one in known] == [3, 3, 2, 2, 2]
    assert [one.right for one in known] == [1, 1, 0.5, 0.5, 0.5]
    assert [one.wrong_squares for one in known] == [0, 0, 1, 1, 1]
    assert known[2].illegal == pytest.approx(0.25)
    assert plies_held(other) == 1
    assert horizons([]) == []


def test_positions_where_the_game_is_over_count_for_its_end_alone() -> None:
    start = load_game("tictactoe").from_text("xx./oo./...")
    model = HashModel(start.spec, start.shape)
    lines = [imagine(model, None, start, actions) for actions in ([8], [2, 5])]  # one wins at once, one lets the other
    now, next_ = horizons(lines)
    assert (now.positions, next_.positions) == (2, 1)
    assert next_.illegal == pytest.approx(lines[1][1].illegal)
    ends = [abs(ply.over - float(ply.is_over)) for ply in (lines[0][1], lines[1][1])]
    assert next_.over_error == pytest.approx(sum(ends) / 2)


def test_without_a_decoder_the_rest_is_told() -> None:
    start, actions = random_line("go", 3)
    known = horizons([imagine(RulesModel(start), None, start, actions)])
    assert known[1].right is None
    assert known[1].wrong_squares is None
    assert known[1].value_error == pytest.approx(0)


def test_pieces_are_turned_to_the_first_player() -> None:
    game = load_game("shogi")
    start = game.initial((9, 9))
    model = RulesModel(start)
    action = start.parse_action("2g2f")
    picture = imagine(model, model.decode, start, [action])[1].picture
    assert picture is not None
    pawns: Floats = picture[0]
    assert pawns[5, 7] == 1  # black's pawn on 2f: row f, eighth column from the left
    assert np.count_nonzero(pawns) == 9
