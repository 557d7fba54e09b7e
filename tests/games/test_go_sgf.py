"""SGF of Go: reading, writing, refusing."""

from __future__ import annotations

import random
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
    squares = st.lists(st.integers(0, points - 1), max_size=4).map(tuple)
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
        ("(;SZ[9]", r"'\)' is missing"),
        ("(;SZ[9", r"'\]' is missing"),
        ("(;C[\\", r"'\]' is missing"),
        ("(;SZ)", "has no value"),
        ("(;]SZ[9])", r"unexpected '\]'"),
        ("(;GM[2])", "another game"),
        ("(;SZ[1])", "2 to 19"),
        ("(;SZ[52])", "2 to 19"),
        ("(;SZ[x])", "2 to 19"),
        ("(;KM[six])", "no komi"),
        ("(;KM[inf])", "no komi"),
        ("(;SZ[9];B[zz])", "no point"),
        ("(;SZ[9];B[jj])", "no point"),
        ("(;SZ[9]AB[])", None),
        ("(;SZ[9]AB[tt])", "no point"),
        ("(;SZ[9]PL[x])", "B or W"),
        ("(;SZ[9];B[aa];W[aa])", "move 2 of the SGF, white: A9 is occupied"),
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
