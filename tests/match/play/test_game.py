"""Whole games between scripted engines: good ones, and those that go wrong in the middle."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.matches import PATIENT, play, random_player, record, scripted, seats

from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.games.registry import load_game
from muzero_engine.match.play.game import GamePlan, play_game
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.settings.match_settings import (
    Adjudication,
    ClientKind,
    EngineSettings,
    GameSettings,
    Patience,
    Scoring,
)
from muzero_engine.match.settings.time_control import TimeControl

GAMES = ("chess", "go", "shogi")


SOON = replace(PATIENT, late_s=0.2)  # for engines that will never answer
LIMIT = "1"  # of those; long enough for the moves before on a busy machine


def settings(game: str, *, patience: Patience = PATIENT, **changes: object) -> GameSettings:
    return GameSettings(game=game, patience=patience, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("game", "points", "reason", "plies"),
    [
        ("chess", 0.5, "threefold repetition", 8),
        ("shogi", 0.5, "fourfold repetition", 12),
        ("go", 0.0, "two passes", 20),
        ("tictactoe", 0.5, "full board", 9),
    ],
)
def test_a_game_by_the_rules(game: str, points: float, reason: str, plies: int) -> None:
    played = record(scripted("a", game, "--score", "cp 30"), scripted("b", game), settings(game))
    assert (played.points, played.ending, played.reason) == (points, Ending.RULES, reason)
    assert len(played.moves) == plies
    assert (played.first, played.second, played.first_limit) == ("a", "b", "60")
    clocks = [ply.clock_s for ply in played.moves]
    assert all(clock is not None and 0 < clock <= 60 for clock in clocks)
    assert all(0.0 <= ply.elapsed_s < 60 for ply in played.moves)
    if game != "go":
        assert played.moves[0].score == Score(ScoreKind.CENTIPAWNS, 30.0)
        assert (played.moves[0].depth, played.moves[0].nodes) == (7, 1234)
        assert played.moves[1].score is None
    else:
        assert played.area == -7.5  # as many points on either side


@pytest.mark.parametrize(("game", "first"), [("chess", 60.0), ("shogi", 100.0)])
def test_in_shogi_an_increment_comes_before_each_move(game: str, first: float) -> None:
    played = record(scripted("a", game, limit="60+40"), scripted("b", game, limit="60+40"), settings(game))
    for ply in played.moves[:2]:
        assert ply.clock_s is not None
        assert ply.clock_s == pytest.approx(first + 40.0 - ply.elapsed_s, abs=0.01)


FAULTS = [
    ("exit", Ending.CRASH, "exit code 3: something is wrong"),
    ("kill", Ending.CRASH, "killed by SIGKILL"),
    ("close", Ending.CRASH, "it closed its output"),
    ("hang", Ending.HANG, "no move after"),
    ("nonsense", Ending.WRONG_REPLY, "zz99"),
    ("empty", Ending.WRONG_REPLY, "move"),
    ("illegal", Ending.ILLEGAL_MOVE, "illegal move"),
]


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize(("fault", "ending", "reason"), FAULTS)
def test_a_bad_engine_loses_for_its_own_reason(game: str, fault: str, ending: Ending, reason: str) -> None:
    bad = scripted("bad", game, "--fault", fault, "--at", "3", limit=LIMIT if fault == "hang" else "60")
    played = play(scripted("good", game), bad, settings(game, patience=SOON))
    assert (played.record.points, played.record.ending) == (1.0, ending)
    assert reason in played.record.reason
    assert len(played.record.moves) == 5
    assert played.broken == {1}


@pytest.mark.parametrize(("fault", "ending", "reason"), FAULTS)
def test_a_bad_engine_of_a_game_that_does_not_say_what_moves_look_like(fault: str, ending: Ending, reason: str) -> None:
    """As above, but every word is taken for a move there."""
    game = "tictactoe"
    bad = scripted("bad", game, "--fault", fault, "--at", "3", limit=LIMIT if fault == "hang" else "60")
    played = play(scripted("good", game), bad, settings(game, patience=SOON))
    assert (played.record.points, len(played.record.moves)) == (1.0, 5)
    assert played.broken == {1}
    assert played.record.ending is (Ending.ILLEGAL_MOVE if fault == "nonsense" else ending)
    assert reason in played.record.reason


@pytest.mark.parametrize("game", GAMES)
def test_garbage(game: str) -> None:
    bad = scripted("bad", game, "--fault", "garbage", "--at", "2", limit=LIMIT)
    played = play(bad, scripted("good", game), settings(game, patience=SOON))
    assert played.record.points == 0.0
    if game == "go":
        assert played.record.ending is Ending.WRONG_REPLY
    else:
        assert played.record.ending is Ending.HANG
    assert "garbage" in played.record.reason
    assert len(played.record.moves) == 2


@pytest.mark.parametrize("game", ["chess", "shogi"])
def test_garbage_without_end(game: str) -> None:
    bad = scripted("bad", game, "--fault", "flood", "--at", "2", limit=LIMIT)
    played = play(bad, scripted("good", game), settings(game, patience=SOON)).record
    assert (played.points, played.ending, len(played.moves)) == (0.0, Ending.HANG, 2)


@pytest.mark.parametrize("game", ["chess", "shogi"])
def test_an_engine_that_has_no_move(game: str) -> None:
    bad = scripted("bad", game, "--fault", "none", "--at", "2")
    assert record(bad, scripted("good", game), settings(game)).ending is Ending.WRONG_REPLY


def test_an_engine_that_refuses_to_move() -> None:
    played = record(scripted("bad", "go", "--fault", "refuse", "--at", "2"), scripted("good", "go"), settings("go"))
    assert played.ending is Ending.WRONG_REPLY
    assert "cannot move" in played.reason


@pytest.mark.parametrize("game", ["chess", "shogi"])
def test_out_of_time_but_alive(game: str) -> None:
    """The engine answers when it is told to stop: it has lost on time and need not be started again."""
    slow = scripted("slow", game, "--fault", "slow", "--at", "2", limit="1+0.1")
    played = play(slow, scripted("good", game), settings(game))
    assert (played.record.points, played.record.ending) == (0.0, Ending.TIME_LOSS)
    assert "out of time" in played.record.reason
    assert played.broken == frozenset()


def test_out_of_time_in_go() -> None:
    slow = scripted("slow", "go", "--fault", "slow", "--at", "2", "--delay", "1.5", limit="1")
    played = play(slow, scripted("good", "go"), settings("go"))
    assert (played.record.points, played.record.ending) == (0.0, Ending.TIME_LOSS)
    assert played.broken == frozenset()


def test_lag_within_the_margin_is_forgiven() -> None:
    slow = scripted("slow", "chess", "--fault", "slow", "--delay", "0.3", limit="movetime=0.2,margin=20")
    assert record(slow, scripted("good", "chess"), settings("chess")).ending is Ending.RULES


@pytest.mark.parametrize("game", ["go", "shogi"])
def test_resignation(game: str) -> None:
    tired = scripted("tired", game, "--fault", "resign", "--at", "2")
    played = play(tired, scripted("good", game), settings(game))
    assert (played.record.points, played.record.ending) == (0.0, Ending.RESIGNATION)
    assert played.broken == frozenset()


def test_a_win_that_is_none() -> None:
    played = record(scripted("bold", "shogi", "--fault", "win"), scripted("good", "shogi"), settings("shogi"))
    assert (played.points, played.ending) == (0.0, Ending.ILLEGAL_MOVE)


def test_adjudication() -> None:
    rules = Adjudication(draw_score=5, draw_moves=2, draw_after=1)
    even = [scripted(name, "chess", "--score", "cp 3") for name in "ab"]
    played = record(even[0], even[1], settings("chess", adjudication=rules))
    assert (played.points, played.ending, len(played.moves)) == (0.5, Ending.ADJUDICATION, 4)


@pytest.mark.parametrize(
    ("counts", "points", "area"),
    [
        (("B+3", "B+4.5"), 1.0, 3.0),
        (("B+3", "W+4.5"), 0.0, -7.5),
        (("0", "jigo"), 0.5, 0.0),
        (("B+3", "?"), 0.0, -7.5),
    ],
)
def test_both_engines_count(counts: tuple[str, str], points: float, area: float) -> None:
    engines = [scripted(name, "go", "--count", count) for name, count in zip("ab", counts, strict=True)]
    played = record(engines[0], engines[1], settings("go", scoring=Scoring.ENGINES))
    assert (played.points, played.area) == (points, area)


@pytest.mark.parametrize(
    ("game", "opening"),
    [
        ("chess", Opening("moves", None, ("g1f3", "g8f6"))),
        ("chess", Opening("board", "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 4 1")),
        ("shogi", Opening("moves", None, ("2h3h",))),
        ("go", Opening("moves", None, ("A3",))),
    ],
)
def test_openings_are_played_before_the_engines_are_asked(game: str, opening: Opening) -> None:
    played = play(scripted("a", game), scripted("b", game), settings(game), opening).record
    assert played.ending is Ending.RULES
    assert played.opening_moves == opening.moves
    if opening.moves:
        assert played.moves[0].move != opening.moves[0]


@pytest.mark.parametrize("game", GAMES)
def test_random_players(game: str) -> None:
    limits = settings(game, max_plies=40)
    one = record(random_player("a", seed=1), random_player("b", seed=2), limits)
    again = record(random_player("a", seed=1), random_player("b", seed=2), limits)
    other = record(random_player("a", seed=3), random_player("b", seed=2), limits)
    moves = [[ply.move for ply in it.moves] for it in (one, again, other)]
    assert moves[0] == moves[1] != moves[2]
    assert "pass" not in moves[0]


def test_several_games_with_the_same_engines() -> None:
    game = settings("chess")
    first, second = scripted("a", "chess"), scripted("b", "chess")
    with seats(first, second, "chess", PATIENT) as (one, two):
        for pair in range(3):
            plan = GamePlan(first="a", second="b", opening=Opening("start"), pair=pair, game=0)
            assert len(play_game(plan, (one, two), load_game("chess"), game).record.moves) == 8


CHESS960 = Opening("960", "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9")


def test_an_opening_of_chess960_needs_an_engine_that_knows_it() -> None:
    played = play(scripted("a", "chess"), random_player("b"), settings("chess"), CHESS960).record
    assert (played.points, played.ending, len(played.moves)) == (0.0, Ending.WRONG_REPLY, 0)
    assert "cannot play Chess960" in played.reason


def test_stockfish_plays_chess960_and_chess_in_turn() -> None:
    path = shutil.which("stockfish", path=os.environ.get("PATH", "") + os.pathsep + "/usr/games")
    assert path is not None, "this test needs stockfish"
    limit = TimeControl(nodes=20)
    first, second = (EngineSettings(name=name, kind=ClientKind.UCI, command=(path,), control=limit) for name in "ab")
    game = settings("chess", max_plies=30)
    castling = Opening("castling", "r3k1r1/pppppppp/8/8/8/8/PPPPPPPP/1R2K2R w HBga - 0 1", ("e1h1",))
    with seats(first, second, "chess", PATIENT) as (one, two):
        for opening in (CHESS960, Opening("start"), castling):
            plan = GamePlan(first="a", second="b", opening=opening, pair=0, game=0)
            played = play_game(plan, (one, two), load_game("chess"), game).record
            assert not played.ending.is_fault, played.reason
            assert len(played.moves) > 10


def test_nothing_that_an_engine_started_survives_it(tmp_path: Path) -> None:
    """An engine with a child of its own that would run on."""
    note = tmp_path / "pid"
    child = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(100)"
    script = tmp_path / "engine.py"
    script.write_text(
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "for line in sys.stdin:\n"
        "    word = line.split()[0]\n"
        "    if word == 'uci': print('uciok', flush=True)\n"
        "    if word == 'isready': print('readyok', flush=True)\n"
        "    if word == 'quit': time.sleep(100)\n"
    )
    command = (sys.executable, str(script))
    stubborn = EngineSettings(name="s", kind=ClientKind.UCI, command=command, control=TimeControl(nodes=1))
    with seats(stubborn, random_player("r"), "chess", PATIENT):
        deadline = time.monotonic() + 20.0
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)
    pid = int(note.read_text())
    deadline = time.monotonic() + 20.0
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # a zombie has only not been waited for yet
