"""The games of a page: boards that are what was played, and a page that shows them whatever engines are called."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from muzero_engine.games.record import Ending, GameRecord, PlyRecord
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.match.play.openings import random_openings
from muzero_engine.match.results.boards import MOST_GAMES, BoardWriter
from muzero_engine.match.results.page import Played, page_text
from muzero_engine.match.results.standings import make_standings
from muzero_engine.match.results.statistics import Tally
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings

NASTY = "</script><b>Ü強"


def random_game(game: str, plies: int, seed: int = 0, **changes: object) -> GameRecord:
    """A game that was broken off after some random moves."""
    initial = load_game(game).initial(load_game(game).spec.shapes[0])
    (opening,) = random_openings(initial, 1, plies=plies, seed=seed)
    fields: dict[str, object] = {
        "game_name": game,
        "first": "a",
        "second": NASTY,
        "opening": "book 1",
        "pair": 0,
        "game": 0,
        "start": initial.text(),
        "opening_moves": opening.moves[:2],
        "moves": tuple(PlyRecord(move=move, elapsed_s=0.25) for move in opening.moves[2:]),
        "points": 1.0,
        "ending": Ending.CRASH,
        "reason": f"crash: {NASTY}",
    }
    return GameRecord(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("game", BUILT_IN)
def test_the_boards_of_a_page_are_those_of_the_game(game: str) -> None:
    loaded = load_game(game)
    record = random_game(game, 4 if game == "tictactoe" else 40)
    data = json.loads(json.dumps(BoardWriter(loaded, "x").page_data([record])))
    (shown,) = data["games"]
    position = loaded.from_text(record.start)
    assert loaded.board_view is not None
    squares: dict[int, int] = {}
    moves = [*record.opening_moves, *(ply.move for ply in record.moves)]
    assert len(shown["plies"]) == len(moves) + 1
    for ply, (_, _, changed, marks, _) in enumerate(shown["plies"]):
        if ply:
            position.push(position.parse_action(moves[ply - 1]))
        view = loaded.board_view(position)
        squares |= dict(changed)
        seen = {square: data["pieces"][code - 1] for square, code in squares.items() if code}
        assert seen == {
            row * len(view.columns) + column: [
                piece.player,
                piece.kanji or piece.symbol or piece.letter,
                piece.promoted,
            ]
            for (row, column), piece in view.pieces.items()
        }
        assert [mark is None for mark in marks] == [view.left is None, view.arrived is None, view.checked is None]
    assert record.first in shown["record"] or game in ("othello", "tictactoe")


def test_a_game_that_declares_no_view_has_boards_as_text() -> None:
    game = replace(load_game("tictactoe"), board_view=None)
    data = BoardWriter(game, "x").page_data([random_game("tictactoe", 3)])
    assert data["board"] is None
    assert [len(ply) for ply in data["games"][0]["plies"]] == [3] * 4
    assert data["games"][0]["plies"][0][2] == game.initial((3, 3)).board_text()


def test_moves_are_numbered_as_the_game_has_them() -> None:
    black_first = random_game("chess", 0, start="4k3/8/8/8/8/8/4P3/4K3 b - - 0 7", opening_moves=("e8d8", "e2e4"))
    (game,) = BoardWriter(load_game("chess"), "x").page_data([black_first])["games"]
    assert [ply[0] for ply in game["plies"]] == ["start", "7... Kd8", "8. e4"]
    assert game["plies"][-1][1].startswith("opening; a wins; crash: ")


class Reader(HTMLParser):
    """Keeps texts, links, and what stands in scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.bold = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.bold += tag == "b"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_lists_engines_and_games() -> None:
    records = [random_game("chess", 6, seed) for seed in range(MOST_GAMES + 2)]
    records[1] = replace(records[1], opening_moves=("e2e5",))  # cannot be played: its row is there all the same
    engines = [
        EngineSettings(name="a", kind=ClientKind.UCI, command=("a b", "--x"), options=(("Skill", "3"),)),
        EngineSettings(name=NASTY, kind=ClientKind.RANDOM, seed=7),
    ]
    played = Played(event="x", records=records, engines=engines, identities={"a": "A 1.0"})
    text = page_text(make_standings(Tally(records), ["a", NASTY]), "A match", [("machine", "an abacus")], played=played)
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert {"a", NASTY, "A 1.0", "'a b' --x", "Skill = 3", "random, seed 7", "an abacus"} <= set(reader.texts)
    assert f"crash: {NASTY}" in reader.texts
    assert reader.bold == 1  # the viewer's own
    assert reader.links == ["games.pgn"] * len(records)
    assert len(re.findall(r'<tr data-game="\d+">', text)) == MOST_GAMES
    (data,) = [json.loads(part) for part in reader.texts if part.startswith('{"board"')]
    assert len(data["games"]) == MOST_GAMES
    assert data["games"][0]["record"].startswith('[Event "x"]')
    assert data["games"][1]["plies"] == []
