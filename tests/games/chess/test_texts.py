"""Moves and positions of chess as text: castling in both modes, FEN as people write it, and what is refused."""

from __future__ import annotations

import chess
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.chess_walks import (
    CHESS960_FENS,
    STANDARD_FENS,
    everything,
    legal_texts,
    played,
    positions,
    unhurried,
)

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen
from muzero_engine.games.encoding import observation


def test_castling_is_written_as_the_mode_says_and_read_in_both_ways() -> None:
    fen = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
    standard, chess960 = position_from_fen(fen), position_from_fen(fen, chess960=True)
    assert {"e1g1", "e1c1"} <= legal_texts(standard)
    assert not {"e1h1", "e1a1"} & legal_texts(standard)
    assert {"e1h1", "e1a1"} <= legal_texts(chess960)
    assert not {"e1g1", "e1c1"} & legal_texts(chess960)
    for position in (standard, chess960):
        assert position.parse_action("e1g1") == position.parse_action("e1h1")
        assert position.parse_action("e1c1") == position.parse_action("e1a1")
        position.push(position.parse_action("e1g1"))
        position.push(position.parse_action("e8a8"))
        assert position.text() == "2kr3r/8/8/8/8/8/8/R4RK1 w - - 2 2"


def test_in_chess960_a_step_of_the_king_comes_before_castling() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/5K1R w H - 0 1", chess960=True)
    assert position.action_text(position.parse_action("f1g1")) == "f1g1"
    position.push(position.parse_action("f1g1"))
    assert position.text() == "4k3/8/8/8/8/8/8/6KR b - - 1 1"
    position.pop()
    position.push(position.parse_action("f1h1"))
    assert position.text() == "4k3/8/8/8/8/8/8/5RK1 b - - 1 1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a move"),
        ("e2", "not a move"),
        ("castle\nplease", "not a move"),
        ("e2e2", "not a move"),
        ("0000", "null move"),
        ("e4e5", "e4 is empty"),
        ("e7e5", "pawn on e7 is not white's"),
        ("e2e5", "pawn on e2 cannot go to e5"),
        ("d2d3", "leaves the king in check"),
        ("e1g1", "there are pieces between king and rook"),
        ("g7g8", "choose a promotion piece"),
        ("g7g8k", "no such promotion"),
        ("e2e3q", "no such promotion"),
        ("Q@d5", "d5 is empty"),
    ],
)
def test_illegal_moves_are_refused_in_one_line(text: str, why: str) -> None:
    position = position_from_fen("k7/4p1P1/8/8/1b6/8/3PP3/4K1NR w K - 0 1")
    before = everything(position)
    with pytest.raises(IllegalMove, match=why) as error:
        position.parse_action(text)
    assert "\n" not in str(error.value)
    assert everything(position) == before


@unhurried
@given(positions, st.one_of(st.text(max_size=8), st.from_regex(r"[a-hA-H][1-8][a-h][1-8][qrbnkQ]?", fullmatch=True)))
def test_any_text_is_a_legal_move_or_refused(position: ChessPosition, text: str) -> None:
    try:
        action = position.parse_action(text)
    except IllegalMove as error:
        refusal = str(error)
    else:
        refusal = ""
        assert action in position.legal_actions()
    assert len(refusal.splitlines()) <= 1


@pytest.mark.parametrize(
    ("fen", "why"),
    [
        ("", "cannot read the FEN"),
        ("nonsense", "cannot read the FEN"),
        ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP w KQkq - 0 1", "cannot read the FEN"),
        (f"{chess.STARTING_FEN} extra", "cannot read the FEN"),
        ("8/8/8/8/8/8/8/8 w - - 0 1", "the board is empty"),
        ("4k3/8/8/8/8/8/8/8 w - - 0 1", "white has no king"),
        ("8/8/8/8/8/8/8/4K3 w - - 0 1", "black has no king"),
        ("4k3/8/8/8/8/8/8/3KK3 w - - 0 1", "more than one king"),
        ("4k2R/8/8/8/8/8/8/4K3 w - - 0 1", "not to move is in check"),
        ("P3k3/8/8/8/8/8/8/4K3 w - - 0 1", "first or the last rank"),
        ("4k3/8/8/8/P7/8/PPPPPPPP/4K3 w - - 0 1", "white has more than eight pawns"),
        ("4k3/pppppppp/p7/8/8/8/8/4K3 w - - 0 1", "black has more than eight pawns"),
        ("4k3/8/8/8/8/QQQQQQQQ/QQQQQQQQ/4K3 b - - 0 1", "white has more than sixteen pieces"),
        ("4k3/rrrrrrrr/rrrrrrrr/8/8/8/8/4K3 w - - 0 1", "black has more than sixteen pieces"),
    ],
)
def test_unplayable_positions_are_refused_in_one_line(fen: str, why: str) -> None:
    with pytest.raises(BadPosition, match=why) as error:
        GAME.from_text(fen)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fen", "read"),
    [
        ("4k3/8/8/8/8/8/8/4K3", "4k3/8/8/8/8/8/8/4K3 w - - 0 1"),  # missing fields
        ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w HAha - 0 1", chess.STARTING_FEN),  # the files of the rooks
        ("4k3/8/8/8/8/8/8/4K2R w KQkq - 0 1", "4k3/8/8/8/8/8/8/4K2R w K - 0 1"),  # rights without a rook
        ("4k3/8/8/8/8/8/8/5K1R w K - 0 1", "4k3/8/8/8/8/8/8/5K1R w H - 0 1"),  # X-FEN: only Chess960 could castle
        ("4k3/8/8/8/8/8/8/5K1R w KQkq - 0 1", "4k3/8/8/8/8/8/8/5K1R w - - 0 1"),  # not all of that could be
        (
            "nrkbqrnb/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRNB w KQkq - 0 1",
            "nrkbqrnb/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRNB w FBfb - 0 1",
        ),
        ("4k3/8/8/8/8/8/8/5K1R w H - 0 1", "4k3/8/8/8/8/8/8/5K1R w H - 0 1"),  # and says so here
        (
            "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq e6 0 2",  # nobody can take
            "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2",
        ),
        ("4k3/8/8/8/8/8/8/4K3 w - a1 0 1", "4k3/8/8/8/8/8/8/4K3 w - - 0 1"),
        ("4k3/8/8/8/8/8/8/R3K~2R w KQ - 0 1", "4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1"),  # marks of promoted pieces
    ],
)
def test_sloppy_positions_are_read_for_what_they_mean(fen: str, read: str) -> None:
    assert GAME.from_text(fen).text() == read


@pytest.mark.parametrize("fen", STANDARD_FENS + CHESS960_FENS)
def test_text_is_read_back(fen: str) -> None:
    assert position_from_fen(fen, chess960=fen in CHESS960_FENS).text() == fen


@unhurried
@given(positions)
def test_text_round_trip_after_a_game(position: ChessPosition) -> None:
    again = position_from_fen(position.text(), chess960=position.chess960)
    assert again.text() == position.text()
    assert again.legal_actions().tolist() == position.legal_actions().tolist()
    assert again.scalars().tolist() == position.scalars().tolist()


@st.composite
def spoiled_fens(draw: st.DrawFn) -> str:
    """A FEN with a few characters replaced, put in or taken out."""
    characters = list(draw(st.sampled_from(STANDARD_FENS + CHESS960_FENS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(characters) - 1))
        characters[at : at + draw(st.integers(0, 1))] = draw(st.text("kqrbnpKQRBNPwHAha/12345678- ~e36", max_size=2))
        characters = characters or [" "]
    return "".join(characters)


@unhurried
@given(st.one_of(st.text(), spoiled_fens()), st.booleans())
@example("8/8/8/8/8/8/8/K~6k w - - 0 1", False)
@example("4k3/8/8/8/8/8/8/4K3 w - - 0 " + "9" * 5000, False)
@example("4k3/8/8/8/8/8/8/4K3 w - - 99999999999999999999 1", False)
def test_any_text_is_a_playable_position_or_refused(fen: str, chess960: bool) -> None:
    try:
        position = position_from_fen(fen, chess960)
    except BadPosition as error:
        refusal = str(error)
    else:
        refusal = ""
        examine(position)
    assert len(refusal.splitlines()) <= 1


def examine(position: ChessPosition) -> None:
    """Everything works on it."""
    assert position_from_fen(position.text(), position.chess960).text() == position.text()
    assert observation(position).shape == (GAME.spec.layout.planes, 8, 8)
    assert position.ending_actions().keys() <= set(position.legal_actions().tolist())


def test_board_text_is_for_people() -> None:
    assert played("e2e4").board_text().splitlines() == [
        "8  r n b q k b n r",
        "7  p p p p p p p p",
        "6  . . . . . . . .",
        "5  . . . . . . . .",
        "4  . . . . P . . .",
        "3  . . . . . . . .",
        "2  P P P P . P P P",
        "1  R N B Q K B N R",
        "   a b c d e f g h",
        "",
        "black to move",
    ]
