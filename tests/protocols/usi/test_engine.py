"""The USI session with the real engine and a fake model: what only a real search shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.mates import DirectHelper
from support.transcript import Output
from support.usi_fake import load_model

from muzero_engine.engine.engine import Engine
from muzero_engine.games.shogi import GAME
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.usi.session import UsiSession

DECLARABLE = "K8/G+R+R6/+P+P+P+P+P+P+P2/9/9/9/9/9/8k b 2B2G4S 1"


class Client:
    """Sends lines and waits for answers."""

    def __init__(self) -> None:
        self.output = Output()
        self.engine = Engine(load_model)
        self.engine._mate_helper = DirectHelper(GAME)
        self.session = UsiSession(self.engine, Writer(self.output), name="n", author="a")

    def send(self, *lines: str) -> None:
        for line in lines:
            assert self.session.handle(line)

    def bestmove(self) -> str:
        """The next `bestmove` line; the one report before it is checked to lead with that move."""
        *_, info, best = self.output.until("bestmove .*")
        move = best.split()[1]
        if move not in ("resign", "win"):
            assert info.split(" pv ")[1].split()[0] == move
        return best


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.session.end_of_input()
    client.session.close()


def test_a_timeless_ponder_ends_at_the_hit(client: Client) -> None:
    client.send("position startpos moves 7g7f 3c3d", "go ponder", "ponderhit")
    client.bestmove()
    client.send("go ponder", "ponderhit btime 1000 wtime 1000 byoyomi 60")
    client.bestmove()
    client.send("go ponder btime 0 wtime 0 byoyomi 60", "ponderhit", "ponderhit")
    client.bestmove()
    assert not client.output.waiting()


def test_pondering_waits_even_when_the_game_is_decided(client: Client) -> None:
    client.send("position sfen 4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "go ponder nodes 1")
    client.output.until("info .* score mate 1 .*")
    assert not any(line.startswith("bestmove") for line in client.output.waiting())
    client.send("ponderhit")
    assert client.bestmove() == "bestmove G*5b"


def test_the_end_of_a_game_as_shogihome_tells_it(client: Client) -> None:
    client.send("position startpos", "go ponder btime 1000 wtime 1000 byoyomi 50", "stop", "gameover win", "isready")
    lines = client.output.until("readyok")
    assert sum(line.startswith("bestmove ") for line in lines) == 1
    client.send("usinewgame", "position startpos", "go byoyomi 60")
    client.bestmove()
    assert not client.output.waiting()


def test_a_mate_is_played_and_told_in_plies(client: Client) -> None:
    client.send("position sfen 4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "go byoyomi 60")
    *_, info, best = client.output.until("bestmove .*")
    assert " score mate 1 " in info
    assert best == "bestmove G*5b"


def test_no_legal_move_is_resigned(client: Client) -> None:
    client.send("position sfen 4k4/4G4/4P4/9/9/9/9/9/4K4 w - 1", "go byoyomi 60")
    assert client.output.until("bestmove .*") == ["info depth 0 score mate 0", "bestmove resign"]


def test_a_valid_declaration_wins(client: Client) -> None:
    client.send(f"position sfen {DECLARABLE}", "go nodes 5")
    assert client.bestmove() == "bestmove win"
    client.send("setoption name EnteringKingRule value NoEnteringKing", "go nodes 5")
    assert client.bestmove() not in ("bestmove win", "bestmove resign")
    client.send("setoption name EnteringKingRule value CSARule27", "position startpos", "go nodes 5")
    assert client.bestmove() != "bestmove win"


def test_resigning_takes_a_few_turns_and_a_threshold(client: Client) -> None:
    def turn(moves: str) -> bool:
        client.send(f"position startpos moves {moves}", "go nodes 5")
        return client.bestmove() == "bestmove resign"

    turns = ["7g7f 3c3d", "7g7f 3c3d 2g2f 8c8d", "7g7f 3c3d 2g2f 8c8d 2f2e 8d8e"]
    assert [turn(moves) for moves in turns] == [False, False, False]
    client.send("setoption name Resign_Threshold value 1000", "usinewgame")
    assert [turn(moves) for moves in turns] == [False, False, True]


def test_searchmoves_and_depth(client: Client) -> None:
    client.send("position startpos", "go searchmoves 9g9f nodes 20")
    assert client.bestmove().startswith("bestmove 9g9f")
    client.send("go depth 2")
    client.bestmove()
    client.send("go movetime 30")
    client.bestmove()


IN_FIVE = "position sfen 8k/5+RBp1/5p3/4+PG2p/9/9/9/9/K8 b P 1"


def test_a_forced_mate_is_announced_and_played_on_a_clock(client: Client) -> None:
    client.send("isready", IN_FIVE, "go btime 0 wtime 0 byoyomi 60000")  # the answer does not wait for so long
    *_, info, best = client.output.until("bestmove .*")
    assert " score mate 5 " in info
    assert best.split()[1] == "4b3a"
    client.send("gameover win", "usinewgame")
    client.send("setoption name MateSearch value false", "go btime 0 wtime 0 byoyomi 60")
    assert not any(" score mate " in line for line in client.output.until("bestmove .*"))


@pytest.mark.parametrize("command", ["stop", "gameover draw", "go nodes 1", "position startpos", "isready"])
def test_while_mates_are_looked_for_everything_works(client: Client, command: str) -> None:
    client.send("position startpos moves 7g7f 3c3d", "go infinite", command, "stop")
    client.bestmove()
    client.send(IN_FIVE, "go mate infinite")
    client.output.until("checkmate 4b3a .*")
    client.send("go ponder btime 0 wtime 0 byoyomi 60000")
    client.output.until("info .* score mate 5 .*")
    client.send("ponderhit")
    assert client.bestmove().startswith("bestmove 4b3a")
