"""What clients say to engines and how they read what comes back."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from support.matches import PATIENT, scripted

from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.games.registry import load_game
from muzero_engine.match.engines import base, dialogue, process
from muzero_engine.match.engines.base import EngineFailure, GameSetup, ProcessClient, Question
from muzero_engine.match.engines.declared import refused
from muzero_engine.match.engines.dialogue import parse_info
from muzero_engine.match.engines.gtp import GtpClient, parse_final_score, parse_report
from muzero_engine.match.engines.registry import make_client
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.engines.uci import UciClient
from muzero_engine.match.engines.ugi import UgiClient
from muzero_engine.match.engines.usi import UsiClient
from muzero_engine.match.settings.clock import GameClock
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, Patience
from muzero_engine.match.settings.time_control import TimeControl


@pytest.mark.parametrize(
    ("line", "report"),
    [
        (
            "info depth 12 seldepth 20 multipv 1 score cp -31 nodes 5000 nps 10 pv e2e4 e7e5",
            (Score(ScoreKind.CENTIPAWNS, -31.0), 12, 5000),
        ),
        ("info score mate 3 wdl 1000 0 0 pv h1h8", (Score(ScoreKind.MATE, 3.0), None, None)),
        ("info score mate - depth 3", (Score(ScoreKind.MATE, -1.0), 3, None)),
        ("info depth x nodes -3 score cp", (None, None, None)),
        ("info pv depth 3", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_info(line: str, report: object) -> None:
    assert parse_info(line) == report


@pytest.mark.parametrize(
    ("text", "score"),
    [("B+3.5", 3.5), ("w+12", -12.0), ("0", 0.0), ("Jigo", 0.0), ("B+R", None), ("B+", None), ("", None)],
)
def test_final_score(text: str, score: float | None) -> None:
    assert parse_final_score(text) == score


def test_report() -> None:
    line = "info move D4 visits 12 winrate 4802 prior 2211 order 0 pv D4 E5 info move C3 visits 3 winrate 900 pv C3"
    assert parse_report(line) == (Score(ScoreKind.WIN_RATE, 0.4802), 15)
    assert parse_report("info move D4") == (None, None)
    digits = "9" * 5000
    assert parse_report(f"info move D4 visits {digits} winrate {digits} info move C3 visits 3") == (None, 3)


def limits(client: UciClient | UgiClient | UsiClient, first: str, second: str, mover: int, *spent: float) -> str:
    """What comes after `go`; the clocks have been running for moves that took `spent` seconds, in turns."""
    clocks = (GameClock(TimeControl.parse(first)), GameClock(TimeControl.parse(second)))
    for ply, seconds in enumerate(spent):
        clocks[ply % 2].spend(seconds)
    return client._limits(Question(mover=mover, moves=(), clocks=clocks))


@pytest.mark.parametrize(
    ("first", "second", "mover", "words"),
    [
        ("60+0.5", "30", 0, "wtime 57500 winc 500 btime 20000"),
        ("40/60", "40/60", 1, "wtime 57000 btime 50000 movestogo 39"),
        ("60,nodes=100", "60", 0, "wtime 57000 btime 50000 nodes 100"),
        ("movetime=0.25", "60", 0, "movetime 250"),
        ("nodes=7,depth=3", "60", 0, "nodes 7 depth 3"),
        ("nodes=7", "60", 1, "btime 50000"),
    ],
)
def test_uci_limits(first: str, second: str, mover: int, words: str) -> None:
    client = UciClient(scripted("a", "chess"), PATIENT)
    assert limits(client, first, second, mover, 3.0, 10.0) == words


@pytest.mark.parametrize(
    ("first", "second", "mover", "words"),
    [
        ("60+0.5", "30", 0, "btime 57000 wtime 20000 binc 500 winc 0"),
        ("1+1", "30", 0, "btime 0 wtime 20000 binc 1000 winc 0"),
        ("60+5x1", "0+5x1", 0, "btime 57000 wtime 0 byoyomi 5000"),
        ("0+5x1", "60+5x1", 1, "btime 0 wtime 50000 byoyomi 5000"),
        ("nodes=7", "60", 0, "nodes 7"),
    ],
)
def test_usi_limits(first: str, second: str, mover: int, words: str) -> None:
    client = UsiClient(scripted("a", "shogi"), PATIENT)
    assert limits(client, first, second, mover, 3.0, 10.0) == words


@pytest.mark.parametrize(
    ("first", "second", "mover", "words"),
    [
        ("60+0.5", "30", 0, "p1time 57500 p2time 20000 p1inc 500 p2inc 0"),
        ("60+0.5", "30", 1, "p1time 57500 p2time 20000 p1inc 500 p2inc 0"),
        ("60+0.5", "nodes=7", 0, "p1time 57500 p2time 57500 p1inc 500 p2inc 500"),
        ("nodes=7", "60", 0, "nodes 7"),
        ("movetime=0.25", "60", 0, "movetime 250"),
        ("depth=3", "60", 0, "depth 3"),
    ],
)
def test_ugi_limits(first: str, second: str, mover: int, words: str) -> None:
    client = UgiClient(scripted("a", "tictactoe"), PATIENT)
    assert limits(client, first, second, mover, 3.0, 10.0) == words


def test_ugi_engines_are_asked_whether_they_are_ready_for_a_position() -> None:
    """As UGI has it: after the options, after a new game and after every position."""
    control = TimeControl.parse("nodes=5")
    setup = GameSetup(start="xo./.x./...", initial=False, control=control)
    question = Question(mover=1, moves=("a1",), clocks=(GameClock(control), GameClock(control)))
    assert said(scripted("a", "tictactoe", "--echo", limit="nodes=5"), "tictactoe", setup, question).splitlines() == [
        "ugi",
        "isready",
        "uginewgame",
        "isready",
        "position fen xo./.x./... moves a1",
        "isready",
        "go nodes 5",
        "quit",
    ]


def said(settings: EngineSettings, game: str, setup: GameSetup | None = None, question: Question | None = None) -> str:
    """What a scripted engine has heard of options and clocks."""
    client = make_client(settings, load_game(game), PATIENT)
    assert isinstance(client, ProcessClient)
    try:
        client.start()
        if setup is not None:
            client.new_game(setup)
        if question is not None:
            client.think(question)
        process = client._process
        assert process is not None
        client.close()
        return "\n".join(process.errors)
    finally:
        client.close()


def with_options(settings: EngineSettings, *options: tuple[str, str]) -> EngineSettings:
    return EngineSettings(
        name=settings.name, kind=settings.kind, command=settings.command, control=settings.control, options=options
    )


@pytest.mark.parametrize("game", ["chess", "shogi", "tictactoe"])
def test_options(game: str) -> None:
    engine = with_options(scripted("a", game), ("skill level", "3"))
    assert said(engine, game) == "setoption name skill level value 3"
    with pytest.raises(EngineFailure, match=r"no option 'Contempt'; those it has: skill level"):
        said(with_options(scripted("a", game), ("Contempt", "3")), game)


@pytest.mark.parametrize("game", ["chess", "shogi", "tictactoe"])
def test_a_value_that_an_option_does_not_take_is_refused(game: str) -> None:
    """Engines drop it without a word, and play on at full strength."""
    with pytest.raises(EngineFailure, match=r"^Skill Level takes 0 to 20, not 21$"):
        said(with_options(scripted("a", game), ("Skill Level", "21")), game)


@pytest.mark.parametrize(
    ("declaration", "taken", "not_taken", "words"),
    [
        ("type check default false", ["true", "false"], ["yes", "True", "1", ""], "true or false"),
        ("type spin default 1 min -100 max 100", ["-100", "0", "100"], ["-101", "101", "1.5", "a", ""], "-100 to 100"),
        ("type spin default 1 min 1 max 10 ", ["1"], ["9" * 5000], "1 to 10"),
        ("type spin default 1", ["-5"], ["x"], "a whole number"),
        ("type combo default Very Solid var Very Solid var Risky", ["very solid", "Risky"], ["Solid"], "one of Very"),
        ("type combo default a", ["b"], [], ""),
        ("type button", [""], ["x"], "no value"),
        ("type string default <empty>", ["", "min 3"], [], ""),
        ("type filename default x", ["y"], [], ""),
        ("", ["", "anything"], [], ""),
        ("type", ["x"], [], ""),
    ],
)
def test_values_that_an_option_takes(declaration: str, taken: list[str], not_taken: list[str], words: str) -> None:
    assert [refused(declaration, value) for value in taken] == [None] * len(taken)
    assert all((refused(declaration, value) or "").startswith(words or "?") for value in not_taken)


def test_options_that_every_usi_engine_takes() -> None:
    assert said(with_options(scripted("a", "shogi"), ("USI_Hash", "64")), "shogi") == "setoption name USI_Hash value 64"


def test_gtp_options_are_commands() -> None:
    assert said(with_options(scripted("a", "go"), ("level", "3")), "go") == "level 3"
    with pytest.raises(EngineFailure, match="no command 'speed'"):
        said(with_options(scripted("a", "go"), ("speed", "3")), "go")


@pytest.mark.parametrize(
    ("control", "settings", "left"),
    [
        ("60", "time_settings 60 0 0", "time_left black 60 0"),
        ("0+5x1", "time_settings 0 5 1", "time_left black 5 1"),
        ("60+25/300", "time_settings 60 300 25", "time_left black 60 0"),
        ("0+25/300", "time_settings 0 300 25", "time_left black 300 25"),
        ("0.5", "time_settings 0.5 0 0", "time_left black 0.5 0"),
        ("movetime=2", "time_settings 0 2 1", ""),
        ("none", "", ""),
    ],
)
def test_gtp_clocks(control: str, settings: str, left: str) -> None:
    start = load_game("go").initial((9, 9)).text()
    parsed = TimeControl.parse(control)
    setup = GameSetup(start=start, initial=True, control=parsed)
    question = Question(mover=0, moves=(), clocks=(GameClock(parsed), GameClock(parsed)))
    heard = said(scripted("a", "go", limit=control), "go", setup, question).splitlines()
    assert heard == [line for line in ("boardsize 9", "komi 7.5", settings, left) if line]


@pytest.mark.parametrize(
    ("arguments", "heard"),
    [
        ((), ["time_left black 59.25 0", "time_left black 0.25 0"]),
        (("--whole",), ["time_left black 59.25 0", "time_left black 59 0", "time_left black 1 0"]),
    ],
)
def test_gtp_engines_that_want_whole_seconds(arguments: tuple[str, ...], heard: list[str]) -> None:
    control = TimeControl.parse("60")
    clock = GameClock(control)
    client = make_client(scripted("a", "go", *arguments), load_game("go"), PATIENT)
    assert isinstance(client, ProcessClient)
    client.new_game(GameSetup(start="9/9/9/9/9/9/9/9/9 b 7", initial=True, control=control))
    clock.spend(0.75)
    client.think(Question(mover=0, moves=(), clocks=(clock, GameClock(control))))
    clock.spend(59.0)
    client.think(Question(mover=0, moves=("A3", "B3"), clocks=(clock, GameClock(control))))
    process = client._process
    assert process is not None
    client.close()
    assert [line for line in process.errors if line.startswith("time_left")] == heard


@pytest.mark.parametrize(
    ("control", "heard"),
    [
        ("movetime=0.5", ["time_settings 0 0.5 1", "time_settings 0 1 1"]),
        ("2.5+25/7.5", ["time_settings 2.5 7.5 25", "time_settings 2 7 25", "time_left black 2 0"]),
    ],
)
def test_gtp_settings_for_engines_that_want_whole_seconds(control: str, heard: list[str]) -> None:
    parsed = TimeControl.parse(control)
    setup = GameSetup(start=load_game("go").initial((9, 9)).text(), initial=True, control=parsed)
    question = Question(mover=0, moves=(), clocks=(GameClock(parsed), GameClock(parsed)))
    lines = said(scripted("a", "go", "--whole"), "go", setup, question).splitlines()
    assert [line for line in lines if line.startswith("time_")] == heard


def test_gtp_clocks_that_an_engine_does_not_know() -> None:
    """It is told where an engine starts: no game is lost by it."""
    with pytest.raises(EngineFailure, match="no command kata-time_settings"):
        said(scripted("a", "go", limit="60+0.6"), "go")


def test_a_program_that_is_not_there() -> None:
    engine = scripted("a", "chess")
    missing = EngineSettings(name="a", kind=engine.kind, command=("no-such-program",))
    client = make_client(missing, load_game("chess"), PATIENT)
    with pytest.raises(EngineFailure, match=r"cannot start 'no-such-program': No such file") as caught:
        client.start()
    assert caught.value.ending is Ending.CRASH


def test_a_program_that_repeats_what_it_is_told_is_not_waited_for_as_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "ECHO_S", 0.1)
    repeats = (sys.executable, "-c", "while True: print(input(), flush=True)")
    client = make_client(EngineSettings(name="a", kind=ClientKind.UCI, command=repeats), load_game("chess"), Patience())
    with pytest.raises(EngineFailure, match="no answer to uci; its last words: 'uci'"):
        client.start()
    client.close()


def test_a_program_that_does_not_greet() -> None:
    client = make_client(scripted("a", "chess", "--no-greeting"), load_game("chess"), Patience(start_s=0.3))
    with pytest.raises(EngineFailure, match="no answer to uci") as caught:
        client.start()
    assert caught.value.ending is Ending.HANG
    client.close()


@pytest.mark.parametrize(
    ("game", "code"),
    [
        ("go", "input(); print('= name')\nwhile True: print('x' * 100)"),
        ("chess", "input()\nfor i in range(10**9): print('option name', i, 'type check')"),
    ],
)
def test_an_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch, game: str, code: str) -> None:
    monkeypatch.setattr(process, "QUIT_S", 0.1)
    monkeypatch.setattr(base, "MAX_ANSWER", 1 << 16)
    with pytest.raises(EngineFailure, match=r"its answer to '.*' has no end") as caught:
        said(replace(scripted("a", game), command=(sys.executable, "-S", "-E", "-c", code)), game)
    assert caught.value.ending is Ending.WRONG_REPLY


def test_of_the_reports_of_an_analysis_the_last_is_kept() -> None:
    code = "input(); print('=')\nfor i in range(3): print('info move D4 visits', i)\nprint('play D4\\n')"
    client = GtpClient(replace(scripted("a", "go"), command=(sys.executable, "-S", "-E", "-c", code)), PATIENT)
    client._launch()
    client._send("lz-genmove_analyze b 100")
    assert client._frame(now() + 20.0, "")[0] == ["", "info move D4 visits 2", "play D4"]
    client.close()
