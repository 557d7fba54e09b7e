"""A processor that stands still is seen, no game is lost by it, and what was taken off is told."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.matches import PATIENT, record, scripted

from muzero_engine.games.record import Ending
from muzero_engine.games.record_text import comment
from muzero_engine.games.registry import load_game
from muzero_engine.match.engines import base, stalls
from muzero_engine.match.engines.base import GameResult, GameSetup, Question, Reply, ReplyKind
from muzero_engine.match.engines.stalls import stalled_s, stolen_s
from muzero_engine.match.play.game import GamePlan, Seat, play_game
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.records.record_json import parse_record, record_line
from muzero_engine.match.settings.match_settings import GameSettings

COUNTED = """cpu  72346 183138 14875 70123 456 0 109 215 0 0
cpu0 17414 110377 4374 38313 69 0 13 95 0 0
cpu1 54932 72760 10501 31810 386 0 95 119 0 0
cpu12 1 1 1 1 1 1 1 7 0 0
cpu13 1 1 1 1
intr 28319 0
"""


def test_the_system_counts_what_its_processors_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 12, 13}, raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_CLK_TCK": 100}.__getitem__, raising=False)
    monkeypatch.setattr(stalls, "COUNTERS", tmp_path / "stat")
    assert stolen_s() == {}
    (tmp_path / "stat").write_text(COUNTED)
    assert stolen_s() == pytest.approx({"cpu1": 1.19, "cpu12": 0.07})
    monkeypatch.delattr(os, "sched_getaffinity")  # no Linux
    assert stolen_s() == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it")
def test_this_machine_counts_it_for_each_processor() -> None:
    before = stolen_s()
    assert before.keys() == {f"cpu{number}" for number in os.sched_getaffinity(0)}
    assert stalled_s(before, stolen_s()) >= 0.0


def test_the_processor_that_lost_most_counts() -> None:
    assert stalled_s({"cpu0": 1.0, "cpu1": 2.0, "cpu2": 0.0}, {"cpu0": 1.25, "cpu1": 2.5, "cpu3": 9.0}) == 0.5
    assert stalled_s({}, {"cpu0": 1.0}) == 0.0


@pytest.mark.parametrize("game", ["chess", "shogi", "go"])
@pytest.mark.parametrize("stood_still", [False, True])
def test_no_game_is_lost_by_a_processor_that_stood_still(
    monkeypatch: pytest.MonkeyPatch, game: str, stood_still: bool
) -> None:
    lost = itertools.count(step=1000.0 if stood_still else 0.0)
    monkeypatch.setattr(base, "stolen_s", lambda: {"cpu0": float(next(lost))})
    late = scripted("late", game, limit="movetime=0.000001,margin=0")  # with each answer
    played = record(late, scripted("good", game), GameSettings(game=game, patience=PATIENT))
    assert (played.ending is Ending.TIME_LOSS) is not stood_still
    assert all(0.0 <= ply.elapsed_s < 100.0 for ply in played.moves)
    assert bool(played.stalls) is stood_still
    assert all(ply.stalled_s is None for ply in played.moves[1::2])  # nothing is taken off what is in time
    assert all("the machine stood still" in comment(ply) for ply in played.moves[::2])
    assert parse_record(record_line(played)) == played


@dataclass
class Answering:
    """A client that has nothing but one answer."""

    reply: Reply
    identity: str = ""
    asked: str = ""

    def start(self) -> None: ...

    def new_game(self, setup: GameSetup) -> None: ...

    def think(self, question: Question) -> Reply:
        return self.reply

    def end_game(self, result: GameResult) -> None: ...

    def final_score(self, moves: tuple[str, ...]) -> float | None: ...

    def close(self) -> None: ...

    def kill(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "elapsed", "ending"),
    [(ReplyKind.DECLARE_WIN, 0.1, Ending.ILLEGAL_MOVE), (ReplyKind.MOVE, 70.0, Ending.TIME_LOSS)],
)
def test_what_was_taken_off_the_last_answer_is_told(kind: ReplyKind, elapsed: float, ending: Ending) -> None:
    settings = [scripted(name, "shogi", limit="60") for name in "ab"]
    client = Answering(Reply(kind=kind, elapsed_s=elapsed, stalled_s=0.25))
    plan = GamePlan(first="a", second="b", opening=Opening("start"), pair=0, game=0)
    seats = Seat(settings[0], client), Seat(settings[1], client)
    played = play_game(plan, seats, load_game("shogi"), GameSettings(game="shogi")).record
    assert (played.ending, played.points) == (ending, 0.0)
    assert played.reason.endswith(", without 0.25 s in which the machine stood still")
