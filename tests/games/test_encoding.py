"""Turns, symmetries and packed plies: properties that hold whatever the game."""

from __future__ import annotations

import numpy as np
import pytest

from muzero_engine.games.base import Symmetry, Turn
from muzero_engine.games.encoding import apply_symmetry, pack, turned, unpack
from muzero_engine.games.registry import load_game


@pytest.mark.parametrize("turn", Turn)
def test_turning_twice_changes_nothing(turn: Turn) -> None:
    planes = np.random.default_rng(14).random((3, 5, 7)) < 0.5
    assert np.array_equal(turned(turned(planes, turn), turn), planes)
    assert np.array_equal(turned(planes, turn), planes) == (turn is Turn.NONE)


@pytest.mark.parametrize("symmetry", Symmetry)
def test_a_symmetry_is_taken_back_by_its_inverse(symmetry: Symmetry) -> None:
    squares = np.arange(25, dtype=np.float32).reshape(5, 5)
    inverse = {Symmetry.ROTATE_90: Symmetry.ROTATE_270, Symmetry.ROTATE_270: Symmetry.ROTATE_90}
    back = inverse.get(symmetry, symmetry)
    assert np.array_equal(apply_symmetry(apply_symmetry(squares, symmetry), back), squares)
    assert np.array_equal(apply_symmetry(squares, symmetry), squares) == (symmetry is Symmetry.IDENTITY)


def test_a_packed_ply_of_the_wrong_size_is_refused() -> None:
    position = load_game("chess").initial((8, 8))
    with pytest.raises(ValueError, match="packed ply"):
        unpack(pack(position)[1:], position.spec, position.shape)
