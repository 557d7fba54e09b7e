"""What UCI says of a search: scores, probabilities, main lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.engine.report import RootMove, SearchInfo
from muzero_engine.games.chess import GAME, position_from_fen
from muzero_engine.protocols.common.search_text import pv_text, score_text
from muzero_engine.protocols.uci.format import InfoStyle, info_lines, wdl_text


def root_move(value: float, draw: float = 0.0, ends: float | None = None) -> RootMove:
    return RootMove(0, 1, value, draw, 0.5, value, (0,), ends)


@pytest.mark.parametrize(
    ("value", "score"), [(0.0, "cp 0"), (0.5, "cp 89"), (-0.5, "cp -89"), (1.0, "cp 10000"), (-1.0, "cp -10000")]
)
def test_centipawns(value: float, score: str) -> None:
    assert score_text(root_move(value)) == score


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.sampled_from(["centipawn", "win_percentage", "Q"]))
def test_a_better_value_never_has_a_lower_score(first: float, second: float, score_type: str) -> None:
    low, high = sorted((first, second))
    assert int(score_text(root_move(low), score_type)[3:]) <= int(score_text(root_move(high), score_type)[3:])


def test_mate_is_claimed_for_a_win_by_the_rules_only() -> None:
    assert score_text(root_move(1.0)) == "cp 10000"
    assert score_text(root_move(0.1, ends=1.0)) == "mate 1"
    assert score_text(root_move(0.9, ends=0.0)) == "cp 0"


@given(st.floats(-1.0, 1.0), st.floats(0.0, 1.0))
def test_wdl_sums_to_a_thousand(value: float, share: float) -> None:
    word, *numbers = wdl_text(root_move(value, share * (1.0 - abs(value)))).split()
    wins, draws, losses = map(int, numbers)
    assert word == "wdl"
    assert wins + draws + losses == 1000
    assert min(wins, draws, losses) >= 0
    assert abs((wins - losses) / 1000 - value) < 0.0021


@pytest.mark.parametrize(("ends", "text"), [(1.0, "wdl 1000 0 0"), (0.0, "wdl 0 1000 0"), (-1.0, "wdl 0 0 1000")])
def test_wdl_of_a_move_that_ends_the_game(ends: float, text: str) -> None:
    assert wdl_text(root_move(0.3, 0.2, ends)) == text


def test_pv_is_written_from_each_movers_frame_and_leaves_the_position() -> None:
    position = GAME.initial((8, 8))
    line = ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6"]
    actions = []
    for text in line:
        actions.append(position.parse_action(text))
        position.push(actions[-1])
    start = GAME.initial((8, 8))
    assert pv_text(start, tuple(actions)) == " ".join(line)
    assert start.text() == GAME.initial((8, 8)).text()


def test_numbers_that_the_search_rounds_badly_stay_in_range() -> None:
    position = position_from_fen("7k/8/8/8/8/8/P7/K7 w - - 0 1")
    action = int(position.legal_actions()[0])
    move = RootMove(action, 3, 0.0, 1.0, 1.0, 0.0, (action,))
    info = SearchInfo((move,), 3, -0.2, 4, 2, 1003, 0.0, 0.0, None)
    (line,) = info_lines(info, position, InfoStyle())
    assert line.startswith(
        "info depth 4 seldepth 4 multipv 1 score cp 0 nodes 3 nps 3000 hashfull 1000 tbhits 0 time 0 pv"
    )
