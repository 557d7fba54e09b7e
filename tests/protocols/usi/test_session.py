"""The USI session against an engine that does as it is told: transcripts, options, reports."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support.scripted_engine import ScriptedEngine
from support.transcript import Output, play_transcript

import muzero_engine.protocols.usi.session
from muzero_engine.engine.limits import Clock
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import Shape
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.usi.session import UsiSession

DECLARABLE = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b 2P 1"  # black has 28 points

TRANSCRIPTS = sorted((Path(__file__).parents[2] / "transcripts" / "usi").glob("*.txt"))


def make_session(engine: ScriptedEngine) -> tuple[UsiSession, Output]:
    output = Output()
    session = UsiSession(
        engine,
        Writer(output),
        name="MuZero Engine 1.2.3",
        author="The authors",
        describe=lambda: "a description of the weights",
    )
    return session, output


class Ending(ScriptedEngine):
    """Ends each search with a result that the test chooses."""

    def __init__(self, *, rank: int = 0, declare_win: bool = False, resign: bool = False) -> None:
        super().__init__()
        self._rank = rank
        self._declare_win = declare_win
        self._resign = resign
        self.clocks: list[Clock | None] = []

    def finish(self) -> None:
        assert self._callbacks is not None
        on_info, on_done = self._callbacks
        self._callbacks = None
        info = self.info()
        on_info(info)
        action = info.moves[self._rank].action
        on_done(SearchResult(action, None, info, declare_win=self._declare_win, resign=self._resign))

    def ponderhit(self, clock: Clock | None = None) -> None:
        super().ponderhit(clock)
        self.clocks.append(clock)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    play_transcript(path, session, output, engine.actions())


def test_nothing_is_loaded_before_isready() -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)
    for line in ("usi", "setoption name USI_Hash value 32", "usinewgame", "position startpos"):
        assert session.handle(line)
    assert "prepare" not in engine.events
    session.handle("isready")
    assert engine.events[-1] == "prepare"


def test_isready_does_not_load_in_a_search() -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("go infinite")
    session.handle("isready")
    assert output.next() == "readyok"
    assert engine.events == ["go"]


def test_long_loading_shows_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muzero_engine.protocols.usi.session, "SIGN_OF_LIFE_S", 0.01)
    loaded = threading.Event()

    class Slow(ScriptedEngine):
        def prepare(self, shape: Shape) -> None:
            assert loaded.wait(20.0)

    session, output = make_session(Slow())
    thread = threading.Thread(target=session.handle, args=("isready",))
    thread.start()
    assert [output.next() for _ in range(3)] == [""] * 3
    loaded.set()
    thread.join()
    assert output.until("readyok")[-1] == "readyok"
    assert output.waiting() == []


def test_no_name_or_default_holds_a_space() -> None:
    session, output = make_session(ScriptedEngine(EngineOptions(weights="/my weights/shogi")))
    session.handle("usi")
    lines = [line for line in output.until("usiok") if line.startswith("option ")]
    assert "option name WeightsFile type string default <empty>" in lines
    for line in lines:
        words = line.split(" ")
        assert words[:2] == ["option", "name"]
        assert words[3] == "type"
        assert words[5] == "default"
        assert words[7:8] in ([], ["min"], ["var"]), line


def test_options_given_at_the_start_are_offered_as_defaults() -> None:
    session, output = make_session(ScriptedEngine(EngineOptions(hash_mb=99, ponder=True)))
    session.handle("usi")
    lines = output.until("usiok")
    assert "option name USI_Hash type spin default 99 min 8 max 1048576" in lines
    assert "option name USI_Ponder type check default true" in lines


def test_numbers_out_of_range_become_the_nearest() -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)
    session.handle("setoption name USI_Hash value 1")
    assert engine.options.hash_mb == 8
    session.handle("setoption name MultiPV value 593")
    assert engine.options.multipv == 500
    session.handle("setoption name Byoyomi_Margin value -5")
    assert engine.options.move_overhead_ms == 0
    session.handle(f"setoption name USI_Hash value 1{'0' * 400}")  # which no float can hold
    assert engine.options.hash_mb == 1_048_576
    session.handle("setoption name Temperature value nan")
    assert engine.options.temperature == 0.0


@pytest.mark.parametrize(("threshold", "value"), [(0, -1.01), (50, -0.9), (500, 0.0), (1000, 1.0)])
def test_resign_threshold_is_a_winning_rate_per_mille(threshold: int, value: float) -> None:
    engine = ScriptedEngine(EngineOptions(resign_value=-0.5))
    session, _ = make_session(engine)
    session.handle("setoption name Threads value 2")
    assert engine.options.resign_value == -0.5
    session.handle(f"setoption name Resign_Threshold value {threshold}")
    assert engine.options.resign_value == pytest.approx(value)


def test_a_win_is_declared_by_the_rule_that_is_set() -> None:
    engine = Ending(declare_win=True)
    session, output = make_session(engine)
    answers = []
    for position in ("startpos", f"sfen {DECLARABLE}"):
        session.handle(f"position {position}")
        for rule in ("CSARule27", "CSARule24", "NoEnteringKing"):
            session.handle(f"setoption name EnteringKingRule value {rule}")
            session.handle("go nodes 1")
            engine.finish()
            answers.append(output.until("bestmove .*")[-1] == "bestmove win")
    assert answers == [False, False, False, True, False, False]


def test_resigning() -> None:
    engine = Ending(resign=True)
    session, output = make_session(engine)
    session.handle("go nodes 1")
    engine.finish()
    assert output.until("bestmove .*")[-1] == "bestmove resign"


def test_a_clock_that_comes_with_the_ponderhit_is_the_movers() -> None:
    engine = Ending()
    session, _ = make_session(engine)
    session.handle("position startpos moves 7g7f")
    session.handle("go ponder")
    assert engine.limits.ponder
    assert engine.limits.clock == Clock()  # due at the hit unless that brings a clock
    session.handle("position startpos")  # of no concern to the running search
    session.handle("ponderhit btime 500 wtime 600 byoyomi 100")
    assert engine.clocks == [Clock(remaining_ms=600, byoyomi_ms=100)]


def test_the_played_move_leads_the_last_report_even_if_it_was_sampled() -> None:
    engine = Ending(rank=3)
    session, output = make_session(engine)
    session.handle("setoption name MultiPV value 2")
    session.handle("go nodes 10")
    engine.finish()
    first, second, best = output.until("bestmove .*")[-3:]
    assert best == "bestmove 2h1h"
    assert "multipv 1 " in first
    assert " pv 2h1h" in first
    assert "multipv 2 " in second
    assert " pv 1g1f" in second


def test_statistics_of_all_root_moves() -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("setoption name VerboseMoveStats value true")
    session.handle("go nodes 10")
    engine.report()
    *stats, line = output.until("info depth .*")
    assert len(stats) == 31
    assert all(stat.startswith("info string ") for stat in stats)
    assert line.endswith(" pv 1g1f 1a1b")


def test_an_engine_that_cannot_start_still_gives_a_move() -> None:
    class Failing(ScriptedEngine):
        def go(self, *_: object, **__: object) -> None:
            raise RuntimeError("out of\nmemory")

    session, output = make_session(Failing())
    session.handle("go nodes 10")
    assert output.next().startswith("bestmove ")
    assert output.next() == "info string error: go failed: out of memory"
    session.handle("position sfen 4k4/4G4/4P4/9/9/9/9/9/4K4 w - 1")
    session.handle("go nodes 10")
    assert output.next() == "bestmove resign"


def test_quit_ends_the_session_and_close_delivers_the_bestmove() -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("go infinite")
    assert not session.handle(" quit ")
    session.close()
    assert output.until("bestmove .*")
    assert engine.events[-1] == "close"
