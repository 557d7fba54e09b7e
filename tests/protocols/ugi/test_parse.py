"""What UGI asks for: `go` with limits of each player."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ugi_fake import GAME

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.protocols.common.go_command import make_limits
from muzero_engine.protocols.common.search_text import NO_LIMIT_LEFT
from muzero_engine.protocols.ugi.parse import GO_WORDS, parse_go

CLOCKS = "p1time 100 p2time 200 p1inc 3 p2inc 4"


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (
            CLOCKS,
            Limits(clock=Clock(remaining_ms=100, increment_ms=3)),
            Limits(clock=Clock(remaining_ms=200, increment_ms=4)),
        ),
        ("p2time 5", Limits(clock=Clock(remaining_ms=5)), Limits(clock=Clock(remaining_ms=5))),
        ("p1time -7 p1inc -7", Limits(clock=Clock(remaining_ms=1)), Limits(clock=Clock(remaining_ms=1))),
        ("movetime 500", Limits(move_time_ms=500), Limits(move_time_ms=500)),
        ("depth 0", Limits(depth=1), Limits(depth=1)),
        ("nodes 5000 infinite", Limits(nodes=5000, infinite=True), Limits(nodes=5000, infinite=True)),
        ("", Limits(), Limits()),
    ],
)
def test_each_player_has_its_own_limits(arguments: str, first: Limits, second: Limits) -> None:
    position = GAME.initial((3, 3))
    assert make_limits(parse_go(arguments), position) == (first, [])
    position.push(position.parse_action("b2"))
    assert make_limits(parse_go(arguments), position) == (second, [])


def test_words_of_uci_are_unknown() -> None:
    limits, problems = make_limits(parse_go("wtime 5 searchmoves b2 ponder mate 3"), GAME.initial((3, 3)))
    assert limits == Limits(clock=Clock(remaining_ms=1))
    words = ["wtime", "5", "searchmoves", "b2", "ponder", "mate", "3"]
    assert problems == [*(f"unknown word {word} in go; ignored" for word in words), NO_LIMIT_LEFT]


@given(st.lists(st.sampled_from([*GO_WORDS.numbers, *GO_WORDS.others, "1", "0", "-3", "1e9", "9" * 30]) | st.text()))
def test_any_go_gives_limits_that_make_sense(parts: list[str]) -> None:
    limits, problems = make_limits(parse_go(" ".join(parts)), GAME.initial((3, 3)))
    for number in (limits.nodes, limits.depth, limits.move_time_ms):
        assert number is None or number >= 1
    if limits.clock is not None:
        assert limits.clock.remaining_ms >= 1
        assert limits.clock.increment_ms >= 0
    assert (limits.mate, limits.root_actions, limits.ponder) == (None, None, False)
    assert limits.infinite == ("infinite" in " ".join(parts).split())
    assert all(problem == " ".join(problem.split()) for problem in problems)
