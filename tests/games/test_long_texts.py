"""Texts of many equal signs are read, or refused, in a time that grows with their length and no faster.

Without that a test takes minutes or years, which its timeout ends.
"""

from __future__ import annotations

import contextlib

import pytest

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.go.rule_sets import BadRules, Rules
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.go.sgf import parse_sgf
from muzero_engine.games.lines import record_formats
from muzero_engine.games.record_files import formats_of_text, played_game
from muzero_engine.games.registry import load_game
from muzero_engine.games.written_moves import bare_move, read_move
from muzero_engine.protocols.common.options_text import parse_setoption
from muzero_engine.protocols.common.position_command import PlayedLine, parse_position_command
from muzero_engine.protocols.gtp.analysis import parse_analysis
from muzero_engine.protocols.gtp.frame import Command, parse_command
from muzero_engine.protocols.usi.parse import position_of_words

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
    position = GoPosition((9, 9))
    actions = parse_analysis(["avoid", "b", "A1", "1"] * MANY, position, kata=False)[0].root_actions
    assert actions is not None
    assert len(actions) == 81
    with pytest.raises(BadRules):
        Rules.parse("- " * 8 * MANY)


def test_a_position_of_more_moves_than_any_game_has_is_refused_unplayed() -> None:
    chess, moves = load_game("chess"), "g1f3 g8f6 f3g1 f6g8 " * MANY
    line = PlayedLine(lambda _: chess.initial((8, 8)))
    for text, refused in ((f"startpos moves {moves}", "800,000 moves are more than a game has"), ("startpos", None)):
        command = parse_position_command(text)
        assert command is not None
        line.go_to(command)
        assert (line.refused or "").startswith(refused or "")
        assert line.position.ply == 0
    with pytest.raises(BadPosition, match="more than a game has"):
        position_of_words(f"startpos moves {moves}".split(), load_game("shogi"))


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
