"""The reference player for Go: UCT over the rules, spoken to in GTP."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.go.uct import UctPlayer
from muzero_engine.protocols.gtp.uct_session import serve_gtp


def gtp(*lines: str) -> list[str]:
    answers: list[str] = []
    serve_gtp(lines, answers.append, "test", UctPlayer(5, random.Random(1)))
    assert all(answer.endswith("\n") and "\n\n" not in answer for answer in answers)
    return [answer.rstrip() for answer in answers]


def test_it_takes_what_is_there_to_take() -> None:
    position = GoPosition((5, 5))
    squares = [[position.parse_action(f"{column}{row}") for row in range(1, 6)] for column in "ABCD"]
    black = [*squares[0], squares[2][4], squares[3][4]]
    for mover in (0, 1):  # B5 takes five stones, or saves them
        position.set_up(black, squares[1][:4], mover)
        assert position.action_text(UctPlayer(300, random.Random(0)).choose(position)) == "B5"
    won = GoPosition((5, 5), komi=0.5)
    for move in ("C3", "pass"):
        won.push(won.parse_action(move))
    assert won.action_text(UctPlayer(1, random.Random(0)).choose(won)) == "pass"  # the board is black's


def test_more_playouts_win_and_games_end() -> None:
    for colour in (0, 1):
        position = GoPosition((5, 5), komi=0.5)
        players = [UctPlayer(40, random.Random(1)), UctPlayer(1, random.Random(2))][:: -1 if colour else 1]
        while position.outcome() is None:
            assert position.ply < 300
            position.push(players[position.mover].choose(position))
        assert (position.score() > 0) == (colour == 0)


def test_gtp() -> None:
    answers = gtp(
        "1 boardsize 5", "clear_board # now", "", "komi 6.5", "play b c3", "2 genmove w", "undo", "final_score", "quit"
    )
    assert answers[:4] == ["=1", "=", "=", "="]
    position = GoPosition((5, 5))
    position.push(position.parse_action("C3"))
    position.parse_action(answers[4].removeprefix("=2 "))
    assert answers[5:] == ["=", "= B+18.5", "="]
    assert gtp("known_command undo", "known_command x", "protocol_version") == ["= true", "= false", "= 2"]
    assert "genmove" in gtp("list_commands")[0].split()
    assert gtp("set_free_handicap C3 G7", "genmove white")[0] == "="


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("7 boardsize 20", "?7 unacceptable size"),
        ("boardsize x", "? unacceptable size"),
        (f"boardsize {'9' * 5000}", "? unacceptable size"),
        ("komi", "? komi takes a number"),
        ("komi nan", "? komi takes a number"),
        ("play b", "? play takes a colour and a vertex"),
        ("play x c3", "? a colour is black or white"),
        ("play b c99", "? illegal move"),
        ("genmove", "? a colour is black or white"),
        ("undo", "? cannot undo"),
        ("dance", "? unknown command"),
        ("set_free_handicap c3", "? a handicap is two or more distinct points"),
    ],
)
def test_gtp_refuses(line: str, refusal: str) -> None:
    assert gtp(line) == [refusal]


def test_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "muzero_engine", "uct", "--playouts", "3"],
        input="name\nboardsize 5\ngenmove b\nquit\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    name, size, move, end, rest = done.stdout.split("\n\n")
    assert (name, size.rstrip(), end.rstrip(), rest) == ("= UCT 3", "=", "=", "")
    GoPosition((5, 5)).parse_action(move.removeprefix("= "))
