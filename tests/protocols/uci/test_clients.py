"""Whole sessions through python-chess's UCI client, and against Stockfish on a real clock.

The engine runs in a process of its own with a fake model (`support.uci_fake`); everything else is the real thing. The
games against Stockfish are played by the whole program.
python-chess checks every move and variation that it is told and raises EngineError at the first illegal one.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import chess
import chess.engine
import chess.pgn
import pytest
from support.records import record_path

ROOT = Path(__file__).parents[3]
ENGINE = [sys.executable, "-m", "support.uci_fake"]
PROGRAM = [sys.executable, "-m", "muzero_engine", "uci"]  # the whole program, with the weights that come along
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}


@pytest.fixture
def engine() -> Iterator[chess.engine.SimpleEngine]:
    with chess.engine.SimpleEngine.popen_uci(ENGINE, timeout=30.0, env=ENVIRONMENT) as client:
        yield client


def start_engine() -> subprocess.Popen[str]:
    return subprocess.Popen(
        ENGINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def test_play(engine: chess.engine.SimpleEngine) -> None:
    board = chess.Board()
    while board.ply() < 20 and not board.is_game_over():
        result = engine.play(board, chess.engine.Limit(nodes=30), info=chess.engine.INFO_ALL)
        assert result.move is not None
        assert result.info["pv"][0] == result.move
        assert result.info["nodes"] >= 30
        board.push(result.move)
        if result.ponder is not None:
            assert result.ponder in board.legal_moves
    assert engine.id["name"].startswith("MuZero Engine")


def test_python_chess_has_nothing_to_warn_of(caplog: pytest.LogCaptureFixture) -> None:
    """With weights that have something to say about themselves."""
    with chess.engine.SimpleEngine.popen_uci(PROGRAM, timeout=60.0, env=ENVIRONMENT) as client:
        client.ping()
        client.configure({"Hash": 16, "Move Overhead": 100, "Threads": 1, "SyzygyPath": "", "UCI_ShowWDL": True})
        client.play(chess.Board(), chess.engine.Limit(nodes=3), info=chess.engine.INFO_ALL)
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize(
    "limit",
    [
        chess.engine.Limit(time=0.05),
        chess.engine.Limit(depth=2),
        chess.engine.Limit(nodes=10),
        chess.engine.Limit(mate=1, nodes=50),
        chess.engine.Limit(white_clock=0.3, black_clock=0.3, white_inc=0.0, black_inc=0.0, remaining_moves=3),
    ],
    ids=["movetime", "depth", "nodes", "mate", "clock"],
)
def test_each_limit_ends_a_search(engine: chess.engine.SimpleEngine, limit: chess.engine.Limit) -> None:
    result = engine.play(chess.Board(), limit)
    assert result.move is not None


def test_a_mate_in_one_is_played_and_scored(engine: chess.engine.SimpleEngine) -> None:
    board = chess.Board("6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1")
    result = engine.play(board, chess.engine.Limit(nodes=50), info=chess.engine.INFO_ALL)
    assert result.move == chess.Move.from_uci("a1a8")
    assert result.info["score"].white() == chess.engine.Mate(1)
    assert result.ponder is None


@pytest.mark.parametrize("fen", ["7k/6Q1/6K1/8/8/8/8/8 b - - 0 1", "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"])
def test_a_finished_game_has_no_move(engine: chess.engine.SimpleEngine, fen: str) -> None:
    assert engine.play(chess.Board(fen), chess.engine.Limit(nodes=10)).move is None


def test_infinite_analysis_until_stop(engine: chess.engine.SimpleEngine) -> None:
    with engine.analysis(chess.Board(), multipv=3) as analysis:
        depths = []
        for info in analysis:
            if info.get("multipv") == 3:
                depths.append(info["depth"])
            if len(depths) == 3:
                break
        assert depths == sorted(depths)
        assert [entry["multipv"] for entry in analysis.multipv] == [1, 2, 3]
        assert len({entry["pv"][0] for entry in analysis.multipv}) == 3
        analysis.stop()
        best = analysis.wait()
    assert best.move in set(chess.Board().legal_moves)


def test_more_lines_than_moves(engine: chess.engine.SimpleEngine) -> None:
    board = chess.Board("7k/8/8/8/8/8/P7/K7 w - - 0 1")
    infos = engine.analyse(board, chess.engine.Limit(nodes=40), multipv=50)
    assert len(infos) == board.legal_moves.count()
    assert len({info["depth"] for info in infos}) == 1


def test_analysis_of_a_finished_game_waits_for_stop(engine: chess.engine.SimpleEngine) -> None:
    with engine.analysis(chess.Board("7k/6Q1/6K1/8/8/8/8/8 b - - 0 1")) as analysis:
        time.sleep(0.3)
        assert analysis.would_block()
        analysis.stop()
        assert analysis.wait().move is None


def test_root_moves(engine: chess.engine.SimpleEngine) -> None:
    board = chess.Board()
    moves = [chess.Move.from_uci("a2a3"), chess.Move.from_uci("h2h4")]
    infos = engine.analyse(board, chess.engine.Limit(nodes=40), root_moves=moves, multipv=5)
    assert {info["pv"][0] for info in infos} == set(moves)
    assert engine.play(board, chess.engine.Limit(nodes=10), root_moves=[]).move in set(board.legal_moves)


def test_wdl_and_options(engine: chess.engine.SimpleEngine) -> None:
    engine.configure({"UCI_ShowWDL": True, "Hash": 16, "CPuct": "2.0", "ScoreType": "Q", "WeightsFile": ""})
    info = engine.analyse(chess.Board(), chess.engine.Limit(nodes=40))
    assert info["wdl"].white().total() == 1000
    offered = engine.options
    assert (offered["MultiPV"].max or 0) >= 200
    assert offered["Backend"].var is not None
    for option in offered.values():
        if not option.is_managed() and option.default is not None:
            engine.configure({option.name: option.default})
    assert engine.play(chess.Board(), chess.engine.Limit(nodes=10)).move is not None


def test_the_same_seed_gives_the_same_game(engine: chess.engine.SimpleEngine) -> None:
    engine.configure({"Temperature": "1.0", "Seed": 7})

    def game() -> list[str]:
        board = chess.Board()
        for _ in range(6):
            move = engine.play(board, chess.engine.Limit(nodes=20), game=board).move
            assert move is not None
            board.push(move)
        return [move.uci() for move in board.move_stack]

    assert game() == game()


def test_pondering(engine: chess.engine.SimpleEngine) -> None:
    """Ponder hits and misses in turn."""
    board = chess.Board()
    hits = 0
    for turn in range(6):
        result = engine.play(board, chess.engine.Limit(white_clock=6.0, black_clock=6.0), ponder=True)
        assert result.move is not None
        board.push(result.move)
        if board.is_game_over():
            break
        reply = result.ponder
        if turn % 2 or reply is None:
            reply = next(move for move in board.legal_moves if move != result.ponder)
        else:
            hits += 1
        board.push(reply)
        if board.is_game_over():
            break
    assert hits


def test_chess960_game(engine: chess.engine.SimpleEngine) -> None:
    generator = random.Random(960)
    for _ in range(3):
        board = chess.Board.from_chess960_pos(generator.randrange(960))
        while board.ply() < 24 and not board.is_game_over():
            move = engine.play(board, chess.engine.Limit(nodes=8)).move
            assert move is not None
            board.push(move)


def test_chess960_castling_both_ways(engine: chess.engine.SimpleEngine) -> None:
    board = chess.Board("1rk3r1/pppppppp/8/8/8/8/PPPPPPPP/1RK3R1 w GBgb - 0 1", chess960=True)
    castling = chess.Move.from_uci("c1g1")
    result = engine.play(board, chess.engine.Limit(nodes=20), root_moves=[castling])
    assert result.move == castling
    board.push(castling)
    assert engine.play(board, chess.engine.Limit(nodes=20)).move in set(board.legal_moves)


@pytest.mark.parametrize("ending", ["quit\r\n", ""], ids=["quit", "end of input"])
def test_leaving_in_the_middle_of_a_search(ending: str) -> None:
    process = start_engine()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("uci\r\n \tposition  startpos\tmoves e2e4\r\ngo infinite\r\nisready\r\n")
    process.stdin.flush()
    for line in process.stdout:
        if line == "readyok\n":
            break
    output, errors = process.communicate(ending, timeout=10.0)
    assert process.returncode == 0
    assert output.count("bestmove ") == 1
    assert not errors


def test_bytes_that_are_no_text() -> None:
    process = subprocess.Popen(ENGINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
    output, _ = process.communicate(b"\xff\xfe\x00\nposition fen \xc3\xa9\nisready\n", timeout=20.0)
    assert process.returncode == 0
    assert b"readyok\n" in output.splitlines(keepends=True)
    assert output.isascii()


def find_stockfish() -> str:
    path = shutil.which("stockfish", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/games"]))
    assert path is not None, "install Stockfish (Debian: apt install stockfish)"
    return path


@pytest.mark.parametrize("colour", [chess.WHITE, chess.BLACK], ids=["white", "black"])
def test_a_game_against_stockfish_on_a_real_clock(colour: chess.Color) -> None:
    """The whole program, 3 s + 0.03 s a move for each side: no illegal move, no time loss."""
    clocks = {chess.WHITE: 3.0, chess.BLACK: 3.0}
    increment = 0.03
    board = chess.Board()
    with (
        chess.engine.SimpleEngine.popen_uci(PROGRAM, timeout=30.0, env=ENVIRONMENT) as engine,
        chess.engine.SimpleEngine.popen_uci(find_stockfish(), timeout=30.0) as stockfish,
    ):
        stockfish.configure({"Threads": 1, "Hash": 16, "Skill Level": 0})
        engine.ping()
        players = {colour: engine, not colour: stockfish}
        names = {colour: engine.id["name"], not colour: "Stockfish"}
        while not board.is_game_over(claim_draw=True):
            limit = chess.engine.Limit(
                white_clock=clocks[chess.WHITE],
                black_clock=clocks[chess.BLACK],
                white_inc=increment,
                black_inc=increment,
            )
            begun = time.monotonic()
            move = players[board.turn].play(board, limit).move
            clocks[board.turn] -= time.monotonic() - begun
            assert move is not None
            assert clocks[colour] > 0.0, "lost on time"
            clocks[board.turn] = max(clocks[board.turn], 0.0) + increment
            board.push(move)
    game = chess.pgn.Game.from_board(board)
    game.headers.update(
        {"Event": "Test", "White": names[chess.WHITE], "Black": names[chess.BLACK], "TimeControl": "3+0.03"}
    )
    game.headers["Result"] = board.result(claim_draw=True)
    record_path(f"uci-stockfish-{'white' if colour else 'black'}.pgn").write_text(f"{game}\n", encoding="utf-8")
    assert game.headers["Result"] in ("1-0", "0-1", "1/2-1/2")
