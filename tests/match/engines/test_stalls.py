"""A processor that stands still is seen, and no game is lost by it."""

from __future__ import annotations

import threading
import time

import pytest
from support.matches import PATIENT, record, scripted

from muzero_engine.games.record import Ending
from muzero_engine.match.engines import base, stalls
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.engines.stalls import Stall, StallWatch
from muzero_engine.match.settings.match_settings import GameSettings


def test_a_sleep_that_ends_late_is_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "LATE_S", -1.0)  # every sleep does
    watch, before, threads = StallWatch(), now(), threading.active_count()
    with watch, watch:
        assert threading.active_count() > threads
        while not watch.stalls:
            time.sleep(0.001)
    assert threading.active_count() == threads
    for stall in watch.stalls:
        assert before <= stall.begin <= stall.end <= now()


def test_the_time_in_which_several_processors_stood_still_counts_once() -> None:
    watch = StallWatch()
    for begin, end in ((5.0, 6.0), (1.0, 2.0), (1.5, 2.5), (1.6, 1.7), (8.0, 9.0)):
        watch.tell(Stall(begin, end))
    assert watch.during(0.0, 10.0) == pytest.approx(3.5)
    assert watch.during(1.75, 5.25) == pytest.approx(1.0)
    assert watch.during(3.0, 4.0) == 0.0


@pytest.mark.parametrize(
    ("game", "more"), [("chess", ()), ("shogi", ()), ("go", ("--delay", "0.5"))], ids=["chess", "shogi", "go"]
)
@pytest.mark.parametrize("stood_still", [False, True])
def test_no_game_is_lost_by_a_processor_that_stood_still(
    monkeypatch: pytest.MonkeyPatch, game: str, more: tuple[str, ...], stood_still: bool
) -> None:
    watch = StallWatch()
    monkeypatch.setattr(base, "WATCH", watch)
    if stood_still:
        watch.tell(Stall(now(), now() + 1000.0))
    slow = scripted("slow", game, "--fault", "slow", "--at", "2", *more, limit="movetime=0.2,margin=0.1")
    quick = scripted("quick", game, limit="60")
    played = record(slow, quick, GameSettings(game=game, patience=PATIENT))
    assert (played.ending is Ending.TIME_LOSS) is not stood_still
    assert all(0.0 <= ply.elapsed_s < 100.0 for ply in played.moves)
