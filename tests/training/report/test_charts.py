"""The table of charts, filled with the records of a run."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from support.cycles import run_records

from muzero_engine.training.report.charts import CHARTS, charts
from muzero_engine.training.report.draws import times_drawn
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.history import thinned
from muzero_engine.training.report.run_metrics import CycleRecord


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
    assert not dashed["length"]
    assert curves["length"]["mean"][0] == (records[0].games, records[0].play.length)
    elo = curves["elo"]["networks"]
    assert [step for step, _ in elo] == [0, 320, 640, 960, 1280, 1600, 1920]
    assert elo[0][1] == 0.0
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(elo))
    assert len(curves["scores"]["random player"]) == 6
    assert curves["reliability"]["last quarter of the run"] == [(-0.5, -0.25), (0.5, 0.25)]
    assert curves["results"]["second player wins"][0][1] == pytest.approx(0.3)
    assert set(curves["most-drawn"]["by surprise"]) == {(record.games, 0.3) for record in records if record.learn}


def test_curves_of_an_environment_are_returns_and_speak_of_episodes() -> None:
    def of_environment(record: CycleRecord) -> CycleRecord:
        episodes = EpisodesRecord.of([float(record.cycle), 3.0], [10.0, 20.0], 0)
        play = replace(record.play, first_wins=None, draws=None, resigned=None)
        evaluated = episodes if record.cycle % 20 == 0 else None
        return replace(record, play=play, matches=(), episodes=episodes, evaluation=evaluated)

    records = [of_environment(record) for record in run_records(cycles=40)]
    drawn = {chart.name: chart for chart in charts(records)}
    assert drawn["returns"].curves["mean"][-1] == (records[-1].plies, 21.5)
    assert drawn["returns"].curves["quantile 95%"][-1][1] == pytest.approx(38.15)
    assert [place for place, _ in drawn["evaluation"].curves["mean"]] == [records[19].plies, records[39].plies]
    assert (drawn["length"].title, drawn["length"].y) == ("Length of episodes", "environment steps")
    assert drawn["reliability"].y == "mean return"
    assert "results" not in drawn
    assert "elo" not in drawn
    line = f"step {records[39].step:,}: return 21.5 ± 235 (median 21.5, 3 to 40) over 2 episodes of 15 steps"
    assert records[39].evaluation_lines() == [line]


@pytest.mark.parametrize(("slowness", "unit"), [(1.0, "seconds"), (5.0, "minutes"), (200.0, "hours")])
def test_the_time_of_a_short_run_is_told_in_minutes_or_seconds(slowness: float, unit: str) -> None:
    records = [replace(record, seconds=slowness * record.seconds) for record in run_records(cycles=40)]
    throughput = next(chart for chart in charts(records) if chart.name == "throughput")
    assert throughput.x == unit
    last = max(place for points in throughput.curves.values() for place, _ in points)
    assert last == pytest.approx(slowness * 80 / {"seconds": 1, "minutes": 60, "hours": 3600}[unit])


def test_a_position_is_drawn_as_often_as_batches_over_windows_say() -> None:
    records = [
        replace(record, play=replace(record.play, length=20.0))  # times 50 games: all 1,000 plies of a cycle come in
        for record in run_records(
            cycles=60
        )  # windows of 20 cycles, 16 * 128 positions a cycle, none in the first three
    ]
    curves = next(chart for chart in charts(records) if chart.name == "draws").curves
    left = dict(curves["since it came in, to when it left the window"])
    there = dict(curves["so far: it is still in the window"])
    assert left[50 * 30] == pytest.approx(19 * 2048 / 20_000)  # cycles 31 to 49: the 50th begins with the plies behind
    assert left[50 * 1] == pytest.approx(sum(2048 / (1000 * min(cycle, 20)) for cycle in range(4, 21)))
    assert there[50 * 60] == 0.0
    assert there[50 * 50] == pytest.approx(10 * 2048 / 20_000)
    assert left.keys() | there.keys() == {record.games for record in records}


def test_a_thinned_history_says_how_often_positions_were_drawn() -> None:
    records = [replace(record, play=replace(record.play, length=20.0)) for record in run_records(cycles=1000)]
    whole, part = (dict(times_drawn(each)[0]) for each in (records, thinned(records)))
    assert len(part) > 80
    assert all(draws == pytest.approx(whole[games], rel=0.1) for games, draws in part.items() if games > 1000)
