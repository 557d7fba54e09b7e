"""Reading `go` and `position`."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.base import BadPosition
from muzero_engine.games.shogi import GAME
from muzero_engine.protocols.common.search_text import MOST
from muzero_engine.protocols.usi.parse import UsiGoCommand, parse_go, position_of_words, root_actions

START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL"


@pytest.mark.parametrize(
    ("line", "black", "white"),
    [
        (
            "btime 1000 wtime 2000 byoyomi 300",
            Clock(remaining_ms=1000, byoyomi_ms=300),
            Clock(remaining_ms=2000, byoyomi_ms=300),
        ),
        (
            "btime 1000 wtime 2000 binc 30 winc 40",
            Clock(remaining_ms=1030, increment_ms=30),
            Clock(remaining_ms=2040, increment_ms=40),
        ),
        (
            "btime 0 wtime 0 binc 2000 winc 2000",
            Clock(remaining_ms=2000, increment_ms=2000),
            Clock(remaining_ms=2000, increment_ms=2000),
        ),
        ("btime 0 wtime 0 byoyomi 300", Clock(byoyomi_ms=300), Clock(byoyomi_ms=300)),
        ("byoyomi 1000", Clock(byoyomi_ms=1000), Clock(byoyomi_ms=1000)),
        ("wtime 700", Clock(remaining_ms=700), Clock(remaining_ms=700)),
        ("wtime 700 byoyomi 100", Clock(byoyomi_ms=100), Clock(remaining_ms=700, byoyomi_ms=100)),
        ("btime -5 wtime -5", Clock(), Clock()),
        ("nodes 5", None, None),
        ("", None, None),
    ],
)
def test_clocks(line: str, black: Clock | None, white: Clock | None) -> None:
    command = parse_go(line.split())
    assert command.problems == ()
    assert (command.clock(0), command.clock(1)) == (black, white)


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("", Limits()),
        ("infinite", Limits(infinite=True)),
        ("nodes 0 depth 0", Limits(nodes=1, depth=1)),
        ("movetime 30 nodes 7", Limits(move_time_ms=30, nodes=7)),
        ("ponder", Limits(ponder=True, clock=Clock())),
        ("ponder infinite", Limits(ponder=True, infinite=True)),
        ("ponder nodes 5", Limits(ponder=True, nodes=5)),
        ("byoyomi 50 ponder", Limits(ponder=True, clock=Clock(byoyomi_ms=50))),
        ("btime 5 btime 6", Limits(clock=Clock(remaining_ms=6))),
        ("movetime 30.9", Limits(move_time_ms=30)),
        ("byoyomi 1e3 btime 0.0", Limits(clock=Clock(byoyomi_ms=1000))),
        (f"nodes {10**40}", Limits(nodes=MOST)),
    ],
)
def test_limits(line: str, limits: Limits) -> None:
    command = parse_go(line.split())
    assert command.problems == ()
    assert command.limits(0, None) == limits


def test_what_makes_no_sense_is_told() -> None:
    command = parse_go(["btime", "soon", "wtime", "5", "nodes"])
    assert command.problems == ("btime takes a number; ignored", "nodes takes a number; ignored")
    assert command.wtime == 5
    command = parse_go("rtime 100 nodes 3 4 infinite x".split())
    assert command.problems == tuple(f"unknown word {word} in go; ignored" for word in ("rtime", "100", "4", "x"))
    assert command.nodes == 3


@pytest.mark.parametrize("line", ["byoyomi", "nodes x", "rate 5", "movetime nan", "searchmoves 7g7f depth"])
def test_limits_that_cannot_be_read_are_no_search_without_end(line: str) -> None:
    limits = parse_go(line.split()).limits(0, None)
    assert limits.clock == Clock()
    assert not limits.endless


@pytest.mark.parametrize(
    ("line", "limit_ms"), [("mate", None), ("mate infinite", None), ("mate 5000", 5000), ("infinite mate", None)]
)
def test_mate(line: str, limit_ms: int | None) -> None:
    command = parse_go(line.split())
    assert command.mate
    assert command.mate_ms == limit_ms


NUMBERS = ("btime", "wtime", "byoyomi", "binc", "winc", "nodes", "movetime", "depth")


@given(st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, MOST)), st.booleans(), st.randoms())
def test_any_order_and_combination(numbers: dict[str, Any], ponder: bool, rng: random.Random) -> None:
    groups = [f"{name} {number}" for name, number in numbers.items()] + ["ponder"] * ponder
    rng.shuffle(groups)
    assert parse_go(" ".join(groups).split()) == UsiGoCommand(**numbers, ponder=ponder)


def test_searchmoves_up_to_the_next_word() -> None:
    command = parse_go(["searchmoves", "7g7f", "2g2f", "P*5e", "nodes", "3"])
    assert command.search_moves == ("7g7f", "2g2f", "P*5e")
    assert command.nodes == 3
    position = GAME.initial((9, 9))
    actions, problems = root_actions(command.search_moves, position)
    assert actions is not None
    assert [position.action_text(action) for action in actions] == ["7g7f", "2g2f"]
    assert len(problems) == 1
    assert root_actions(("P*5e",), position)[0] is None
    assert root_actions((), position) == (None, [])


@pytest.mark.parametrize(
    "line", ["startpos", "startpos moves", f"sfen {START} b - 1", f"sfen {START} b -", f"sfen {START} b - moves"]
)
def test_start_position(line: str) -> None:
    position, problem = position_of_words(line.split(), GAME)
    assert problem is None
    assert position.text() == f"{START} b - 1"
    assert position.ply == 0


def test_moves_up_to_the_first_illegal_one() -> None:
    position, problem = position_of_words(["startpos", "moves", "7g7f", "3c3d", "8h2b+", "8h2b+", "3a2b"], GAME)
    assert position.ply == 3
    assert problem is not None
    assert problem.startswith("8h2b+ ")
    assert problem.endswith("; kept the 3 moves before it")


@pytest.mark.parametrize("line", ["", "moves 7g7f", "startpos sfen", "sfen", "sfen 9/9 b -", "fen 8/8 w - - 0 1"])
def test_what_is_no_position(line: str) -> None:
    with pytest.raises(BadPosition):
        position_of_words(line.split(), GAME)
