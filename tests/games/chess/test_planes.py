"""Chess planes: frames, scalars, the mover's frame, packed plies."""

from __future__ import annotations

import chess
import numpy as np
import pytest
from hypothesis import given
from support.chess_walks import choices, next_action, positions, starts, unhurried

from muzero_engine.games.base import Outcome
from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen
from muzero_engine.games.encoding import observation, observation_from_packed, pack, stack_observation, unpack

LAYOUT = GAME.spec.layout
REPEATED, EN_PASSANT = 12, 13


def played(moves: str) -> ChessPosition:
    position = position_from_fen(chess.STARTING_FEN)
    for text in moves.split():
        position.push(position.parse_action(text))
    return position


def test_the_layout() -> None:
    assert LAYOUT.frame_planes == 14
    assert LAYOUT.planes == 8 * 14 + 5


def test_the_frame_of_the_start_position() -> None:
    (frame,) = played("").frames(1)
    assert frame.dtype == np.bool_
    assert frame.sum() == 32
    for plane, color, piece in [
        (0, chess.WHITE, chess.PAWN),
        (3, chess.WHITE, chess.ROOK),
        (11, chess.BLACK, chess.KING),
    ]:
        squares = np.flatnonzero(frame[plane])  # row 0 is rank 1, as in python-chess's numbers
        assert squares.tolist() == list(chess.Board().pieces(piece, color))


@unhurried
@given(positions)
def test_frames_hold_the_pieces_and_nothing_else(position: ChessPosition) -> None:
    board = position.board
    (frame,) = position.frames(1)
    for color in (chess.WHITE, chess.BLACK):
        for piece in chess.PIECE_TYPES:
            plane = frame[(0 if color else 6) + piece - 1]
            assert np.flatnonzero(plane).tolist() == list(board.pieces(piece, color))
    expected = [board.ep_square] if board.has_legal_en_passant() else []
    assert np.flatnonzero(frame[EN_PASSANT]).tolist() == expected


def test_history_is_newest_first_and_zero_before_the_start() -> None:
    position = played("e2e4 c7c5 g1f3")
    frames = position.frames(6)
    assert frames.shape == (6, 14, 8, 8)
    for i in range(4):
        assert np.array_equal(frames[i], position.frames(1)[0])
        if i < 3:
            position.pop()
    assert not frames[4:].any()
    assert position.frames(1).any()


def test_the_repetition_plane() -> None:
    position = played("g1f3 g8f6 f3g1 f6g8")
    frames = position.frames(5)
    assert frames[0, REPEATED].all()
    assert not frames[1:, REPEATED].any()


def test_the_en_passant_plane_needs_a_legal_capture() -> None:
    assert not played("e2e4").frames(1)[0, EN_PASSANT].any()
    plane = played("e2e4 a7a6 e4e5 d7d5").frames(1)[0, EN_PASSANT]
    assert np.argwhere(plane).tolist() == [[5, 3]]


@pytest.mark.parametrize(
    ("fen", "scalars"),
    [
        ("r3k2r/8/8/8/8/8/8/R3K2R w Kq - 7 30", [1, 0, 0, 1, 7]),
        ("r3k2r/8/8/8/8/8/8/R3K2R b Kq - 7 30", [0, 1, 1, 0, 7]),
        ("1rkr4/8/8/8/8/8/8/1RKR4 w Db - 0 1", [1, 0, 0, 1, 0]),
        ("4k3/8/8/8/8/8/8/R3K3 w - - 123456 1", [0, 0, 0, 0, 100]),
    ],
)
def test_scalars(fen: str, scalars: list[int]) -> None:
    position = position_from_fen(fen)
    assert position.scalars().dtype == np.int16
    assert position.scalars().tolist() == scalars
    planes = observation(position)[-5:]
    assert np.allclose(planes, (np.array(scalars) / [1, 1, 1, 1, 100])[:, None, None])


@unhurried
@given(starts, choices)
def test_the_same_game_with_colours_swapped_looks_the_same(start: ChessPosition, choices: list[int]) -> None:
    board = start.board.mirror()
    mirrored = ChessPosition(board)
    actions: list[int] = []
    for choice in [*choices, 0]:
        assert mirrored.mover == 1 - start.mover
        assert np.array_equal(observation(mirrored), observation(start))
        assert mirrored.legal_actions().tolist() == start.legal_actions().tolist()
        assert mirrored.ending_actions() == start.ending_actions()
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        if action is None:
            break
        for position in (start, mirrored):
            position.push(action)
        actions.append(action)
    outcome = start.outcome()
    if outcome is not None and outcome.winner is not None:
        outcome = Outcome(1 - outcome.winner, outcome.reason)
    assert mirrored.outcome() == outcome


@unhurried
@given(starts, choices)
def test_packed_plies_give_the_observation_back(start: ChessPosition, choices: list[int]) -> None:
    plies = [pack(start)]
    actions: list[int] = []
    for choice in choices:
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        if action is None:
            break
        start.push(action)
        actions.append(action)
        plies.append(pack(start))
        frame, scalars, mover = unpack(plies[-1], GAME.spec, (8, 8))
        assert np.array_equal(frame, start.frames(1)[0])
        assert np.array_equal(scalars, start.scalars())
        assert mover == start.mover
    restored = observation_from_packed(np.stack(plies), GAME.spec, (8, 8))
    layout = GAME.spec.layout
    frames = start.frames(layout.history)
    assert np.array_equal(restored, stack_observation(frames, start.scalars(), start.mover, layout, GAME.spec.turn))
