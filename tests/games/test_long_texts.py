"""Texts of many equal signs are read, or refused, in a time that grows with their length and no faster.

Without that a test takes minutes or years, which its timeout ends.
"""

from __future__ import annotations

import contextlib

import pytest

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.go.sgf import parse_sgf
from muzero_engine.games.lines import record_formats
from muzero_engine.games.record_files import formats_of_text, played_game
from muzero_engine.games.registry import load_game
from muzero_engine.games.written_moves import bare_move, read_move
from muzero_engine.protocols.common.options_text import parse_setoption
from muzero_engine.protocols.gtp.frame import Command, parse_command

MANY = 200_000
pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("text", ["%" * 60 + "\nx", "% " * 60 + "\nx", "'a " * 60 + "\nx", "\n" * 4000 + "x"])
def test_a_format_is_guessed(text: str) -> None:
    assert [form.name for _, form in formats_of_text(text)] == []


@pytest.mark.parametrize(
    ("game", "head", "sign"),
    [
        *(("chess", "1. e4 e5", sign) for sign in ("+", "e.p.", " ", "1", "\\", "(", "{")),
        *(("chess", "", sign) for sign in ("%\n", "1", ".", '[a "', "\n")),
        *(("shogi", "1 ７六歩(77)", sign) for sign in (" ", "+", "(", "(1:", "まで", "手")),
        *(("shogi", "▲７六歩", sign) for sign in ("　", "+", "まで", "▲")),
        *(("shogi", "V2.2\nPI\n+\n", sign) for sign in ("'", " ", "+")),
        *(("shogi", "", sign) for sign in ("|", " ", "\n", "1", ":")),
        *(("go", "(;GM[1]SZ[9]", sign) for sign in (";", " ", "\\", "(", "C[")),
        *(("go", "(;GM[1];B[aa]C[", sign) for sign in ("\\", "\n", "[")),
    ],
)
def test_a_record_is_read_or_refused(game: str, head: str, sign: str) -> None:
    text = head + sign * (MANY // len(sign)) + "x"
    for form in record_formats(load_game(game)):
        with contextlib.suppress(BadPosition):
            played_game(text, form, load_game(game))


def test_a_long_game_of_shogi_is_read() -> None:
    shogi = load_game("shogi")
    csa = next(form for form in record_formats(shogi) if ".csa" in form.suffixes)
    turns = "+7968GI\n-3142GI\n+6879GI\n-4231GI\n"
    assert played_game("V2.2\nPI\n+\n" + turns * 4000, csa, shogi).position.ply == 16_000


def test_a_long_comment_is_read_once() -> None:
    record = parse_sgf(f"(;SZ[9];C[{'a ' * 1_500_000}]{'B[]W[]' * 2000})")
    assert len(record.steps) == 4000


@pytest.mark.parametrize("sign", ["+", "ep", "1", " ", "."])
@pytest.mark.parametrize("game", ["chess", "shogi", "go"])
def test_a_move_is_read_or_refused(game: str, sign: str) -> None:
    start = load_game(game)
    text = "1. e4" + sign * (MANY // len(sign)) + "a"
    assert bare_move(text).endswith("a")
    with pytest.raises(IllegalMove):
        read_move(start.initial(start.spec.shapes[0]), text)


def test_lines_of_protocols_are_read() -> None:
    assert parse_setoption("name a" + " " * MANY + "x") == ("a x", None)
    assert parse_setoption("name a" + " " * MANY + "value" + " " * MANY + "b") == ("a", "b")
    marks = "#" * MANY + '"'
    assert parse_command("name " + marks) == Command("", "name", (marks,))
    assert parse_command('name "" ' + "#" * MANY) == Command("", "name", ('""',))


@pytest.mark.parametrize(
    ("game", "text"),
    [
        ("shogi", "7\u013061"),
        ("shogi", "7g7\u0131"),
        ("shogi", "\u017f*5e"),
        ("chess", "\u212ae2"),
        ("go", "\u212a5x"),
    ],
)
def test_letters_that_fold_to_others_are_no_letters_of_moves(game: str, text: str) -> None:
    start = load_game(game)
    with pytest.raises(IllegalMove):
        read_move(start.initial(start.spec.shapes[0]), text)
