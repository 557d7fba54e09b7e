"""Shogi's observation planes, one by one."""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import Floats
from muzero_engine.games.encoding import observation
from muzero_engine.games.shogi.planes import IN_CHECK, LAYOUT, ONCE_BEFORE, PIECES, TWICE_BEFORE
from muzero_engine.games.shogi.rules import ShogiPosition

PAWN, LANCE, BISHOP, ROOK, GOLD, KING, PROMOTED_BISHOP = 0, 1, 4, 5, 6, 7, 12
HAND = LAYOUT.history * LAYOUT.frame_planes  # the first scalar plane of an observation


def played(sfen: str, moves: str) -> ShogiPosition:
    position = ShogiPosition.from_text(sfen)
    for move in moves.split():
        position.push(position.parse_action(move))
    return position


def squares(plane: Floats) -> list[list[int]]:
    return [[int(row), int(column)] for row, column in np.argwhere(plane)]


def test_the_start() -> None:
    planes = observation(ShogiPosition.initial((9, 9)))
    assert squares(planes[BISHOP]) == [[7, 1]]
    assert squares(planes[ROOK]) == [[7, 7]]
    assert squares(planes[KING]) == [[8, 4]]
    assert squares(planes[PAWN]) == [[6, column] for column in range(9)]
    assert squares(planes[PIECES + BISHOP]) == [[1, 7]]
    assert squares(planes[PIECES + LANCE]) == [[0, 0], [0, 8]]
    assert planes[: 2 * PIECES].sum() == 40
    assert not planes[2 * PIECES :].any()


def test_white_sees_the_board_from_its_side() -> None:
    position = played("startpos", "7g7f 3c3d 8h2b+")
    planes = observation(position)
    assert squares(planes[ROOK]) == [[7, 7]]
    assert not planes[BISHOP].any()
    assert squares(planes[PIECES + PROMOTED_BISHOP]) == [[7, 1]]  # 2b
    older = planes[LAYOUT.frame_planes :]
    assert squares(older[BISHOP]) == [[7, 1]]
    assert squares(older[PIECES + BISHOP]) == [[1, 7]]
    assert position.scalars().tolist() == [0] * 7 + [0, 0, 0, 0, 0, 1, 0]
    assert np.all(planes[HAND + 7 + 5] == 0.5)


def test_hands_are_scaled_by_the_set() -> None:
    position = ShogiPosition.from_text("4k4/9/9/9/9/9/9/9/4K4 w 9PL2N3S4Gr2b2p 1")
    assert position.scalars().tolist() == [2, 0, 0, 0, 0, 2, 1, 9, 1, 2, 3, 4, 0, 0]
    planes = observation(position)[HAND:, 0, 0]
    assert np.allclose(planes, [2 / 18, 0, 0, 0, 0, 1, 0.5, 0.5, 0.25, 0.5, 0.75, 1, 0, 0])


def test_repetitions_show() -> None:
    position = played("startpos", "2h3h 8b7b 3h2h 7b8b")
    frames = position.frames(5)
    assert frames[:, ONCE_BEFORE].all(axis=(1, 2)).tolist() == [True, False, False, False, False]
    assert not frames[:, TWICE_BEFORE].any()
    position = played("startpos", "2h3h 8b7b 3h2h 7b8b " * 2)
    frames = position.frames(2)
    assert frames[0, ONCE_BEFORE].all()
    assert frames[0, TWICE_BEFORE].all()
    assert not frames[1, TWICE_BEFORE].any()


def test_checks_show() -> None:
    position = played("8k/9/9/9/9/9/9/9/K7R w - 1", "1a2a 1i2i 2a1a")
    frames = position.frames(4)
    assert frames[:, IN_CHECK].all(axis=(1, 2)).tolist() == [False, True, False, True]
