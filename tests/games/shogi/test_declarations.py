"""Declaring a win with an entered king, rule by rule."""

from __future__ import annotations

import random

import pytest

from muzero_engine.games.base import BadPosition
from muzero_engine.games.shogi.declarations import Declaration, may_declare
from muzero_engine.games.shogi.rules import ShogiPosition

ENTERED = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b {} 1"  # 26 points in the camp, ten pieces beside the king


def declares(sfen: str, rule: Declaration) -> bool:
    return may_declare(ShogiPosition.from_text(sfen), rule)


@pytest.mark.parametrize(
    ("hand", "rules"),
    [
        ("P", set()),
        ("2P", {Declaration.POINTS_27, Declaration.POINTS_27_HANDICAP}),
        ("4P", {Declaration.POINTS_27, Declaration.POINTS_27_HANDICAP}),
        ("5P", set(Declaration) - {Declaration.NONE}),
    ],
)
def test_points_that_are_needed(hand: str, rules: set[Declaration]) -> None:
    assert {rule for rule in Declaration if declares(ENTERED.format(hand), rule)} == rules


def test_pieces_that_white_gave_as_a_handicap_count_for_white() -> None:
    """Ten pieces of one point beside the king and two pawns in hand: 12 points; 15 are enough lacking for 27."""
    sfen = "8K/9/9/9/9/9/ssssgg3/+p+p+p+p5/4k4 w {} 1"
    lacking_15 = sfen.format("RB2G4N4L7P2p")  # of 54 points the board and the hands hold 39
    lacking_14 = sfen.format("RB2G4N4L8P2p")
    for text, handicap in ((lacking_15, True), (lacking_14, False)):
        assert not declares(text, Declaration.POINTS_27)
        assert declares(text, Declaration.POINTS_27_HANDICAP) == handicap
        assert not declares(text, Declaration.POINTS_24_HANDICAP)


def test_the_king_must_be_there_with_ten_others_and_not_in_check() -> None:
    outside = "9/+R+R+B+B5/SSSSGG3/4K4/9/9/9/9/8k b 9P 1"
    few = "4K4/+R+R+B+B5/SSSSG4/9/9/9/9/9/8k b 9P 1"
    checked = "r3K4/+R+P+B+B5/SSSSGG3/9/9/9/9/9/8k b 9P 1"
    for sfen in (outside, few, checked):
        assert not declares(sfen, Declaration.POINTS_27), sfen


def test_the_27_points_are_those_of_the_rules() -> None:
    """Random boards about the bound, against cshogi's judgement, which the game's own rules use."""
    rng = random.Random(5)
    kinds = ["+R", "+B", "R", "B", *["G", "S"] * 4, *["+P"] * 8, *["+N"] * 3]
    seen = set()
    for _ in range(400):
        black = rng.random() < 0.5
        camp = range(3) if black else range(6, 9)
        rows = [["1"] * 9 for _ in range(9)]
        rows[rng.choice(camp)][rng.randrange(9)] = "K" if black else "k"
        rows[8 if black else 0][rng.randrange(9)] = "k" if black else "K"
        for kind in rng.sample(kinds, rng.randint(9, 14)):
            row, column = rng.choice(camp) if rng.random() < 0.95 else rng.randrange(9), rng.randrange(9)
            if rows[row][column] == "1":
                rows[row][column] = kind if black else kind.lower()
        pawn = "P" if black else "p"
        text = "/".join("".join(row) for row in rows) + f" {'b' if black else 'w'} {rng.randint(1, 9)}{pawn} 1"
        try:
            position = ShogiPosition.from_text(text)
        except BadPosition:
            continue
        assert may_declare(position, Declaration.POINTS_27) == position.can_declare_win(), text
        seen.add(position.can_declare_win())
    assert seen == {True, False}
