"""The page of a match holds everything and needs nothing beside it."""

from __future__ import annotations

import struct
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.scores import round_robin

from muzero_engine.figures import PicturesUnavailable
from muzero_engine.match.results.page import page_text, write_page, write_pictures
from muzero_engine.match.results.pictures import cross_png, ratings_png
from muzero_engine.match.results.standings import Standings, make_standings
from muzero_engine.match.results.statistics import Sprt, Tally

STRENGTHS = {"muzero <net 1>": 100.0, "a $5 engine & $6 more": 0.0, "never plays": 0.0, "weak " + "x" * 50: -300.0}
FACTS = [("Time control", "0.5 s a move"), ("Openings", "<random>")]


class Reader(HTMLParser):
    """Checks that tags are closed, and keeps texts and sources."""

    VOID = ("meta", "img", "!doctype")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def standings(games: int = 10) -> Standings:
    players = {name: elo for name, elo in STRENGTHS.items() if name != "never plays"}
    return make_standings(Tally(round_robin(players, games)), list(STRENGTHS))


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def test_the_page_holds_everything_and_needs_nothing(tmp_path: Path) -> None:
    write_page(standings(), "A <match>", FACTS, tmp_path / "page.html", sprt=Sprt())
    reader = read((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert {*STRENGTHS, "A <match>", "<random>", "0.5 s a move"} <= set(reader.texts)
    assert any("LLR" in text for text in reader.texts)
    assert [source[:22] for source in reader.sources] == ["data:image/png;base64,"]
    assert len([text for text in reader.texts if text.endswith("/20")]) == 6


@pytest.mark.parametrize("games", [0, 1])
def test_a_page_and_pictures_of_the_very_beginning(games: int, tmp_path: Path) -> None:
    read(page_text(standings(games), "Beginning", []))
    write_pictures(standings(games), "Beginning", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cross.png", "ratings.png"]


def test_pictures_grow_with_the_players() -> None:
    few, many = standings(), make_standings(Tally(), [f"player {i}" for i in range(40)])
    for draw in (ratings_png, cross_png):
        width, height = size(draw(few, "Few"))
        assert width > 600
        assert height > 100
    assert all(
        of_many > of_few for of_many, of_few in zip(size(cross_png(many, "M")), size(cross_png(few, "F")), strict=True)
    )
    assert size(ratings_png(standings(), "Few"))[1] > size(ratings_png(many, "One has a rating"))[1]


def test_without_matplotlib_there_are_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    reader = read(page_text(standings(), "A match", FACTS))
    assert reader.sources == []
    assert any("the extra `pictures`" in text for text in reader.texts)
    assert set(STRENGTHS) <= set(reader.texts)
    with pytest.raises(PicturesUnavailable, match="extra `pictures`"):
        write_pictures(standings(), "A match", tmp_path)
    assert list(tmp_path.iterdir()) == []
