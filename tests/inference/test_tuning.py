"""The batch size follows from how fast a model is."""

from __future__ import annotations

import time

import pytest
from support.fakes import HashModel

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.inference.tuning import BATCHES, Measurement, best_batch, tune
from muzero_engine.model import RecurrentOutput

SPEC = load_game("tictactoe").spec
SHAPE: Shape = (3, 3)


class TimedModel(HashModel):
    """A fake whose calls advance a clock: `call` seconds and `sample` seconds more for each sample."""

    def __init__(self, call: float, sample: float, largest_batch: int = 32) -> None:
        super().__init__(SPEC, SHAPE)
        self._largest_batch = largest_batch
        self.now = 0.0
        self._call = call
        self._sample = sample

    @property
    def planes(self) -> int:
        return SPEC.layout.planes

    @property
    def largest_batch(self) -> int:
        return self._largest_batch

    def clock(self) -> float:
        return self.now

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        self.now += self._call + self._sample * len(action)
        return super().recurrent_inference(latent, action)


def test_a_model_that_gains_from_batches_gets_the_largest() -> None:
    model = TimedModel(call=0.01, sample=0.0001)
    tuning = tune(model, SHAPE, seconds=0.6)
    assert tuning.batch == 32
    assert [row.batch for row in tuning.table] == [1, 2, 4, 8, 16, 32]
    for row in tuning.table:
        assert row.latency == pytest.approx(0.01 + 0.0001 * row.batch)
        assert row.evaluations_per_second == pytest.approx(row.batch / row.latency)


def test_a_graphics_card_is_tried_with_hundreds() -> None:
    tuning = tune(TimedModel(call=0.002, sample=1e-5, largest_batch=512), SHAPE, seconds=0.6)
    assert tuple(row.batch for row in tuning.table) == BATCHES
    assert tuning.batch == 512


def test_a_batch_never_takes_longer_than_stop_may_wait() -> None:
    model = TimedModel(call=0.005, sample=0.003)
    assert tune(model, SHAPE, seconds=0.6).batch == 4
    assert tune(model, SHAPE, seconds=0.6, max_latency=0.1).batch == 16


def test_a_model_that_gains_nothing_stays_at_one() -> None:
    model = TimedModel(call=0.0, sample=0.004)
    assert tune(model, SHAPE, seconds=0.6).batch == 1


def test_a_slow_model_is_measured_once_at_one() -> None:
    model = TimedModel(call=2.0, sample=0.0)
    tuning = tune(model, SHAPE, seconds=0.5)
    assert tuning.batch == 1
    assert len(tuning.table) == 1
    assert model.calls <= 3


def test_the_time_is_kept() -> None:
    model = TimedModel(call=0.004, sample=0.0001)
    tune(model, SHAPE, seconds=0.5)
    assert 0.4 < model.now < 0.6


def test_it_ends_at_the_next_call_when_it_is_due() -> None:
    model = TimedModel(call=0.004, sample=0.0001)
    tuning = tune(model, SHAPE, seconds=0.5, due=lambda: model.calls >= 5)
    assert model.calls <= 6
    assert len(tuning.table) == 1


def test_a_busy_machine_is_not_waited_for() -> None:
    model = TimedModel(call=0.0, sample=0.0)  # hardly gets to work
    started = time.perf_counter()
    tuning = tune(model, SHAPE, seconds=0.05)
    assert 0.1 <= time.perf_counter() - started < 10.0
    assert len(tuning.table) == 1


def test_a_smaller_batch_wins_that_is_nearly_as_fast() -> None:
    """A batch costs the search 0.1 ms beside the network: 8 leaves at 6703/s make 6185 simulations/s, 16 make 6475."""
    rates = [5135, 5956, 6546, 6703, 6748, 6800]
    table = [Measurement(batch, batch / rate, rate) for batch, rate in zip(BATCHES, rates, strict=False)]
    assert best_batch(table, 0.02) == 16


def test_the_smallest_batch_is_taken_where_none_is_fast_enough() -> None:
    table = [Measurement(1, 0.5, 2.0), Measurement(2, 0.6, 3.3)]
    assert best_batch(table, 0.02) == 1
