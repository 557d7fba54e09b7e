"""The GTP session against an engine that does as it is told: transcripts, limits, pondering, whatever comes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gtp_session import GoScriptedEngine, Talk, load_hash_model
from support.transcript import play_transcript

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.protocols.common.stdio import run_session
from muzero_engine.protocols.gtp.frame import parse_command
from muzero_engine.protocols.gtp.params import GtpSettings

TRANSCRIPTS = sorted((Path(__file__).parents[2] / "transcripts" / "gtp").glob("*.txt"))


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(5, 5))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    talk = Talk()
    engine = talk.scripted

    def say(**values: object) -> None:
        for name, value in values.items():
            setattr(engine, name, value)

    actions = {
        "report": engine.report,
        "resign": lambda: say(resigning=True),
        "keep playing": lambda: say(resigning=False),
        "break": lambda: say(broken="no such weights"),
    }
    play_transcript(path, talk.session, talk.output, actions)


def test_every_listed_command_is_known_and_none_twice(talk: Talk) -> None:
    names = talk.ask("list_commands").split("\n")
    assert len(set(names)) == len(names)
    assert all(name == name.strip() for name in names)
    assert all(talk.ask(f"known_command {name}") == "true" for name in names)
    assert not {"analyze", "genmove_analyze"} & set(names)


def test_nothing_is_loaded_before_it_is_needed(talk: Talk) -> None:
    for line in ("name", "boardsize 9", "komi 7", "play b D4", "time_settings 10 0 0", "showboard"):
        talk.ask(line)
    assert "prepare" not in talk.scripted.events
    talk.ask("genmove w")
    assert "prepare" in talk.scripted.events


def test_a_new_game_loads_the_model_before_the_clock_runs(talk: Talk) -> None:
    talk.ask("clear_board")
    assert talk.scripted.events == ["new_game", "prepare"]
    talk.scripted.broken = "no such weights"
    talk.ask("clear_board")
    assert talk.refuse("genmove b") == "no such weights"


def test_a_new_game_reaches_the_engine_and_the_clocks(talk: Talk) -> None:
    talk.ask("time_settings 60 0 0")
    talk.ask("time_left b 7 0")
    talk.ask("clear_board")
    assert "new_game" in talk.scripted.events
    talk.ask("genmove b")
    assert talk.scripted.limits == Limits(clock=Clock(remaining_ms=60e3))


@pytest.mark.parametrize(
    ("lines", "session_settings", "limits"),
    [
        ([], GtpSettings(), Limits(move_time_ms=5000.0)),
        ([], GtpSettings(unlimited_move_s=0.5), Limits(move_time_ms=500.0)),
        ([], GtpSettings(max_visits=30), Limits(nodes=30)),
        (["time_settings 0 1 0"], GtpSettings(), Limits(move_time_ms=5000.0)),
        (["time_settings 60 0 0"], GtpSettings(), Limits(clock=Clock(remaining_ms=60e3))),
        (
            ["time_settings 60 0 0", "kata-set-param maxTime 3", "kata-set-param maxVisits 9"],
            GtpSettings(),
            Limits(clock=Clock(remaining_ms=60e3), move_time_ms=3000.0, nodes=9),
        ),
        (
            ["kata-time_settings fischer-capped 60 2 -1 4"],
            GtpSettings(max_time_s=10.0),
            Limits(clock=Clock(remaining_ms=60e3, increment_ms=2e3), move_time_ms=4000.0),
        ),
        (["time_settings 60 0 0", "time_left w 9 0"], GtpSettings(), Limits(clock=Clock(remaining_ms=60e3))),
    ],
)
def test_limits_of_a_move(lines: list[str], session_settings: GtpSettings, limits: Limits) -> None:
    talk = Talk(settings=session_settings)
    for line in lines:
        talk.ask(line)
    talk.ask("genmove b")
    assert talk.scripted.limits == limits


def test_a_move_takes_time_off_the_clock(talk: Talk) -> None:
    talk.ask("time_settings 60 0 0")
    talk.ask("genmove b")
    talk.ask("genmove b")
    clock = talk.scripted.limits.clock
    assert clock is not None
    assert 0.0 < clock.remaining_ms < 60e3


def test_analysis_is_endless_and_never_counts_as_a_move(talk: Talk) -> None:
    talk.session.handle("lz-analyze b 50")
    assert talk.scripted.limits == Limits(infinite=True)
    talk.session.handle("")
    assert not talk.scripted.searching
    talk.output.until("")
    assert talk.ask("final_status_list alive") == ""


def test_a_search_that_loses_its_model_fails(talk: Talk) -> None:
    talk.scripted.fails = "the runtime gave up"
    assert talk.refuse("genmove b") == "the runtime gave up"
    assert talk.refuse("reg_genmove b") == "the runtime gave up"
    assert talk.ask("final_status_list alive") == ""


def test_what_was_sent_before_the_end_of_input_is_carried_out() -> None:
    """Commands through a pipe: each search runs to its own limits."""
    talk = Talk(shape=(5, 5))
    for line in ("genmove b", "2 genmove w", "3 name", "4 kata-search_cancellable b"):
        talk.inbox.put(line)
    talk.inbox.close()
    run_session(talk.session, talk.inbox)
    assert talk.output.all == ["= A1", "", "=2 A2", "", "=3 MuZero Engine", "", "=4 A3", ""]
    assert "stop" not in talk.scripted.events
    assert talk.scripted.events[-1] == "close"


def test_an_analysis_ends_with_the_input() -> None:
    talk = Talk(shape=(5, 5))
    talk.inbox.put("5 lz-analyze b")
    talk.inbox.close()
    run_session(talk.session, talk.inbox)
    assert talk.output.all[0] == "=5"
    assert talk.output.all[-1] == ""


@pytest.mark.parametrize("lines", [["quit"], ["name", "1 quit"], [None]])
def test_a_client_that_leaves_with_its_analysis_unread_is_gone(lines: list[str | None]) -> None:
    """The search's thread waits for the client to read a report, and the client for the end of the session."""
    talk = Talk(shape=(5, 5))
    talk.scripted.wait = lambda timeout=None: timeout is None  # type: ignore[method-assign]
    talk.inbox.put("lz-analyze b")
    for line in lines:
        talk.inbox.close() if line is None else talk.inbox.put(line)
    run_session(talk.session, talk.inbox)
    assert talk.output.all[-1].startswith("info ")
    assert talk.scripted.events[-1] == "close"


def test_a_client_that_stays_is_waited_for() -> None:
    talk = Talk(shape=(5, 5))
    talk.session.handle("lz-analyze b")
    reads = iter([False, False, True])
    talk.scripted.wait = lambda timeout=None: next(reads)  # type: ignore[method-assign]
    assert talk.session.handle("name")
    assert talk.output.all[-3:] == ["", "= MuZero Engine", ""]


def test_a_client_that_is_gone_cuts_a_move_short() -> None:
    talk = Talk(shape=(5, 5))
    talk.scripted.hold = True
    talk.inbox.put("genmove b")
    timer = threading.Timer(0.05, talk.inbox.abandon)
    timer.start()
    run_session(talk.session, talk.inbox)
    assert "stop" in talk.scripted.events


def test_more_input_cancels_a_cancellable_search() -> None:
    talk = Talk(shape=(5, 5))
    talk.scripted.hold = True
    talk.inbox.put("name")
    assert talk.ask("kata-search_cancellable b") == "cancelled"


def test_queued_lines_do_not_cut_genmove_short() -> None:
    talk = Talk(shape=(5, 5))
    talk.inbox.put("name")
    assert talk.ask("genmove b") == "A1"
    assert "stop" not in talk.scripted.events


# Pondering


def pondering_talk() -> Talk:
    engine = GoScriptedEngine(EngineOptions(ponder=True))
    talk = Talk(engine, shape=(5, 5))
    talk.scripted = engine
    talk.ask("time_settings 60 0 0")
    assert talk.ask("genmove b") == "A1"
    assert engine.limits.ponder
    return talk


def test_pondering_becomes_the_search_when_the_reply_is_as_expected() -> None:
    talk = pondering_talk()
    talk.ask("play w A2")
    talk.ask("time_left b 30 0")
    engine = talk.scripted
    before = engine.events.count("go")

    def finish_on_ponderhit(clock: Clock | None = None) -> None:
        assert clock == Clock(remaining_ms=30e3)
        engine.finish()

    engine.ponderhit = finish_on_ponderhit  # type: ignore[method-assign]  # the search ends as its limits say
    assert talk.ask("genmove b") == "A3"
    assert engine.events.count("go") == before + 1  # pondering again, but no search for the move


@pytest.mark.parametrize(
    ("lines", "search"),
    [
        (["play w B5"], "genmove b"),
        (["play w A2", "komi 3"], "genmove b"),
        (["undo", "play b C3", "play w A2"], "genmove b"),
        (["clear_board"], "genmove b"),
        (["play w A2"], "restricted_genmove b A4 A5"),
        (["play w A2", "time_settings 0 1 0"], "genmove b"),
        (["play w A2", "kata-set-param maxVisits 1"], "genmove b"),
        (["play w A2", "kata-set-param maxTime 0.2"], "genmove b"),
        (["play w A2", "kata-set-param c_puct 2"], "genmove b"),
    ],
)
def test_pondering_about_something_else_is_dropped(lines: list[str], search: str) -> None:
    talk = pondering_talk()
    for line in lines:
        talk.ask(line)
    talk.ask(search)
    assert "ponderhit" not in talk.scripted.events
    assert "stop" in talk.scripted.events


@pytest.mark.parametrize("line", ["stop", "clear_board", "lz-analyze w", "genmove w", "reg_genmove b", "kata-raw-nn 0"])
def test_these_end_pondering(line: str) -> None:
    talk = pondering_talk()
    talk.session.handle(line)
    assert "stop" in talk.scripted.events
    assert not talk.scripted.limits.ponder or line in ("stop", "clear_board", "genmove w")


@pytest.mark.parametrize("line", ["play w A2", "time_left b 5 0", "showboard", "final_score", "kata-get-param ponder"])
def test_these_do_not_disturb_pondering(line: str) -> None:
    talk = pondering_talk()
    talk.ask(line)
    assert "stop" not in talk.scripted.events
    assert talk.scripted.searching


def test_nothing_is_left_running_after_quit() -> None:
    talk = pondering_talk()
    talk.inbox.put("quit")
    run_session(talk.session, talk.inbox)
    assert not talk.scripted.searching


# Whatever comes

WORD_TEXT = """
b w black W green A1 c3 E5 pass resign I5 T19 Z0 A1,B2 0 1 2 5 9 19 20 -1 50 1e9 1e6 nan inf 3.5 6.3 7,50
none true false
ownership rootInfo interval minmoves maxmoves avoid allow maxVisits threads alive dead seki chinese japanese
absolute byoyomi canadian fischer fischer-capped {} : , = ? # {"ko":1} \x00 \x7f \u00e9 \u0665"""
WORDS = st.sampled_from(WORD_TEXT.split())
NAMES = st.sampled_from([*Talk().ask("list_commands").split("\n"), "analyze", "", "QUIT", "\u00e9", "=", "?"])
LINES = st.one_of(
    st.builds(
        lambda number, name, words: " ".join([number, name, *words]),
        st.sampled_from(["", "", "1", "007", "99999999999999999999"]),
        NAMES,
        st.lists(WORDS, max_size=6),
    ),
    st.text(max_size=40),
)


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fuzzed `printsgf` commands write files: into a folder of their own."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("fuzz"))
    yield
    os.chdir(before)


def state(talk: Talk) -> tuple[object, ...]:
    """All that commands set, but for the time that a search took."""
    board, clocks, params = talk.session._board, talk.session._clocks, talk.session._params
    times = [] if clocks.control is None else [(player.left, player.count) for player in clocks._players]
    game = (board.komi, board.rules, board.position.text(), tuple(board.position.moves))
    return *game, clocks.control, *times, params.settings, talk.session._engine.options


def check_responses(talk: Talk, lines: list[str]) -> None:
    """Hands lines over and checks that each command gets exactly one well-formed response."""
    for line in lines:
        command = parse_command(line)
        if command is not None and command.name in ("printsgf", "loadsgf") and "/" in line:
            continue
        already = len(talk.output.all)
        before = state(talk)
        going_on = talk.session.handle(line)
        assert going_on == (command is None or command.name != "quit")
        if talk.scripted.searching:
            talk.scripted.report()
        if command is not None and command.name.endswith("-analyze"):
            talk.session.handle("")
        written = talk.output.all[already:]
        if command is None:
            assert written == []
            continue
        assert written[-1] == ""
        assert all(part.strip() for part in written[:-1])
        assert re.match(rf"[=?]{command.id}( |$)", written[0])
        assert sum(part[:1] in ("=", "?") for part in written) == 1
        assert "internal error" not in written[0]
        assert written[0][0] == "=" or state(talk) == before, line


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_every_command_line_gets_exactly_one_response(lines: list[str]) -> None:
    check_responses(Talk(shape=(3, 3)), lines)


@settings(max_examples=30, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_so_it_does_with_a_real_search(lines: list[str]) -> None:
    options = EngineOptions(ponder=True, resign_value=-0.1, resign_turns=1)
    talk = Talk(Engine(load_hash_model, options), settings=GtpSettings(max_visits=4), shape=(3, 3))
    lines = [line for line in lines if "kata-set-param" not in line]  # it may lift the limit of four visits
    try:
        check_responses(talk, ["1 genmove b", *lines, "2 genmove w"])
    finally:
        talk.session.close()
