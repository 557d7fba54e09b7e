"""Positions that surprised the search are drawn more often, by the shares of the settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.self_play import CPU, self_play, small_config

from muzero_engine.training.replay.replay import Replay, weights
from muzero_engine.training.types import BadState

torch.set_num_threads(1)


def test_weights_are_even_but_for_the_shares_of_what_surprises() -> None:
    surprise = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.5], [0.0, 0.5]], dtype=torch.float16)
    assert weights(surprise, 0.0, 0.0).tolist() == [1.0] * 4
    assert weights(surprise, 0.5, 0.1).tolist() == pytest.approx([0.4, 0.9, 2.1, 0.6])
    assert weights(torch.zeros(3, 2), 0.5, 0.1).tolist() == [1.0] * 3  # nothing surprises: even
    assert weights(surprise, 1.0, 0.0).mean().item() == pytest.approx(1.0)


def test_surprising_positions_are_drawn_more_often() -> None:
    config = small_config("chess", (8, 8))
    config = replace(config, replay=replace(config.replay, policy_surprise_share=0.5, min_plies=2000))
    config = replace(config, learner=replace(config.learner, symmetries=False))
    with self_play(config) as player:
        (games,) = player.play(300)
    count = len(games.action)
    divergence = torch.zeros(count)
    divergence[games.target_actions[:, 0] >= 0] = 1.0
    divergence[count // 2] = 30.0
    games = replace(games, surprise=torch.stack([divergence, torch.zeros(count)], dim=1).to(torch.float16))
    replay = Replay(config, CPU)
    replay.add(games)
    ring, window = replay._rings[8, 8], replay.window_plies
    drawn = replay._chosen(replay._rings, {(8, 8): window}, 100_000, torch.Generator().manual_seed(1))[1]
    assert drawn.min() >= ring.end - window
    assert drawn.max() < ring.end
    share = torch.bincount(drawn - ring.first, minlength=ring.plies) / 100_000
    expected = weights(ring.surprise[torch.arange(ring.first, ring.end) % ring.capacity], 0.5, 0.0) / ring.plies
    assert torch.allclose(share.double(), expected, atol=2e-3)
    assert share.max() > 5 / ring.plies
    most = replay.most_drawn_share()
    assert most == pytest.approx(share.topk(-(-ring.plies // 10)).values.sum().item(), abs=0.01)
    assert Replay(config, CPU).most_drawn_share() is None  # nothing is there


def test_surprise_comes_with_a_saved_replay_and_must_be_there() -> None:
    config = small_config("chess", (8, 8))
    surprised = replace(config, replay=replace(config.replay, value_surprise_share=0.1))
    with self_play(surprised) as player:
        (games,) = player.play(300)
    replay, again = Replay(surprised, CPU), Replay(surprised, CPU)
    replay.add(games)
    again.load_state(replay.state())
    rows = torch.arange(replay._rings[8, 8].first, replay._rings[8, 8].end) % replay._rings[8, 8].capacity
    assert replay._rings[8, 8].surprise[rows].any()
    assert torch.equal(replay._rings[8, 8].surprise[rows], again._rings[8, 8].surprise[rows])
    with pytest.raises(BadState, match="policy_surprise_share"):
        Replay(config, CPU).load_state(replay.state())
