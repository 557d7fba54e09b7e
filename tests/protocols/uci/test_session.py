"""The UCI session against an engine that does as it is told: transcripts, options, reports."""

from __future__ import annotations

import re
from pathlib import Path

import chess
import pytest
from support.scripted_engine import ScriptedEngine
from support.transcript import Output, play_transcript

from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.engine.strength import limited
from muzero_engine.games.base import BadPosition
from muzero_engine.games.chess.actions import action_of
from muzero_engine.games.chess.tablebases import TableMoves
from muzero_engine.protocols.common.stdio import Inbox, SessionLog, Writer, run_session
from muzero_engine.protocols.uci.session import UciSession

TRANSCRIPTS = sorted((Path(__file__).parents[2] / "transcripts" / "uci").glob("*.txt"))


def make_session(engine: ScriptedEngine) -> tuple[UciSession, Output]:
    output = Output()
    session = UciSession(
        engine,
        Writer(output),
        name="MuZero Engine 1.2.3",
        author="The authors",
        describe=lambda: "a description of the weights",
    )
    return session, output


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    play_transcript(path, session, output, engine.actions())


def test_nothing_is_loaded_before_isready() -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)
    for line in ("uci", "setoption name Hash value 32", "ucinewgame", "position startpos"):
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


def test_quit_ends_the_session_and_close_delivers_the_bestmove() -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("go infinite")
    assert not session.handle("joho quit")
    session.close()
    assert output.until("bestmove .*")
    assert engine.events[-1] == "close"


def test_an_option_that_needs_another_says_so_once_it_is_not_at_its_default() -> None:
    session, output = make_session(ScriptedEngine())
    session.handle("setoption name UCI_Elo value 1300")  # clients send what is offered
    session.handle("setoption name UCI_Elo value 900")
    assert output.all == ["info string UCI_Elo has an effect only with UCI_LimitStrength"]
    session.handle("setoption name UCI_LimitStrength value true")
    session.handle("setoption name UCI_Elo value 1000")
    assert len(output.all) == 1


@pytest.mark.parametrize("weaker", ["Level value 900", "Skill Level value 0"])
def test_analyse_mode_puts_back_every_way_to_play_weaker(weaker: str) -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)
    session.handle(f"setoption name {weaker}")
    assert limited(engine.options)
    session.handle("setoption name UCI_AnalyseMode value true")
    assert not limited(engine.options)
    session.handle("setoption name UCI_AnalyseMode value false")
    assert limited(engine.options)


def test_analyse_mode_plays_at_full_strength() -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)
    session.handle("setoption name UCI_LimitStrength value true")
    session.handle("setoption name Temperature value 1")
    assert engine.options.limit_strength
    session.handle("setoption name UCI_AnalyseMode value true")
    assert not engine.options.limit_strength
    assert engine.options.temperature == 0.0
    session.handle("setoption name UCI_AnalyseMode value false")
    assert engine.options.limit_strength
    assert engine.options.temperature == 1.0


def test_options_given_at_the_start_are_offered_as_defaults() -> None:
    session, output = make_session(ScriptedEngine(EngineOptions(hash_mb=99, ponder=True)))
    session.handle("uci")
    lines = output.until("uciok")
    assert "option name Hash type spin default 99 min 8 max 1048576" in lines
    assert "option name Ponder type check default true" in lines


def test_the_played_move_leads_the_last_report_even_if_it_was_sampled() -> None:
    class Sampling(ScriptedEngine):
        def finish(self) -> None:
            assert self._callbacks is not None
            on_info, on_done = self._callbacks
            self._callbacks = None
            info = self.info()
            on_info(info)
            on_done(SearchResult(info.moves[3].action, None, info))

    engine = Sampling()
    session, output = make_session(engine)
    session.handle("setoption name MultiPV value 2")
    session.handle("go nodes 10")
    engine.finish()
    lines = output.until("bestmove .*")
    assert lines[-1] == "bestmove b1c3"
    first, second = lines[-3:-1]
    assert "multipv 1 " in first
    assert " pv b1c3" in first
    assert "multipv 2 " in second
    assert " pv a2a3" in second


def test_a_report_that_the_engine_did_not_send_is_made_up_for() -> None:
    class Silent(ScriptedEngine):
        def finish(self) -> None:
            assert self._callbacks is not None
            _, on_done = self._callbacks
            self._callbacks = None
            info = self.info()
            on_done(SearchResult(info.moves[0].action, None, info))

    engine = Silent()
    session, output = make_session(engine)
    session.handle("go nodes 10")
    engine.finish()
    assert " pv a2a3 " in output.next()
    assert output.next() == "bestmove a2a3"


def test_an_engine_that_cannot_start_still_gives_a_move() -> None:
    class Failing(ScriptedEngine):
        def go(self, *_: object, **__: object) -> None:
            raise RuntimeError("out of\nmemory")

    session, output = make_session(Failing())
    session.handle("position startpos moves e2e4")
    session.handle("go nodes 10")
    assert output.next().startswith("bestmove ")
    assert output.next() == "info string error: go failed: out of memory"
    session.handle("position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1")
    session.handle("go nodes 10")
    assert output.next() == "bestmove (none)"


def test_a_long_game_is_not_replayed_for_each_position(monkeypatch: pytest.MonkeyPatch) -> None:
    from muzero_engine.games.chess import ChessPosition

    session, _ = make_session(ScriptedEngine())
    moves = ["g1f3", "g8f6", "f3g1", "f6g8"] * 20
    session.handle(f"position startpos moves {' '.join(moves)}")
    pushed = 0
    push = ChessPosition.push

    def counting(self: ChessPosition, action: int) -> None:
        nonlocal pushed
        pushed += 1
        push(self, action)

    monkeypatch.setattr(ChessPosition, "push", counting)
    session.handle(f"position startpos moves {' '.join([*moves, 'e2e4', 'e7e5'])}")
    assert pushed == 2


def test_draws_are_worth_what_is_asked_but_for_analysis() -> None:
    engine = ScriptedEngine()
    session, _ = make_session(engine)

    def worth() -> tuple[int, int]:
        return engine.options.draw_value_black, engine.options.draw_value_white

    session.handle("setoption name Contempt value 20")
    assert worth() == (400, 400)
    session.handle("setoption name DrawScore value -100")
    session.handle("go nodes 1")
    assert worth() == (0, 0)
    session.handle("go infinite")
    assert worth() == (500, 500)
    session.handle("go ponder wtime 1000 btime 1000")
    assert worth() == (0, 0)
    session.handle("setoption name UCI_AnalyseMode value true")
    assert worth() == (500, 500)
    session.handle("setoption name UCI_AnalyseMode value false")
    session.handle("setoption name Contempt value 0")
    session.handle("setoption name DrawScore value 0")
    assert worth() == (500, 500)


class KnownMoves:
    """Endgame tables that know two moves of the start position."""

    def __init__(self, _: str) -> None:
        pass

    def probe(self, board: chess.Board) -> TableMoves:
        moves = [chess.Move.from_uci(text) for text in ("e2e4", "g1f3")]
        return TableMoves(tuple(action_of(move, board.turn) for move in moves), 2, 20)


def test_only_moves_that_endgame_tables_keep_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.games.chess.tablebases.Tablebases", KnownMoves)
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("setoption name SyzygyPath value somewhere")
    session.handle("go nodes 1")
    assert output.next() == "info string endgame tables: a win, kept by 2 moves"
    engine.finish()
    lines = output.until("bestmove .*")
    assert lines[-1].startswith("bestmove e2e4")
    assert " tbhits 20 " in lines[0]
    session.handle("go nodes 1 searchmoves a2a3")
    engine.finish()
    assert output.until("bestmove .*")[-1].startswith("bestmove a2a3")
    session.handle("setoption name SyzygyPath value <empty>")
    session.handle("go nodes 1")
    engine.finish()
    assert output.until("bestmove .*")[-1].startswith("bestmove a2a3")


def test_a_table_that_cannot_be_read_costs_no_move(monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(*_: object) -> None:
        raise BadPosition("an endgame table cannot be read: it is empty")

    monkeypatch.setattr(KnownMoves, "probe", probe)
    monkeypatch.setattr("muzero_engine.games.chess.tablebases.Tablebases", KnownMoves)
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("setoption name SyzygyPath value somewhere")
    for complaints in (1, 0):
        session.handle("go nodes 1")
        engine.finish()
        lines = output.until("bestmove .*")
        assert sum("left out until it is set again" in line for line in lines) == complaints


def test_a_go_that_fails_is_answered(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    session, output = make_session(ScriptedEngine())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of this program")

    monkeypatch.setattr(UciSession, "_with_tables", fail)
    session.handle("go nodes 1")
    assert re.fullmatch("bestmove [a-h]2[a-h][34]", output.next())
    assert output.next() == "info string error: go failed: a fault of this program"
    assert "a fault of this program" in caplog.text


@pytest.mark.parametrize("option", ["LogFile", "SyzygyPath"])
def test_a_nul_in_a_path_is_complained_of(option: str) -> None:
    session, output = make_session(ScriptedEngine())
    session.handle(f"setoption name {option} value a\0b")
    assert re.fullmatch(rf"info string error: {option}.*(NUL in its name|null byte)", output.next())


def test_a_log_holds_the_conversation(tmp_path: Path) -> None:
    path = tmp_path / "a log.txt"
    output, log = Output(), SessionLog()
    inbox = Inbox(log)
    session = UciSession(ScriptedEngine(), Writer(output, log=log), name="n", author="a")
    for line in (
        "isready",
        f"setoption name LogFile value {path}",
        "isready",
        "setoption name LogFile value",
        "isready",
    ):
        inbox.put(line)
    inbox.close()
    run_session(session, inbox)
    assert path.read_text(encoding="utf-8").split("\n") == [
        ">> isready",
        "<< readyok",
        ">> setoption name LogFile value",
        "",
    ]


def test_lines_without_measure_are_answered_in_bounds() -> None:
    session, output = make_session(ScriptedEngine())
    session.handle("go nodes 1 " + "go\x07 " * 100_000)
    session.handle("x" * 1_000_000)
    assert len(output.all) <= 12
    assert all(len(line) < 600 and line.isprintable() for line in output.all)
