"""SFEN and USI texts: what is read, what is refused and in which words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.registry import load_game
from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.games.shogi.sfen import START, normal_sfen

KINGS = "4k4/9/9/9/9/9/9/9/4K4"


@pytest.mark.parametrize("text", ["startpos", START, f"sfen {START}", START[:-2], f"  {START}  ", f"{START[:-1]}0"])
def test_the_start_position_in_all_its_ways(text: str) -> None:
    position = ShogiPosition.from_text(text)
    assert position.text() == START
    assert position.text() == ShogiPosition.initial((9, 9)).text()


@pytest.mark.parametrize(
    "sfen",
    [
        "8l/1l+R2P3/p2pBG1pp/kps1p4/Nn1P2G2/P1P1P2PP/1PS6/1KSG3+r1/LN2+p3L w Sbgn3p 124",
        f"{KINGS} b 2R2B4G4S4N4L18P 1",
        f"{KINGS} w 2r2b4g4s4n4l18p 99999",
    ],
)
def test_sfen_comes_back(sfen: str) -> None:
    assert ShogiPosition.from_text(sfen).text() == sfen


@pytest.mark.parametrize(
    ("sfen", "message"),
    [
        ("", "not an SFEN"),
        ("nonsense", "not an SFEN"),
        (f"{KINGS} b - 1 moves 7g7f", "not an SFEN"),
        (f"{KINGS} x - 1", "player to move"),
        (f"{KINGS} b - one", "move number"),
        (f"{KINGS} b - 123456", "move number"),
        (f"{KINGS} b - -3", "move number"),
        ("4k4/9/9/9/9/9/9/4K4 b - 1", "9 ranks"),
        ("4k4/9/9/9/9/9/9/9/9/4K4 b - 1", "9 ranks"),
        ("4k5/9/9/9/9/9/9/9/4K4 b - 1", "rank a"),
        ("4k4/9/9/9/9/9/9/8/4K4 b - 1", "rank h"),
        ("4k4/9/9/9/4x4/9/9/9/4K4 b - 1", "rank e"),
        ("4k4/9/9/9/4+G4/9/9/9/4K4 b - 1", "rank e"),
        ("+4k4/9/9/9/9/9/9/9/4K4 b - 1", "rank a"),
        ("9/9/9/9/9/9/9/9/4K4 b - 1", r"0 kings of white: .* \(a mate problem with one king is for USI's `go mate`\)"),
        ("4k4/9/9/9/9/9/9/9/4KK3 b - 1", "kings of black"),
        ("9/9/9/4k4/4K4/9/9/9/9 b - 1", "side by side"),
        (f"{KINGS} b 3R 1", "3 rooks"),
        (f"{KINGS} b 10P9p 1", "19 pawns"),
        ("4k4/9/9/2+R1R1R2/9/9/9/9/4K4 w - 1", "3 rooks"),
        (f"{KINGS} b K 1", "no hands"),
        (f"{KINGS} b 0P 1", "no hands"),
        (f"{KINGS} b P3 1", "no hands"),
        (f"{KINGS} b PP 1", "twice"),
        ("P3k4/9/9/9/9/9/9/9/4K4 b - 1", "never move"),
        ("L3k4/9/9/9/9/9/9/9/4K4 b - 1", "never move"),
        ("4k4/N8/9/9/9/9/9/9/4K4 b - 1", "never move"),
        ("4k4/9/9/9/9/9/9/n8/4K4 b - 1", "never move"),
        ("4k4/9/9/9/9/9/9/9/p3K4 b - 1", "never move"),
        ("4k4/9/9/P8/9/P8/9/9/4K4 b - 1", "pawns of black on file 9"),
        ("4k4/8p/9/8p/9/9/9/9/4K4 b - 1", "pawns of white on file 1"),
        ("4k4/9/9/9/4R4/9/9/9/3K5 b - 1", "could take the king"),
        ("3k5/9/9/9/4r4/9/9/9/4K4 w - 1", "could take the king"),
    ],
)
def test_bad_sfen(sfen: str, message: str) -> None:
    with pytest.raises(BadPosition, match=message):
        ShogiPosition.from_text(sfen)


def test_promoted_pieces_may_stand_anywhere() -> None:
    position = ShogiPosition.from_text("+P1+N1+L3k/P8/9/9/9/9/9/p8/+p3K4 b - 7")
    assert position.text().startswith("+P1+N1+L3k/P8/")


PIECES = [*"pPlLnNsSgGbBrR", "+p", "+P", "+n", "+L", "+s", "+b", "+R"]
RANKS = st.lists(st.sampled_from([*PIECES, *"kK12390/+", "+G"]), max_size=9).map("".join)


@settings(max_examples=300, deadline=None)
@given(
    ranks=st.lists(RANKS, min_size=8, max_size=10),
    turn=st.sampled_from("bwx"),
    hands=st.text("PLNSGBRplnsgbr0123456789-K", min_size=1, max_size=6),
    number=st.integers(-1, 2**70),
)
def test_sfen_like_noise(ranks: list[str], turn: str, hands: str, number: int) -> None:
    try:
        position = ShogiPosition.from_text(f"{'/'.join(ranks)} {turn} {hands} {number}")
    except BadPosition:
        return
    assert ShogiPosition.from_text(position.text()).text() == position.text()


@settings(max_examples=200, deadline=None)
@given(
    cells=st.dictionaries(st.integers(0, 80), st.sampled_from(PIECES), max_size=24),
    kings=st.tuples(st.integers(0, 80), st.integers(0, 80)),
    turn=st.sampled_from("bw"),
    hands=st.sampled_from(["-", "P", "2Pp", "RB", "2g3p", "GSNLgsnl"]),
)
def test_any_board_that_is_read_can_be_played(
    cells: dict[int, str], kings: tuple[int, int], turn: str, hands: str
) -> None:
    placed = {**cells, kings[0]: "K", kings[1]: "k"}
    board = "/".join("".join(placed.get(9 * row + column, "1") for column in range(9)) for row in range(9))
    try:
        position = ShogiPosition.from_text(f"{board} {turn} {hands}")
    except BadPosition:
        return
    again = ShogiPosition.from_text(position.text())
    assert again.text() == position.text()
    actions = position.legal_actions().tolist()
    position.ending_actions()
    for action in actions:
        assert position.parse_action(position.action_text(action)) == action
        position.push(action)
        assert normal_sfen(position.text()) == position.text()
        ShogiPosition.from_text(position.text())
        position.pop()
    assert position.text() == again.text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7g",
        "7g7",
        "7g7f1",
        "0g7f",
        "7j7f",
        "P5e",
        "p*5e",
        "K*5e",
        "P*5e+",
        "+P*5e",
        "7g7f++",
        "resign",
        "win",
        "0000",
    ],
)
def test_texts_that_are_no_usi_moves(text: str) -> None:
    with pytest.raises(IllegalMove, match="not a USI move"):
        ShogiPosition.initial((9, 9)).parse_action(text)


@pytest.mark.parametrize("text", ["7g7e", "7g7f+", "5e5d", "3c3d", "P*5e", "2h2f", "7g7g", "8h2b+", "7i8h"])
def test_usi_moves_that_are_illegal_at_the_start(text: str) -> None:
    position = ShogiPosition.initial((9, 9))
    with pytest.raises(IllegalMove, match=re.escape(f"{text} is illegal: ")):
        position.parse_action(text)
    assert position.text() == START


def test_every_usi_text_is_legal_or_refused() -> None:
    """All 13,689 texts of the right form in one rich position: the origin counts, not only the direction."""
    position = ShogiPosition.from_text("l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w RGgsn5p 1")
    squares = [f"{file}{rank}" for file in "123456789" for rank in "abcdefghi"]
    texts = [f"{a}{b}{plus}" for a in squares for b in squares for plus in ("", "+")]
    texts += [f"{piece}*{square}" for piece in "PLNSGBR" for square in squares]
    read = {}
    for text in texts:
        try:
            read[text] = position.parse_action(text)
        except IllegalMove:
            continue
    assert sorted(read.values()) == position.legal_actions().tolist()
    assert len(read) == 207


def test_the_board_for_people() -> None:
    position = ShogiPosition.from_text("lnsgkgsnl/7r1/ppppppp1p/9/9/2P6/PP1PPPP1P/7R1/LNSGKGSNL w B2Pb 7")
    assert position.board_text().splitlines() == [
        "  9  8  7  6  5  4  3  2  1",
        "  l  n  s  g  k  g  s  n  l  a",
        "  .  .  .  .  .  .  .  r  .  b",
        "  p  p  p  p  p  p  p  .  p  c",
        "  .  .  .  .  .  .  .  .  .  d",
        "  .  .  .  .  .  .  .  .  .  e",
        "  .  .  P  .  .  .  .  .  .  f",
        "  P  P  .  P  P  P  P  .  P  g",
        "  .  .  .  .  .  .  .  R  .  h",
        "  L  N  S  G  K  G  S  N  L  i",
        "white holds b, black holds B 2P",
        "white to move",
    ]
    assert load_game("shogi").spec.players == ("black", "white")
