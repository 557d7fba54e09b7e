"""The table of charts, filled with the records of a run."""

from __future__ import annotations

import itertools

import pytest
from support.cycles import run_records

from muzero_engine.training.report.charts import CHARTS, charts


def test_every_row_of_the_table_has_one_source_and_a_name_of_its_own() -> None:
    assert len({row.name for row in CHARTS}) == len(CHARTS)
    for row in CHARTS:
        assert [bool(row.values), bool(row.by_unroll_step), row.together is not None].count(True) == 1, row.name


def test_curves_are_those_of_the_records() -> None:
    records = run_records()
    curves = {chart.name: chart.curves for chart in charts(records)}
    assert set(curves["policy-loss"]) == {f"step {i}" for i in range(6)}
    assert set(curves["outcome-loss"]) == {f"step {i}" for i in range(1, 6)}
    learn = records[-1].learn
    assert learn is not None
    assert curves["policy-loss"]["step 2"][-1] == (records[-1].step, learn.policy[2])
    dashed = {chart.name: chart.held_out for chart in charts(records)}
    assert dashed["value-loss"]["step 5"][-1][1] == pytest.approx(1.2 * curves["value-loss"]["step 5"][-1][1])
    assert set(dashed["policy-loss"]) == set(curves["policy-loss"])
    assert not dashed["game-length"]
    assert curves["game-length"]["mean"][0] == (records[0].games, records[0].play.length)
    elo = curves["elo"]["networks"]
    assert [step for step, _ in elo] == [0, 320, 640, 960, 1280, 1600, 1920]
    assert elo[0][1] == 0.0
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(elo))
    assert len(curves["scores"]["random player"]) == 6
    assert curves["reliability"]["last quarter of the run"] == [(-0.5, -0.25), (0.5, 0.25)]
    assert curves["results"]["second player wins"][0][1] == pytest.approx(0.3)
