"""Which stones are alive or dead when a game of Go is over, and the score that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.gtp_session import Talk, living_stones, play_moves

from muzero_engine.arrays import Floats
from muzero_engine.commands.common.compose import make_engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.points import move_lead
from muzero_engine.engine.report import RootMove, SearchInfo
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition
from muzero_engine.protocols.gtp.final_status import dead_stones, ownership_before_passing, root_lead


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(9, 9))


STATUSES = ("alive", "dead", "seki", "black_territory", "white_territory", "dame")


def test_final_status_covers_the_board(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play_moves(talk, "bC1 bC2 bC3 bC4 bC5 wD1 wD2 wD3 wD4 wD5")
    lists = {status: talk.ask(f"final_status_list {status}").split() for status in STATUSES}
    assert len(lists["alive"]) == 10
    assert lists["dead"] == lists["seki"] == lists["dame"] == []
    assert sorted(lists["black_territory"]) == sorted(f"{c}{r}" for c in "AB" for r in range(1, 6))
    assert lists["white_territory"] == ["E5", "E4", "E3", "E2", "E1"]
    assert talk.ask("final_score") == "W+2.5"  # 15 - 10 - 7.5
    assert "status" in talk.refuse("final_status_list sleepy")
    talk.refuse("final_status_list")


def _ended(rules: str | None) -> Talk:
    talk = Talk(shape=(5, 5))
    talk.ask("komi 0.5")
    if rules is not None:
        talk.ask(f"kata-set-rules {rules}")
    play_moves(talk, "bC1 wA3 bC2 bC3 bC4 bC5")
    talk.scripted.owned = 1.0  # all is black's, white's stone is dead
    return talk


@pytest.mark.parametrize("rules", [None, "chinese", "nz", '{"friendlyPassOk":true}'])
def test_dead_stones_after_two_passes(rules: str | None) -> None:
    talk = _ended(rules)
    assert talk.ask("final_status_list dead") == ""  # the game goes on
    assert talk.ask("final_score") == "B+13.5"  # the board as it stands: white's stone makes the left nobody's
    play_moves(talk, "bpass wpass")
    assert talk.ask("final_status_list dead") == "A3"
    assert "A3" not in living_stones(talk)
    assert "A3" not in talk.ask("final_status_list black_territory").split()  # GTP: territory are empty points
    assert talk.ask("final_score") == "B+24.5"
    assert "RE[B+24.5]" in talk.ask("printsgf")


def test_every_stone_is_alive_where_tromp_taylor_is_asked_for() -> None:
    talk = _ended("tromp-taylor")
    play_moves(talk, "bpass wpass")
    assert talk.ask("final_status_list dead") == ""
    assert talk.ask("final_score") == _ended("tromp-taylor").ask("final_score") != "B+24.5"


@pytest.mark.parametrize("rules", ["tromp-taylor", "chinese", "nz"])
def test_a_record_is_counted_again_as_it_was(rules: str, tmp_path: Path) -> None:
    talk = _ended(rules)
    play_moves(talk, "bpass wpass")
    score = talk.ask("final_score")
    talk.ask(f"printsgf {tmp_path}/a.sgf")
    for other in ("tromp-taylor", "chinese"):
        talk.ask(f"kata-set-rules {other}")
        talk.ask(f"loadsgf {tmp_path}/a.sgf")
        assert talk.ask("final_score") == score


class Tenfold:
    """Makes points of values without looking at a board."""

    deviation = 5.0

    def lead(self, value: float) -> float:
        return 10 * value


@pytest.mark.parametrize("passes", [2, 3])
def test_points_are_counted_where_the_game_is_over_and_for_the_move_that_ends_it(passes: int) -> None:
    position = GoPosition((5, 5), black=[2, 7, 12, 17, 22], white=[10], komi=0.5)

    def all_blacks(positions: Sequence[GoPosition]) -> list[Floats | None]:
        return [np.full((5, 5), 1.0 if one.mover == BLACK else -1.0, dtype=np.float32) for one in positions]

    def lead(value: float, *moves: RootMove, known: bool = True, friendly: bool = True) -> float:
        info = SearchInfo(moves, 0, 0.0, 1, 1, 0, value, value, None)
        return root_lead(position, info, Tenfold(), all_blacks if known else None, friendly=friendly)

    assert lead(0.9) == 9.0  # it goes on
    position.push(25)
    ending = RootMove(action=25, visits=0, value=-1.0, draw=0.0, prior=1.0, lcb=-1.0, pv=(25,), ends=-1.0)
    assert move_lead(position, ending, Tenfold()) == -13.5  # every stone alive
    assert move_lead(position, replace(ending, ends=None), Tenfold()) == -10.0
    assert lead(-1.0, ending) == -13.5
    assert lead(-0.5, ending) == -5.0  # there is a better move
    for _ in range(1, passes):
        position.push(25)
    sign = 1 if position.mover == BLACK else -1
    assert lead(sign * 0.9) == sign * 24.5  # white's stone is dead
    assert lead(sign * 0.9, friendly=False) == sign * 13.5
    assert lead(sign * -0.9) == sign * -9.0  # the search thinks otherwise
    assert lead(sign * 0.9, known=False) == sign * 9.0
    position.set_komi(25)
    assert lead(0.9) == 0.0  # a draw


def test_dead_chains_by_ownership() -> None:
    position = GoPosition((3, 4), black=[0, 1, 2], white=[8, 9])
    owned = np.zeros((3, 4), dtype=np.float32)
    owned[0] = [1.0, 1.0, -0.61, 0.0]  # one bad point is enough
    owned[2] = [0.2, -0.6, 0.0, 0.0]  # white's, in the view of black, who is to move: 0.2 for white on average
    assert dead_stones(position, owned) == [0, 1, 2]
    position.set_mover(WHITE)
    assert dead_stones(position, -owned) == [0, 1, 2]
    owned[0, 2] = 0.0
    owned[2, 1] = -0.59
    assert dead_stones(position, -owned) == [8, 9]


def test_ownership_is_asked_for_as_if_nobody_had_passed(talk: Talk) -> None:
    play_moves(talk, "bE5 wC3 bpass wpass")
    asked: list[tuple[int, list[tuple[int, int]]]] = []

    def ownerships(positions: Sequence[GoPosition]) -> list[Floats | None]:
        asked.extend((position.mover, position.moves) for position in positions)
        return [np.full((9, 9), 0.6, dtype=np.float32), np.full((9, 9), -0.2, dtype=np.float32)]

    board = talk.session._board.position
    owned = ownership_before_passing(board, ownerships)
    assert owned is not None
    assert owned[0, 0] == pytest.approx(0.4)
    assert asked == [(mover, board.moves[:2]) for mover in (0, 1)]


def test_dead_stones_as_the_networks_that_come_along_see_them() -> None:
    """Two walls, and two stones behind each of them that cannot live."""
    engine = make_engine("go", EngineOptions())
    talk = Talk(engine, shape=(9, 9))
    play_moves(talk, " ".join(f"bD{row} wF{row}" for row in range(1, 10)) + " wB3 bH7 wB4 bH8 bpass wpass")
    assert sorted(talk.ask("final_status_list dead").split()) == ["B3", "B4", "H7", "H8"]
    assert talk.ask("final_score") == "W+7.5"
    talk.ask("kata-set-rules tromp-taylor")
    assert talk.ask("final_status_list dead") == ""
    talk.session.close()
