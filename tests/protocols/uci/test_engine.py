"""The UCI session over the real engine with a fake model: when a bestmove comes, and what the reports say."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import chess
import pytest
from support.transcript import Output
from support.uci_fake import load_model

from muzero_engine.engine.engine import Engine
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.uci.session import UciSession

INFO = re.compile(
    r"info depth (?P<depth>\d+) seldepth (?P<seldepth>\d+) multipv (?P<multipv>\d+) score (?P<score>(cp|mate) -?\d+)"
    r"( wdl (?P<wdl>\d+ \d+ \d+))? nodes \d+ nps \d+ hashfull \d+ tbhits 0 time \d+ pv (?P<pv>.+)"
)


class Client:
    """A session with its output."""

    def __init__(self) -> None:
        self.output = Output()
        self.session = UciSession(Engine(load_model), Writer(self.output), name="n", author="a")

    def send(self, *lines: str) -> None:
        for line in lines:
            assert self.session.handle(line)

    def search(self, *lines: str) -> list[str]:
        """Sends lines, the last of which ends in a bestmove; gives everything up to that."""
        self.send(*lines)
        return self.output.until("bestmove .*")


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.session.close()


def scored(lines: list[str]) -> list[re.Match[str]]:
    matches = [INFO.fullmatch(line) for line in lines if line.startswith("info depth")]
    assert all(matches), lines
    return [match for match in matches if match]


@pytest.mark.parametrize(
    "setup",
    ["startpos", "fen 6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1", "fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"],
    ids=["open", "mate in one", "stalemate"],
)
@pytest.mark.parametrize(("go", "release"), [("infinite", "stop"), ("ponder", "ponderhit"), ("ponder", "stop")])
def test_no_bestmove_before_the_client_says_so(client: Client, setup: str, go: str, release: str) -> None:
    client.send(f"position {setup}", f"go {go} nodes 5")
    time.sleep(0.1)
    client.send("isready")
    before = client.output.until("readyok")
    assert not any(line.startswith("bestmove") for line in before)
    assert len(client.search(release)) <= 3
    client.send("stop", "ponderhit")
    assert not client.output.waiting()


def test_a_short_search_has_a_scored_line_that_begins_with_the_bestmove(client: Client) -> None:
    lines = client.search("go movetime 20")
    assert scored(lines)[-1]["pv"].split()[0] == lines[-1].split()[1]


def test_a_search_that_is_stopped_at_once_has_a_scored_line(client: Client) -> None:
    lines = client.search("go infinite", "stop")
    assert scored(lines)[-1]["pv"].split()[0] == lines[-1].split()[1]


def test_blocks_of_lines_have_one_depth_that_never_falls(client: Client) -> None:
    infos = scored(client.search("setoption name MultiPV value 4", "go movetime 500"))
    ranks = [int(info["multipv"]) for info in infos]
    assert ranks == [1, 2, 3, 4] * (len(infos) // 4)
    depths = [int(info["depth"]) for info in infos]
    assert depths == sorted(depths)
    assert all(len(set(depths[i : i + 4])) == 1 for i in range(0, len(depths), 4))
    assert all(int(info["seldepth"]) >= int(info["depth"]) for info in infos)


@pytest.mark.parametrize(
    "setup",
    [
        "startpos",
        "startpos moves g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1",
        "fen 7k/8/8/8/8/8/P6P/K6R w - - 95 90",
        "fen 8/2k5/8/8/8/8/1q6/K7 w - - 0 1",
        "fen 6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1",
    ],
)
def test_every_variation_is_legal_and_ends_with_the_game(client: Client, setup: str) -> None:
    lines = client.search(
        "setoption name MultiPV value 500", "setoption name UCI_ShowWDL value true", f"position {setup}", "go nodes 400"
    )
    fen, _, moves = setup.partition(" moves ")
    start = chess.Board() if fen == "startpos" else chess.Board(fen.removeprefix("fen "))
    for move in moves.split():
        start.push_uci(move)
    infos = scored(lines)
    assert {int(info["multipv"]) for info in infos} == set(range(1, start.legal_moves.count() + 1))
    for info in infos:
        assert sum(map(int, info["wdl"].split())) == 1000
        board = start.copy()
        moves_left = info["pv"].split()
        while moves_left:
            board.push_uci(moves_left.pop(0))
            over = board.is_game_over() or board.is_repetition(3) or board.is_fifty_moves()
            assert not (over and moves_left), info["pv"]
        if info["score"].startswith("mate"):
            assert info["score"] == "mate 1"
            assert board.is_checkmate()
        elif over and len(info["pv"].split()) == 1:
            assert info["score"] == "cp 0"


def test_searches_that_follow_each_other_closely(client: Client) -> None:
    for i in range(60):
        client.send("go infinite", *(["isready"] * (i % 3)), "ponderhit", "stop", *(["stop"] * (i % 2)))
        if i % 5 == 0:
            client.send("go nodes 1")
        if i % 7 == 0:
            client.send("ucinewgame", "position startpos moves e2e4")
    client.session.end_of_input()
    words = [line.split()[0] for line in client.output.all]
    assert words.count("bestmove") == 60 + 12
    assert words.count("readyok") == 60


def test_options_reach_the_next_search(client: Client) -> None:
    client.send("go infinite", "setoption name MultiPV value 3")
    assert {info["multipv"] for info in scored(client.search("stop"))} == {"1"}
    assert {info["multipv"] for info in scored(client.search("go nodes 30"))} == {"1", "2", "3"}
