"""`go mate`: exactly one answer, at once after `stop` and at the end of the time, whatever the solver does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.mates import DirectHelper

from muzero_engine.engine.mate_helper import MateFound, MateHelper
from muzero_engine.games.registry import load_game
from muzero_engine.protocols.usi.mate import MOST_NODES, MateSearch

START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"


class Silent(MateHelper):
    """Is asked and says nothing; its waiting is the real one."""

    def __init__(self, *, can_be_asked: bool = True) -> None:
        super().__init__(load_game("shogi"))
        self._can_be_asked = can_be_asked
        self.asked: list[tuple[str, int]] = []
        self.waited_s: list[float | None] = []
        self.rested = False

    def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
        self.asked.append((problem, nodes))
        self._answers.asked += 1
        return self._can_be_asked

    def wait(self, timeout_s: float | None) -> bool:
        self.waited_s.append(timeout_s)
        return super().wait(timeout_s)

    def rest(self) -> None:
        self.rested = True


def ended(search: MateSearch) -> None:
    search._thread.join(30.0)
    assert not search._thread.is_alive()


def test_the_solver_is_waited_for_until_the_end_of_the_time() -> None:
    helper, lines = Silent(), list[str]()
    ended(MateSearch(helper, START, 10, lines.append))
    assert lines == ["checkmate timeout"]
    assert helper.asked == [(START, MOST_NODES)]
    (waited,) = helper.waited_s
    assert waited is not None
    assert 0.0 <= waited <= 0.01
    assert helper.rested


def test_stop_ends_a_search_without_a_limit() -> None:
    helper, lines = Silent(), list[str]()
    search = MateSearch(helper, START, None, lines.append)
    search.stop()
    search.stop()
    assert lines == ["checkmate timeout"]
    assert helper.waited_s == [None]


def test_what_the_solver_says_is_the_answer() -> None:
    for sfen, answer in (("4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "G*5b"), (START, "nomate")):
        lines = list[str]()
        ended(MateSearch(DirectHelper(load_game("shogi")), sfen, None, lines.append))
        assert lines == [f"checkmate {answer}"]


def test_no_solver_is_a_timeout_at_once() -> None:
    lines = list[str]()
    ended(MateSearch(Silent(can_be_asked=False), START, None, lines.append))
    assert lines == ["checkmate timeout"]


def test_a_solver_that_dies_is_a_timeout() -> None:
    helper, lines = Silent(), list[str]()
    search = MateSearch(helper, START, None, lines.append)
    with helper._answers.changed:
        helper._answers.dead = True
        helper._answers.changed.notify_all()
    ended(search)
    assert lines == ["checkmate timeout"]


def test_a_solver_that_fails_still_gives_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[MateFound]:
        raise MemoryError

    helper, lines = DirectHelper(load_game("shogi")), list[str]()
    monkeypatch.setattr(helper, "take", fail)
    ended(MateSearch(helper, START, 0, lines.append))
    assert lines == ["checkmate timeout"]
