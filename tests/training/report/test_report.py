"""The page of a run holds every curve and needs nothing beside it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from support.cycles import cycle_record, run_records

from muzero_engine.training.report.charts import charts
from muzero_engine.training.report.report import PicturesInTheWay, write_report

PNG = b"\x89PNG\r\n\x1a\n"
ALWAYS = {"length", "results", "search-divergence", "throughput", "replay"}
LEARNT = {
    "policy-loss",
    "value-loss",
    "outcome-loss",
    "policy-divergence",
    "ends",
    "consistency",
    "ownership",
    "reanalysis",
    "reliability",
    "learning-rate",
    "gradient-norm",
    "draws",
    "most-drawn",
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


def test_pictures_replace_those_of_the_same_run_alone(tmp_path: Path) -> None:
    page, png = tmp_path / "report.html", tmp_path / "png"
    records = [cycle_record(1, learnt=False)]
    for _ in range(2):
        write_report(records, "one", page, png, run="one")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(PicturesInTheWay, match="is not known to be of this run: remove it"):
        write_report(records, "another", page, png, run="another")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_run_that_just_began_has_fewer_curves(tmp_path: Path) -> None:
    records = [cycle_record(1, learnt=False)]
    assert {chart.name for chart in charts(records)} == ALWAYS
    write_report(records, "new", tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
