"""SGF of Go: reading, writing, refusing."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muzero_engine.games.base import BadPosition
from muzero_engine.games.go.actions import parse_vertex
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition
from muzero_engine.games.go.sgf import GoRecord, Move, Setup, load_sgf, parse_sgf, sgf_text

GAME_OF_A_SERVER = r"""junk before (
;GM[1]FF[4]CA[UTF-8]SZ[9]KM[6.5]HA[2]
AB[gc]
  [cg]PB[Black \] player]PW[White
player]RE[W+0.5]C[a comment with \] and ( and ; in it]
;W[ee]C[ok](;B[ce]LB[aa:1];W[]
(;B[tt];W[ge])(;B[aa];W[bb]))
(;B[ff]))
(;GM[1]SZ[19];B[aa])"""

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8)


@st.composite
def records(draw: st.DrawFn) -> GoRecord:
    """Records of any steps, playable or not."""
    shape = draw(st.tuples(st.integers(2, 19), st.integers(2, 19)))
    points = shape[0] * shape[1]
    squares = st.sets(st.integers(0, points - 1), max_size=4).map(sorted).map(tuple)
    colours = st.integers(0, 1)
    moves = st.builds(Move, colours, st.integers(0, points), st.just("") | NAMES)
    setups = st.builds(Setup, squares, squares, squares, st.none() | colours).filter(lambda step: step != Setup())
    steps = draw(st.lists(st.one_of(moves, moves, setups), max_size=25))
    komi = draw(st.none() | st.integers(-100, 100).map(lambda half: half / 2))
    return GoRecord(shape, tuple(steps), komi, *(draw(NAMES) for _ in range(6)))


@given(records())
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(record: GoRecord) -> None:
    assert parse_sgf(sgf_text(record)) == record


@given(st.tuples(st.integers(2, 9), st.integers(2, 9)), st.integers(0, 10**6), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_game_survives(shape: tuple[int, int], seed: int, handicap: bool) -> None:
    chance = random.Random(seed)
    game = GoPosition(shape, komi=0.5)
    if handicap:
        game.place_handicap(chance.sample(range(shape[0] * shape[1]), 2))
    for _ in range(chance.randrange(80)):
        game.push(chance.choice(game.legal_actions().tolist()))
    again = parse_sgf(sgf_text(GoRecord.of(game))).position()
    assert again.text() == game.text()
    assert again.moves == game.moves
    assert again.legal_actions().tolist() == game.legal_actions().tolist()


def test_a_game_of_a_server() -> None:
    record = parse_sgf(GAME_OF_A_SERVER)
    assert (record.shape, record.komi, record.result) == ((9, 9), 6.5, "W+0.5")
    assert (record.black_name, record.white_name) == ("Black ] player", "White player")
    assert [step.comment for step in record.steps if isinstance(step, Move)] == ["ok", "", "", "", ""]
    position = record.position()
    assert [position.action_text(square) for square in position.first_stones(BLACK)] == ["G7", "C3"]
    assert [(colour, position.action_text(action)) for colour, action in position.moves] == [
        (WHITE, "E5"),
        (BLACK, "C5"),
        (WHITE, "pass"),
        (BLACK, "pass"),
        (WHITE, "G5"),
    ]


@pytest.mark.parametrize(("before_move", "ply", "mover"), [(1, 0, WHITE), (2, 1, BLACK), (4, 3, BLACK), (99, 5, BLACK)])
def test_the_position_before_a_move(before_move: int, ply: int, mover: int) -> None:
    position = parse_sgf(GAME_OF_A_SERVER).position(before_move)
    assert (position.ply, position.mover) == (ply, mover)


def test_set_up_in_the_middle_of_a_game() -> None:
    setup = parse_sgf("(;SZ[9]AB[ aa:ii ][aa:ii][cb]AW[ba:ab][bb])").steps[0]
    assert setup == Setup(tuple(range(81)), (0, 1, 9, 10))
    position = parse_sgf("(;SZ[5];B[cc];W[bb];AE[bb]AW[aa:ba]AB[ee]PL[W];W[dd])").position()
    assert [position.action_text(square) for square in position.stones(WHITE)] == ["A5", "B5", "D2"]
    assert [position.action_text(square) for square in position.stones(BLACK)] == ["C3", "E1"]
    assert (position.ply, position.mover) == (1, BLACK)


def test_boards_and_komi() -> None:
    assert parse_sgf("(;)").shape == (19, 19)
    assert parse_sgf("(;SZ[9:13])").shape == (13, 9)  # columns first
    assert parse_sgf("(;KM[])").komi is None
    assert parse_sgf("(;)").position(komi=3.5).komi == 3.5
    assert parse_sgf("(;KM[0])").position(komi=3.5).komi == 0


def test_old_property_names_and_compressed_points() -> None:
    record = parse_sgf("(;GaMe[1]SiZe[9]AddBlack[ab:ba];Black[ee];White[aa])")
    assert record.steps == (Setup(black=(0, 1, 9, 10)), Move(BLACK, 40), Move(WHITE, 0))


def test_ko_and_suicide_of_other_rules_are_played() -> None:
    position = parse_sgf("(;SZ[5]AB[ab][ba];W[aa];W[aa])").position()
    assert position.stones(WHITE) == []
    assert position.lost == (0, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no SGF game"),
        ("hello (world)", "no SGF game"),
        ("(;" + ";" * 100, "no game in it: the SGF ends"),
        ("(;hello)", "no game in it: hello"),
        ("(;SZ[9]" + ";B[]" * 100_001, "more than 100000 moves"),
        ("(;SZ[9", r"'\]' is missing"),
        ("(;C[\\", r"'\]' is missing"),
        ("(;GM[2])", "another game"),
        ("(;SZ[1])", "2 to 19"),
        ("(;SZ[52])", "2 to 19"),
        ("(;SZ[x])", "2 to 19"),
        ("(;SZ[9];B[zz])", "no point"),
        ("(;SZ[9];B[jj])", "no point"),
        ("(;SZ[9]AB[])", None),
        ("(;SZ[9]AB[tt])", "no point"),
        ("(;SZ[9]PL[x])", "B or W"),
        ("(;SZ[9];B[aa];W[aa])", "move 2 of the SGF, white: A9 is illegal: it is occupied"),
        ("(;SZ[9]AB[aa]AW[aa])", "cannot hold"),
        ("(;SZ[9]AB[aa]AW[ab][ba])", "no liberty"),
    ],
)
def test_texts_that_are_refused(text: str, why: str | None) -> None:
    if why is None:
        parse_sgf(text).position()
        return
    with pytest.raises(BadPosition, match=why):
        parse_sgf(text).position()


@pytest.mark.parametrize(
    ("text", "komi", "warning"),
    [
        ("(;AP[foxwq]KM[375])", 7.5, "read as a komi of 7.5 points"),
        ("(;AP[foxwq]KM[650])", 6.5, "read as a komi of 6.5 points"),
        ("(;RU[Chinese]KM[3.75])", 7.5, "read as a komi of 7.5 points"),
        ("(;KM[275])", 5.5, "read as a komi of 5.5 points"),
        ("(;KM[6.5 points])", 6.5, "read as a komi of 6.5 points"),
        ("(;KM[6.500])", 6.5, None),
        ("(;KM[7,5])", 7.5, None),
        ("(;KM[-5])", -5, None),
        ("(;KM[375.0])", 375, None),  # as the writer here has it
        ("(;KM[six])", None, "no komi"),
        ("(;KM[inf])", None, "no komi"),
        pytest.param(f"(;KM[{'9' * 5000}])", None, "no komi", id="5,000 digits"),
        ("(;GM[1];SZ[9]KM[5.5];B[aa])", 5.5, "KM stands in node 2"),
    ],
)
def test_komi_as_servers_write_it(text: str, komi: float | None, warning: str | None) -> None:
    record = parse_sgf(text)
    assert record.komi == komi
    assert (warning is None and not record.warnings) or any(str(warning) in line for line in record.warnings)


@pytest.mark.parametrize(
    ("text", "vertices", "warning"),
    [
        ("(;SZ[9];B[cc];W[dd]", ["C7", "D6"], r"a '\)' is missing"),
        ("(;SZ[9];B[cc];W[dd];B[e", ["C7", "D6"], r"a '\]' is missing"),
        ("(;SZ[9]RE;B[cc];W[dd])", ["C7", "D6"], "RE has no value"),
        ("(;SZ[9]KM[];B[cc];W[dd])", ["C7", "D6"], "KM has no value"),
        ("(;SZ[9]KM;B[cc];W[dd])", ["C7", "D6"], "KM has no value"),
        ("(;SZ[9];B[cc];W;B[dd])", ["C7", "pass", "D6"], "W has no value"),
        ("(;SZ[9];B[cc];W[resign])", ["C7"], r"W\[resign\] in the SGF is no move"),
        ("(;SZ[9];B[cc];W[pass];B[PASS])", ["C7", "pass", "pass"], None),
        ("(;GM[1]FF[4];SZ[9];B[cc])", ["C7"], "SZ stands in node 2"),
        ("(;GM[1];B[cc];W[gg]SZ[9])", ["C7", "G3"], "SZ stands behind a move"),
        ("(;SZ[9x9];B[cc])", ["C7"], None),
        ("(;SZ[9];B[cc]C[is [5 dan] here];W[dd])", ["C7", "D6"], "unexpected"),
        ("(;]SZ[9];B[cc])", ["C7"], r"unexpected '\]'"),
    ],
)
def test_what_can_be_read_is_read_with_a_warning(text: str, vertices: list[str], warning: str | None) -> None:
    record = parse_sgf(text)
    position = record.position()
    assert position.shape == (9, 9)
    assert [position.action_text(action) for _, action in position.moves] == vertices
    assert bool(record.warnings) == (warning is not None)
    assert warning is None or re.search(warning, " ".join(record.warnings))


def test_handicap_stones_that_are_only_counted() -> None:
    record = parse_sgf("(;SZ[9]HA[2];W[ee])")
    assert record.position().text() == "9/9/6b2/9/4w4/9/2b6/9/9 b 7.5"
    assert "2 handicap stones" in record.warnings[0]
    assert parse_sgf("(;SZ[9]HA[2];B[cc];W[ee])").position().text() == "9/9/2b6/9/4w4/9/9/9/9 b 7.5"


@pytest.mark.parametrize("declared", ["", "CA[Shift_JIS]"])
def test_no_move_is_lost_behind_a_character_that_ends_in_a_backslash(tmp_path: Path, declared: str) -> None:
    file = tmp_path / "game.sgf"
    file.write_bytes(f"(;GM[1]SZ[9]{declared};B[ee]C[黒生き可能];W[cc];B[dd])".encode("cp932"))
    record = load_sgf(file)
    assert [step.comment for step in record.steps if isinstance(step, Move)] == ["黒生き可能", "", ""]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("黒生き可能、十分", "cp932"),
        ("柯洁执黑中盘胜，第一局比赛", "gb18030"),
        ("許功蓋持黑中盤勝，第一局比賽", "big5"),
        ("이세돌 구단이 흑을 잡고 이겼다", "cp949"),
        ("Müller gegen André", "cp1252"),
        ("黒生き可能", "utf-8-sig"),
        ("黒生き可能", "utf-16"),
        ("黒生き可能", "utf-16-be"),
    ],
)
def test_encodings_without_ca(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "game.sgf"
    file.write_bytes(f"(;SZ[9]PB[{text}]EV[{text}];B[ee];W[cc])".encode(encoding))
    record = load_sgf(file)
    assert (record.black_name, len(record.steps)) == (text, 2)


def test_a_declared_encoding_that_does_not_fit_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    for declared in ("UTF-8", "rot13", "idna", "no-such-thing"):
        file.write_bytes(f"(;SZ[9]CA[{declared}]PB[黒生き可能];B[ee];W[cc])".encode("cp932"))
        assert load_sgf(file).black_name == "黒生き可能"


def test_large_nonsense_is_answered(tmp_path: Path) -> None:
    for text in ("(;" + ";" * (1 << 22), "(;B[" * 10**6, "(" * 10**6 + ";", "(;C[" + "\\" * 10**6):
        read(text)
    pipe = tmp_path / "pipe.sgf"
    os.mkfifo(pipe)
    with pytest.raises(BadPosition, match="no regular file"):
        load_sgf(pipe)


def one_line(error: Exception) -> None:
    assert len(str(error).splitlines()) == 1


def read(text: str) -> None:
    try:
        parse_sgf(text).position()
    except BadPosition as error:
        one_line(error)


@given(st.one_of(st.text(max_size=80), st.text("(;)[]\\:BWASZKMPLEtab19\n ", max_size=80)))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    read(text)
    read("(;" + text)
    read(f"(;SZ[{text}]KM[{text}]AB[{text}]PL[{text}];B[{text}])")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_damage_breaks_the_reader(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GAME_OF_A_SERVER)))
    end = data.draw(st.integers(start, len(GAME_OF_A_SERVER)))
    read(GAME_OF_A_SERVER[:start] + data.draw(st.text("(;)[]\\:BWAtab", max_size=3)) + GAME_OF_A_SERVER[end:])


def test_deep_variations_do_not_exhaust_the_stack() -> None:
    assert parse_sgf("(;" + "(;B[]" * 100_000 + ")").steps == (Move(BLACK, 361),) * 100_000


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    file.write_bytes(b"\xef\xbb\xbf(;SZ[9]PB[\xff\xfe];B[ee])")
    position = load_sgf(file).position()
    assert position.moves == [(BLACK, parse_vertex("E5", (9, 9)))]
    with pytest.raises(BadPosition, match=r"cannot read .*missing\.sgf"):
        load_sgf(tmp_path / "missing.sgf")
    with pytest.raises(BadPosition, match="cannot read"):
        load_sgf(tmp_path)
    with pytest.raises(BadPosition, match="cannot read"):
        load_sgf("a\0b")
    file.write_bytes(b"(;" + b" " * (5 << 20) + b")")
    with pytest.raises(BadPosition, match="larger than"):
        load_sgf(file)


@pytest.mark.parametrize(
    ("rules", "bonus"), [("Chinese", 3), ("chinese", 3), ("AGA", 2), ("NZ", 0), ("Japanese", 0), ("my own", 0), ("", 0)]
)
@pytest.mark.parametrize("stones", ["AB[cc][gg][cg];", ";B[cc];B[gg];B[cg];", ";B[cc];W[];B[gg];W[];B[cg];"])
def test_rules_give_white_points_for_handicap(rules: str, bonus: int, stones: str) -> None:
    """As on OGS, KGS and Fox: KM is without them."""
    record = parse_sgf(f"(;GM[1]FF[4]SZ[9]KM[0.5]HA[3]RU[{rules}]{stones}W[ee];B[];W[])")
    assert record.komi == 0.5
    assert record.position().score() == 3 - 1 - 0.5 - bonus
    assert parse_sgf(sgf_text(record)).position().komi == 0.5 + bonus


def test_older_records_of_this_program_say_chinese_of_any_rules() -> None:
    for program, komi in (("muzero-engine", 0.5), ("muzero-engine:0.1.0", 2.5), ("CGoban:3", 2.5)):
        text = f"(;GM[1]FF[4]AP[{program}]SZ[9]RU[Chinese]KM[0.5]HA[2]AB[cc][gg]PL[W];W[ee])"
        assert parse_sgf(text).position().komi == komi


def test_even_games_and_set_up_positions_have_no_handicap() -> None:
    for game in (";B[cc];W[gg];B[cg]", "AB[cc][gg]AW[cg];B[ee]", ";B[cc];W[gg]AB[ee][ef]", "AB[cc]PL[W];W[gg]"):
        assert parse_sgf(f"(;SZ[9]KM[0.5]RU[Chinese]{game})").position().komi == 0.5


def test_a_record_without_rules_is_written_with_those_that_its_komi_is_for() -> None:
    position = GoPosition((9, 9), komi=0.5)
    assert "RU[Tromp-Taylor]" in sgf_text(GoRecord.of(position))
    position.place_fixed_handicap(3)
    assert "RU[Tromp-Taylor]" in sgf_text(GoRecord.of(position))
    assert parse_sgf(sgf_text(GoRecord.of(position))).position().komi == 0.5
