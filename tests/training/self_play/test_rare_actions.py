"""Actions that nobody would choose are played now and then, the rarest most of all, and searched."""

from __future__ import annotations

import pytest
import torch
from support.self_play import assert_same_games, self_play, small_config

from muzero_engine.training.self_play.rare_actions import RareActions


def test_the_rarest_legal_actions_are_played_in_a_share_of_the_rows() -> None:
    generator = torch.Generator().manual_seed(1)
    rare = RareActions(4, 0.25, torch.device("cpu"))
    rare.played += torch.tensor([99_999.0, 49.0, 199.0, 0.0])
    before = rare.played.clone()
    legal = torch.tensor([True, True, True, False]).expand(40_000, 4)
    chosen = rare.choose(torch.zeros(40_000, dtype=torch.int64), legal, generator)
    counts = chosen.bincount(minlength=4)
    assert (rare.played - before).tolist() == counts.tolist()
    assert counts[3] == 0
    assert counts[1:].sum().item() == pytest.approx(10_000, rel=0.05)
    assert counts[1].item() == pytest.approx(8_000, rel=0.05)  # 1/50 to 1/200


def test_rows_without_a_legal_action_are_left_alone() -> None:
    rare = RareActions(3, 1.0, torch.device("cpu"))
    legal = torch.tensor([[False, False, False], [False, True, False]])
    assert rare.choose(torch.tensor([0, 2]), legal, torch.Generator().manual_seed(1)).tolist() == [0, 1]
    assert rare.played.tolist() == [0.0, 1.0, 0.0]


def test_rare_actions_go_on_exactly_and_do_not_depend_on_workers() -> None:
    config = small_config("go", (5, 5), rare_share=0.3)
    with self_play(config) as unbroken, self_play(config) as resumed, self_play(config, workers=2) as shared:
        first = [player.play(230) for player in (unbroken, shared)]
        for one, other in zip(*first, strict=True):
            assert_same_games(one, other)
        resumed.load_state({name: tensor.clone() for name, tensor in unbroken.state().items()})
        for one, other in zip(unbroken.play(300), resumed.play(300), strict=True):
            assert_same_games(one, other)


def test_moves_outside_the_search_are_played() -> None:
    with self_play(small_config("tictactoe", (3, 3), rare_share=1.0, temperature_plies=0, opening_plies=0)) as player:
        (games,) = player.play(2_000)
        counts = games.action.bincount(minlength=9)
        assert counts.max() < 1.5 * counts.min()  # as the rarest is played most
        assert "0.played" in player.state()
    with self_play(small_config("tictactoe", (3, 3))) as plain:
        assert not any(name.endswith("played") for name in plain.state())
