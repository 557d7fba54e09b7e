"""Records of games that were judged wrongly on purpose: this project's rules and those of others find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.other_rules import problems

from muzero_engine.games.record import Ending, GameRecord, PlyRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.records.store import Store
from muzero_engine.match.records.verify import verify
from muzero_engine.match.settings.match_settings import BadMatch

SHUFFLE = "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8"
ROOKS = "2h3h 8b7b 3h2h 7b8b " * 3
CHECKS = "8h9h 9a8a 9h8h 8a9a " * 3
PERPETUAL = "k8/9/9/9/9/9/9/1R7/8K b - 1"


def game_record(game: str, line: str, points: float, ending: Ending, **changes: object) -> GameRecord:
    loaded = load_game(game)
    fields: dict[str, object] = {
        "game_name": game,
        "first": "a",
        "second": "b",
        "opening": "x",
        "pair": 0,
        "game": 0,
        "start": loaded.initial(loaded.spec.shapes[0]).text(),
        "opening_moves": (),
        "moves": tuple(PlyRecord(move=move, elapsed_s=0.1) for move in line.split()),
        "points": points,
        "ending": ending,
        "reason": "for this test",
    }
    return GameRecord(**(fields | changes))  # type: ignore[arg-type]


def stored(folder: Path, *records: GameRecord, facts: dict[str, object] | None = None) -> Path:
    """A match of these games."""
    store = Store.create(folder / "t", records[0].game_name, "test", facts or {})
    for record in records:
        store.add(record)
    return store.folder


def wrong(folder: Path) -> list[str]:
    return [f"{line}: {text}" for line, text in verify(folder).problems]


@pytest.mark.parametrize(
    ("game", "line", "points", "ending", "changes"),
    [
        ("chess", "f2f3 e7e5 g2g4 d8h4", 0.0, Ending.RULES, {}),
        ("chess", SHUFFLE, 0.5, Ending.RULES, {}),
        ("chess", "e2e4", 1.0, Ending.ILLEGAL_MOVE, {}),
        ("chess", "e2e4", 0.0, Ending.ADJUDICATION, {}),
        ("shogi", ROOKS, 0.5, Ending.RULES, {"reason": "fourfold repetition"}),
        ("shogi", CHECKS, 0.0, Ending.RULES, {"start": PERPETUAL, "reason": "perpetual check"}),
        ("shogi", "2h3h", 1.0, Ending.RESIGNATION, {}),
        ("go", "E5 pass pass", 1.0, Ending.RULES, {"area": 73.5}),
        ("go", "E5", 1.0, Ending.PLY_CAP, {"area": 73.5}),
        ("go", "E5", 1.0, Ending.TIME_LOSS, {}),
    ],
)
def test_right(tmp_path: Path, game: str, line: str, points: float, ending: Ending, changes: dict[str, object]) -> None:
    folder = stored(tmp_path, game_record(game, line, points, ending, **changes))
    assert wrong(folder) == []
    assert problems(folder) == []


@pytest.mark.parametrize(
    ("game", "line", "points", "ending", "changes"),
    [
        ("chess", "f2f3 e7e5 g2g4 d8h4", 1.0, Ending.RULES, {}),
        ("chess", "f2f3 e7e5 g2g4", 1.0, Ending.RULES, {}),
        ("chess", "f2f3 e7e5 g2g4 d8h4", 0.0, Ending.CRASH, {}),
        ("chess", SHUFFLE, 1.0, Ending.RULES, {}),
        ("chess", f"{SHUFFLE} e2e4", 0.0, Ending.ADJUDICATION, {}),
        ("chess", "e2e4", 0.0, Ending.ILLEGAL_MOVE, {}),
        ("chess", "e2e4", 1.0, Ending.PLY_CAP, {}),
        ("shogi", ROOKS, 1.0, Ending.RULES, {"reason": "fourfold repetition"}),
        ("shogi", f"{ROOKS} 7g7f", 1.0, Ending.RESIGNATION, {}),
        ("shogi", CHECKS, 0.5, Ending.RULES, {"start": PERPETUAL, "reason": "fourfold repetition"}),
        ("shogi", CHECKS, 1.0, Ending.RULES, {"start": PERPETUAL, "reason": "perpetual check"}),
        ("shogi", "2h3h", 1.0, Ending.DECLARATION, {}),
        ("shogi", "2h3h", 0.0, Ending.HANG, {}),
        ("go", "E5 pass pass", 0.0, Ending.RULES, {"area": -73.5}),
        ("go", "E5 pass pass", 1.0, Ending.RULES, {"area": 72.5}),
        ("go", "E5 pass pass D4", 1.0, Ending.PLY_CAP, {"area": 73.5}),
        ("go", "E5 pass", 1.0, Ending.RULES, {"area": 73.5}),
        ("go", "E5", 0.0, Ending.PLY_CAP, {"area": -73.5}),
        ("go", "E5", 0.0, Ending.TIME_LOSS, {}),
        ("go", "E5 E5 pass pass", 1.0, Ending.RULES, {"area": 73.5}),
    ],
)
def test_wrong(tmp_path: Path, game: str, line: str, points: float, ending: Ending, changes: dict[str, object]) -> None:
    folder = stored(tmp_path, game_record(game, line, points, ending, **changes))
    assert len(wrong(folder)) == 1
    assert wrong(folder)[0].startswith("2: ")
    assert len(problems(folder)) == 1


def test_a_move_that_is_none(tmp_path: Path) -> None:
    folder = stored(tmp_path, game_record("chess", "e2e4", 1.0, Ending.CRASH))
    games = folder / "games.jsonl"
    for text, problem in (
        ("e2e5", "2: illegal move 'e2e5' at ply 0: "),
        ("x", "2: illegal move 'x' at ply 0: "),
    ):
        games.write_text(games.read_text().replace("e2e4", text))
        assert wrong(folder)[0].startswith(problem)
        games.write_text(games.read_text().replace(text, "e2e4"))


def test_what_only_the_rules_of_this_project_see(tmp_path: Path) -> None:
    """Nobody else is asked who resigned, declared a win or counted."""
    for number, (record, problem) in enumerate(
        (
            (game_record("chess", "e2e4", 0.0, Ending.RESIGNATION), "player 1 resigned"),
            (game_record("shogi", "2h3h", 0.0, Ending.DECLARATION), "the declared win is none"),
            (game_record("go", "E5 pass pass", 1.0, Ending.RULES), ""),
            (game_record("go", "E5", 1.0, Ending.RESIGNATION, area=73.5), "counted after resignation"),
            (game_record("chess", "e2e4", 0.5, Ending.PLY_CAP, area=0.5), "counted after ply cap"),
        )
    ):
        folder = stored(tmp_path / str(number), record)
        assert problem in " ".join(wrong(folder))
        assert bool(wrong(folder)) == bool(problem)


def test_the_folder_says_what_is_played(tmp_path: Path) -> None:
    facts: dict[str, object] = {"engines": [{"name": "a"}, {"name": "b"}], "rules": {"game": "chess", "max_plies": 3}}
    capped = game_record("chess", "e2e4 e7e5 g1f3", 0.5, Ending.PLY_CAP)
    assert wrong(stored(tmp_path / "1", capped, facts=facts)) == []
    early = game_record("chess", "e2e4", 0.5, Ending.PLY_CAP)
    assert wrong(stored(tmp_path / "2", early, facts=facts)) == ["2: said to have reached the cap of 3 plies, after 1"]
    stranger = replace(capped, first="c")
    assert wrong(stored(tmp_path / "3", stranger, facts=facts)) == ["2: c is none of the engines of this folder"]
    other = game_record("shogi", "2h3h", 1.0, Ending.RESIGNATION)
    assert wrong(stored(tmp_path / "4", other, facts=facts)) == ["2: a game of shogi among those of chess"]


@pytest.mark.parametrize(
    "facts",
    [
        {"engines": [{}]},
        {"engines": 5},
        {"rules": []},
        {"rules": {"max_plies": "x"}},
        {"game": 3},
        {"identities": {"a": 1}},
    ],
)
def test_a_first_line_that_was_edited(tmp_path: Path, facts: dict[str, object]) -> None:
    folder = stored(tmp_path, game_record("chess", "e2e4", 1.0, Ending.TIME_LOSS), facts=facts)
    with pytest.raises(BadMatch, match="does not begin like the games of a match: "):
        verify(folder)
    with pytest.raises(BadMatch, match="does not begin like the games of a match: "):
        Store.resume(folder, "chess", {})


def test_boards_that_the_engines_counted(tmp_path: Path) -> None:
    """Where they took stones off, only they know which; the winner must be the one of their count all the same."""
    facts: dict[str, object] = {"rules": {"game": "go", "scoring": "engines"}}
    counted = game_record("go", "E5 pass pass", 0.0, Ending.RULES, area=-2.5)
    assert wrong(stored(tmp_path / "1", counted, facts=facts)) == []
    assert wrong(stored(tmp_path / "2", replace(counted, points=1.0), facts=facts)) != []
    assert wrong(stored(tmp_path / "3", counted)) != []


def test_games_that_are_no_pair(tmp_path: Path) -> None:
    first = game_record("chess", "e2e4", 1.0, Ending.TIME_LOSS)
    second = replace(first, first="b", second="a", game=1)
    assert wrong(stored(tmp_path / "1", first, second)) == []
    assert wrong(stored(tmp_path / "2", first, first)) == ["0: pair 0 has the games 0, 0, not 0 and 1"]
    assert wrong(stored(tmp_path / "3", first, replace(second, second="c"))) == [
        "0: the two games of pair 0 are between different players"
    ]
    opening = replace(second, opening_moves=("d2d4", "d7d5"))
    assert wrong(stored(tmp_path / "4", first, opening)) == ["0: the two games of pair 0 have different openings"]


def test_a_line_that_is_no_game_or_cut_off(tmp_path: Path) -> None:
    folder = stored(tmp_path, game_record("chess", "e2e4", 1.0, Ending.TIME_LOSS))
    games = folder / "games.jsonl"
    whole = games.read_text()
    games.write_text(f"{whole}{{}}\n")
    assert wrong(folder) == ["3: it is no game: 'area' is missing"]
    games.write_text(f"{whole}{whole.splitlines()[1][:40]}")
    assert wrong(folder) == ["3: it is cut off; going on with the games removes it"]


def test_files_that_differ(tmp_path: Path) -> None:
    folder = stored(tmp_path, game_record("chess", "e2e4", 1.0, Ending.ILLEGAL_MOVE))
    assert wrong(folder) == problems(folder) == []
    path = folder / "games.pgn"
    whole = path.read_text()
    for old, new in (("1-0", "0-1"), ("1. e4", "1. e4 e5"), ("[Event", "")):
        path.write_text(whole.replace(old, new))
        assert len(wrong(folder)) == 1
        assert problems(folder) != []
    path.write_text(whole.replace("0.100s", "took 0.1 s"))  # as another version of the program has it
    assert "took" in path.read_text()
    assert wrong(folder) == []
    path.write_text(whole + whole)
    assert wrong(folder) == ["0: games.pgn holds 2 games, games.jsonl 1"]
    assert len(problems(folder)) == 1
    path.unlink()
    assert wrong(folder) == ["0: games.pgn: No such file or directory"]
