"""The checker of records finds what is wrong: games that were judged wrongly on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.check_records import check_records

from muzero_engine.games.registry import load_game
from muzero_engine.match.records.record import Ending, GameRecord, PlyRecord
from muzero_engine.match.records.store import Store

SHUFFLE = "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8"
ROOKS = "2h3h 8b7b 3h2h 7b8b " * 3
CHECKS = "8h9h 9a8a 9h8h 8a9a " * 3
PERPETUAL = "k8/9/9/9/9/9/9/1R7/8K b - 1"


def judged(folder: Path, game: str, line: str, points: float, ending: Ending, **changes: object) -> int:
    """The checker's verdict on a tournament of this one game."""
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
    store = Store.create(folder / "t", game, "test", {})
    store.add(GameRecord(**(fields | changes)))  # type: ignore[arg-type]
    return check_records(folder / "t")


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
    assert judged(tmp_path, game, line, points, ending, **changes) == 0


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
def test_wrong(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    game: str,
    line: str,
    points: float,
    ending: Ending,
    changes: dict[str, object],
) -> None:
    assert judged(tmp_path, game, line, points, ending, **changes) == 1
    assert "1 wrong" in capsys.readouterr().out


def test_files_that_differ(tmp_path: Path) -> None:
    assert judged(tmp_path, "chess", "e2e4", 1.0, Ending.ILLEGAL_MOVE) == 0
    path = tmp_path / "t" / "games.pgn"
    whole = path.read_text()
    for old, new in (("1-0", "0-1"), ("1. e4", "1. e4 e5"), ("[Event", "")):
        path.write_text(whole.replace(old, new))
        assert check_records(tmp_path / "t") == 1
    path.write_text(whole + whole)
    assert check_records(tmp_path / "t") == 1
