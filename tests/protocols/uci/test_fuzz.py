"""Whatever a client sends: no exception, one `bestmove` for each `go`, one `readyok` for each `isready`."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from support.fuzz import conversations
from support.scripted_engine import ScriptedEngine
from support.transcript import Output
from support.uci_fake import load_model

from muzero_engine.engine.engine import Engine
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.uci.session import UciSession

GOOD_LINES = [
    "uci",
    "isready",
    "ucinewgame",
    "debug on",
    "setoption name MultiPV value 3",
    "setoption name MultiPV value 1",
    "setoption name UCI_ShowWDL value true",
    "setoption name UCI_Chess960 value true",
    "setoption name UCI_Chess960 value false",
    "setoption name UCI_AnalyseMode value true",
    "setoption name VerboseMoveStats value true",
    "setoption name ScoreType value Q",
    "setoption name Hash value 8",
    "position startpos",
    "position startpos moves e2e4 e7e5 g1f3 b8c6",
    "position startpos moves e2e4 e7e5 g1f3 b8c6 f1b5 g8f6 e1g1",
    "position fen r3k2r/8/8/8/8/8/8/R3K2R w HAha - 0 1 moves e1g1 e8c8",
    "position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1",
    "position fen 7k/4Q3/6K1/8/8/8/8/8 w - - 98 70",
    "position fen 8/P6k/8/8/8/8/8/K7 w - - 0 1 moves a7a8Q",
    "go nodes 3",
    "go depth 1",
    "go movetime 5",
    "go wtime 50 btime 50 winc 1 binc 1",
    "go infinite",
    "go ponder wtime 50 btime 50",
    "go searchmoves e2e4 nodes 3",
    "go searchmoves 0000 nodes 3",
    "go mate 1 nodes 3",
    "stop",
    "ponderhit",
    "register later",
    "d",
    "help",
    "",
]
MOVE = "[a-h][1-8][a-h][1-8][qrbn]?"
ANSWER = re.compile(rf"id |option |uciok$|readyok$|info |bestmove ({MOVE}( ponder {MOVE})?|\(none\))$")
WORDS = sorted({word for line in GOOD_LINES for word in line.split()} - {"quit"})


LINES = conversations(GOOD_LINES, WORDS)


def command_of(session: UciSession, line: str) -> str | None:
    """The command a line means by the rule of the specification: its first known word."""
    return next((word for word in line.split() if word == "quit" or word in session._commands), None)


def converse(session: UciSession, output: Output, lines: list[str]) -> None:
    """Plays the lines and checks what must be answered; lines that quit are left out."""
    asked = [line for line in lines if command_of(session, line) != "quit"]
    commands = [command_of(session, line) for line in asked]
    for line in asked:
        assert session.handle(line)
    session.end_of_input()
    session.close()
    answers = [line.split(" ")[0] for line in output.all]
    assert answers.count("bestmove") == commands.count("go")
    assert answers.count("readyok") == commands.count("isready")
    assert answers.count("uciok") == commands.count("uci")
    assert not any(" failed: " in line for line in output.all if line.startswith("info string error"))
    for line in output.all:
        assert line.isascii()
        assert ANSWER.match(line)
    check_pairs(output.all)


def check_pairs(lines: list[str]) -> None:
    """The last scored line before each `bestmove` begins its variation with that move."""
    scored = ""
    for line in lines:
        if line.startswith("info depth") and ("multipv 1 " in line or " multipv " not in line):
            scored = line
        elif line.startswith("bestmove"):
            best = line.split()[1]
            assert scored, "no report before bestmove"
            assert best == "(none)" if " pv " not in scored else scored.split(" pv ")[1].split()[0] == best
            scored = ""


@given(LINES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_scripted_engine(lines: list[str]) -> None:
    output = Output()
    converse(UciSession(ScriptedEngine(), Writer(output), name="n", author="a"), output, lines)


@given(LINES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_real_engine(lines: list[str]) -> None:
    output = Output()
    converse(UciSession(Engine(load_model), Writer(output), name="n", author="a"), output, lines)
