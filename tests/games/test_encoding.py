"""Turns, symmetries and packed plies: properties that hold whatever the game."""

from __future__ import annotations

import numpy as np
import pytest

from muzero_engine.games.base import Floats, Position, Symmetry, Turn
from muzero_engine.games.encoding import apply_symmetry, observation, pack, turned, unpack
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


def pieces_seen(position: Position) -> Floats:
    """Return float32[history, 2 * per_player, H, W], newest first, of what h sees, in the mover's frame."""
    layout = position.spec.layout
    seen = observation(position)[: layout.history * layout.frame_planes]
    return seen.reshape(layout.history, layout.frame_planes, *position.shape)[:, : 2 * layout.per_player]


@pytest.mark.parametrize("name", ["chess", "shogi", "go"])
def test_a_position_that_was_set_up_has_stood_as_it_was(name: str) -> None:
    """And before a game's own start there was nothing."""
    game = load_game(name)
    rng = np.random.default_rng(3)
    played = game.initial(game.spec.shapes[0])
    for _ in range(4):
        played.push(int(rng.choice(played.legal_actions())))
    set_up = game.from_text(played.text())
    assert not pieces_seen(played)[5:].any()
    assert (pieces_seen(set_up) == pieces_seen(played)[0]).all()
    action = int(played.legal_actions()[5])
    played.push(action)
    set_up.push(action)
    assert (pieces_seen(set_up)[:2] == pieces_seen(played)[:2]).all()
    assert (pieces_seen(set_up)[1:] == pieces_seen(played)[1]).all()
