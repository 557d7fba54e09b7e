"""Action planes say what the table of actions says, and tell legal moves apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from muzero_engine.games.base import Game
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.network.actions import PointActionPlanes, TableActionPlanes, action_planes
from muzero_engine.network.config import BadConfig, NetworkConfig

FIXED = [name for name in BUILT_IN if len(load_game(name).spec.shapes) == 1]


def planes_of_all_actions(game: Game) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    shape = game.spec.shapes[0]
    module = action_planes(NetworkConfig.for_game(game), game.action_table(shape))
    actions = torch.arange(game.spec.num_actions(shape))
    return np.asarray(module(actions, torch.zeros(len(actions), 1, *shape)).numpy())


@pytest.mark.parametrize("name", FIXED)
def test_planes_say_what_the_table_says(name: str) -> None:
    game = load_game(name)
    rows, columns = game.spec.shapes[0]
    table = game.action_table((rows, columns))
    planes = planes_of_all_actions(game)
    assert planes.shape == (len(table.kind), 2 + table.kinds, rows, columns)
    for action in range(0, len(planes), 7):
        expected = np.zeros((2 + table.kinds, rows, columns), dtype=np.float32)
        for plane, square in enumerate((table.to_square[action], table.from_square[action])):
            if square >= 0:
                expected[plane, square // columns, square % columns] = 1
        if table.kind[action] >= 0:
            expected[2 + table.kind[action]] = 1
        assert np.array_equal(planes[action], expected), action


@pytest.mark.parametrize("name", FIXED)
def test_no_two_real_moves_look_the_same(name: str) -> None:
    game = load_game(name)
    table = game.action_table(game.spec.shapes[0])
    planes = planes_of_all_actions(game)
    on_board = planes[table.to_square >= 0].reshape(-1, planes[0].size)
    assert len(np.unique(on_board, axis=0)) == len(on_board)


@pytest.mark.parametrize("shape", [(2, 3), (5, 5), (9, 9)])
def test_points_and_pass_without_a_table(shape: tuple[int, int]) -> None:
    area = shape[0] * shape[1]
    planes = PointActionPlanes()(torch.arange(area + 1), torch.zeros(area + 1, 4, *shape))
    assert planes.shape == (area + 1, 1, *shape)
    assert torch.equal(planes[:area].flatten(1), torch.eye(area))
    assert planes[area].abs().sum() == 0


def test_a_table_that_does_not_fit_is_refused() -> None:
    game = load_game("tictactoe")
    config = NetworkConfig.for_game(game)
    table = game.action_table((3, 3))
    with pytest.raises(BadConfig, match="needs its action table"):
        action_planes(config, None)
    with pytest.raises(BadConfig, match="does not have 9 actions"):
        TableActionPlanes(config, dataclasses.replace(table, kind=table.kind[:4]))
    with pytest.raises(BadConfig, match="has 5 kinds, not 0"):
        TableActionPlanes(config, dataclasses.replace(table, kinds=5))
