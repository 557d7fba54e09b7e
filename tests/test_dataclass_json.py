"""What is read back equals what was written, and every misfit is one sentence that names its place."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.dataclass_json import MAY_LACK, BadData, Finite, Rule, from_data, parse_json, to_data

Side = Annotated[int, Rule(lambda side: 1 <= side <= 19, "a whole number from 1 to 19")]


class Colour(enum.Enum):
    BLACK = "black"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class Stone:
    colour: Colour
    place: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    name: str
    side: Side
    komi: Finite | None
    stones: tuple[Stone, ...] = ()
    notes: dict[str, Stone] = field(default_factory=dict)
    finished: bool = field(default=False, metadata=MAY_LACK)


stones = st.builds(Stone, st.sampled_from(Colour), st.tuples(st.integers(), st.integers()))
boards = st.builds(
    Board,
    name=st.text(max_size=5),
    side=st.integers(1, 19),
    komi=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    stones=st.lists(stones, max_size=3).map(tuple),
    notes=st.dictionaries(st.text(max_size=3), stones, max_size=2),
    finished=st.booleans(),
)
STONE = {"colour": "black", "place": [3, 4]}
BOARD: dict[str, Any] = {"name": "b", "side": 9, "komi": 7, "stones": [STONE], "notes": {"last": STONE}}


def complaint(data: object, **options: bool) -> BadData:
    with pytest.raises(BadData) as caught:
        from_data(Board, data, "the board", **options)
    assert "\n" not in str(caught.value)
    return caught.value


@given(boards)
def test_what_is_read_is_what_was_written(board: Board) -> None:
    assert from_data(Board, json.loads(json.dumps(to_data(board))), "it", complete=True) == board


def test_a_whole_number_is_a_number_and_stays_none_otherwise() -> None:
    board = from_data(Board, BOARD, "it")
    assert (board.komi, type(board.komi)) == (7.0, float)
    assert board.notes == {"last": Stone(Colour.BLACK, (3, 4))}


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"name": 3}, "name", "name is not of type str"),
        ({"side": True}, "side", "side must be a whole number from 1 to 19"),
        ({"side": 20}, "side", "side must be a whole number from 1 to 19"),
        ({"komi": float("nan")}, "komi", "komi must be a number"),
        ({"komi": 10**400}, "komi", "komi must be a number"),
        ({"stones": STONE}, "stones", "stones is not a list"),
        ({"stones": [STONE, 7]}, "stones[1]", "stones is not a JSON object"),
        ({"stones": [{**STONE, "place": [3]}]}, "stones[0].place", "place has 1 parts, not 2"),
        ({"stones": [{**STONE, "place": [3, 0.5]}]}, "stones[0].place[1]", "place is not of type int"),
        ({"stones": [{**STONE, "colour": "red"}]}, "stones[0].colour", "colour is none of black, white"),
        ({"stones": [{**STONE, "colour": []}]}, "stones[0].colour", "colour is none of black, white"),
        ({"notes": []}, "notes", "notes is not a JSON object"),
        ({"notes": {"a b": {}}}, "notes.'a b'", "a b lacks colour"),
        ({"more": 1}, "", "the board has fields that this version does not know: more"),
    ],
)
def test_a_misfit_is_named(change: dict[str, Any], path: str, message: str) -> None:
    error = complaint(BOARD | change)
    assert (error.path, str(error)) == (path, message)


def test_missing_fields_take_their_default_unless_the_data_must_be_complete() -> None:
    board = from_data(Board, {"name": "b", "side": 9}, "it")
    assert (board.komi, board.stones) == (None, ())
    assert complaint({"side": 9}).missing == ("name",)
    assert complaint({"name": "b", "side": 9}, complete=True).missing == ("komi", "stones", "notes")
    assert from_data(Board, BOARD, "it", complete=True).finished is False


def test_unknown_fields_are_ignored_where_asked() -> None:
    assert from_data(Board, BOARD | {"more": 1}, "it", ignored=True).name == "b"
    assert complaint(BOARD | {"more": 1, "also": 2}).unknown == ("also", "more")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(BOARD)), value=JSON)
def test_any_value_anywhere_is_read_or_refused(name: str, value: Any) -> None:
    try:
        board = from_data(Board, BOARD | {name: value}, "it")
    except BadData:
        return
    assert from_data(Board, to_data(board), "it") == board


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 1000 + "]" * 1000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "thousands of digits"),
        ('{"a": NaN}', "NaN is no number"),
        ("{", "line 1"),
        (b"\xff", "utf-8"),
    ],
)
def test_json_that_cannot_be_read_is_refused_in_one_line(text: str | bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_json(text)


def test_constants_are_read_where_they_may_be() -> None:
    assert parse_json("[Infinity]", constants=True) == [float("inf")]
