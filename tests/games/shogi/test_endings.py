"""How shogi ends: mate, no moves, sennichite, perpetual check, and the declaration of an entered king."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muzero_engine.games.base import Outcome
from muzero_engine.games.shogi.planes import IN_CHECK
from muzero_engine.games.shogi.rules import ShogiPosition

DRAW = Outcome(None, "fourfold repetition")


def played(sfen: str, moves: str) -> ShogiPosition:
    position = ShogiPosition.from_text(sfen)
    for move in moves.split():
        assert position.outcome() is None
        position.push(position.parse_action(move))
    return position


def endings(position: ShogiPosition) -> dict[str, float]:
    return {position.action_text(action): value for action, value in position.ending_actions().items()}


def test_checkmate() -> None:
    position = played("4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "")
    assert endings(position) == {"G*5b": 1.0}
    position.push(position.parse_action("G*5b"))
    assert position.outcome() == Outcome(0, "checkmate")
    assert len(position.legal_actions()) == 0
    assert position.ending_actions() == {}


def test_white_mates() -> None:
    position = played("4k4/9/9/9/9/4p4/9/9/4K4 w g 1", "")
    assert "G*5h" not in endings(position)  # unprotected
    position = played("4k4/9/9/9/9/9/4p4/9/4K4 w g 1", "G*5h")
    assert position.outcome() == Outcome(1, "checkmate")


def test_no_legal_move_is_a_loss() -> None:
    position = ShogiPosition.from_text("8k/9/6NG1/9/9/9/9/9/4K4 w - 1")
    assert position.outcome() == Outcome(0, "no legal moves")
    before = ShogiPosition.from_text("8k/9/6N2/7G1/9/9/9/9/4K4 b - 1")
    assert endings(before)["2d2c"] == 1.0


def test_sennichite_is_a_draw() -> None:
    cycle = "2h3h 8b7b 3h2h 7b8b "
    position = played("startpos", cycle * 2 + "2h3h 8b7b 3h2h")
    assert endings(position) == {"7b8b": 0.0}
    position.push(position.parse_action("7b8b"))
    assert position.outcome() == DRAW
    assert len(position.legal_actions()) == 30
    position.pop()
    assert position.outcome() is None


def test_repetitions_need_not_follow_each_other() -> None:
    position = played("startpos", "2h3h 8b7b 3h2h 7b8b 2h4h 8b6b 4h2h 6b8b 2h5h 8b5b 5h2h 5b8b")
    assert position.outcome() == DRAW


def test_the_position_set_up_is_the_first_occurrence() -> None:
    cycle = "2h3h 8b7b 3h2h 7b8b "
    text = played("startpos", cycle * 2).text()
    assert played(text, cycle * 2).outcome() is None
    assert played(text, cycle * 3).outcome() == DRAW


def test_the_same_board_with_other_hands_is_no_repetition() -> None:
    cycle = "P*5b 5a5b 5i5h 5b4b 5h5i 4b5a "
    position = played("4k4/9/9/9/9/9/9/9/4K4 b 5P 1", cycle * 4)
    assert position.text().split()[2] == "P4p"
    assert position.outcome() is None


def test_the_same_board_with_another_mover_is_no_repetition() -> None:
    triangle = "5i5h 5a5b 5h4h 5b5a 4h5i "  # black loses a move
    position = played("4k4/9/9/9/9/9/9/9/4K4 b - 1", triangle)
    assert position.text().split()[:2] == ["4k4/9/9/9/9/9/9/9/4K4", "w"]
    assert not position.frames(1)[0, 28:].any()


@pytest.mark.parametrize(
    ("sfen", "cycle"),
    [
        ("8k/9/9/9/9/9/9/9/K7R w - 1", "1a2a 1i2i 2a1a 2i1i "),  # repeated by black's check
        ("7k1/9/9/9/9/9/9/9/K7R b - 1", "1i2i 2a1a 2i1i 1a2a "),  # repeated by white's escape
    ],
)
def test_perpetual_check_loses(sfen: str, cycle: str) -> None:
    position = played(sfen, cycle * 3)
    assert position.outcome() == Outcome(1, "perpetual check")
    action = position.pop()
    assert position.outcome() is None
    assert position.ending_actions()[action] == (-1.0 if position.mover == 0 else 1.0)


def test_white_loses_by_perpetual_check_too() -> None:
    position = played("r7k/9/9/9/9/9/9/9/K8 b - 1", "9i8i 9a8a 8i9i 8a9a " * 3)
    assert position.outcome() == Outcome(0, "perpetual check")


def test_one_quiet_move_makes_it_a_draw() -> None:
    checks = "1a2a 1i2i 2a1a 2i1i "
    quiet = "1a2a 1i3i 2a1a 3i1i "
    start = "8k/9/9/9/9/9/9/9/K7R w - 1"
    assert played(start, checks + quiet + checks).outcome() == DRAW
    assert played(start, checks + checks + quiet).outcome() == DRAW


def test_quiet_moves_before_the_first_occurrence_do_not_count() -> None:
    quiet = "2a3a 1i1h 3a2a 1h1i 2a3a 1i3i "
    checks = "3a2a 3i2i 2a3a 2i3i "
    position = played("7k1/9/9/9/9/9/9/9/K7R w - 1", quiet + checks * 3)
    assert position.outcome() == Outcome(1, "perpetual check")


def recounted(past: list[ShogiPosition]) -> Outcome | None:
    """The rules in their own words, from all positions of a game (a lone king may have no move without a check)."""
    if len(past[-1].legal_actions()) == 0:
        return Outcome(1 - past[-1].mover, "checkmate" if past[-1].frames(1)[0, IN_CHECK].all() else "no legal moves")
    keys = [position.text().split()[:3] for position in past]
    occurrences = [ply for ply, key in enumerate(keys) if key == keys[-1]]
    if len(occurrences) < 4:
        return None
    since = past[occurrences[0] + 1 :]
    for player in (0, 1):
        after_its_moves = [position for position in since if position.mover != player]
        if all(position.frames(1)[0, IN_CHECK].all() for position in after_its_moves):
            return Outcome(1 - player, "perpetual check")
    return DRAW


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_repetition_agrees_with_a_recount(seed: int) -> None:
    """Kings and a rook that wander on few squares, with moves taken back now and then."""
    rng = np.random.default_rng(seed)
    squares = {"1a", "2a", "1i", "2i", "9i", "9h"}
    position = ShogiPosition.from_text("7k1/9/9/9/9/9/9/9/K7R b - 1")
    past = [position.copy()]
    for _ in range(80):
        legal = {position.action_text(action): action for action in position.legal_actions().tolist()}
        near = [action for text, action in legal.items() if text[2:4] in squares]
        if position.ply and (not near or rng.random() < 0.1):
            position.pop()
            past.pop()
            continue
        brute = {}
        for action in legal.values():
            mover = position.mover
            position.push(action)
            outcome = recounted([*past, position.copy()])
            if outcome is not None:
                brute[action] = outcome.value(mover)
            position.pop()
        assert position.ending_actions() == brute
        position.push(int(rng.choice(near)))
        past.append(position.copy())
        assert position.outcome() == recounted(past)
        if position.outcome() is not None:
            break


ENTERED = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k"  # black: 10 pieces, 26 points
ENTERED_WHITE = "K8/9/9/9/9/9/3ggssss/5+b+b+r+r/4k4"


@pytest.mark.parametrize(
    ("sfen", "wins"),
    [
        (f"{ENTERED} b 2P 1", True),
        (f"{ENTERED} b P 1", False),  # 27 points: black needs 28
        (f"{ENTERED} w 2P 1", False),  # not white's
        (f"{ENTERED_WHITE} w p 1", True),  # 27 points: enough for white
        (f"{ENTERED_WHITE} w - 1", False),
        (f"{ENTERED_WHITE} b p 1", False),
        ("9/+R+R+B+B5/SSSSGG3/4K4/9/9/9/9/8k b 9P 1", False),  # the king has not entered
        ("4K4/+R+R+B+B5/SSSSG4/5G3/9/9/9/9/8k b 9P 1", False),  # nine pieces
        ("4Kg3/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b 9P 1", False),  # in check
        ("4K4/RRBB5/SSSSGG3/9/9/9/9/9/8k b 2P 1", True),  # promotion does not matter
        ("4K4/4PPPPP/SSSSGG3/9/9/9/9/9/8k b 2R2B 1", True),  # 11 on the board and 20 in hand
        ("startpos", False),
    ],
)
def test_declaration(sfen: str, wins: bool) -> None:
    position = ShogiPosition.from_text(sfen)
    assert position.can_declare_win() is wins
    assert position.outcome() is None
