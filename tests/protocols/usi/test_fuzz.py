"""Whatever a client sends: no exception, one answer for each `go`, one `readyok` for each `isready`."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from support.fuzz import conversations
from support.mates import DirectHelper
from support.scripted_engine import ScriptedEngine
from support.transcript import Output
from support.usi_fake import load_model

from muzero_engine.engine.engine import Engine
from muzero_engine.games.registry import load_game
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.usi.session import UsiSession

GOOD_LINES = [
    "usi",
    "isready",
    "usinewgame",
    "setoption name MultiPV value 3",
    "setoption name MultiPV value 1",
    "setoption name USI_Hash value 8",
    "setoption name USI_Ponder value true",
    "setoption name VerboseMoveStats value true",
    "setoption name ScoreType value win_percentage",
    "setoption name Temperature value 1",
    "setoption name Resign_Threshold value 1000",
    "setoption name EnteringKingRule value NoEnteringKing",
    "setoption name Draw_Ply value 256",
    "position startpos",
    "position startpos moves 7g7f 3c3d 8h2b+ 3a2b B*4e",
    "position sfen 4k4/9/4P4/9/9/9/9/9/4K4 b G 1",
    "position sfen 4k4/9/4P4/9/9/9/9/9/4K4 b G moves G*5b",
    "position sfen K8/G+R+R6/+P+P+P+P+P+P+P2/9/9/9/9/9/8k b 2B2G4S 1",
    "go nodes 3",
    "go depth 1",
    "go movetime 5",
    "go btime 50 wtime 50 binc 1 winc 1",
    "go btime 0 wtime 0 byoyomi 20",
    "go byoyomi 20",
    "go infinite",
    "go ponder btime 50 wtime 50",
    "go ponder",
    "go searchmoves 7g7f nodes 3",
    "go mate 100",
    "go mate infinite",
    "stop",
    "ponderhit",
    "ponderhit btime 20 wtime 20 byoyomi 5",
    "gameover",
    "gameover win",
    "",
]
WORDS = sorted({word for line in GOOD_LINES for word in line.split()})
MOVE = r"([1-9][a-i][1-9][a-i]\+?|[PLNSGBR]\*[1-9][a-i])"
OUTPUT = re.compile(
    rf"id |option |usiok$|readyok$|info |bestmove ({MOVE}( ponder {MOVE})?|resign|win)$|"
    rf"checkmate ({MOVE}( {MOVE})*|nomate|timeout)$"
)


LINES = conversations(GOOD_LINES, WORDS)


def converse(session: UsiSession, output: Output, lines: list[str]) -> None:
    """Plays the lines and checks what must be answered; lines that quit are left out."""
    commands = []
    for line in lines:
        command = next(iter(line.split()), "")
        if command != "quit":
            commands.append("go mate" if command == "go" and "mate" in line.split() else command)
            assert session.handle(line)
    session.end_of_input()
    session.close()
    answers = [line.split(" ")[0] for line in output.all]
    assert answers.count("bestmove") == commands.count("go")
    assert answers.count("checkmate") == commands.count("go mate")
    assert answers.count("readyok") == commands.count("isready")
    assert answers.count("usiok") == commands.count("usi")
    for line in output.all:
        assert line.isascii()
        assert OUTPUT.match(line), line
        assert " failed: " not in line
    check_pairs(output.all)


def check_pairs(lines: list[str]) -> None:
    """The last first line before each `bestmove` begins its variation with that move."""
    scored = ""
    for line in lines:
        if line.startswith("info depth") and ("multipv 1 " in line or " multipv " not in line):
            scored = line
            assert re.search(r" score (cp -?\d+|mate -?\d+)( |$)", line)
        elif line.startswith("bestmove"):
            best = line.split()[1]
            assert scored, "no report before bestmove"
            if best not in ("resign", "win"):
                assert scored.split(" pv ")[1].split()[0] == best
            scored = ""


@given(LINES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_scripted_engine(lines: list[str]) -> None:
    output = Output()
    converse(UsiSession(ScriptedEngine(), Writer(output), name="n", author="a"), output, lines)


@given(LINES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_real_engine(lines: list[str]) -> None:
    output = Output()
    engine = Engine(load_model)
    engine._mate_helper = DirectHelper(load_game("shogi"))
    converse(UsiSession(engine, Writer(output), name="n", author="a"), output, lines)
