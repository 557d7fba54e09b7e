"""Chess rules: ends of games, castling, en passant, history, positions from text."""

from __future__ import annotations

import chess
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.chess_walks import CHESS960_FENS, STANDARD_FENS, choices, next_action, positions, starts, unhurried, walk

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome
from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen
from muzero_engine.games.encoding import observation

START = chess.STARTING_FEN
SHUFFLE = "g1f3 g8f6 f3g1 f6g8"


def played(moves: str, fen: str = START) -> ChessPosition:
    position = position_from_fen(fen)
    for text in moves.split():
        position.push(position.parse_action(text))
    return position


def texts(position: ChessPosition) -> set[str]:
    return {position.action_text(action) for action in position.legal_actions().tolist()}


def state(position: ChessPosition) -> tuple[object, ...]:
    """All that can be seen of a position."""
    return (
        position.text(),
        position.board_text(),
        position.ply,
        position.mover,
        position.outcome(),
        position.legal_actions().tolist(),
        position.scalars().tolist(),
        position.frames(10).tobytes(),
        position.ending_actions(),
    )


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
    before = state(position)
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
    assert state(position) == before


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
    found = {position.action_text(action) for action in position.decisive_actions()}
    brute = {position.action_text(action) for action, value in position.ending_actions().items() if value}
    assert found == brute
    assert mate in found or not (mate or found)


@unhurried
@given(starts, choices)
def test_pop_restores_every_position_on_the_way(start: ChessPosition, choices: list[int]) -> None:
    states = [state(start)]
    actions: list[int] = []
    for choice in choices:
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        if action is None:
            break
        start.push(action)
        actions.append(action)
        states.append(state(start))
    twin = start.copy()
    for position in (start, twin):  # the twin replays its past
        assert state(position) == states[-1]
        for action, before in zip(reversed(actions), reversed(states[:-1]), strict=True):
            assert position.pop() == action
            assert state(position) == before
        with pytest.raises(IndexError):
            position.pop()


@unhurried
@given(starts, choices, choices)
def test_a_copy_lives_its_own_life(start: ChessPosition, first: list[int], second: list[int]) -> None:
    walk(start, first)
    before = state(start)
    twin = start.copy()
    walk(twin, second)
    assert state(start) == before
    while twin.ply > start.ply:
        twin.pop()
    assert state(twin) == before
    assert (observation(twin) == observation(start)).all()


def test_the_board_handed_out_is_a_copy() -> None:
    position = played("e2e4")
    position.board.push_san("e5")
    assert position.mover == 1
    assert position.board.fen() == position.text()
    assert not position.board.chess960
    assert position_from_fen(START, chess960=True).board.chess960


def test_castling_is_written_as_the_mode_says_and_read_in_both_ways() -> None:
    fen = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
    standard, chess960 = position_from_fen(fen), position_from_fen(fen, chess960=True)
    assert {"e1g1", "e1c1"} <= texts(standard)
    assert not {"e1h1", "e1a1"} & texts(standard)
    assert {"e1h1", "e1a1"} <= texts(chess960)
    assert not {"e1g1", "e1c1"} & texts(chess960)
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


def test_in_chess960_a_castling_king_may_stay_where_it_is() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/6KR w H - 0 1", chess960=True)
    position.push(position.parse_action("g1h1"))
    assert position.text() == "4k3/8/8/8/8/8/8/5RK1 b - - 1 1"


def test_in_chess960_a_rook_may_bar_its_own_king() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/5RKR w HF - 0 1", chess960=True)
    assert "g1h1" not in texts(position)  # the other rook stands on f1
    position.push(position.parse_action("g1f1"))
    assert position.text() == "4k3/8/8/8/8/8/8/2KR3R b - - 1 1"


def test_en_passant() -> None:
    position = played("e2e4 a7a6 e4e5 d7d5")
    assert position.text().split()[3] == "d6"
    position.push(position.parse_action("e5d6"))
    assert position.text() == "rnbqkbnr/1pp1pppp/p2P4/8/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 3"
    # Taking would uncover the king on the fourth rank.
    assert "e4d3" not in texts(position_from_fen("8/8/8/8/k2Pp2R/8/8/4K3 b - d3 0 1"))
    assert position_from_fen("8/8/8/8/k2Pp2R/8/8/4K3 b - d3 0 1").text().split()[3] == "-"


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
    before = state(position)
    with pytest.raises(IllegalMove, match=why) as error:
        position.parse_action(text)
    assert "\n" not in str(error.value)
    assert state(position) == before


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


@pytest.mark.parametrize("action", [-1, 4672, 0, 63 + 64 * 6])
def test_illegal_actions_are_refused(action: int) -> None:
    position = GAME.initial((8, 8))
    with pytest.raises(IllegalMove, match="not legal"):
        position.push(action)
    with pytest.raises(IllegalMove, match="not legal"):
        position.action_text(action)
    assert position.text() == START


@pytest.mark.parametrize(
    ("fen", "why"),
    [
        ("", "cannot read the FEN"),
        ("nonsense", "cannot read the FEN"),
        ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP w KQkq - 0 1", "cannot read the FEN"),
        (f"{START} extra", "cannot read the FEN"),
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
        ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w HAha - 0 1", START),  # the files of the rooks
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


def test_other_boards_are_refused() -> None:
    with pytest.raises(BadPosition, match="8x8, not 9x9"):
        GAME.initial((9, 9))


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
