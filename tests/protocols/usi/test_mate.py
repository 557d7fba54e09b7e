"""`go mate`: exactly one answer, soon after `stop` or the end of the time."""

from __future__ import annotations

import threading

import pytest

import muzero_engine.games.shogi.mate
from muzero_engine.games.shogi.mate import MateResult
from muzero_engine.protocols.usi.mate import MOST_NODES, MateSearch

START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"


class Undecided:
    """A solver that never finds anything; `budgets` are the nodes that it was given."""

    def __init__(self) -> None:
        self.budgets: list[int] = []

    def __call__(self, sfen: str, nodes: int) -> MateResult:
        self.budgets.append(nodes)
        return MateResult((), False)


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> Undecided:
    solver = Undecided()
    monkeypatch.setattr(muzero_engine.games.shogi.mate, "find_mate", solver)
    return solver


def answers(search: MateSearch, lines: list[str]) -> list[str]:
    search.stop()
    search.stop()
    return lines


def test_nothing_found_is_a_timeout(undecided: Undecided) -> None:
    lines: list[str] = []
    search = MateSearch(START, None, lines.append)
    search._thread.join()
    assert answers(search, lines) == ["checkmate timeout"]
    assert undecided.budgets == sorted(undecided.budgets)
    assert undecided.budgets[-1] == MOST_NODES


def test_no_time_is_one_short_look(undecided: Undecided) -> None:
    lines: list[str] = []
    assert answers(MateSearch(START, 0, lines.append), lines) == ["checkmate timeout"]
    assert len(undecided.budgets) == 1


def test_stop_ends_it_after_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    budgets = []

    def solve(sfen: str, nodes: int) -> MateResult:
        budgets.append(nodes)
        started.set()
        assert go_on.wait(20.0)
        return MateResult((), False)

    monkeypatch.setattr(muzero_engine.games.shogi.mate, "find_mate", solve)
    lines: list[str] = []
    search = MateSearch(START, None, lines.append)
    assert started.wait(20.0)
    search._stop.set()
    go_on.set()
    assert answers(search, lines) == ["checkmate timeout"]
    assert len(budgets) == 1


def test_a_solver_that_fails_still_gives_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(sfen: str, nodes: int) -> MateResult:
        raise MemoryError

    monkeypatch.setattr(muzero_engine.games.shogi.mate, "find_mate", fail)
    lines: list[str] = []
    assert answers(MateSearch(START, None, lines.append), lines) == ["checkmate timeout"]
