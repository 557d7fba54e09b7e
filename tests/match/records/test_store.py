"""The folder of a match: records there and back, interruptions, damage."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import Ending, GameRecord, PlyRecord, Score, ScoreKind
from muzero_engine.games.registry import load_game
from muzero_engine.match.records import store as module
from muzero_engine.match.records.record_json import BadRecord, parse_record, record_line
from muzero_engine.match.records.store import GAMES, Store, file_name, writing_to
from muzero_engine.match.settings.match_settings import BadMatch

FACTS = {"players": ["a", "b"], "limit": "60"}
RECORD = GameRecord(
    game_name="chess",
    first="a",
    second="b",
    opening="start",
    pair=0,
    game=0,
    start="rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    opening_moves=("e2e4",),
    moves=(PlyRecord(move="e7e5", elapsed_s=0.5),),
    points=0.5,
    ending=Ending.RULES,
    reason="stalemate",
)

NUMBERS = st.floats(0, 1e6, allow_nan=False)
PLIES = st.builds(
    PlyRecord,
    move=st.text(max_size=5),
    elapsed_s=NUMBERS,
    clock_s=st.none() | NUMBERS,
    score=st.none() | st.builds(Score, st.sampled_from(ScoreKind), st.floats(-1e5, 1e5)),
    depth=st.none() | st.integers(0, 200),
    nodes=st.none() | st.integers(0, 10**12),
    stalled_s=st.none() | NUMBERS,
)


@given(
    st.lists(PLIES, max_size=4),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from(Ending),
    st.none() | NUMBERS,
    st.text(max_size=20),
)
def test_what_is_written_is_read_again(
    plies: list[PlyRecord], points: float, ending: Ending, area: float | None, reason: str
) -> None:
    record = replace(RECORD, moves=tuple(plies), points=points, ending=ending, area=area, reason=reason)
    line = record_line(record)
    assert parse_record(line) == record
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{", "", "no JSON"),
        ('"points":0.5', '"points":2', "0, 0.5 or 1"),
        ('"points":0.5', '"points":NaN', "a number"),
        ('"pair":0', '"pair":"x"', "int belongs"),
        ('"rules"', '"rule"', "not a valid Ending"),
        ('["e7e5",0.5]', '["e7e5"]', "2 to 8"),
        ('["e7e5",0.5]', "7", "list belongs"),
        ('"reason"', '"season"', "'reason' is missing"),
    ],
)
def test_lines_that_are_refused(old: str, new: str, problem: str) -> None:
    line = record_line(RECORD)
    assert old in line
    with pytest.raises(BadRecord, match=problem):
        parse_record(line.replace(old, new, 1))


def test_a_match_goes_on(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "t", "chess", "test", FACTS)
    store.add(RECORD)
    store.add(replace(RECORD, game=1))
    again = Store.resume(tmp_path / "t", "chess", FACTS)
    assert again.records == [RECORD, replace(RECORD, game=1)]
    assert again.played() == {(0, 0), (0, 1)}
    again.add(replace(RECORD, pair=1))
    assert Store.resume(tmp_path / "t", "chess", FACTS).records == again.records
    assert (tmp_path / "t" / "games.pgn").read_text().count("[Event ") == 3


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_half_a_line_is_cut_off(tmp_path: Path, cut: int) -> None:
    store = Store.create(tmp_path, "chess", "test", FACTS)
    store.add(RECORD)
    store.add(replace(RECORD, game=1))
    path = tmp_path / GAMES
    path.write_bytes(path.read_bytes()[:-cut])
    again = Store.resume(tmp_path, "chess", FACTS)
    assert again.records == [RECORD]
    assert path.read_bytes().endswith(b"\n")
    assert (tmp_path / "games.pgn").read_text().count("[Event ") == 1


MOVES = {"chess": "e7e5", "go": "E5", "shogi": "7g7f", "tictactoe": "b2"}


@pytest.mark.parametrize("game", list(MOVES))
def test_other_files_are_made_again(tmp_path: Path, game: str) -> None:
    loaded = load_game(game)
    start = loaded.initial(loaded.spec.shapes[0]).text()
    opening = ("e2e4",) if game == "chess" else ()
    moves = (PlyRecord(move=MOVES[game], elapsed_s=0.5),)
    record = replace(RECORD, game_name=game, start=start, opening_moves=opening, moves=moves)
    store = Store.create(tmp_path, game, "test", FACTS)
    for pair in range(3):
        store.add(replace(record, pair=pair))  # the same game again, as two engines without chance play it
    for form in written_formats(load_game(game)):
        path = tmp_path / file_name(form)
        whole = path.read_bytes()
        assert whole.count(form.written_once) == len(list(form.split(whole.decode()))) == 3
        assert not form.separator or whole.count(f"\n{form.separator}".encode()) == 2
        one = len(whole) // 3
        for cut in (1, 9, one, one + 1):
            path.write_bytes(whole[:-cut])
            Store.resume(tmp_path, game, FACTS)
            assert path.read_bytes() == whole
        path.unlink()
        Store.resume(tmp_path, game, FACTS)
        assert path.read_bytes() == whole


def test_an_opening_of_a_file_whose_name_is_no_utf_8_is_kept(tmp_path: Path) -> None:
    """The match ended with its first game, which no PGN could be written of."""
    store = Store.create(tmp_path, "chess", "test", FACTS)
    store.add(replace(RECORD, opening="named \udce9"))
    again = Store.resume(tmp_path, "chess", FACTS)
    assert again.records == store.records
    assert b"named \\udce9" in (tmp_path / "games.pgn").read_bytes()


def test_no_game_is_counted_twice(tmp_path: Path) -> None:
    store = Store.create(tmp_path, "chess", "test", FACTS)
    for record in (RECORD, replace(RECORD, game=1), RECORD):
        store.add(record)
    with pytest.raises(BadMatch, match=r"line 4 of .* is game 0 of pair 0 once more: take one of"):
        Store.resume(tmp_path, "chess", FACTS)


@pytest.mark.parametrize(("pair", "game"), [(-1, 0), (0, 2), (3, -1)])
def test_no_game_is_out_of_range(tmp_path: Path, pair: int, game: int) -> None:
    Store.create(tmp_path, "chess", "test", FACTS).add(replace(RECORD, pair=pair, game=game))
    with pytest.raises(BadMatch, match=f"line 2 of .* is no game of a pair: pair {pair}, game {game}"):
        Store.resume(tmp_path, "chess", FACTS)


@pytest.mark.parametrize("function", ["_lock", "write_atomically"])
def test_what_the_disk_refuses_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """A folder for reading alone, and a disk that is full: nothing of the games is lost."""
    Store.create(tmp_path, "chess", "test", FACTS).add(RECORD)
    with (tmp_path / GAMES).open("a") as file:
        file.write("half a li")
    before = (tmp_path / GAMES).read_bytes()

    def refused(*_arguments: object) -> None:
        raise OSError(errno.EROFS if function == "_lock" else errno.ENOSPC, "as the system says it")

    monkeypatch.setattr(module, function, refused)
    with pytest.raises(BadMatch, match=r"^cannot write to .*: as the system says it$"):
        Store.resume(tmp_path, "chess", FACTS)
    assert (tmp_path / GAMES).read_bytes() == before


def test_a_reader_that_is_gone_is_no_fault_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), writing_to(tmp_path):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMatch, match="no match"):
        Store.resume(tmp_path, "chess", FACTS)
    Store.create(tmp_path, "chess", "test", FACTS)
    with pytest.raises(BadMatch, match="--resume"):
        Store.create(tmp_path, "chess", "test", FACTS)
    with pytest.raises(BadMatch, match='has another value of limit: "60" where you ask for "30"'):
        Store.resume(tmp_path, "chess", FACTS | {"limit": "30"})
    with pytest.raises(BadMatch, match='has another value of players 2: "b" where you ask for "c"'):
        Store.resume(tmp_path, "chess", FACTS | {"players": ["a", "c"]})
    with pytest.raises(BadMatch, match=r'has another value of players: \["a", "b"\] where you ask for \["a"\]'):
        Store.resume(tmp_path, "chess", FACTS | {"players": ["a"]})
    path = tmp_path / GAMES
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(BadMatch, match=r"line 2 of .* is no game: 'area' is missing"):
        Store.resume(tmp_path, "chess", FACTS)
    path.write_text(json.dumps({"store": 99}) + "\n")
    with pytest.raises(BadMatch, match="format 99"):
        Store.resume(tmp_path, "chess", FACTS)
    path.write_text("hello\n")
    with pytest.raises(BadMatch, match="does not begin"):
        Store.resume(tmp_path, "chess", FACTS)
    with pytest.raises(BadMatch, match="cannot write"):
        Store.create(path / "under a file", "chess", "test", FACTS)


def test_two_programs_cannot_play_into_one_folder(tmp_path: Path) -> None:
    Store.create(tmp_path, "chess", "test", FACTS)
    code = (
        "import sys\nfrom pathlib import Path\nfrom muzero_engine.match.records.store import Store\n"
        f"Store.resume(Path(sys.argv[1]), 'chess', {FACTS!r})\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    command = [sys.executable, "-c", code, str(tmp_path)]
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "another program is playing into" in second.stderr
    Store.resume(tmp_path, "chess", FACTS)  # the same program may


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.create(tmp_path, "chess", "test", FACTS)

    def full(_path: Path, _data: bytes, **_: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "append_whole", full)
    with pytest.raises(BadMatch, match=r"cannot write to .*: No space left"):
        store.add(RECORD)


def test_games_that_are_removed_while_a_match_goes_on_end_it(tmp_path: Path) -> None:
    """A file that is begun anew in mid-match would be of no use: it lacks the line on what is played."""
    store = Store.create(tmp_path, "chess", "test", FACTS)
    store.add(RECORD)
    (tmp_path / "games.pgn").unlink()
    store.add(replace(RECORD, game=1))
    assert (tmp_path / "games.pgn").read_text().count("[Event ") == 2
    (tmp_path / GAMES).unlink()
    with pytest.raises(BadMatch, match=rf"cannot write to .*{GAMES}: No such file"):
        store.add(replace(RECORD, pair=1))
    assert not (tmp_path / GAMES).exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_is_removed_while_a_match_goes_on_ends_it(tmp_path: Path, replaced: bool) -> None:
    """Its games came among those of a match that was begun in its place."""
    folder = tmp_path / "match"
    store = Store.create(folder, "chess", "test", FACTS)
    folder.rename(tmp_path / "elsewhere")
    if replaced:
        Store.create(folder, "chess", "another", FACTS)
    with pytest.raises(BadMatch, match="match was removed, moved or replaced while it was played into"):
        store.add(RECORD)
    assert folder.exists() == replaced
    if replaced:
        assert Store.resume(folder, "chess", FACTS).records == []


def test_games_that_came_while_the_lock_was_awaited_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program ends between the first look at a folder and the lock: what it wrote until then holds."""
    folder, lock = tmp_path / "match", module._lock
    Store.create(folder, "chess", "test", FACTS)

    def late(place: Path) -> int:
        with (folder / GAMES).open("a") as file:
            file.write(record_line(replace(RECORD, pair=0, game=0)) + "\n")
        return lock(place)

    monkeypatch.setattr(module, "_lock", late)
    assert [(record.pair, record.game) for record in Store.resume(folder, "chess", FACTS).records] == [(0, 0)]
    assert len((folder / GAMES).read_text().splitlines()) == 2
    empty = tmp_path / "new"
    empty.mkdir()

    def begun(place: Path) -> int:
        (place / GAMES).write_text("{}")
        return lock(place)

    monkeypatch.setattr(module, "_lock", begun)
    with pytest.raises(BadMatch, match="holds games already"):
        Store.create(empty, "chess", "test", FACTS)
    assert (empty / GAMES).read_text() == "{}"


@pytest.mark.parametrize("name", ["games.pgn", "report.html"])
def test_files_of_others_are_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    (tmp_path / "engines.toml").write_text("may lie beside")
    with pytest.raises(BadMatch, match=f"{name} is there already and would be written over: choose another folder"):
        Store.create(tmp_path, "chess", "match", FACTS, results=["summary.json", "report.html"])
    assert (tmp_path / name).read_text() == "mine"
    assert not (tmp_path / GAMES).exists()
    (tmp_path / name).unlink()
    Store.create(tmp_path, "chess", "match", FACTS)
