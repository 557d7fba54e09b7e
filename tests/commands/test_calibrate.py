"""`muzero-engine calibrate` with three settings, in a game that needs no other program."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from muzero_engine.cli import main
from muzero_engine.inference.bundle import load_bundle, read_manifest
from muzero_engine.inference.levels import LevelSettings
from muzero_engine.match.ladder import calibration, level_checks

ROOT = Path(__file__).resolve().parents[2]
THREE = (LevelSettings(1, 8.0, 0.0), LevelSettings(1, 1.0, 0.01), LevelSettings(24, 0.2, 0.1))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A bundle without levels."""
    folder = Path(shutil.copytree(ROOT / "weights" / "tictactoe", tmp_path / "weights"))
    (folder / "manifest.json").write_text(replace(read_manifest(folder), levels=None).to_json())
    return folder


def calibrate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["calibrate", "--game", "tictactoe", *arguments], catch_exceptions=False)


def test_levels_are_measured_gone_on_with_and_checked(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "PATH", THREE)
    monkeypatch.setattr("muzero_engine.commands.calibrate.PATH", THREE)
    monkeypatch.setattr(level_checks, "BLOCK", 1)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    arguments = ["--weights", str(weights), "--out", str(tmp_path / "games")]
    begun = calibrate(*arguments, "--games", "4", "--no-write")
    assert begun.exit_code == 0, begun.output
    assert read_manifest(weights).levels is None
    done = calibrate(*arguments, "--games", "8", "--check", "2", "--concurrency", "1")
    assert done.exit_code == 0, done.output
    assert f"the levels are in the manifest of {weights}" in done.output
    table = load_bundle(weights).manifest.levels  # with every hash
    assert table is not None
    assert table.scale == "tictactoe: uniformly random moves = 0"
    assert {level.settings for level in table.levels} & set(THREE)
    better = tuple(replace(level, error=1.0) for level in table.levels)
    (weights / "manifest.json").write_text(
        replace(read_manifest(weights), levels=replace(table, levels=better)).to_json()
    )
    worse = calibrate(*arguments, "--games", "8")
    assert worse.exit_code == 1
    assert "keeps its levels, which are known to +-1 on average" in worse.output
    report = (tmp_path / "games" / "levels.md").read_text()
    assert "|Elo|+-|games|simulations|temperature|cut|" in report
    games = [json.loads(line) for line in (tmp_path / "games" / "games.jsonl").read_text().splitlines()[1:]]
    for settings in THREE:
        name = f"level {settings.text()}"
        assert sum(name in (game["first"], game["second"]) for game in games) >= 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--without", "nobody"], "no opponent 'nobody'"),
        (["--size", "9"], "leave --size out"),
        (["--weights", "nowhere"], "no weights in nowhere"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], words: str) -> None:
    result = calibrate(*arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1
