"""A bundle is rated anew by the results in its manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.ladder import CHESS, SETTINGS, Table

from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import Manifest
from muzero_engine.match.ladder.ladder import BadLadder, placing_of
from muzero_engine.match.ladder.refit import refit
from muzero_engine.match.ladder.report import manifest_ratings

CARD = read_manifest(Path(__file__).resolve().parents[3] / "weights" / "chess")


@pytest.fixture(scope="module")
def rated() -> Manifest:
    games = Table(1700.0).climb(settings=replace(SETTINGS, games=60))
    return replace(CARD, ratings=manifest_ratings(CHESS, SETTINGS, games, "a fast one"))


def test_it_is_the_rating_of_the_games(rated: Manifest) -> None:
    games = Table(1700.0).climb(settings=replace(SETTINGS, games=60))
    placing, anew = placing_of(CHESS, SETTINGS, games), refit(CHESS, rated)
    assert placing is not None
    assert anew.placing.rating.elo == pytest.approx(placing.rating.elo, abs=10)  # moving first is not told there
    assert anew.placing.rating.error == pytest.approx(placing.rating.error, rel=0.1)
    assert anew.ratings[1:] == rated.ratings[1:]
    assert anew.ratings[0].games == 60
    tail = rated.ratings[0].conditions.split(" within its opponents; ")[1]
    assert anew.ratings[0].conditions.endswith(f" within its opponents; {tail}")
    rows = [line.strip("|").split("|") for line in anew.table.splitlines()[2:]]
    assert sum(int(row[3]) for row in rows) == 60
    assert [int(row[0]) for row in rows] == sorted((int(row[0]) for row in rows), reverse=True)


def test_manifests_that_say_too_little_are_refused(rated: Manifest) -> None:
    whole, first, *_ = rated.ratings
    with pytest.raises(BadLadder, match="no results on the ladder of chess"):
        refit(CHESS, replace(rated, ratings=(whole,)))
    with pytest.raises(BadLadder, match="nobody is not on the ladder"):
        refit(CHESS, replace(rated, ratings=(whole, replace(first, opponent="nobody"))))
    with pytest.raises(BadLadder, match="how many games against"):
        refit(CHESS, replace(rated, ratings=(whole, replace(first, conditions="ladder of chess: many"))))
