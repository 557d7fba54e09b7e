"""A run that begins with a bundle goes on with the history of the runs before it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.cycles import STEPS_A_CYCLE, cycle_record, run_records

from muzero_engine.inference.manifest import HISTORY
from muzero_engine.training.report.history import EARLIER, history, joined, keep_earlier, thinned
from muzero_engine.training.report.run_metrics import METRICS_FILE, BadMetrics, MatchRecord, lines, ratings


def test_a_run_goes_on_where_the_one_before_it_ended() -> None:
    before, records = run_records(40), run_records(60)
    both = joined(before, records)
    assert both[:40] == before
    assert [record.cycle for record in both] == list(range(1, 101))
    for name in ("step", "games", "plies", "seconds", "device_seconds"):
        counts = [getattr(record, name) for record in both]
        assert counts == sorted(counts)
        assert counts[-1] == getattr(before[-1], name) + getattr(records[-1], name)
    assert both[-1].learn == records[-1].learn
    assert joined([], records) == records


def test_networks_keep_their_strength_beyond_their_run() -> None:
    before = run_records(40)
    random = MatchRecord(opponent="random", wins=9, draws=0, losses=1)
    first = MatchRecord(opponent="net-0", wins=30, draws=0, losses=10)
    both = joined(before, [cycle_record(1, matches=(random, first))])
    end = before[-1].step
    assert both[-1].matches == (random, MatchRecord(opponent=f"net-{end}", wins=30, draws=0, losses=10))
    elo = ratings(both)
    assert elo[f"net-{end + STEPS_A_CYCLE}"] > elo[f"net-{end}"] > elo["net-0"] == 0.0


def test_a_run_whose_first_network_played_no_match_begins_where_the_last_one_that_did_was() -> None:
    before = [*run_records(40), cycle_record(41)]
    first = MatchRecord(opponent="net-0", wins=30, draws=0, losses=10)
    elo = ratings(joined(before, [cycle_record(1, matches=(first,)), cycle_record(2, matches=(first,))]))
    start = before[-1].step
    assert f"net-{start}" not in elo
    for steps in (1, 2):
        assert elo[f"net-{start + steps * STEPS_A_CYCLE}"] - elo["net-640"] == pytest.approx(190, abs=20)  # 75%


def test_networks_that_met_none_of_the_others_have_no_rating() -> None:
    alone = (MatchRecord(opponent="greedy", wins=3, draws=0, losses=1),)
    elo = ratings([*run_records(40), cycle_record(60, matches=alone)])
    assert "net-640" in elo
    assert not {"greedy", "net-960"} & set(elo)


def test_a_long_history_is_thinned() -> None:
    records = run_records(1000, every=100)
    kept = thinned(records, 50)
    assert 50 <= len(kept) <= 62
    assert kept[-1] == records[-1]
    assert [record for record in kept if record.matches] == [record for record in records if record.matches]
    gaps = [after.cycle - before.cycle for before, after in itertools.pairwise(kept)]
    assert max(gaps) <= 20
    assert thinned(records[:30], 50) == records[:30]
    assert thinned([]) == []
    filling = [cycle_record(cycle, learnt=False) for cycle in range(1, 4)]
    assert thinned(filling, 2)[-1] == filling[-1]


def test_a_run_keeps_the_history_of_its_first_network(tmp_path: Path) -> None:
    bundle, run = tmp_path / "bundle", tmp_path / "run"
    bundle.mkdir()
    keep_earlier(run, None)
    assert not run.exists()
    (bundle / HISTORY).write_bytes(lines(run_records(20)))
    keep_earlier(run, bundle / HISTORY)
    (run / METRICS_FILE).write_bytes(lines(run_records(30)))
    assert history(run) == joined(run_records(20), run_records(30))
    assert history(run, STEPS_A_CYCLE * 10) == joined(run_records(20), run_records(10))
    keep_earlier(run, None)  # another run begins in its folder, from nothing
    assert history(run) == run_records(30)


def test_a_foreign_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / HISTORY).write_text("what\n")
    with pytest.raises(BadMetrics, match="line 1"):
        keep_earlier(tmp_path / "run", tmp_path / HISTORY)
    assert not (tmp_path / "run" / EARLIER).exists()
