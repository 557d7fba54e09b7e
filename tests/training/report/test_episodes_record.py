"""What episodes brought, and how sure the mean is."""

from __future__ import annotations

import pytest

from muzero_engine.training.report.episodes_record import EpisodesRecord


def test_a_record_of_episodes() -> None:
    record = EpisodesRecord.of([0.0, 1.0, 2.0, 3.0, 4.0], [10, 10, 20, 20, 40], 1)
    assert (record.mean, record.median, record.lowest, record.highest) == (2.0, 2.0, 0.0, 4.0)
    assert record.half_width == pytest.approx(1.9627, rel=0.01)  # 2.7764 standard errors of 0.7071
    assert (record.length, record.truncated) == (20.0, 0.2)
    assert record.sentence() == "return 2 ± 1.96 (median 2, 0 to 4) over 5 episodes of 20 steps, 1 of them cut off"


def test_a_single_episode_has_no_interval() -> None:
    record = EpisodesRecord.of([7.0], [3], 0)
    assert record.half_width is None
    assert record.sentence() == "return 7 (median 7, 7 to 7) over 1 episode of 3 steps"


def test_equal_returns_have_no_spread() -> None:
    assert EpisodesRecord.of([-0.3] * 30, [10] * 30, 0).half_width == 0.0


def test_a_sentence_says_how_many_episodes_were_cut_off() -> None:
    cut = EpisodesRecord.of([1.0, 1.0], [1, 1], truncated=2).sentence()
    assert cut == "return 1 ± 0 (median 1, 1 to 1) over 2 episodes of 1 step, 2 of them cut off"
