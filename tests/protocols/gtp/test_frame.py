"""GTP text: command lines, responses, words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.protocols.gtp.frame import (
    Command,
    GtpError,
    failure,
    parse_colour,
    parse_command,
    parse_float,
    parse_int,
    parse_point,
    success,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("name", Command("", "name", ())),
        ("12 play b D4", Command("12", "play", ("b", "D4"))),
        ("007 name", Command("007", "name", ())),
        ("\t play \t b   D4 \r", Command("", "play", ("b", "D4"))),
        ("play b D4 # a comment", Command("", "play", ("b", "D4"))),
        ("na\x07me\x7f", Command("", "name", ())),
        ("5", Command("5", "", ())),
        ("", None),
        ("   \t", None),
        ("# only a comment", None),
        ("\x00\x01", None),
    ],
)
def test_command_lines(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


def test_digits_of_other_scripts_are_no_id() -> None:
    assert parse_command("\u0661\u0662 name") == Command("", "\u0661\u0662", ("name",))


def test_responses() -> None:
    assert success("", "2") == "= 2\n"
    assert success("7", "a\nb") == "=7 a\nb\n"
    assert success("7") == "=7\n"
    assert success("7", "\n  A B\n1 .") == "=7\n  A B\n1 .\n"
    assert failure("", "illegal move") == "? illegal move\n"
    assert failure("3", "two\n\nlines") == "?3 two lines\n"


@given(st.text(), st.from_regex(r"[0-9]{0,5}", fullmatch=True))
def test_a_response_ends_with_its_only_empty_line(text: str, number: str) -> None:
    for response in (success(number, text), failure(number, text)):
        block = response + "\n"
        assert block.endswith("\n\n")
        lines = block.split("\n")[:-2]
        assert all(line.strip() for line in lines)


def test_words() -> None:
    assert [parse_colour(word) for word in ("b", "B", "Black", "w", "WHITE")] == [0, 0, 0, 1, 1]
    assert parse_int("50.0", "it") == 50
    assert parse_point("j9", (9, 9)) == 8
    for call in (
        lambda: parse_colour("x"),
        lambda: parse_int("5.5", "it"),
        lambda: parse_int("1e300", "it"),
        lambda: parse_float("nan", "it"),
        lambda: parse_float("inf", "it"),
        lambda: parse_point("pass", (9, 9)),
        lambda: parse_point("I5", (9, 9)),
    ):
        with pytest.raises(GtpError):
            call()
