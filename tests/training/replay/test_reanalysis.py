"""Positions of the window are searched again with newer weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.replay import replay_config
from support.self_play import CPU, RandomSearch, assert_same_games, played, positions, self_play

from muzero_engine.games.encoding import observation
from muzero_engine.games.endings import playable
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.types import BadState

torch.set_num_threads(1)


def test_stale_positions_are_searched_again() -> None:
    config = replay_config(reanalyse_share=0.5)
    with self_play(config) as player:
        (games,) = player.play(300)
        (later,) = player.play(2600)
        resumed_state = player.state()
        with self_play(config) as resumed:
            resumed.load_state(resumed_state)
            assert_same_games(player.play(300)[0], resumed.play(300)[0])  # legal actions among them
    replay = Replay(config, CPU)
    replay.add(games)
    ring = replay._rings[(5, 5)]
    lines = [position for line in positions(games, "go") for position in line[:-1]]
    generator = torch.Generator().manual_seed(1)
    stale = replay.stale((5, 5), 50, generator)
    assert stale is not None
    assert torch.equal(stale.root_value, ring.root_value[stale.number])
    output = RandomSearch().run(stale.observation, stale.legal, generator=generator)
    before = ring.newest(1000)
    replay.refresh(stale, output)
    after = ring.newest(1000)
    assert torch.equal(before.packed, after.packed)
    changed = set()
    for m, number in enumerate(stale.number.tolist()):
        assert np.array_equal(stale.observation[m].numpy(), observation(lines[number]))
        if before.target_actions[number, 0] >= 0:
            searched = playable(lines[number]).tolist()
            assert np.flatnonzero(stale.legal[m].numpy()).tolist() == searched
            if len(searched) > 1:
                changed.add(number)
        else:
            assert not stale.legal[m].any()
    for number in range(len(lines)):
        same = torch.equal(before.target_probs[number], after.target_probs[number])
        assert same == (number not in changed)
    loaded = Replay(config, CPU)
    loaded.load_state(replay.state())
    assert_same_games(loaded._rings[(5, 5)].newest(1000), after)
    replay.add(later)  # the first positions are no longer there
    kept = ring.newest(2000)
    replay.refresh(stale, output)
    assert_same_games(ring.newest(2000), kept)


def test_every_position_of_the_window_is_searched_again_as_often() -> None:
    replay = Replay(replay_config(reanalyse_share=0.5, window_exponent=0.5), CPU)
    generator = torch.Generator().manual_seed(1)
    with self_play(replay_config(reanalyse_share=0.5)) as player:
        (games,) = player.play(1000)
    assert replay.stale((5, 5), 50, generator) is None
    replay.add(games)
    ring, window = replay._rings[(5, 5)], replay.window_plies
    assert 100 < window < ring.plies
    assert window % 50
    drawn = torch.zeros(window)
    for _ in range(2000):
        stale = replay.stale((5, 5), 50, generator)
        assert stale is not None
        assert len(set(stale.number.tolist())) == 50
        drawn[stale.number - (ring.end - window)] += 1
    expected = 2000 * 50 / window
    inner = drawn[window % 50 : -(window % 50)]  # the ends lie outside of the parts sometimes
    assert inner.min() > 0.7 * expected
    assert inner.max() < 1.5 * expected
    assert drawn.min() > 0


def test_without_reanalysis_no_legal_actions_are_stored() -> None:
    replay = Replay(replay_config(), CPU)
    replay.add(played("go", (5, 5), 200))
    with pytest.raises(ValueError, match="reanalyse_share is 0"):
        replay.stale((5, 5), 4, torch.Generator())
    with pytest.raises(BadState, match=r"another replay\.reanalyse_share"):
        Replay(replay_config(reanalyse_share=0.1), CPU).load_state(replay.state())
