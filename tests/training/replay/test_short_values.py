"""Values soon after, against the sum that defines them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.self_play import CPU, played, small_config

from muzero_engine.training.config import HORIZONS
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.replay.short_values import short_values


def test_they_are_the_weighted_mean_of_the_values_to_come() -> None:
    generator = torch.Generator().manual_seed(1)
    lengths = torch.tensor([5, 1, 8])
    count = int(lengths.sum())
    mover = torch.tensor([0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0], dtype=torch.uint8)
    roots = 2 * torch.rand(count, generator=generator) - 1
    winner_view = torch.tensor([1.0, 0.0, -1.0]).repeat_interleave(lengths)  # player 0's
    sign = 1.0 - 2.0 * mover.float()
    values = short_values(roots, (winner_view * sign).to(torch.int8), mover, lengths)
    start = 0
    for length in lengths.tolist():
        for ply in range(length):
            for column, horizon in enumerate(HORIZONS):
                decay, expected = 1 - 1 / horizon, 0.0
                for later in range(ply, length):
                    expected += (1 - decay) * decay ** (later - ply) * float(roots[start + later] * sign[start + later])
                expected += decay ** (length - ply) * float(winner_view[start])
                assert float(values[start + ply, column]) == pytest.approx(
                    expected * float(sign[start + ply]), abs=1e-5
                )
        start += length


def test_batches_have_them_where_they_are_learnt() -> None:
    config = small_config("chess", (8, 8))
    games = played("chess", (8, 8), 300)
    generator = torch.Generator().manual_seed(1)
    plain = Replay(config, CPU)
    plain.add(games)
    assert plain.draw(8, generator).short_value is None
    replay = Replay(replace(config, learner=replace(config.learner, short_value_weight=0.5)), CPU)
    replay.add(games)
    batch = replay.draw(64, generator)
    assert batch.short_value is not None
    assert batch.short_value.shape == (64, config.learner.unroll + 1, len(HORIZONS))
    assert batch.short_value[batch.has_value].abs().max() <= 1.0
