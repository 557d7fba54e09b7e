"""`muzero-engine calibrate` with three settings, in a game that needs no other program."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result
from support.ladder import record

from muzero_engine.cli import main
from muzero_engine.games.record import GameRecord
from muzero_engine.inference.bundle import load_bundle, read_manifest
from muzero_engine.inference.levels import LevelSettings
from muzero_engine.match.ladder import calibration
from muzero_engine.match.play.game import GamePlan
from muzero_engine.ratings import expected_score

ROOT = Path(__file__).resolve().parents[2]
THREE = (LevelSettings(1, 8.0, 0.0), LevelSettings(1, 1.0, 0.01), LevelSettings(24, 0.2, 0.1))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A bundle without levels."""
    folder = Path(shutil.copytree(ROOT / "weights" / "tictactoe", tmp_path / "weights"))
    (folder / "manifest.json").write_text(replace(read_manifest(folder), levels=None).to_json())
    return folder


class ChanceRunner:
    """Plays nothing: the rating of the later setting is 300 higher, that of random moves 0."""

    def __init__(self, *_arguments: object, concurrency: int, check: object) -> None:
        assert concurrency == 2
        self._chance = random.Random(1)

    def run(self, plans: Iterable[GamePlan], on_game: Callable[[GameRecord], bool]) -> None:
        strengths = {"random": 0.0} | {f"level {one.text()}": 300.0 * i for i, one in enumerate(THREE)}
        for plan in plans:
            first, second = (strengths.get(name, 300.0) for name in (plan.first, plan.second))
            points = float(self._chance.random() < expected_score(first - second))
            on_game(replace(record(plan, points), game_name="tictactoe", start="3x3"))


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "PATH", THREE)
    monkeypatch.setattr("muzero_engine.commands.calibrate.PATH", THREE)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def calibrate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["calibrate", "--game", "tictactoe", *arguments], catch_exceptions=False)


def games_in(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "games.jsonl").read_text().splitlines()[1:]]


def unwritable(dir: Path) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.usefixtures("three")
def test_levels_are_measured_gone_on_with_and_checked(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muzero_engine.commands.calibrate.Runner", ChanceRunner)
    folder = tmp_path / "games"
    arguments = ["--weights", str(weights), "--out", str(folder)]
    assert "games are played in pairs: 4 or 6" in calibrate(*arguments, "--check", "5").output
    with monkeypatch.context() as patched:
        patched.setattr("muzero_engine.files.tempfile.TemporaryFile", unwritable)
        assert f"{weights / 'manifest.json'} cannot be written: Read-only" in calibrate(*arguments).output
    assert not folder.exists()  # nothing was played for it
    begun = calibrate(*arguments, "--games", "20", "--no-write")
    assert begun.exit_code == 0, begun.output
    assert begun.output.startswith(f"the manifest of {weights} stays as it is (--write: ")
    assert f"the levels are in {folder / 'levels.md'}; the same command with --write " in begun.output
    assert read_manifest(weights).levels is None
    first = games_in(folder)
    done = calibrate(*arguments, "--games", "40", "--check", "20")
    assert done.exit_code == 0, done.output
    assert games_in(folder)[: len(first)] == first
    assert done.output.startswith(f"the levels will go into the manifest of {weights} (--no-write: ")
    assert f"the levels are in the manifest of {weights}" in done.output
    table = load_bundle(weights).manifest.levels  # with every hash
    assert table is not None
    assert table.scale == "tictactoe: uniformly random moves = 0"
    assert {level.settings for level in table.levels} >= {THREE[0], THREE[-1]}  # what lies between may be alike
    report = (folder / "levels.md").read_text()
    assert "|Elo|+-|games|simulations|temperature|cut|" in report
    assert report.count("hold") == 4
    better = tuple(replace(level, error=1.0) for level in table.levels)
    (weights / "manifest.json").write_text(
        replace(read_manifest(weights), levels=replace(table, levels=better)).to_json()
    )
    worse = calibrate(*arguments, "--games", "40")
    assert worse.exit_code == 1
    assert "keeps its levels, which are known to +-1 on average" in worse.output
    elsewhere = replace(table, scale="tictactoe: 4x4", levels=better)
    (weights / "manifest.json").write_text(replace(read_manifest(weights), levels=elsewhere).to_json())
    unasked = calibrate(*arguments, "--games", "40")
    assert unasked.exit_code == 0
    there = "its levels of tictactoe: 4x4, known to +-1 on average"
    assert unasked.output.startswith(f"the manifest of {weights} stays as it is, with {there} (--write: ")
    assert read_manifest(weights).levels == elsewhere
    asked = calibrate(*arguments, "--games", "40", "--write")
    assert asked.output.startswith(f"the levels will go into the manifest of {weights} in the place of {there} (")
    assert read_manifest(weights).levels == table


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("named", [False, True])
def test_the_bundle_that_came_along_is_written_only_if_that_is_asked_for(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.setattr("muzero_engine.commands.calibrate.Runner", ChanceRunner)
    for module in ("commands.calibrate", "inference.bundle"):
        monkeypatch.setattr(f"muzero_engine.{module}.shipped_weights_dir", lambda _game: weights.resolve())
    arguments = ["--out", str(tmp_path / "games"), "--games", "20", *(["--weights", str(weights)] if named else [])]
    shown = calibrate(*arguments)
    assert shown.exit_code == 0, shown.output
    assert f"the manifest of {weights} stays as it is" in shown.output
    assert read_manifest(weights).levels is None
    asked = calibrate(*arguments, "--write")
    assert asked.exit_code == 0, asked.output
    assert read_manifest(weights).levels is not None


@pytest.mark.usefixtures("three")
def test_games_are_played_without_a_fault(tmp_path: Path, weights: Path) -> None:
    calibrate("--weights", str(weights), "--out", str(tmp_path / "games"), "--games", "2", "--no-write")
    games = games_in(tmp_path / "games")
    assert len(games) >= 4
    assert {game["ending"] for game in games} == {"rules"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--without", "nobody"], "no opponent 'nobody'"),
        (["--without", "random"], "no opponent is left: install one, or leave fewer out with --without"),
        (["--size", "9"], "leave --size out"),
        (["--weights", "nowhere"], "no weights in nowhere"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], words: str) -> None:
    result = calibrate(*arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1
