from __future__ import annotations

import base64
import itertools
import re
from pathlib import Path

import pytest
from support.cycles import cycle_record, run_records

from muzero_engine.training.report.charts import charts
from muzero_engine.training.report.report import write_report

PNG = b"\x89PNG\r\n\x1a\n"
ALWAYS = {"game-length", "results", "search-divergence", "throughput", "replay"}
LEARNT = {
    "policy-loss",
    "value-loss",
    "outcome-loss",
    "policy-divergence",
    "ends",
    "consistency",
    "ownership",
    "reanalysis",
    "learning-rate",
    "gradient-norm",
}
MATCHES = {"elo", "scores"}


def test_the_page_holds_every_curve_and_needs_nothing_beside_it(tmp_path: Path) -> None:
    write_report(run_records(), "A <run>", tmp_path / "report.html", tmp_path / "png")
    page = (tmp_path / "report.html").read_text()
    pictures = dict(re.findall(r'<figure id="([\w-]+)"><img alt="[^"]+" src="data:image/png;base64,([^"]+)"', page))
    assert set(pictures) == ALWAYS | LEARNT | MATCHES
    assert all(base64.b64decode(data).startswith(PNG) for data in pictures.values())
    assert "<h1>A &lt;run&gt;</h1>" in page
    assert "http" not in page
    assert "src=" not in re.sub(r'src="data:[^"]+"', "", page)
    for name, data in pictures.items():
        assert (tmp_path / "png" / f"{name}.png").read_bytes() == base64.b64decode(data)


def test_curves_are_those_of_the_records() -> None:
    records = run_records()
    found = {chart.name: chart.curves for chart in charts(records)}
    assert set(found["policy-loss"]) == {f"step {i}" for i in range(6)}
    assert set(found["outcome-loss"]) == {f"step {i}" for i in range(1, 6)}
    learn = records[-1].learn
    assert learn is not None
    assert found["policy-loss"]["step 2"][-1] == (records[-1].step, learn.policy[2])
    dashed = {chart.name: chart.held_out for chart in charts(records)}
    assert dashed["value-loss"]["step 5"][-1][1] == pytest.approx(1.2 * found["value-loss"]["step 5"][-1][1])
    assert set(dashed["policy-loss"]) == set(found["policy-loss"])
    assert not dashed["game-length"]
    assert found["game-length"]["mean"][0] == (records[0].games, records[0].play.length)
    elo = found["elo"]["networks"]
    assert [step for step, _ in elo] == [0, 320, 640, 960, 1280, 1600, 1920]
    assert elo[0][1] == 0.0
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(elo))
    assert len(found["scores"]["random player"]) == 6
    assert found["results"]["second player wins"][0][1] == pytest.approx(0.3)


def test_a_run_that_just_began_has_fewer_curves(tmp_path: Path) -> None:
    records = [cycle_record(1, learnt=False)]
    assert {chart.name for chart in charts(records)} == ALWAYS
    write_report(records, "new", tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
