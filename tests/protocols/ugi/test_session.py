"""The UGI session against an engine that does as it is told, and over the real one in every game."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import HashModel
from support.scripted_engine import ScriptedEngine
from support.transcript import Output, play_transcript

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.ugi.session import UgiSession

TRANSCRIPTS = sorted((Path(__file__).parents[2] / "transcripts" / "ugi").glob("*.txt"))


def make_session(engine: Engine, game: str = "tictactoe") -> tuple[UgiSession, Output]:
    output = Output()
    session = UgiSession(
        load_game(game),
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
    for line in ("ugi", "setoption name Hash value 32", "uginewgame", "position startpos", "query result"):
        assert session.handle(line)
    assert "prepare" not in engine.events
    session.handle("isready")
    assert engine.events[-1] == "prepare"


def test_quit_ends_the_session_and_close_delivers_the_bestmove() -> None:
    engine = ScriptedEngine()
    session, output = make_session(engine)
    session.handle("go infinite")
    assert not session.handle("quit")
    session.close()
    assert output.until("bestmove .*")
    assert engine.events[-1] == "close"


def test_options_given_at_the_start_are_offered_as_defaults() -> None:
    session, output = make_session(ScriptedEngine(EngineOptions(hash_mb=99, limit_strength=True)))
    session.handle("ugi")
    lines = output.until("ugiok")
    assert "option name Hash type spin default 99 min 8 max 1048576" in lines
    assert "option name LimitStrength type check default true" in lines


def test_an_engine_that_cannot_start_still_gives_a_move() -> None:
    class Failing(ScriptedEngine):
        def go(self, *_: object, **__: object) -> None:
            raise RuntimeError("out of memory")

    session, output = make_session(Failing())
    session.handle("position startpos moves a1")
    session.handle("go nodes 10")
    assert output.next() == "bestmove b1"
    assert output.next() == "info string error: go failed: out of memory"
    session.handle("position fen xxx/oo./...")
    session.handle("go nodes 10")
    assert output.next() == "bestmove 0000"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_game_between_a_session_and_itself(name: str) -> None:
    """Every move it gives is legal, in any game, and its answers to queries are those of the rules."""
    game = load_game(name)
    position = game.initial(game.spec.shapes[0])
    engine = Engine(lambda _: HashModel(game.spec, position.shape))
    session, output = make_session(engine, name)
    moves: list[str] = []
    start = "startpos"
    while position.outcome() is None and position.ply < 12:
        if position.ply == 4:  # from here on from a text
            start, moves = f"fen {position.text()}", []
        for line in (f"position {start} moves {' '.join(moves)}", "query p1turn", "query gameover", "query result"):
            session.handle(line)
        turn = f"response {str(position.mover == 0).lower()}"
        assert output.until("response (p1win|p2win|draw|none)")[-3:] == [turn, "response false", "response none"]
        session.handle("go nodes 4")
        word, move = output.until("bestmove .*")[-1].split()
        assert word == "bestmove"
        position.push(position.parse_action(move))
        moves.append(move)
    session.close()
