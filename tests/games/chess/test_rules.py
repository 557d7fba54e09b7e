"""Chess rules: ends of games, castling, en passant, history."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given
from support.chess_walks import (
    choices,
    everything,
    legal_texts,
    next_action,
    played,
    positions,
    starts,
    unhurried,
    walk,
)

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome
from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen
from muzero_engine.games.encoding import observation

SHUFFLE = "g1f3 g8f6 f3g1 f6g8"


def expected_outcome(board: chess.Board) -> Outcome | None:
    """The outcome by python-chess's own slow means."""
    result = board.outcome()
    if result is not None and result.termination.value <= chess.Termination.INSUFFICIENT_MATERIAL.value:
        winner = None if result.winner is None else int(not result.winner)
        return Outcome(winner, result.termination.name.lower().replace("_", " "))
    if board.is_repetition(3):
        return Outcome(None, "threefold repetition")
    return Outcome(None, "fifty-move rule") if board.halfmove_clock >= 100 else None


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (played("f2f3 e7e5 g2g4 d8h4"), Outcome(1, "checkmate")),
        (played("e2e4 e7e5 d1h5 b8c6 f1c4 g8f6 h5f7"), Outcome(0, "checkmate")),
        (played("g6f7", "7k/8/6Q1/8/8/8/8/K7 w - - 0 1"), Outcome(None, "stalemate")),
        (played("e5d4", "8/8/8/4k3/3N4/8/8/K7 b - - 0 1"), Outcome(None, "insufficient material")),
        (played("c1d2", "k1b5/8/8/8/8/8/3q4/K1B5 w - - 0 1"), None),  # bishops of unlike colour
        (played("", "k7/8/8/8/8/8/8/K1N1n3 w - - 0 1"), None),  # a mate can be constructed
        (played("", "8/8/8/4k3/8/2b5/8/4KB2 w - - 0 1"), None),
        (played("", "8/8/8/4k3/8/2b5/8/4K1B1 w - - 0 1"), Outcome(None, "insufficient material")),
        (played(f"{SHUFFLE} {SHUFFLE}"), Outcome(None, "threefold repetition")),
        (played(f"{SHUFFLE} g1f3 g8f6 f3g1"), None),
        (played("a1a2", "7k/8/8/8/8/8/8/R6K w - - 99 80"), Outcome(None, "fifty-move rule")),
        (played("a1a2", "7k/8/8/8/8/8/8/R6K w - - 98 80"), None),
        (played("a1a8", "7k/6pp/8/8/8/8/8/R6K w - - 99 80"), Outcome(0, "checkmate")),  # mate comes first
        (played("a2a3", "7k/8/8/8/8/8/P7/R6K w - - 99 80"), None),  # a pawn move clears the clock
    ],
)
def test_how_games_end(position: ChessPosition, expected: Outcome | None) -> None:
    assert position.outcome() == expected
    assert position.copy().outcome() == expected


def test_a_drawn_game_still_has_legal_moves_and_a_finished_one_none() -> None:
    assert len(played(f"{SHUFFLE} {SHUFFLE}").legal_actions()) == 20
    assert played("f2f3 e7e5 g2g4 d8h4").legal_actions().tolist() == []


def test_losing_the_right_to_castle_makes_another_position() -> None:
    # The position after the first rook trip has lost castling; the start of the game is not its equal.
    trip = "h1g1 h8g8 g1h1 g8h8"
    fen = "r3k2r/p6p/8/8/8/8/P6P/R3K2R w KQkq - 0 1"
    assert played(f"{trip} {trip}", fen).outcome() is None
    assert played(f"{trip} {trip} h1g1 h8g8 g1h1 g8h8", fen).outcome() == Outcome(None, "threefold repetition")


def test_an_en_passant_square_counts_only_where_the_capture_is_legal() -> None:
    shuffle = "b1c3 b8c6 c3b1 c6b8"
    # Nobody can capture on e3: the position right after e2e4 is the same as later ones.
    assert played("e2e4" + " g8f6 g1f3 f6g8 f3g1" * 2).outcome() == Outcome(None, "threefold repetition")
    # After f7f5 white may capture e5xf6 at once but not later: the first occurrence is another position.
    fen = "rnbqkbnr/pppppppp/8/4P3/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 3"
    assert played(f"f7f5 {shuffle} {shuffle}", fen).outcome() is None
    assert played(f"f7f5 {shuffle} {shuffle} b1c3 b8c6 c3b1 c6b8", fen).outcome() is not None
    # The pawn on e5 is pinned to its king by the rook: e5xf6 is not legal, so all three occurrences are the same.
    pinned = "4r1k1/5p2/8/4P3/8/8/8/4K1N1 b - - 0 1"
    assert played("f7f5 g1f3 g8h8 f3g1 h8g8 g1f3 g8h8 f3g1 h8g8", pinned).outcome() is not None


def test_ending_actions_names_mates_and_draws() -> None:
    position = position_from_fen("7k/8/5KQ1/8/8/8/8/8 w - - 0 1")
    endings = {position.action_text(action): value for action, value in position.ending_actions().items()}
    assert endings["g6g7"] == 1.0
    assert endings["g6f7"] == 0.0  # stalemate
    assert "g6g8" not in endings  # the king takes it, and only kings are left after that
    repeating = played(f"{SHUFFLE} g1f3 g8f6 f3g1")
    assert repeating.ending_actions() == {repeating.parse_action("f6g8"): 0.0}


@unhurried
@given(starts, choices)
def test_outcomes_agree_with_python_chess(start: ChessPosition, choices: list[int]) -> None:
    board = start.board
    actions: list[int] = []
    for choice in choices:
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        assert start.outcome() == expected_outcome(board)
        if action is None:
            break
        board.push(board.parse_uci(start.action_text(action)))
        start.push(action)
        actions.append(action)
    assert start.text() == board.fen(shredder=start.chess960)
    assert (start.ply, start.mover) == (len(actions), 0 if board.turn else 1)


@unhurried
@given(positions)
def test_ending_actions_equal_playing_every_move(position: ChessPosition) -> None:
    before = everything(position)
    mover = position.mover
    expected: dict[int, float] = {}
    for action in position.legal_actions().tolist():
        position.push(action)
        outcome = position.outcome()
        if outcome is not None:
            expected[action] = outcome.value(mover)
        position.pop()
    assert position.ending_actions() == expected
    assert position.decisive_actions() == {action: value for action, value in expected.items() if value}
    assert everything(position) == before


@pytest.mark.parametrize(
    ("fen", "mate"),
    [
        ("7k/P5pp/8/8/8/8/8/K7 w - - 0 1", "a7a8r"),  # promotions
        ("5bn1/pb1PpR2/nr2k3/Pp6/1P1Q1Pp1/N7/8/R5K1 w - - 1 32", "d7d8n"),
        ("8/8/4k3/p4N1p/7r/KP6/P1p5/8 b - - 1 75", "c2c1b"),
        ("8/4R3/2R2rk1/8/pP2K1Pp/3B3P/3B1p2/8 w - - 0 82", "e4e5"),  # discovered by a king, a knight, a pawn, a bishop
        ("3R1Nk1/1r6/6P1/7p/8/5Q2/nR2b2P/6K1 w - - 10 93", "f8e6"),
        ("r1b5/ppp3r1/1bBppp2/2n1k1pp/1P6/2P1PQPP/PB1P4/1N1R3K w - - 0 22", "c3c4"),
        ("8/3k4/1p2p3/3P1BPp/6NP/P1p2P2/6R1/2Kbr3 b - - 1 33", "d1b3"),
        ("4rkr1/4p1p1/8/8/8/8/8/4K2R w K - 0 1", "e1g1"),  # castling
        ("8/8/8/8/8/8/8/k1K4R w - - 0 1", ""),
    ],
)
def test_mates_in_one_are_found(fen: str, mate: str) -> None:
    position = position_from_fen(fen)
    mates = {position.action_text(action) for action in position.decisive_actions()}
    brute = {position.action_text(action) for action, value in position.ending_actions().items() if value}
    assert mates == brute
    assert mate in mates or not (mate or mates)


@unhurried
@given(starts, choices)
def test_pop_restores_every_position_on_the_way(start: ChessPosition, choices: list[int]) -> None:
    states = [everything(start)]
    actions: list[int] = []
    for choice in choices:
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        if action is None:
            break
        start.push(action)
        actions.append(action)
        states.append(everything(start))
    twin = start.copy()
    for position in (start, twin):  # the twin replays its past
        assert everything(position) == states[-1]
        for action, before in zip(reversed(actions), reversed(states[:-1]), strict=True):
            assert position.pop() == action
            assert everything(position) == before
        with pytest.raises(IndexError):
            position.pop()


@unhurried
@given(starts, choices, choices)
def test_a_copy_lives_its_own_life(start: ChessPosition, first: list[int], second: list[int]) -> None:
    walk(start, first)
    before = everything(start)
    twin = start.copy()
    walk(twin, second)
    assert everything(start) == before
    while twin.ply > start.ply:
        twin.pop()
    assert everything(twin) == before
    assert (observation(twin) == observation(start)).all()


def test_the_board_handed_out_is_a_copy() -> None:
    position = played("e2e4")
    position.board.push_san("e5")
    assert position.mover == 1
    assert position.board.fen() == position.text()
    assert not position.board.chess960
    assert position_from_fen(chess.STARTING_FEN, chess960=True).board.chess960


def test_in_chess960_a_castling_king_may_stay_where_it_is() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/6KR w H - 0 1", chess960=True)
    position.push(position.parse_action("g1h1"))
    assert position.text() == "4k3/8/8/8/8/8/8/5RK1 b - - 1 1"


def test_in_chess960_a_rook_may_bar_its_own_king() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/5RKR w HF - 0 1", chess960=True)
    assert "g1h1" not in legal_texts(position)  # the other rook stands on f1
    position.push(position.parse_action("g1f1"))
    assert position.text() == "4k3/8/8/8/8/8/8/2KR3R b - - 1 1"


def test_en_passant() -> None:
    position = played("e2e4 a7a6 e4e5 d7d5")
    assert position.text().split()[3] == "d6"
    position.push(position.parse_action("e5d6"))
    assert position.text() == "rnbqkbnr/1pp1pppp/p2P4/8/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 3"
    # Taking would uncover the king on the fourth rank.
    assert "e4d3" not in legal_texts(position_from_fen("8/8/8/8/k2Pp2R/8/8/4K3 b - d3 0 1"))
    assert position_from_fen("8/8/8/8/k2Pp2R/8/8/4K3 b - d3 0 1").text().split()[3] == "-"


@pytest.mark.parametrize("action", [-1, 4672, 0, 63 + 64 * 6])
def test_illegal_actions_are_refused(action: int) -> None:
    position = GAME.initial((8, 8))
    with pytest.raises(IllegalMove, match="not legal"):
        position.push(action)
    with pytest.raises(IllegalMove, match="not legal"):
        position.action_text(action)
    assert position.text() == chess.STARTING_FEN


def test_other_boards_are_refused() -> None:
    with pytest.raises(BadPosition, match="8x8, not 9x9"):
        GAME.initial((9, 9))
