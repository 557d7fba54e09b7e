"""GTP commands about the board, each against what the specification or its private extension says."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.gtp_session import Talk

from muzero_engine.arrays import Floats
from muzero_engine.commands.common.compose import make_engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.go.actions import parse_vertex
from muzero_engine.games.go.rules import WHITE, GoPosition
from muzero_engine.protocols.gtp.final_status import dead_stones, ownership_before_passing
from muzero_engine.protocols.gtp.rule_sets import BadRules, Rules, UnplayableRules

STATUSES = ("alive", "dead", "seki", "black_territory", "white_territory", "dame")


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(9, 9))


def rows(talk: Talk) -> list[str]:
    """The rows of the board from the top, without numbers and marks of the last stone."""
    lines = talk.ask("showboard").split("\n")[2:-3]
    return ["".join(mark for mark in line[2:-1] if mark in ".+XO") for line in lines]


def stones(talk: Talk) -> str:
    return talk.ask("final_status_list alive")


def play(talk: Talk, moves: str) -> None:
    for move in moves.split():
        talk.ask(f"play {move[0]} {move[1:]}")


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
    board = rows(talk)
    assert (len(board[0]), len(board)) == (columns, height)
    assert stones(talk) == ""


@pytest.mark.parametrize("size", ["1", "20", "0", "-9", "100000", "9:99"])
def test_unacceptable_sizes_change_nothing(talk: Talk, size: str) -> None:
    play(talk, "bE5")
    assert talk.refuse(f"boardsize {size}") == "unacceptable size"
    assert stones(talk) == "E5"


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
    assert stones(talk) == ""
    assert talk.ask("get_komi") == "1000000"


@pytest.mark.parametrize(
    ("text", "komi"), [("7,50", "7.5"), ("-0,5", "-0.5"), ("6.5", "6.5"), ("375e-1", "37.5"), ("+7", "7")]
)
def test_komi_as_programs_write_it(talk: Talk, text: str, komi: str) -> None:
    talk.ask(f"komi {text}")
    assert talk.ask("get_komi") == komi


@pytest.mark.parametrize("text", ["6.3", "3.75", "7,50,0", "1,234.5", "7.25"])
def test_komi_that_is_no_half_point_is_an_error(talk: Talk, text: str) -> None:
    assert "komi must be" in talk.refuse(f"komi {text}")
    assert talk.ask("get_komi") == "7.5"


def test_play_takes_any_case_and_either_colour_twice(talk: Talk) -> None:
    play(talk, "bd4 BD5 wj9 wpass wPASS")
    talk.ask("play BLACK c3")
    talk.ask("play white C4")
    assert stones(talk).split() == ["J9", "D5", "C4", "D4", "C3"]
    assert talk.refuse("play b D4") == "illegal move"
    assert "vertex" in talk.refuse("play b I5")
    assert "outside" in talk.refuse("play b K1")
    assert "colour" in talk.refuse("play x D4")
    assert "usage" in talk.refuse("play b")


def test_resignation_is_no_move(talk: Talk) -> None:
    play(talk, "bD4")
    before = talk.ask("showboard")
    assert talk.ask("play w resign") == ""
    assert talk.ask("showboard") == before


def test_play_takes_back_a_ko_at_once_but_genmove_would_not(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play(talk, "bB3 wC3 bC4 wD4 bC2 wD2 bE5 wE3 bD3")  # black takes C3
    assert "C3" not in stones(talk).split()
    talk.session.handle("lz-analyze w")
    talk.scripted.report()
    talk.session.handle("")
    moves = next(line for line in talk.output.until("") if line.startswith("info"))
    assert "move C3" not in moves
    play(talk, "wC3")
    assert "C3" in stones(talk).split()
    assert "D3" not in stones(talk).split()


def test_suicide_takes_the_own_stones(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play(talk, "bA2 bB1 wA1")
    assert stones(talk).split() == ["A2", "B1"]
    talk.ask("undo")
    assert stones(talk).split() == ["A2", "B1"]


def test_undo_restores_captures_and_the_mover(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play(talk, "bA1 wA2")
    before = talk.ask("showboard")
    play(talk, "wB1")
    assert stones(talk).split() == ["A2", "B1"]
    talk.ask("undo")
    after = talk.ask("showboard")
    assert rows(talk)[-1] == "X...."
    assert after.split("\n")[:-2] == before.split("\n")[:-2]
    talk.ask("undo")
    talk.ask("undo")
    assert talk.refuse("undo") == "cannot undo"


def test_fixed_handicap_answers_with_the_stones(talk: Talk) -> None:
    talk.ask("boardsize 19")
    vertices = talk.ask("fixed_handicap 4").split()
    assert sorted(vertices) == sorted(["D4", "Q16", "D16", "Q4"])
    assert sorted(stones(talk).split()) == sorted(vertices)
    assert talk.refuse("undo") == "cannot undo"
    assert "empty board" in talk.refuse("fixed_handicap 4")
    talk.ask("clear_board")
    assert "10" in talk.refuse("fixed_handicap 10")
    assert "1" in talk.refuse("fixed_handicap 1")


def test_free_handicap(talk: Talk) -> None:
    vertices = talk.ask("place_free_handicap 6").split()
    assert len(set(vertices)) == 6
    play(talk, "wA1")
    talk.ask("undo")
    assert talk.refuse("undo") == "cannot undo"
    assert len(stones(talk).split()) == 6
    talk.ask("clear_board")
    assert talk.ask("set_free_handicap C3 G7 E5") == ""
    assert stones(talk).split() == ["G7", "E5", "C3"]
    talk.ask("clear_board")
    for points in ("C3", "C3 C3", "C3 pass", "C3 Z9"):
        talk.refuse(f"set_free_handicap {points}")
    play(talk, "bC3")
    talk.refuse("set_free_handicap D4 E5")
    assert stones(talk) == "C3"


def test_rules_add_handicap_points_to_komi(talk: Talk) -> None:
    talk.ask("komi 0.5")
    talk.ask("kata-set-rules chinese")
    talk.ask("fixed_handicap 3")
    assert talk.ask("final_score") == "B+77.5"  # 81 - 0.5 - 3
    talk.ask("kata-set-rule whiteHandicapBonus N-1")
    assert talk.ask("final_score") == "B+78.5"
    talk.ask("kgs-rules new_zealand")
    assert talk.ask("final_score") == "B+80.5"
    assert talk.ask("get_komi") == "0.5"


def test_rules_are_json_and_can_be_set_from_it(talk: Talk) -> None:
    rules = json.loads(talk.ask("kata-get-rules"))
    assert rules["scoring"] == "AREA"
    assert rules["ko"] == "POSITIONAL"
    assert rules["suicide"] is False
    rules["whiteHandicapBonus"] = "N"
    talk.ask("kata-set-rules " + json.dumps(rules))
    assert json.loads(talk.ask("kata-get-rules")) == rules
    for name in ("tromp-taylor", "chinese-ogs", "chinese-kgs", "aga", "bga", "new-zealand"):
        talk.ask(f"kata-set-rules {name}")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("kata-set-rules japanese", "territory"),
        ("kgs-rules japanese", "territory"),
        ("kata-set-rules aga-button", "button"),
        ("kata-set-rules stone-scoring", "tax"),
        ("kata-set-rules calvinball", "unknown"),
        ('kata-set-rules {"scoring":"TERRITORY"}', "AREA"),
        ('kata-set-rules {"tax":"ALL"}', "NONE"),
        ('kata-set-rules {"hasButton":1}', "false"),
        ('kata-set-rules {"scoring"', "JSON"),
        ("kata-set-rule ko EVERYTHING", "SIMPLE"),
        ("kata-set-rule gravity on", "unknown"),
        ("kata-set-rule ko", "usage"),
    ],
)
def test_rules_that_cannot_be_played_are_refused(talk: Talk, line: str, word: str) -> None:
    before = talk.ask("kata-get-rules")
    assert word in talk.refuse(line)
    assert talk.ask("kata-get-rules") == before


def test_rules_count_handicap_stones() -> None:
    assert [Rules("N").handicap_bonus(n) for n in (0, 1, 2, 9)] == [0, 0, 2, 9]
    assert [Rules("N-1").handicap_bonus(n) for n in (0, 2, 9)] == [0, 1, 8]
    with pytest.raises(BadRules):
        Rules.parse("{" * 100_000)


def test_final_status_covers_the_board(talk: Talk) -> None:
    talk.ask("boardsize 5")
    play(talk, "bC1 bC2 bC3 bC4 bC5 wD1 wD2 wD3 wD4 wD5")
    lists = {status: talk.ask(f"final_status_list {status}").split() for status in STATUSES}
    assert len(lists["alive"]) == 10
    assert lists["dead"] == lists["seki"] == lists["dame"] == []
    assert sorted(lists["black_territory"]) == sorted(f"{c}{r}" for c in "AB" for r in range(1, 6))
    assert lists["white_territory"] == ["E5", "E4", "E3", "E2", "E1"]
    assert talk.ask("final_score") == "W+2.5"  # 15 - 10 - 7.5
    assert "status" in talk.refuse("final_status_list sleepy")
    talk.refuse("final_status_list")


def test_set_position(talk: Talk) -> None:
    play(talk, "bE5")
    talk.ask("set_position B D4 w d5 black E4")
    assert sorted(stones(talk).split()) == ["D4", "D5", "E4"]
    assert talk.refuse("undo") == "cannot undo"
    for bad in ("B", "B D4 W D4", "B pass", "B A1 W A2 W B1", "D4 B"):
        talk.refuse(f"set_position {bad}")
    assert sorted(stones(talk).split()) == ["D4", "D5", "E4"]
    talk.ask("set_position")
    assert stones(talk) == ""


def test_gogui_setup_and_sequences(talk: Talk) -> None:
    talk.ask("gogui-setup b A1 w B1")
    talk.ask("gogui-setup b C1")
    assert stones(talk).split() == ["A1", "B1", "C1"]
    talk.ask("gogui-play_sequence w D1 w E1 b pass")
    assert stones(talk).split() == ["A1", "B1", "C1", "D1", "E1"]
    talk.refuse("gogui-setup b F1")
    assert talk.refuse("gogui-play_sequence b F1 b F1") == "illegal move"
    assert "F1" not in stones(talk).split()
    for line in talk.ask("gogui-analyze_commands").split("\n"):
        kind, label, command = line.split("/")
        assert kind
        assert label
        assert talk.ask(f"known_command {command.split()[0]}") == "true"


def test_records_go_out_and_in(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "a game.sgf"
    talk.ask("boardsize 9")
    talk.ask("komi 5.5")
    talk.ask("fixed_handicap 2")
    play(talk, "wE5 bE6 wpass")
    text = talk.ask("printsgf")
    assert text.startswith("(;")
    assert "KM[5.5]" in text
    assert talk.ask(f"printsgf {path}") == ""
    assert path.read_text(encoding="utf-8").strip() == text
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]

    other = Talk(shape=(19, 19))
    other.ask(f"loadsgf {path}")
    assert rows(other) == rows(talk)
    assert other.ask("get_komi") == "5.5"
    assert other.ask("printsgf") == text
    other.ask(f"loadsgf {path} 2")
    assert "E5" in stones(other).split()
    assert "E6" not in stones(other).split()
    other.ask("undo")
    assert other.refuse("undo") == "cannot undo"


@pytest.mark.parametrize("name", ["two  spaces.sgf", "a #1 game.sgf", "game 7", "it's.sgf", "b\u00e4r.sgf"])
def test_paths_in_quotes(talk: Talk, tmp_path: Path, name: str) -> None:
    play(talk, "bE5 wC3")
    path = tmp_path / name
    assert talk.ask(f'printsgf "{path}"') == ""
    assert path.is_file()
    other = Talk(shape=(9, 9))
    other.ask(f'loadsgf "{path}"')
    assert stones(other) == "C3 E5" or stones(other) == "E5 C3"
    other.ask(f'loadsgf "{path}" 2 # before the second move')
    assert stones(other) == "E5"


def test_a_path_without_quotes_keeps_its_spaces(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "two  spaces.sgf"
    talk.ask(f"printsgf {path}")
    talk.ask(f"loadsgf {path} 1")
    assert path.is_file()


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes there")
def test_a_path_of_another_locale(talk: Talk, tmp_path: Path) -> None:
    name = os.fsdecode("日本.sgf".encode("cp932"))
    talk.ask(f"printsgf {tmp_path}/{name}")
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == ["日本.sgf".encode("cp932")]
    talk.ask(f"loadsgf {tmp_path}/{name}")


def test_a_record_never_replaces_what_is_no_file(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("folder", "link"):
        assert "no ordinary file" in talk.refuse(f"printsgf {tmp_path}/{name}")


def test_finished_games_have_a_result(talk: Talk) -> None:
    play(talk, "bE5 wpass bpass")
    assert "RE[B+73.5]" in talk.ask("printsgf")


def test_files_that_cannot_be_used(talk: Talk, tmp_path: Path) -> None:
    play(talk, "bE5")
    (tmp_path / "bad.sgf").write_text("(;SZ[9];B[zz])", encoding="utf-8")
    for name in ("none.sgf", "bad.sgf", "none.sgf 3", ""):
        assert talk.refuse(f"loadsgf {tmp_path}/{name}").startswith("cannot load file")
    assert talk.refuse(f"printsgf {tmp_path}/none/x.sgf").startswith("cannot write file")
    talk.refuse("loadsgf")
    assert stones(talk) == "E5"


def _ended(rules: str | None) -> Talk:
    talk = Talk(shape=(5, 5))
    talk.ask("komi 0.5")
    if rules is not None:
        talk.ask(f"kata-set-rules {rules}")
    play(talk, "bC1 bC2 bC3 bC4 bC5 wA3")
    talk.scripted.owned = 1.0  # all is black's, white's stone is dead
    return talk


@pytest.mark.parametrize("rules", [None, "chinese", "nz", '{"friendlyPassOk":true}'])
def test_dead_stones_after_two_passes(rules: str | None) -> None:
    talk = _ended(rules)
    assert talk.ask("final_status_list dead") == ""  # the game goes on
    assert talk.ask("final_score") == "B+13.5"  # the board as it stands: white's stone makes the left nobody's
    play(talk, "bpass wpass")
    assert talk.ask("final_status_list dead") == "A3"
    assert "A3" not in stones(talk)
    assert "A3" not in talk.ask("final_status_list black_territory").split()  # GTP: territory are empty points
    assert talk.ask("final_score") == "B+24.5"
    assert "RE[B+24.5]" in talk.ask("printsgf")


def test_every_stone_is_alive_where_tromp_taylor_is_asked_for() -> None:
    talk = _ended("tromp-taylor")
    play(talk, "bpass wpass")
    assert talk.ask("final_status_list dead") == ""
    assert talk.ask("final_score") == _ended("tromp-taylor").ask("final_score") != "B+24.5"


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


@pytest.mark.parametrize(
    ("text", "bonus", "friendly"),
    [
        ("nz", "0", True),
        ("NewZealand", "0", True),
        ("new zealand", "0", True),
        ("new_zealand", "0", True),
        ("TrompTaylor", "0", False),
        ("tromp_taylor", "0", False),
        ("Chinese-OGS", "N", True),
        ("chinese_kgs", "N", True),
        ("french", "N-1", True),
        ("koSIMPLEscoreAREAtaxNONEsui0whbN-1", "N-1", True),
        ("koPOSITIONALscoreAREAtaxNONEsui1button0whb0fpok0komi7.5", "0", False),
    ],
)
def test_rules_as_they_are_spelt(text: str, bonus: str, friendly: bool) -> None:
    rules = Rules.parse(text)
    assert (rules.white_handicap_bonus, rules.friendly_pass_ok) == (bonus, friendly)


@pytest.mark.parametrize("text", ["ancient area", "STONE_SCORING", "Japanese", "koSIMPLEscoreTERRITORYtaxSEKIsui0"])
def test_rules_that_are_known_but_not_played(text: str) -> None:
    with pytest.raises(UnplayableRules):
        Rules.parse(text)


def test_restricted_genmove(talk: Talk) -> None:
    assert talk.ask("restricted_genmove b D4 C3") == "C3"
    assert talk.scripted.limits.root_actions == tuple(sorted(parse_vertex(v, (9, 9)) for v in ("D4", "C3")))
    assert "C3" in stones(talk)
    assert "legal" in talk.refuse("restricted_genmove w C3")
    talk.refuse("restricted_genmove w")
    talk.refuse("restricted_genmove w Z3")


def test_ownership_is_asked_for_as_if_nobody_had_passed(talk: Talk) -> None:
    play(talk, "bE5 wC3 bpass wpass")
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
    play(talk, " ".join(f"bD{row} wF{row}" for row in range(1, 10)) + " wB3 bH7 wB4 bH8 bpass wpass")
    assert sorted(talk.ask("final_status_list dead").split()) == ["B3", "B4", "H7", "H8"]
    assert talk.ask("final_score") == "W+7.5"
    talk.ask("kata-set-rules tromp-taylor")
    assert talk.ask("final_status_list dead") == ""
    talk.session.close()
