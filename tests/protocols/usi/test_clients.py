"""The USI engine as its own process under real clients: cshogi's, and Fairy-Stockfish as the opponent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cshogi
import pytest
from cshogi import CSA
from cshogi.usi.Engine import Engine, InfoListener, MultiPVListener
from support.records import record_path
from support.usi_fake import NAME, executable

GRACE_S = 1.0  # cshogi's runner forgives less than a second, and the machine may be busy
MAX_PLIES = 320
OPPONENT_OVERHEAD_MS = 1000  # with its own 30 Fairy-Stockfish thinks up to 1.1 s with 0.1 s on its clock


def close(engine: Any) -> None:
    """Quits and closes the pipes, which the client leaves open."""
    process = engine.proc
    engine.quit()
    assert process.returncode == 0
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Any]:
    client = Engine(executable(tmp_path))
    yield client
    close(client)


def test_client_plays_and_analyses(engine: Any) -> None:
    assert engine.name == NAME
    engine.setoption("USI_Hash", 16)
    engine.setoption("USI_Ponder", "true")
    engine.isready()
    engine.usinewgame()
    moves: list[str] = []
    board = cshogi.Board()
    for _ in range(6):
        listener = InfoListener()
        engine.position(moves)
        move, ponder = engine.go(btime=0, wtime=0, byoyomi=60, listener=listener.listen())
        assert listener.bestmove == move
        assert listener.pv[0] == move
        assert isinstance(listener.info["score"], str)
        assert abs(listener.score) <= 30_000
        assert board.is_legal(board.move_from_usi(move))
        board.push_usi(move)
        moves.append(move)
        if ponder is not None:
            assert board.is_legal(board.move_from_usi(ponder))
    engine.gameover("draw")
    engine.isready()


def test_client_reads_several_variations(engine: Any) -> None:
    engine.isready()
    for lines in (3, 1, 5):
        engine.setoption("MultiPV", lines)
        listener = MultiPVListener()
        engine.position()
        move, _ = engine.go(nodes=200, listener=listener.listen())
        infos = listener.info
        assert len(infos) == lines
        assert infos[0]["pv"][0] == move
        assert len({info["pv"][0] for info in infos}) == lines
        assert len({info["depth"] for info in infos}) == 1


def test_client_ponders(engine: Any) -> None:
    engine.isready()
    engine.position(["7g7f", "3c3d"])
    engine.proc.stdin.write(b"go ponder btime 1000 wtime 1000 byoyomi 50\n")
    engine.ponderhit()
    move, _ = engine.go(nodes=1)  # the answer to the pondering; that to this search follows
    board = cshogi.Board()
    board.push_usi("7g7f")
    board.push_usi("3c3d")
    assert board.is_legal(board.move_from_usi(move))
    assert engine.proc.stdout.readline().startswith(b"info ")


def test_client_asks_for_mates(engine: Any) -> None:
    engine.isready()
    engine.position(sfen="sfen 8k/5+RBp1/5p3/4+PG2p/9/9/9/9/K8 b P 1")
    moves = engine.go_mate().split(" ")
    assert moves[0] == "4b3a"
    assert len(moves) == 5
    engine.position()
    assert engine.go_mate(byoyomi=1000) == "nomate"


def test_clients_match_runner(tmp_path: Path) -> None:
    """cshogi's own runner, pondering, to a draw by length: it ends by itself and finds nothing wrong."""
    engines = [executable(tmp_path, name) for name in ("a.sh", "b.sh")]
    csa = tmp_path / "records"
    command = [sys.executable, "-m", "cshogi.cli", *engines, "--byoyomi", "100", "--games", "2", "--draw", "24"]
    done = subprocess.run(
        [*command, "--ponder", "--csa", str(csa)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=120,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert "2 of 2 games finished." in output
    for fault in ("反則", "切れ負け"):  # a foul, a loss on time
        assert fault not in output
    for record in csa.glob("*.csa"):
        assert "%ILLEGAL_MOVE" not in record.read_text(encoding="utf-8")


@dataclass(slots=True)
class Clock:
    """A player's clock in seconds: main time, byoyomi for every move, an increment before it."""

    main: float
    byoyomi: float = 0.0
    increment: float = 0.0

    def spend(self, seconds: float) -> None:
        self.main += self.increment
        assert seconds <= self.main + self.byoyomi + GRACE_S, f"lost on time: {seconds:.3f} s"
        self.main = max(0.0, self.main - seconds)


def fairy_stockfish() -> str:
    path = shutil.which("fairy-stockfish", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/games"]))
    assert path is not None, "this test needs Fairy-Stockfish: apt-get install fairy-stockfish"
    return path


def think(player: Any, moves: list[str], clocks: list[Clock], listener: InfoListener) -> str:
    """The player's move on the clocks of black and white."""
    times = {"btime": round(1000 * clocks[0].main), "wtime": round(1000 * clocks[1].main)}
    if clocks[0].increment:
        times |= {"binc": round(1000 * clocks[0].increment), "winc": round(1000 * clocks[1].increment)}
    else:
        times["byoyomi"] = round(1000 * clocks[0].byoyomi)
    player.position(moves)
    best, _ = player.go(**times, listener=listener.listen())
    return str(best)


def play(players: list[Any], clocks: list[Clock], exporter: Any) -> tuple[list[str], str]:
    """Plays a game from the start, judged by cshogi; returns the moves and how it ended, as CSA has it."""
    board = cshogi.Board()
    moves: list[str] = []
    occurrences: Counter[int] = Counter([board.zobrist_hash()])
    while len(moves) < MAX_PLIES:
        turn = board.turn
        listener = InfoListener()
        started = time.monotonic()
        best = think(players[turn], moves, clocks, listener)
        seconds = time.monotonic() - started
        clocks[turn].spend(seconds)
        if best == "resign":
            return moves, "%TORYO"
        if best == "win":
            assert board.is_nyugyoku()
            return moves, "%KACHI"
        move = board.move_from_usi(best)
        assert board.is_legal(move), f"{best} is illegal in {board.sfen()}"
        if players[turn].name == NAME:
            assert listener.pv[0] == best
        exporter.move(move, time=int(seconds))
        board.push(move)
        moves.append(best)
        occurrences[board.zobrist_hash()] += 1
        if board.is_game_over():
            return moves, "%TSUMI"
        if occurrences[board.zobrist_hash()] == 4:
            return moves, "%SENNICHITE"
    return moves, "%JISHOGI"


@pytest.mark.parametrize(
    ("side", "clock"),
    [("black", Clock(2.0, byoyomi=0.1)), ("white", Clock(2.0, increment=0.1))],
    ids=["black-byoyomi", "white-increment"],
)
def test_a_whole_game_against_fairy_stockfish(side: str, clock: Clock, tmp_path: Path) -> None:
    players = [Engine(executable(tmp_path, command="muzero_engine usi")), Engine(fairy_stockfish())]
    players[1].setoption("Move Overhead", OPPONENT_OVERHEAD_MS)
    if side == "white":
        players.reverse()
    record = record_path(f"usi-fairy-stockfish-{side}.csa")
    exporter = CSA.Exporter(str(record))
    exporter.info(cshogi.Board(), [player.name for player in players], version="V2")
    for player in players:
        player.isready()
        player.usinewgame()
    moves, ending = play(players, [replace(clock), replace(clock)], exporter)
    exporter.endgame(ending)
    exporter.close()
    record.with_suffix(".usi").write_text(f"startpos moves {' '.join(moves)}\n", encoding="ascii")
    for player in players:
        player.gameover()
        close(player)
    assert ending in ("%TSUMI", "%TORYO", "%KACHI", "%SENNICHITE"), f"no end by the rules in {MAX_PLIES} plies"
    (game,) = CSA.Parser.parse_file(str(record))
    assert [cshogi.move_to_usi(move) for move in game.moves] == moves
