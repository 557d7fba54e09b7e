"""Levels: what stands between two measured ones, and what is refused."""

from __future__ import annotations

import itertools

import pytest

from muzero_engine.inference.levels import BadLevel, Level, LevelSettings, LevelTable

TABLE = LevelTable(
    "chess: Stockfish's scale",
    (
        Level(300.0, 60.0, 100, LevelSettings(1, 3.0, 0.001)),
        Level(1000.0, 40.0, 120, LevelSettings(1, 1.0, 0.01)),
        Level(2000.0, 50.0, 90, LevelSettings(64, 0.2, 0.1)),
    ),
)


def test_a_measured_rating_has_its_settings() -> None:
    for level in TABLE.levels:
        assert TABLE.settings(level.elo) == level.settings


def test_between_two_levels_settings_grow_with_the_rating() -> None:
    played = [TABLE.settings(float(elo)) for elo in range(300, 2001, 10)]
    for weaker, stronger in itertools.pairwise(played):
        assert weaker.order <= stronger.order
        assert weaker.cut <= stronger.cut
    assert TABLE.settings(1500.0) == LevelSettings(8, 0.6, 0.055)


@pytest.mark.parametrize("elo", [299.0, 2001.0, float("nan")])
def test_what_was_not_measured_is_refused(elo: float) -> None:
    with pytest.raises(BadLevel, match="is not from 300 to 2000, what was measured"):
        TABLE.settings(elo)


def test_settings_are_read_as_they_are_written() -> None:
    for level in TABLE.levels:
        assert LevelSettings.parse(level.settings.text()) == level.settings


@pytest.mark.parametrize("text", ["", "1,2", "0,1,0", "1,-1,0", "1,1,2", "1,nan,0", "1,inf,0", "1.5,1,0", "1,1,0,0"])
def test_other_settings_are_refused(text: str) -> None:
    with pytest.raises(BadLevel, match="are no settings of a level"):
        LevelSettings.parse(text)


@pytest.mark.parametrize(
    ("lowest", "highest", "rises"), [(163.6, 164.0, True), (164.3, 164.9, False), (-0.4, 0.4, True)]
)
def test_a_table_has_a_whole_rating_that_can_be_asked_for(lowest: float, highest: float, rises: bool) -> None:
    ends = (Level(lowest, 60.0, 100, LevelSettings(1, 3.0, 0.0)), Level(highest, 60.0, 100, LevelSettings(2, 0.2, 0.0)))
    assert LevelTable("a scale", ends).rises == rises
