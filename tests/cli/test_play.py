"""`muzero-engine play`, with its input from a pipe."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from muzero_engine.cli import main


def play(*arguments: str, lines: list[str]) -> Result:
    return CliRunner().invoke(
        main,
        ["play", "--nodes", "32", *arguments],
        input="".join(f"{line}\n" for line in lines),
        catch_exceptions=False,
    )


def test_a_whole_game_of_two_people() -> None:
    result = play("tictactoe", "--side", "both", lines=["a1", "b1", "a2", "b2", "a3"])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "x wins: three in a row"


def test_the_engine_answers_until_the_game_ends() -> None:
    squares = [f"{column}{row}" for column in "abc" for row in "123"]
    result = play("tictactoe", lines=squares * 2)
    assert result.exit_code == 0
    assert result.output.count("the engine plays") in (2, 3, 4)
    assert "wins: three in a row" in result.output or "a draw: full board" in result.output


def test_the_engine_never_misses_a_win_in_one() -> None:
    result = play("tictactoe", "--position", "oo./xx./x..", "--side", "x", "--show-value", lines=[])
    assert "the engine plays c3  (win 100%" in result.output
    assert result.output.splitlines()[-1] == "o wins: three in a row"


def test_the_engine_begins_where_the_person_is_second() -> None:
    result = play("go", "--side", "white", "--size", "5", "--komi", "0.5", lines=["resign"])
    assert "the engine plays" in result.output
    assert "komi 0.5" in result.output
    assert result.output.splitlines()[-1] == "black wins: resignation"


def test_undo_takes_both_moves_back() -> None:
    result = play("tictactoe", lines=["undo", "b2", "undo", "quit"])
    assert "there is no move of yours to take back" in result.output
    boards = re.findall(r"^3 .*\n2 .*\n1 .*$", result.output, re.MULTILINE)
    assert len(boards) == 3
    assert boards[0] == boards[2] == "3 . . .\n2 . . .\n1 . . ."


def test_chess_takes_san_and_tells_it() -> None:
    result = play("chess", "--side", "both", lines=["f3", "e5", "g2g4", "hint", "Qh4#"])
    assert "hint: Qh4#" in result.output
    assert result.output.splitlines()[-1] == "black wins: checkmate"


def test_wrong_moves_are_explained_and_the_game_goes_on() -> None:
    result = play("chess", "--side", "both", lines=["e9", "e2e5", "", "HELP", "declare", "board", "quit"])
    assert "not a move: 'e9'" in result.output
    assert "the pawn on e2 cannot go to e5" in result.output
    assert "take your last move back" in result.output
    assert "a win cannot be declared here" in result.output
    assert result.output.splitlines()[-1] == "bye"


@pytest.mark.parametrize("game", ["chess", "go", "shogi", "tictactoe"])
def test_the_end_of_input_ends_the_game(game: str) -> None:
    result = play(game, lines=[])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "bye")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chess", "--side", "x"], "--side x: choose one of first, second, both, white, black"),
        (["chess", "--size", "9"], "chess is played on a board of 8x8"),
        (["shogi", "--komi", "1"], "shogi has no komi"),
        (["go", "--size", "20"], "2 to 19"),
        (["go", "--position", "x"], "a Go position is"),
        (["tictactoe", "--backend", "cuda"], "the backend cuda is not installed"),
    ],
)
def test_errors_are_one_line(arguments: list[str], message: str) -> None:
    result = play(*arguments, lines=[])
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.splitlines()) == 1
