"""What the process that proves mates looks at, in which order, and what it says."""

from __future__ import annotations

import io
import json
import queue
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from muzero_engine.engine.mate_process import FIRST_NODES, GROWTH, MOVES_SHARE, Inquiry, Server
from muzero_engine.games.base import MateResult, Position

OPEN, NONE = MateResult((), False), MateResult((), True)


class Scripted:
    """A solver that knows how many nodes each question needs, and the answer; "" is the problem itself."""

    quick_nodes = 1_000

    def __init__(self, **needed: tuple[int, MateResult]) -> None:
        self._needed = needed
        self.looks: list[tuple[str, int]] = []

    def problem(self, position: Position) -> str:
        return position.text()

    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        if problem == "bad":
            raise ValueError(problem)
        name = "".join(moves)
        self.looks.append((name, nodes))
        enough, result = self._needed.get(name or "root", (1 << 30, OPEN))
        return result if nodes >= enough else OPEN


def test_all_are_looked_at_in_stages_until_they_are_decided() -> None:
    share = FIRST_NODES // MOVES_SHARE
    solver = Scripted(a=(1, NONE), b=(GROWTH * share, MateResult(("m",), True)))
    looks = list(Inquiry(solver, "p", ["a", "b", "c"], GROWTH * FIRST_NODES).looks())
    assert solver.looks == [
        *[("", FIRST_NODES), ("a", share), ("b", share), ("c", share)],
        *[("", GROWTH * FIRST_NODES), ("b", GROWTH * share), ("c", GROWTH * share)],
    ]
    assert [look for look in looks if look is not None] == [("a", NONE), ("b", MateResult(("m",), True))]


def test_nothing_is_looked_for_behind_a_mate() -> None:
    mate = MateResult(("m",), True)
    solver = Scripted(root=(GROWTH * FIRST_NODES, mate))
    looks = list(Inquiry(solver, "p", ["a", "m"], 1 << 20).looks())
    assert looks[-1] == (None, mate)
    assert solver.looks[-1] == ("", GROWTH * FIRST_NODES)


def test_a_move_put_first_is_next_and_gets_as_much_as_the_problem() -> None:
    solver = Scripted()
    inquiry = Inquiry(solver, "p", ["a", "b", "c"], FIRST_NODES)
    looks = inquiry.looks()
    next(looks)
    inquiry.put_first("c")
    list(looks)
    assert [name for name, _ in solver.looks] == ["", "c", "a", "b"]
    assert solver.looks[1] == ("c", FIRST_NODES)
    inquiry = Inquiry(solver, "p", ["a"], FIRST_NODES)
    inquiry.put_first("unknown")
    assert all(look is None for look in inquiry.looks())


class Ended(Exception):
    pass


class Commands(queue.SimpleQueue[dict[str, Any]]):
    """Ends the server where there is nothing left to do, which else waits for ever."""

    def get(self, block: bool = True, timeout: float | None = None) -> dict[str, Any]:
        if self.empty():
            raise Ended
        return super().get(block, timeout)


def served(solver: Scripted, *commands: dict[str, Any]) -> list[dict[str, Any]]:
    waiting, out = Commands(), io.StringIO()
    for command in commands:
        waiting.put(command)
    with suppress(Ended):
        Server(solver, waiting, out).serve()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def ask(number: int, problem: str, *moves: str) -> dict[str, Any]:
    return {"ask": number, "problem": problem, "moves": list(moves), "nodes": FIRST_NODES}


def test_the_next_question_takes_the_place_of_the_last() -> None:
    solver = Scripted(b=(1, MateResult(("m",), True)))
    answers = served(
        solver, ask(1, "p", "a", "b"), ask(2, "q", "b", "a"), {"rest": True}, ask(3, "p", "b"), {"first": "b"}
    )
    found = {"of": 3, "after": "b", "moves": ["m"]}
    assert answers == [{"of": 1, "end": True}, {"of": 2, "end": True}, found, {"of": 3, "end": True}]
    assert solver.looks == [("", FIRST_NODES)] * 3 + [("b", FIRST_NODES)]


def test_a_mate_by_a_move_that_was_not_asked_for_does_not_end_the_others() -> None:
    solver = Scripted(root=(1, MateResult(("m", "n"), True)), a=(1, MateResult(("o",), True)))
    assert [answer.get("after", "end") for answer in served(solver, ask(1, "p", "a", "b"))] == [None, "a", "end"]
    assert [answer.get("after", "end") for answer in served(solver, ask(1, "p", "a", "m"))] == [None, "end"]


def test_a_look_is_stopped_by_the_next_question_but_not_by_a_move_put_first() -> None:
    said = []

    class Asking(Scripted):
        def solve(
            self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
        ) -> MateResult:
            said.append((problem, *moves, stopped()))
            return super().solve(problem, moves, nodes)

    served(Asking(), ask(1, "p", "a", "b"), {"first": "b"}, ask(2, "q"))
    assert said == [("p", True), ("q", False)]
    said.clear()
    served(Asking(), ask(1, "p", "a", "b"), {"first": "b"})
    assert said == [("p", False), ("p", "b", False), ("p", "a", False)]


def test_answers_are_mates_and_that_there_is_none() -> None:
    solver = Scripted(root=(1, NONE), a=(1, NONE), b=(1, MateResult(("m", "n"), True)))
    assert served(solver, ask(7, "p", "a", "b")) == [
        {"of": 7, "after": None, "moves": []},
        {"of": 7, "after": "b", "moves": ["m", "n"]},
        {"of": 7, "end": True},
    ]


def test_a_problem_that_cannot_be_solved_is_not_the_end() -> None:
    solver = Scripted(root=(1, NONE))
    assert served(solver, ask(1, "bad"), ask(2, "p"))[-2:] == [
        {"of": 2, "after": None, "moves": []},
        {"of": 2, "end": True},
    ]
