"""Whatever a client sends: each `go` has one `bestmove`, each question one answer, and the session goes on."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from support.fuzz import conversations
from support.scripted_engine import ScriptedEngine
from support.transcript import Output
from support.ugi_fake import GAME, load_model

from muzero_engine.engine.engine import Engine
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.ugi.format import QUERIES
from muzero_engine.protocols.ugi.session import UgiSession

GOOD_LINES = [
    "ugi",
    "isready",
    "uginewgame",
    "setoption name MultiPV value 3",
    "setoption name VerboseMoveStats value true",
    "setoption name Hash value 8",
    "position startpos",
    "position startpos moves b2 a1 c3",
    "position startpos moves b2 a1 c3 a3",
    "position fen xo./.x./... moves a1",
    "position fen xxx/oo./...",
    "position fen xox/xox/oxo",
    "go nodes 3",
    "go depth 1",
    "go movetime 5",
    "go p1time 50 p2time 50 p1inc 1 p2inc 1",
    "go infinite",
    "stop",
    *(f"query {question}" for question in QUERIES),
    "d",
    "help",
    "",
]
MOVE = "[abc][123]"
ANSWER = re.compile(
    rf"id |option |ugiok$|readyok$|info |bestmove ({MOVE}|0000)$|response (true|false|p1win|p2win|draw|none)$"
)
WORDS = sorted({word for line in GOOD_LINES for word in line.split()} - {"quit"})
LINES = conversations(GOOD_LINES, WORDS)


def command_of(session: UgiSession, line: str) -> tuple[str, str] | None:
    """The command that a line means, its first known word, and the word after it."""
    words = line.split()
    for index, word in enumerate(words):
        if word == "quit" or word in session._commands:
            return word, " ".join(words[index + 1 :])
    return None


def converse(session: UgiSession, output: Output, lines: list[str]) -> None:
    """Plays the lines and checks what must be answered; lines that quit are left out."""
    commands = [(line, command_of(session, line)) for line in lines]
    understood = [command for _, command in commands if command is not None and command[0] != "quit"]
    questions = 0  # that can be answered: there is a position
    for line, command in commands:
        questions += bool(command and command[0] == "query" and command[1] in QUERIES and session._line.refused is None)
        if command is None or command[0] != "quit":
            assert session.handle(line)
    session.end_of_input()
    session.close()
    words = [word for word, _ in understood]
    answers = [line.split(" ")[0] for line in output.all]
    assert answers.count("bestmove") == words.count("go")
    assert answers.count("readyok") == words.count("isready")
    assert answers.count("ugiok") == words.count("ugi")
    assert answers.count("response") == questions
    assert not any(" failed: " in line for line in output.all if line.startswith("info string error"))
    for line in output.all:
        assert line.isascii()
        assert ANSWER.match(line)


@given(LINES)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_scripted_engine(lines: list[str]) -> None:
    output = Output()
    converse(UgiSession(GAME, ScriptedEngine(), Writer(output), name="n", author="a"), output, lines)


@given(LINES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_real_engine(lines: list[str]) -> None:
    output = Output()
    converse(UgiSession(GAME, Engine(load_model), Writer(output), name="n", author="a"), output, lines)
