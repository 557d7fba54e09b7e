"""GTP commands about the board, each against what the specification or its private extension says."""

from __future__ import annotations

import pytest
from support.gtp_session import Talk, board_rows, living_stones, play_moves

from muzero_engine.games.go.actions import parse_vertex


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(9, 9))


@pytest.mark.parametrize(
    ("line", "columns", "height"),
    [
        ("boardsize 5", 5, 5),
        ("boardsize 19", 19, 19),
        ("boardsize 2", 2, 2),
        ("boardsize 7 5", 7, 5),
        ("boardsize 7:5", 7, 5),
        ("rectangular_boardsize 13 9", 13, 9),
    ],
)
def test_board_sizes(talk: Talk, line: str, columns: int, height: int) -> None:
    talk.ask("play b A1")
    assert talk.ask(line) == ""
    board = board_rows(talk)
    assert (len(board[0]), len(board)) == (columns, height)
    assert living_stones(talk) == ""


@pytest.mark.parametrize("size", ["1", "20", "0", "-9", "100000", "9:99"])
def test_unacceptable_sizes_change_nothing(talk: Talk, size: str) -> None:
    play_moves(talk, "bE5")
    assert talk.refuse(f"boardsize {size}") == "unacceptable size"
    assert living_stones(talk) == "E5"


def test_size_that_is_no_number(talk: Talk) -> None:
    assert "number" in talk.refuse("boardsize nine")
    assert "usage" in talk.refuse("boardsize")


def test_komi_survives_boardsize_and_clear_board(talk: Talk) -> None:
    talk.ask("komi 6.5")
    talk.ask("boardsize 13")
    talk.ask("clear_board")
    assert talk.ask("get_komi") == "6.5"
    assert talk.ask("final_score") == "W+6.5"
    talk.ask("komi -1000")
    assert talk.ask("final_score") == "B+1000.0"
    talk.ask("komi 0")
    assert talk.ask("final_score") == "0"
    assert "number" in talk.refuse("komi much")
    assert "number" in talk.refuse("komi nan")
    assert talk.ask("get_komi") == "0"


def test_a_refused_command_changes_nothing(talk: Talk) -> None:
    talk.ask("komi 1000000")
    assert "between" in talk.refuse("komi 2000000")
    assert talk.ask("get_komi") == "1000000"
    talk.ask("kata-set-rules chinese")
    assert "between" in talk.refuse("fixed_handicap 4")  # white's points for it would be too many
    assert living_stones(talk) == ""
    assert talk.ask("get_komi") == "1000000"


@pytest.mark.parametrize(
    ("text", "komi"), [("7,50", "7.5"), ("-0,5", "-0.5"), ("6.5", "6.5"), ("375e-1", "37.5"), ("+7", "7"), ("-0", "0")]
)
def test_komi_as_programs_write_it(talk: Talk, text: str, komi: str) -> None:
    talk.ask(f"komi {text}")
    assert talk.ask("get_komi") == komi


@pytest.mark.parametrize(
    "text", ["6.3", "3.75", "7,50,0", "1,234.5", "7.25", "1e308", "1_0", "1e300", "nan", "9" * 5000]
)
def test_komi_that_is_no_half_point_is_an_error(talk: Talk, text: str) -> None:
    assert "komi must be" in talk.refuse(f"komi {text}")
    assert talk.ask("get_komi") == "7.5"


def test_play_takes_any_case_and_either_colour_twice(talk: Talk) -> None:
    play_moves(talk, "bd4 BD5 wj9 wpass wPASS")
    talk.ask("play BLACK c3")
    talk.ask("play white C4")
    assert living_stones(talk).split() == ["J9", "D5", "C4", "D4", "C3"]
    assert talk.refuse("play b D4") == "illegal move"
    assert "vertex" in talk.refuse("play b I5")
    assert "outside" in talk.refuse("play b K1")
    assert "colour" in talk.refuse("play x D4")
    assert "usage" in talk.refuse("play b")


def test_resignation_is_no_move(talk: Talk) -> None:
    play_moves(talk, "bD4")
    before = talk.ask("showboard")
    assert talk.ask("play w resign") == ""
    assert talk.ask("showboard") == before


def test_play_takes_back_a_ko_at_once_but_genmove_would_not(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play_moves(talk, "bB3 wC3 bC4 wD4 bC2 wD2 bE5 wE3 bD3")  # black takes C3
    assert "C3" not in living_stones(talk).split()
    talk.session.handle("lz-analyze w")
    talk.scripted.report()
    talk.session.handle("")
    moves = next(line for line in talk.output.until("") if line.startswith("info"))
    assert "move C3" not in moves
    play_moves(talk, "wC3")
    assert "C3" in living_stones(talk).split()
    assert "D3" not in living_stones(talk).split()


def test_suicide_takes_the_own_stones(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play_moves(talk, "bA2 bB1 wA1")
    assert living_stones(talk).split() == ["A2", "B1"]
    talk.ask("undo")
    assert living_stones(talk).split() == ["A2", "B1"]


def test_undo_restores_captures_and_the_mover(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play_moves(talk, "bA1 wA2")
    before = talk.ask("showboard")
    play_moves(talk, "wB1")
    assert living_stones(talk).split() == ["A2", "B1"]
    talk.ask("undo")
    after = talk.ask("showboard")
    assert board_rows(talk)[-1] == "X...."
    assert after.split("\n")[:-2] == before.split("\n")[:-2]
    talk.ask("undo")
    talk.ask("undo")
    assert talk.refuse("undo") == "cannot undo"


def test_fixed_handicap_answers_with_the_stones(talk: Talk) -> None:
    talk.ask("boardsize 19")
    vertices = talk.ask("fixed_handicap 4").split()
    assert sorted(vertices) == sorted(["D4", "Q16", "D16", "Q4"])
    assert sorted(living_stones(talk).split()) == sorted(vertices)
    assert talk.refuse("undo") == "cannot undo"
    assert "empty board" in talk.refuse("fixed_handicap 4")
    talk.ask("clear_board")
    assert "10" in talk.refuse("fixed_handicap 10")
    assert "1" in talk.refuse("fixed_handicap 1")


def test_free_handicap(talk: Talk) -> None:
    vertices = talk.ask("place_free_handicap 6").split()
    assert len(set(vertices)) == 6
    play_moves(talk, "wA1")
    talk.ask("undo")
    assert talk.refuse("undo") == "cannot undo"
    assert len(living_stones(talk).split()) == 6
    talk.ask("clear_board")
    assert talk.ask("set_free_handicap C3 G7 E5") == ""
    assert living_stones(talk).split() == ["G7", "E5", "C3"]
    talk.ask("clear_board")
    for points in ("C3", "C3 C3", "C3 pass", "C3 Z9"):
        talk.refuse(f"set_free_handicap {points}")
    play_moves(talk, "bC3")
    talk.refuse("set_free_handicap D4 E5")
    assert living_stones(talk) == "C3"


def test_set_position(talk: Talk) -> None:
    play_moves(talk, "bE5")
    talk.ask("set_position B D4 w d5 black E4")
    assert sorted(living_stones(talk).split()) == ["D4", "D5", "E4"]
    assert talk.refuse("undo") == "cannot undo"
    for bad in ("B", "B D4 W D4", "B pass", "B A1 W A2 W B1", "D4 B"):
        talk.refuse(f"set_position {bad}")
    assert sorted(living_stones(talk).split()) == ["D4", "D5", "E4"]
    talk.ask("set_position")
    assert living_stones(talk) == ""


def test_gogui_setup_and_sequences(talk: Talk) -> None:
    talk.ask("gogui-setup b A1 w B1")
    talk.ask("gogui-setup b C1")
    assert living_stones(talk).split() == ["A1", "B1", "C1"]
    talk.ask("gogui-play_sequence w D1 w E1 b pass")
    assert living_stones(talk).split() == ["A1", "B1", "C1", "D1", "E1"]
    talk.refuse("gogui-setup b F1")
    assert talk.refuse("gogui-play_sequence b F1 b F1") == "illegal move"
    assert "F1" not in living_stones(talk).split()
    for line in talk.ask("gogui-analyze_commands").split("\n"):
        kind, label, command = line.split("/")
        assert kind
        assert label
        assert talk.ask(f"known_command {command.split()[0]}") == "true"


def test_restricted_genmove(talk: Talk) -> None:
    assert talk.ask("restricted_genmove b D4 C3") == "C3"
    assert talk.scripted.limits.root_actions == tuple(sorted(parse_vertex(v, (9, 9)) for v in ("D4", "C3")))
    assert "C3" in living_stones(talk)
    assert "legal" in talk.refuse("restricted_genmove w C3")
    talk.refuse("restricted_genmove w")
    talk.refuse("restricted_genmove w Z3")
