"""Records of cycles are read as they were written, whatever a kill or a resume did."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.cycles import cycle_record

from muzero_engine.training.report import run_metrics
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.run_metrics import METRICS_FILE, BadMetrics, MatchRecord, MetricsLog, read_records


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path)
    matches = (MatchRecord(opponent="random", wins=3, draws=2, losses=1),)
    records = [cycle_record(1, learnt=False), cycle_record(2), cycle_record(3, matches=matches)]
    for i, record in enumerate(records, 1):
        log.append(record)
        assert read_records(tmp_path) == records[:i]  # flushed
    log.close()
    lines = (tmp_path / METRICS_FILE).read_text().splitlines()
    keys = [set(json.loads(line)) for line in lines]
    assert keys[0] == keys[1] == keys[2]


def test_a_run_that_resumes_drops_what_it_will_play_again(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path)
    for cycle in range(1, 6):
        log.append(cycle_record(cycle))
    log.close()
    resumed = MetricsLog(tmp_path, cycle=3)
    assert [record.cycle for record in resumed.records] == [1, 2, 3]
    resumed.append(cycle_record(4))
    resumed.close()
    assert [record.cycle for record in read_records(tmp_path)] == [1, 2, 3, 4]
    MetricsLog(tmp_path).close()
    assert read_records(tmp_path) == []


def test_only_one_rank_writes(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path, silent=True)
    log.append(cycle_record(1))
    log.close()
    assert [record.cycle for record in log.records] == [1]
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_a_kill_cut_off_is_not_read(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path)
    log.append(cycle_record(1))
    log.append(cycle_record(2))
    log.close()
    path = tmp_path / METRICS_FILE
    path.write_bytes(path.read_bytes()[:-20])
    assert [record.cycle for record in read_records(tmp_path)] == [1]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog(tmp_path)
    log.close()
    monkeypatch.setattr(MetricsLog, "_is_there", lambda *_: True)
    log._file = Path("/dev/full").open("a", encoding="utf-8")  # noqa: SIM115 # the log closes it
    with pytest.raises(OSError, match="No space left") as caught:
        log.append(cycle_record(1))
    assert caught.value.filename == str(tmp_path / METRICS_FILE)
    with contextlib.suppress(OSError):
        log.close()


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / METRICS_FILE
    with pytest.raises(BadMetrics, match="cannot be read: No such file"):
        read_records(tmp_path)
    path.write_text("{}\n")
    with pytest.raises(BadMetrics, match="line 1: the line lacks cycle"):
        read_records(tmp_path)
    path.write_text("what\n")
    with pytest.raises(BadMetrics, match="line 1"):
        read_records(tmp_path)
    episodes = EpisodesRecord.of([1.0, 2.0], [3, 4], truncated=0)
    cut = replace(cycle_record(1), episodes=replace(episodes, quantiles=episodes.quantiles[:4]))
    path.write_bytes(run_metrics.lines([cut]))
    with pytest.raises(BadMetrics, match="quantiles must be five numbers"):
        read_records(tmp_path)
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(BadMetrics, match="cannot be read"):
        read_records(tmp_path)


def test_the_score_of_a_match() -> None:
    assert MatchRecord(opponent="random", wins=3, draws=2, losses=1).score == pytest.approx(4 / 6)
    assert MatchRecord(opponent="random", wins=0, draws=0, losses=0).score == 0.0


@pytest.mark.skipif(os.name != "posix", reason="Windows moves no folder in which a file is open")
def test_a_folder_that_is_moved_away_while_a_run_goes_on_costs_no_record(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    log = MetricsLog(run)
    for cycle in (1, 2):
        log.append(cycle_record(cycle))
    run.rename(tmp_path / "elsewhere")
    for cycle in (3, 4):
        log.append(cycle_record(cycle))
    log.close()
    assert [record.cycle for record in read_records(run)] == [1, 2, 3, 4]
    assert [record.cycle for record in read_records(tmp_path / "elsewhere")] == [1, 2]
