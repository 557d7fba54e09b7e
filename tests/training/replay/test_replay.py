"""The replay: its window, the games held out, boards drawn in proportion, and what is saved of it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from support.replay import replay_config, split, whole_batch
from support.self_play import CPU, played, small_config
from torch import Tensor

from muzero_engine.games.registry import load_game
from muzero_engine.training.config import ReplaySettings
from muzero_engine.training.replay.replay import HELD_OUT_EVERY, Replay
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import BadState, Batch

torch.set_num_threads(1)


def test_the_window_grows_slower_than_the_plies_and_is_drawn_uniformly() -> None:
    replay = Replay(replay_config(window_exponent=0.5), CPU)
    assert replay.window_plies == 0
    assert not replay.ready
    parts = split(played("go", (5, 5), 1000))
    for part in parts:
        replay.add(part)
        stored = replay.stored_plies
        assert replay.window_plies == (stored if stored <= 100 else int(stored * (stored / 100) ** -0.5))
    assert replay.ready
    assert replay.games == len(parts)
    ring = replay._rings[(5, 5)]
    batch = replay.draw(4000, torch.Generator().manual_seed(3))
    everything = whole_batch(ring, "go", torch.arange(ring.first, ring.end))
    window = replay.window_plies
    seen = {tuple(row) for row in batch.observation.flatten(1).tolist()}
    inside = {tuple(row) for row in everything.observation[-window:].flatten(1).tolist()}
    outside = {tuple(row) for row in everything.observation[:-window].flatten(1).tolist()}
    assert seen == inside
    assert outside - inside


def test_the_window_ends_at_the_capacity() -> None:
    replay = Replay(replay_config(window_exponent=1.0, capacity_plies=300), CPU)
    replay.add(played("go", (5, 5), 1000))
    assert 200 < replay.window_plies <= 300
    full = Replay(replay_config(min_plies=300, capacity_plies=300), CPU)
    full.add(played("go", (5, 5), 1000))
    assert full.ready


def test_some_games_are_held_out() -> None:
    replay = Replay(replay_config(), CPU)
    generator = torch.Generator().manual_seed(1)
    assert replay.draw_held_out(4, generator) is None
    parts = split(played("go", (5, 5), 2000))
    assert len(parts) >= HELD_OUT_EVERY
    for part in parts[:HELD_OUT_EVERY]:
        replay.add(part)
    held = parts[HELD_OUT_EVERY - 1]
    assert sum(ring.plies for ring in replay._held_out.values()) == len(held.action)
    assert replay.stored_plies == sum(len(part.action) for part in parts[: HELD_OUT_EVERY - 1])
    batch = replay.draw_held_out(100, generator)
    assert batch is not None
    ring = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    ring.add(held)
    known = {tuple(row) for row in whole_batch(ring, "go").observation.flatten(1).tolist()}
    assert {tuple(row) for row in batch.observation.flatten(1).tolist()} <= known


def test_held_out_positions_are_as_new_as_those_that_are_learnt_from() -> None:
    replay = Replay(replay_config(window_exponent=0.5, capacity_plies=100_000), CPU)
    parts = split(played("go", (5, 5), 2000))[:HELD_OUT_EVERY]
    for result in (1, 1, 1, 1, 0):  # the newest games are known by theirs
        for part in parts:
            replay.add(replace(part, result=torch.full_like(part.result, result)))
    assert 5 * replay.window_plies < replay.stored_plies
    held_out = replay.draw_held_out(100, torch.Generator().manual_seed(1))
    assert held_out is not None
    assert held_out.result.eq(0).all()
    assert replay.draw(100, torch.Generator().manual_seed(1)).result.eq(0).all()


@pytest.mark.parametrize(("consistency", "decoder"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_a_later_observation_is_there_where_a_loss_needs_them(consistency: float, decoder: float) -> None:
    config = small_config("tictactoe", (3, 3))
    learner = replace(config.learner, consistency_weight=consistency, decoder_weight=decoder)
    replay = Replay(replace(config, learner=learner), CPU)
    replay.add(played("tictactoe", (3, 3), 100))
    batch = replay.draw(4, torch.Generator().manual_seed(1))
    assert (batch.later_observation is not None) == (consistency + decoder > 0)


def test_drawing_from_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no game has ended yet"):
        Replay(replay_config(), CPU).draw(4, torch.Generator())


def assert_same_batches(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert torch.equal(left, right) if isinstance(left, Tensor) else left == right, field.name


def test_boards_are_drawn_in_proportion_to_their_plies() -> None:
    config = small_config("go", (5, 5), (6, 6))
    replay = Replay(config, CPU)
    small, large = played("go", (5, 5), 200), played("go", (6, 6), 700)
    replay.add(small)
    replay.add(large)
    generator = torch.Generator().manual_seed(1)
    shapes = [replay.draw(2, generator).shape for _ in range(300)]
    expected = len(small.action) / (len(small.action) + len(large.action))
    assert shapes.count((5, 5)) / 300 == pytest.approx(expected, abs=0.1)


def test_a_saved_replay_goes_on_exactly() -> None:
    config = replace(
        small_config("go", (5, 5)), replay=ReplaySettings(capacity_plies=700, min_plies=100, window_exponent=0.9)
    )
    unbroken, resumed = Replay(config, CPU), Replay(config, CPU)
    parts = split(played("go", (5, 5), 2000))
    for part in parts[:60]:
        unbroken.add(part)
    unbroken.draw(8, torch.Generator().manual_seed(1))
    resumed.load_state(unbroken.state())
    for part in parts[60:]:
        unbroken.add(part)
        resumed.add(part)
        generators = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
        assert_same_batches(unbroken.draw(16, generators[0]), resumed.draw(16, generators[1]))
    left, right = unbroken.draw_held_out(9, generators[0]), resumed.draw_held_out(9, generators[1])
    assert left is not None
    assert right is not None
    assert_same_batches(left, right)
    assert unbroken.games == resumed.games


def test_a_sample_holds_the_newest_games_that_fit() -> None:
    config = small_config("go", (5, 5))
    replay, smaller = Replay(config, CPU), Replay(config, CPU)
    replay.add(played("go", (5, 5), 1000))
    whole, sample = replay.state(), replay.state(max_bytes=10_000)
    size = sum(tensor.nbytes for tensor in sample.values())
    assert 5_000 < size < 15_000
    assert torch.equal(sample["train.5x5.action"], whole["train.5x5.action"][-len(sample["train.5x5.action"]) :])
    smaller.load_state(sample)
    assert 0 < smaller.window_plies < replay.window_plies
    assert smaller.stored_plies == replay.stored_plies
    smaller.draw(8, torch.Generator())


def test_a_replay_of_other_boards_or_targets_is_refused() -> None:
    replay = Replay(small_config("go", (5, 5)), CPU)
    replay.add(played("go", (5, 5), 200))
    with pytest.raises(BadState, match="no games on 6x6"):
        Replay(small_config("go", (6, 6)), CPU).load_state(replay.state())
    config = small_config("go", (5, 5))
    other = replace(config, search=replace(config.search, target_actions=4))
    with pytest.raises(BadState, match="number of target actions"):
        Replay(other, CPU).load_state(replay.state())
