"""The report of a ladder, its page, and the rating in the manifest say what the games said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.ladder import ALL, CHESS, SETTINGS, Table

from muzero_engine.games.record import GameRecord
from muzero_engine.inference.bundle import load_bundle, read_manifest
from muzero_engine.inference.manifest import MANIFEST, Rating
from muzero_engine.match.ladder.ladder import BadLadder, placing_of
from muzero_engine.match.ladder.report import (
    ladder_standings,
    manifest_ratings,
    markdown_report,
    progress_line,
    put_ratings,
    text_report,
)
from muzero_engine.match.results.page import page_text

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def games() -> list[GameRecord]:
    return Table(1500.0, crashes="stockfish skill 1").climb(settings=replace(SETTINGS, games=60))


def test_the_report_says_everything(games: list[GameRecord]) -> None:
    placing = placing_of(CHESS, SETTINGS, games)
    assert placing is not None
    rating = f"{placing.rating.elo:.0f} +-{placing.rating.error:.0f}"
    assert progress_line(CHESS, SETTINGS, games) == f"60/200 games: {rating}"
    head, names, *rows = text_report(CHESS, SETTINGS, games).splitlines()
    assert head.startswith(f"muzero, chess: {rating} Elo on the scale ({CHESS.scale}), ")
    assert f"+-{placing.own_error:.0f} within its opponents" in head
    assert "60 games at 0.5 s a move, 1 thread, 2 games side by side" in head
    assert names.split() == ["Elo", "opponent", "+-", "games", "score", "won", "drawn", "lost"]
    assert rows.pop().startswith("stockfish skill 1: ")
    elos = [int(row.split()[0]) for row in rows]
    assert elos == sorted(elos, reverse=True)
    assert sum(int(row.split("%")[0].split()[-2]) for row in rows) == 60
    assert any("fixed" in row for row in rows)


def test_markdown_is_the_same_table(games: list[GameRecord]) -> None:
    text = markdown_report(CHESS, SETTINGS, games)
    head, _, *rows, _, fault = text.splitlines()
    plain = text_report(CHESS, SETTINGS, games).splitlines()
    assert head == plain[0]
    cells = [row.strip("|").replace("|", " ").split() for row in rows if not row.startswith("|-")]
    assert cells == [line.split() for line in plain[1:-1]]
    assert fault == f"- {plain[-1]}"


def test_nothing_is_said_before_the_first_game() -> None:
    assert progress_line(CHESS, SETTINGS, []) == "0/200 games"
    assert text_report(CHESS, SETTINGS, []) == "no games yet"
    assert markdown_report(CHESS, SETTINGS, []) == ""
    assert manifest_ratings(CHESS, SETTINGS, [], "a fast one") == ()
    with pytest.raises(BadLadder):
        ladder_standings(CHESS, SETTINGS, [])


def test_the_page_shows_the_ladders_own_ratings(games: list[GameRecord]) -> None:
    standings = ladder_standings(CHESS, SETTINGS, games)
    placing = placing_of(CHESS, SETTINGS, games)
    assert placing is not None
    assert {row.name: row.rating for row in standings.players}["muzero"] == placing.rating
    assert standings.games == 60
    assert "stockfish skill 2" in page_text(standings, "Ladder", [])


def test_ratings_go_into_the_manifest_and_replace_those_of_before(games: list[GameRecord], tmp_path: Path) -> None:
    folder = tmp_path / "chess"
    shutil.copytree(ROOT / "weights" / "chess", folder)
    other = Rating(elo=1.0, error=2.0, opponent="an earlier net", games=10, conditions="16 simulations")
    (folder / MANIFEST).write_text(replace(read_manifest(folder), ratings=(other,)).to_json())
    ratings = manifest_ratings(CHESS, SETTINGS, games, "a fast one")
    put_ratings(folder, CHESS, ratings, read_manifest(folder).networks_digest())
    put_ratings(folder, CHESS, ratings, read_manifest(folder).networks_digest())
    manifest = load_bundle(folder).manifest
    assert manifest.ratings == (*ratings, other)
    first = manifest.ratings[0]
    assert first.opponent == "the ladder"
    assert 1300 < first.elo < 1700
    assert first.games == 60
    assert "0.5 s a move, 1 thread, 2 games side by side; a fast one; 8 random" in first.conditions
    assert sum(rating.games for rating in manifest.ratings[1:-1]) == 60
    for rating in manifest.ratings[1:-1]:
        assert rating.opponent in ALL
        assert abs(rating.elo) < 1000
    assert read_manifest(folder).files == read_manifest(ROOT / "weights" / "chess").files


def test_a_rating_is_not_replaced_by_one_that_is_known_worse(games: list[GameRecord], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "weights" / "chess", tmp_path / "chess"))
    known = replace(manifest_ratings(CHESS, SETTINGS, games, "a fast one")[0], error=1.0, games=5000)
    (folder / MANIFEST).write_text(replace(read_manifest(folder), ratings=(known,)).to_json())
    with pytest.raises(BadLadder, match=r"keeps its rating, \d+ \+-1 after 5000 games, .*: play more games"):
        put_ratings(
            folder,
            CHESS,
            manifest_ratings(CHESS, SETTINGS, games, "a fast one"),
            read_manifest(folder).networks_digest(),
        )
    assert read_manifest(folder).ratings == (known,)


def test_ratings_of_another_network_are_not_put_into_a_manifest(games: list[GameRecord], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "weights" / "chess", tmp_path / "chess"))
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(BadLadder, match="has another network by now than these games were begun with"):
        put_ratings(folder, CHESS, manifest_ratings(CHESS, SETTINGS, games, "a fast one"), "0" * 16)
    assert (folder / MANIFEST).read_bytes() == before


def test_few_games_say_so(games: list[GameRecord]) -> None:
    assert "are few" not in text_report(CHESS, SETTINGS, games)
    assert text_report(CHESS, SETTINGS, games[:4]).endswith("play on (--games 200)")
    assert markdown_report(CHESS, SETTINGS, games[:4]).rstrip().endswith("play on (--games 200)")
