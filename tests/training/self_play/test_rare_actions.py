"""Actions that nobody would choose are played now and then, the unlikeliest most of all."""

from __future__ import annotations

import pytest
import torch
from support.self_play import assert_goes_on_exactly, self_play, small_config

from muzero_engine.training.self_play.slot_group import with_unlikely
from muzero_engine.training.types import SearchOutput


def test_unlikely_actions_are_played_in_a_share_of_the_rows_that_have_legal_ones() -> None:
    count = 40_000
    targets = torch.tensor([[3], [-1]]).repeat(count // 2, 1)  # every other row has none
    zeros = torch.zeros(count)
    unlikely = torch.full((count,), 5)
    output = SearchOutput(targets[:, 0], zeros, targets, zeros[:, None], zeros, zeros, unlikely)
    chosen = with_unlikely(torch.full((count,), 7), output, 0.25, torch.Generator().manual_seed(1))
    assert set(chosen[1::2].tolist()) == {7}
    assert set(chosen.tolist()) == {5, 7}
    assert (chosen == 5).sum().item() == pytest.approx(count / 8, rel=0.05)


def test_games_with_unlikely_actions_go_on_exactly_and_do_not_depend_on_workers() -> None:
    assert_goes_on_exactly(small_config("go", (5, 5), rare_share=0.3))


def test_the_recorded_move_is_the_unlikely_one() -> None:
    settings = {"temperature_plies": 0, "opening_plies": 0}
    with self_play(small_config("tictactoe", (3, 3), rare_share=1.0, **settings)) as player:
        (games,) = player.play(200)
        last = (games.target_actions >= 0).sum(dim=1, keepdim=True).sub(1)
        assert torch.equal(games.action.long(), games.target_actions.gather(1, last)[:, 0].long())
