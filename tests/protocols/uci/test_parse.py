"""What UCI asks for: `go` in any order, `position`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.chess import GAME
from muzero_engine.protocols.common.go_command import make_limits
from muzero_engine.protocols.common.position_command import PositionCommand
from muzero_engine.protocols.common.search_text import MOST, NO_LIMIT_LEFT
from muzero_engine.protocols.uci.parse import parse_go, parse_position_command

GO_WORDS = [
    "searchmoves",
    "ponder",
    "wtime",
    "btime",
    "winc",
    "binc",
    "movestogo",
    "depth",
    "nodes",
    "mate",
    "movetime",
    "infinite",
    "perft",
    "e2e4",
    "d2d4",
    "0000",
    "e7e5",
    "1",
    "0",
    "-3",
    "100",
    "99999999999999999999999",
    "1e9",
    "x",
]


@given(st.lists(st.sampled_from(GO_WORDS) | st.text(min_size=1)))
def test_any_go_gives_limits_that_make_sense(parts: list[str]) -> None:
    position = GAME.initial((8, 8))
    limits, problems = make_limits(parse_go(" ".join(parts)), position)
    words = " ".join(parts).split()
    legal = position.legal_actions().tolist()
    for number in (limits.nodes, limits.depth, limits.mate, limits.move_time_ms):
        assert number is None or number >= 1
    if limits.clock is not None:
        assert limits.clock.remaining_ms >= 1
        assert limits.clock.increment_ms >= 0
        assert limits.clock.moves_to_go is None or limits.clock.moves_to_go >= 1
    assert limits.root_actions is None or set(limits.root_actions) <= set(legal)
    assert limits.infinite == ("infinite" in words)
    assert limits.ponder == ("ponder" in words)
    assert all(problem == " ".join(problem.split()) for problem in problems)


@given(
    st.permutations(["wtime 100", "btime 200", "winc 3", "binc 4", "movestogo 5", "searchmoves e2e4 d2d4", "nodes 7"])
)
def test_the_order_of_the_words_does_not_matter(parts: list[str]) -> None:
    position = GAME.initial((8, 8))
    limits, problems = make_limits(parse_go(" ".join(parts)), position)
    assert not problems
    assert limits.clock is not None
    assert (limits.clock.remaining_ms, limits.clock.increment_ms, limits.clock.moves_to_go) == (100, 3, 5)
    assert limits.nodes == 7
    assert limits.root_actions == (position.parse_action("e2e4"), position.parse_action("d2d4"))


def test_each_side_has_its_own_clock() -> None:
    position = GAME.initial((8, 8))
    position.push(position.parse_action("e2e4"))
    limits, _ = make_limits(parse_go("wtime 100 btime 200 winc 3 binc 4"), position)
    assert limits.clock is not None
    assert (limits.clock.remaining_ms, limits.clock.increment_ms) == (200, 4)


def test_go_alone_is_endless() -> None:
    limits, problems = make_limits(parse_go(""), GAME.initial((8, 8)))
    assert limits.endless
    assert not problems


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ("movetime 1000.0", Limits(move_time_ms=1000)),
        ("movetime 999.99 nodes 1e9", Limits(move_time_ms=999, nodes=10**9)),
        ("wtime 5e3 btime -1.5 winc 1e400", Limits(clock=Clock(remaining_ms=5000, increment_ms=MOST))),
    ],
)
def test_numbers_may_have_a_point_or_an_exponent(arguments: str, limits: Limits) -> None:
    assert make_limits(parse_go(arguments), GAME.initial((8, 8))) == (limits, [])


@pytest.mark.parametrize(
    "arguments",
    ["movetime", "nodes many", "movetime nan", "wtime x btime y", "rate 5", "perft 3", "searchmoves e2e4 depth"],
)
def test_limits_that_cannot_be_read_are_no_search_without_end(arguments: str) -> None:
    limits, problems = make_limits(parse_go(arguments), GAME.initial((8, 8)))
    assert limits.clock == Clock(remaining_ms=1)
    assert not limits.endless
    assert problems[-1] == NO_LIMIT_LEFT
    limits, problems = make_limits(parse_go(f"ponder {arguments}"), GAME.initial((8, 8)))
    assert limits.ponder
    assert limits.clock == Clock(remaining_ms=1)
    assert make_limits(parse_go(f"infinite {arguments}"), GAME.initial((8, 8)))[0].endless


def test_position() -> None:
    assert parse_position_command("startpos") == PositionCommand(None, ())
    assert parse_position_command("startpos moves e2e4 E7E8Q") == PositionCommand(None, ("e2e4", "e7e8q"))
    assert parse_position_command("fen 8/8 w - - moves") == PositionCommand("8/8 w - -", ())
    assert parse_position_command("fen 8/8 w - - 0 1 moves a1a2") == PositionCommand("8/8 w - - 0 1", ("a1a2",))
    for wrong in ("", "fen", "fen moves e2e4", "moves e2e4", "start", "startpos e2e4", "startpos move e2e4"):
        assert parse_position_command(wrong) is None


@pytest.mark.parametrize("text", ["1_0", "1e3_0", "_1"])
def test_numbers_with_low_lines_are_none(text: str) -> None:
    assert parse_go(f"nodes {text}").problems == ("nodes takes a number; ignored",)
