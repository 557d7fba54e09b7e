"""Games of Go go out to SGF files and come in from them, whatever their paths are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.gtp_session import Talk, board_rows, living_stones, play_moves


@pytest.fixture
def talk() -> Talk:
    return Talk(shape=(9, 9))


def test_records_go_out_and_in(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "a game.sgf"
    talk.ask("boardsize 9")
    talk.ask("komi 5.5")
    talk.ask("fixed_handicap 2")
    play_moves(talk, "wE5 bE6 wpass")
    text = talk.ask("printsgf")
    assert text.startswith("(;")
    assert "KM[5.5]" in text
    assert talk.ask(f"printsgf {path}") == ""
    assert path.read_text(encoding="utf-8").strip() == text
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]

    other = Talk(shape=(19, 19))
    other.ask(f"loadsgf {path}")
    assert board_rows(other) == board_rows(talk)
    assert other.ask("get_komi") == "5.5"
    assert other.ask("printsgf") == text
    other.ask(f"loadsgf {path} 2")
    assert "E5" in living_stones(other).split()
    assert "E6" not in living_stones(other).split()
    other.ask("undo")
    assert other.refuse("undo") == "cannot undo"


@pytest.mark.parametrize("name", ["two  spaces.sgf", "a #1 game.sgf", "game 7", "it's.sgf", "b\u00e4r.sgf"])
def test_paths_in_quotes(talk: Talk, tmp_path: Path, name: str) -> None:
    play_moves(talk, "bE5 wC3")
    path = tmp_path / name
    assert talk.ask(f'printsgf "{path}"') == ""
    assert path.is_file()
    other = Talk(shape=(9, 9))
    other.ask(f'loadsgf "{path}"')
    assert living_stones(other) == "C3 E5" or living_stones(other) == "E5 C3"
    other.ask(f'loadsgf "{path}" 2 # before the second move')
    assert living_stones(other) == "E5"


def test_a_path_without_quotes_keeps_its_spaces(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "two  spaces.sgf"
    talk.ask(f"printsgf {path}")
    talk.ask(f"loadsgf {path} 1")
    assert path.is_file()


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes there")
def test_a_path_of_another_locale(talk: Talk, tmp_path: Path) -> None:
    name = os.fsdecode("日本.sgf".encode("cp932"))
    talk.ask(f"printsgf {tmp_path}/{name}")
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == ["日本.sgf".encode("cp932")]
    talk.ask(f"loadsgf {tmp_path}/{name}")


def test_a_record_never_replaces_what_is_no_file(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("folder", "link"):
        assert "no ordinary file" in talk.refuse(f"printsgf {tmp_path}/{name}")


def test_finished_games_have_a_result(talk: Talk) -> None:
    play_moves(talk, "bE5 wpass bpass")
    assert "RE[B+73.5]" in talk.ask("printsgf")


def test_files_that_cannot_be_used(talk: Talk, tmp_path: Path) -> None:
    play_moves(talk, "bE5")
    (tmp_path / "bad.sgf").write_text("(;SZ[9];B[zz])", encoding="utf-8")
    for name in ("none.sgf", "bad.sgf", "none.sgf 3", ""):
        assert talk.refuse(f"loadsgf {tmp_path}/{name}").startswith("cannot load file")
    assert talk.refuse(f"printsgf {tmp_path}/none/x.sgf").startswith("cannot write file")
    talk.refuse("loadsgf")
    assert living_stones(talk) == "E5"


def test_points_for_handicap_are_no_part_of_a_record_s_komi(tmp_path: Path) -> None:
    talk = Talk()
    for line in ("kata-set-rules chinese", "komi 0.5", "fixed_handicap 2", f"printsgf {tmp_path}/a.sgf"):
        talk.ask(line)
    board = talk.ask("showboard")
    talk.ask(f"loadsgf {tmp_path}/a.sgf")
    assert talk.ask("get_komi") == "0.5"
    assert talk.ask("showboard") == board
