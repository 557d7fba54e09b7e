"""Othello: perft, forced passes, ends, texts and refusals, against published counts and a slow twin of the rules."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.othello_reference import Board

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome
from muzero_engine.games.othello import GAME
from muzero_engine.games.othello.rules import START, OthelloPosition

SHAPE = (8, 8)
WIPED_OUT = "e6 f4 e3 f6 g5 d6 e7 f5 c5".split()  # the shortest game: white has no disc left after nine moves


def played(moves: list[str]) -> OthelloPosition:
    position = OthelloPosition.initial(SHAPE)
    for move in moves:
        position.push(position.parse_action(move))
    return position


def texts(position: OthelloPosition) -> list[str]:
    return [position.action_text(action) for action in position.legal_actions().tolist()]


def perft(position: OthelloPosition, depth: int) -> int:
    actions = position.legal_actions().tolist()
    if depth == 1:
        return len(actions)
    leaves = 0
    for action in actions:
        position.push(action)
        leaves += perft(position, depth - 1)
        position.pop()
    return leaves


def reference_perft(board: Board, depth: int) -> int:
    return sum(reference_perft(board.after(move), depth - 1) for move in board.moves()) if depth else 1


def test_published_perft() -> None:
    """A pass counts as a ply; there is none so early."""
    position = OthelloPosition.initial(SHAPE)
    assert [perft(position, depth) for depth in range(1, 8)] == [4, 12, 56, 244, 1396, 8200, 55092]


def late_positions_with_passes(count: int) -> list[str]:
    """Texts of positions from random games in which the side to move has to pass."""
    rng = random.Random(5)
    positions: list[str] = []
    while len(positions) < count:
        position = OthelloPosition.initial(SHAPE)
        while position.outcome() is None:
            if texts(position) == ["pass"]:
                positions.append(position.text())
            position.push(rng.choice(position.legal_actions().tolist()))
    return positions[:count]


@pytest.mark.parametrize("text", late_positions_with_passes(8))
def test_perft_where_passes_happen(text: str) -> None:
    position, board = OthelloPosition.from_text(text), Board.read(text)
    assert texts(position) == ["pass"]
    assert [perft(position, depth) for depth in range(1, 5)] == [reference_perft(board, d) for d in range(1, 5)]


def test_whole_games_go_as_the_slow_rules_say() -> None:
    rng = random.Random(1)
    passes = 0
    for _ in range(12):
        position, board = OthelloPosition.initial(SHAPE), Board.read(START)
        while moves := board.moves():
            assert texts(position) == moves
            assert position.outcome() is None
            ends = {move: board.after(move) for move in moves if not board.after(move).moves()}
            values = {move: float(np.sign(after.lead(board.mover))) for move, after in ends.items()}
            assert {
                position.action_text(action): value for action, value in position.ending_actions().items()
            } == values
            wins = {move: value for move, value in values.items() if value}
            assert {
                position.action_text(action): value for action, value in position.decisive_actions().items()
            } == wins
            move = rng.choice(moves)
            passes += move == "pass"
            position.push(position.parse_action(move))
            board = board.after(move)
            assert Board.read(position.text()) == board
            assert position.score() == board.lead("x") == position.area().sum()
        outcome = position.outcome()
        assert outcome is not None
        assert outcome.value(0) == np.sign(board.lead("x"))
        assert position.ply <= GAME.spec.max_plies
    assert passes > 0


def test_a_side_without_a_disc_has_lost() -> None:
    position = played(WIPED_OUT[:-1])
    winning = position.parse_action(WIPED_OUT[-1])
    assert position.ending_actions() == position.decisive_actions() == {winning: 1.0}
    position.push(winning)
    assert position.outcome() == Outcome(0, "neither side can move")
    assert position.score() == 13
    assert texts(position) == []
    with pytest.raises(IllegalMove, match="the game is over"):
        position.parse_action("pass")


def test_a_forced_pass_is_the_one_legal_move() -> None:
    position = OthelloPosition.from_text("/".join([*["xxxxxxxx"] * 7, "xxxxxxo1"]) + " o")
    assert texts(position) == ["pass"]
    assert position.ending_actions() == {}
    with pytest.raises(IllegalMove, match="so the move is pass"):
        position.parse_action("h8")
    position.push(64)
    assert position.mover == 0
    assert texts(position) == ["h8"]
    assert position.ending_actions() == {63: 1.0}
    position.push(63)
    assert position.outcome() == Outcome(0, "neither side can move")
    assert [position.pop(), position.pop()] == [63, 64]
    assert texts(position) == ["pass"]


def test_as_many_discs_on_both_sides_are_a_draw() -> None:
    position = OthelloPosition.from_text("/".join(["1oxxxxxx", *["xxxxxxxx"] * 3, *["oooooooo"] * 4]) + " x")
    assert position.ending_actions() == {0: 0.0}
    assert position.decisive_actions() == {}
    position.push(0)
    assert position.outcome() == Outcome(None, "neither side can move")


def test_a1_is_the_corner_at_the_top_left() -> None:
    position = OthelloPosition.from_text("x7/8/8/3ox3/3xo3/8/8/8 x")
    assert position.area()[0, 0] == 1
    assert position.board_text().splitlines()[:2] == ["  a b c d e f g h", "1 x . . . . . . ."]
    assert texts(OthelloPosition.initial(SHAPE)) == ["d3", "c4", "f5", "e6"]


def test_the_text_and_the_board_of_the_start() -> None:
    position = OthelloPosition.initial(SHAPE)
    assert position.text() == START
    assert position.board_text().splitlines()[3:6] == ["3 . . . . . . . .", "4 . . . o x . . .", "5 . . . x o . . ."]
    assert position.board_text().splitlines()[-2:] == ["discs: x 2, o 2", "black (x) to move"]


def test_frames_are_black_and_white_newest_first() -> None:
    position = played(["f5"])
    newest, before, none = position.frames(3)
    assert newest[0].sum() == 4
    assert newest[1].sum() == 1
    assert newest[0, 4, 5]
    assert before.sum(axis=(1, 2)).tolist() == [2, 2]
    assert not none.any()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a board and the player to move"),
        (START + " 1", "a board and the player to move"),
        ("8/8/8/3ox3/3xo3/8/8/8 b", "x .black. or o .white., not 'b'"),
        ("8/8/8/3ox3/3xo3/8/8 x", "8 rows between slashes, not 7"),
        ("8/8/8/3ox3/3xo4/8/8/8 x", "8 in all, not '3xo4'"),
        ("8/8/8/3ox3/3xw3/8/8/8 x", "8 in all, not '3xw3'"),
        ("8/8/8/3o4/3xo3/8/8/8 x", "from the first move on"),
    ],
)
def test_bad_positions(text: str, complaint: str) -> None:
    with pytest.raises(BadPosition, match=complaint) as error:
        OthelloPosition.from_text(text)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("i1", "a column a to h and a row 1 to 8"),
        ("", "no move"),
        ("pass", "there is a square that turns some over"),
        ("d4", "d4 is illegal: the square is taken"),
        ("a1", "a1 is illegal: it turns over no disc"),
    ],
)
def test_bad_moves(text: str, complaint: str) -> None:
    with pytest.raises(IllegalMove, match=complaint):
        OthelloPosition.initial(SHAPE).parse_action(text)


def test_moves_are_read_in_any_case() -> None:
    assert OthelloPosition.initial(SHAPE).parse_action(" F5 ") == 37


def test_another_board_is_refused() -> None:
    with pytest.raises(BadPosition, match="6x6"):
        OthelloPosition.initial((6, 6))
