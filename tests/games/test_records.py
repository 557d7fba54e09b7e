"""Files of games: what a game writes it reads again; what people bring is read by its moves or refused in a line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.lines import line_of, record_formats, written_formats
from muzero_engine.games.record import Ending, GameRecord, PlyRecord
from muzero_engine.games.record_files import (
    MOST_MOVES,
    format_of,
    formats_of_suffix,
    formats_of_text,
    game_of_file,
    games_by_rules,
    played,
    played_game,
    read_text,
)
from muzero_engine.games.registry import BUILT_IN, load_game

KIF = """# ---- a game
開始日時：2026/11/29 10:00:00
手合割：平手
先手：Black
後手：White
手数----指手---------消費時間--
   1 ７六歩(77)   ( 0:01/00:00:01)
   2 ３四歩(33)   ( 0:01/00:00:01)
   3 ２二角成(88) ( 0:01/00:00:02)
   4 同　銀(31)   ( 0:01/00:00:02)
   5 ４五角打     ( 0:01/00:00:03)
   6 投了
"""
KIF_MOVES = ("7g7f", "3c3d", "8h2b+", "3a2b", "B*4e")
HANDICAP = KIF.split("手数")[0].replace("平手", "二枚落ち") + "手数----指手--\n   1 ６二銀(71)\n   2 ７六歩(77)\n"
CSA = """V2.2
N+Black
N-White
PI
+
+7776FU
T1
-3334FU
+8822UM
%TORYO
"""


STARTS = {
    "chess": [
        "nrkbqrnb/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRNB w FBfb - 0 1",
        "4k3/4p3/8/8/8/8/4P3/RR2K1RR w GB - 0 1",  # the castling rook is not the outermost
        "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 5 9",
    ],
    "go": ["9/9/2b3b2/9/9/9/2b3b2/9/9 w 0.5", "5/5/5/5/5 b 375.0", "2bw/4/4/4 b -3.5"],
    "shogi": [
        "lnsgkgsnl/7b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 1",
        "4k4/9/9/9/9/9/9/9/4K4 b 2R2B4G4S4N4L18P 1",
    ],
}


def game_record(game: str, seed: int, plies: int, start: str | None = None) -> GameRecord:
    """A game of random moves."""
    loaded = load_game(game)
    position = loaded.initial(loaded.spec.shapes[0]) if start is None else loaded.from_text(start)
    start, moves, rng = position.text(), [], np.random.default_rng(seed)
    for _ in range(plies):
        if position.outcome() is not None:
            break
        action = int(rng.choice(position.legal_actions()))
        moves.append(position.action_text(action))
        position.push(action)
    return GameRecord(
        game_name=game,
        first='A "quoted" ] name',
        second="B {braces} (and) 'so' \\\\ on",
        opening="start; [1]",
        pair=0,
        game=0,
        start=start,
        opening_moves=tuple(moves[:2]),
        moves=tuple(PlyRecord(move=move, elapsed_s=0.1) for move in moves[2:]),
        points=0.5,
        ending=Ending.PLY_CAP,
        reason="cap",
        started="2026-11-29T10:00:00Z",
    )


@pytest.mark.parametrize("game", BUILT_IN)
def test_what_a_game_writes_it_reads_again(game: str) -> None:
    loaded = load_game(game)
    initial = loaded.initial(loaded.spec.shapes[0])
    for form in written_formats(loaded):
        assert form.write is not None
        records = [game_record(game, seed, 30) for seed in range(3)]
        text = form.separator.join(form.write(record, "a match") for record in records)
        assert text.encode().count(form.written_once) == 3
        entries = list(form.split(text))
        assert [entry.number for entry in entries] == [1, 2, 3]
        for entry, record in zip(entries, records, strict=True):
            recorded = form.read(entry.text, initial)
            assert recorded.start in (None, record.start)
            assert recorded.moves == (*record.opening_moves, *(ply.move for ply in record.moves))
        assert (
            played_game(text, form, loaded).position.text()
            == played(form.read(entries[0].text, initial), loaded).text()
        )


@pytest.mark.parametrize(("game", "start"), [(game, start) for game in STARTS for start in STARTS[game]])
def test_nothing_that_was_written_is_read_as_something_else(game: str, start: str) -> None:
    loaded = load_game(game)
    assert loaded.from_text(start).text() == start
    lines = [form for form in record_formats(loaded) if ".txt" in form.suffixes]
    for seed in range(4):
        record = game_record(game, seed, 30, start)
        end = loaded.from_text(start)
        for move in (*record.opening_moves, *(ply.move for ply in record.moves)):
            end.push(end.parse_action(move))
        texts = [(form, form.write(record, "a match")) for form in record_formats(loaded) if form.write is not None]
        texts += [(form, f"position {line_of(record, '', 'fen')}\n") for form in lines]
        for form, text in texts:
            position = played_game(text, form, loaded).position
            assert (position.text(), position.ply) == (end.text(), end.ply), (form.name, text)
            while position.ply:
                assert position.pop() == end.pop()
                assert position.text() == end.text()
            end = played_game(text, form, loaded).position


def test_castling_of_chess960_is_written_and_read() -> None:
    chess = load_game("chess")
    record = replace(game_record("chess", 0, 0, STARTS["chess"][1]), opening_moves=("e1g1", "e7e5"))
    form = format_of("a.pgn", chess)
    assert form.write is not None
    recorded = form.read(form.write(record, "a match"), chess.initial((8, 8)))
    assert (recorded.start, recorded.moves) == (record.start, record.opening_moves)


@pytest.mark.parametrize("game", ["go", "othello", "tictactoe"])
def test_endings_of_shogis_files_are_only_read_by_other_games(game: str) -> None:
    (lines,) = (form for form in record_formats(load_game(game)) if ".usi" in form.suffixes)
    assert set(lines.suffixes) - set(lines.only_read) == {".ugi", ".txt"}


def test_no_ending_is_claimed_by_two_formats_of_a_game() -> None:
    for game in BUILT_IN:
        suffixes = [suffix for form in record_formats(load_game(game)) for suffix in form.suffixes]
        assert len(set(suffixes)) == len(suffixes)
        assert ".txt" in suffixes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_kif_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "game.kif"
    path.write_bytes(KIF.encode(encoding))
    shogi = load_game("shogi")
    assert game_of_file(path.name) == "shogi"
    form = format_of(path.name, shogi)
    recorded = form.read(read_text(path, form), shogi.initial((9, 9)))
    assert (recorded.start, recorded.moves, recorded.name) == (None, KIF_MOVES, "Black White")


def test_kif_of_a_handicap_game() -> None:
    shogi = load_game("shogi")
    position = played_game(HANDICAP, format_of("a.kif", shogi), shogi).position
    assert position.ply == 2
    assert position.text() == "ln1gkgsnl/3s5/ppppppppp/9/9/2P6/PP1PPPPPP/1B5R1/LNSGKGSNL w - 3"


def test_csa() -> None:
    shogi = load_game("shogi")
    assert [game.spec.name for game, _ in formats_of_text(CSA)] == ["shogi"]
    position = played_game(CSA, format_of("a.csa", shogi), shogi).position
    assert position.ply == 3
    assert position.text() == "lnsgkgsnl/1r5+B1/pppppp1pp/6p2/9/2P6/PP1PPPPPP/7R1/LNSGKGSNL w B 4"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.kif", KIF.replace("３四歩(33)", "３五歩(33)"), "move 2"),
        ("a.kif", "手合割：その他\n|v香v桂v銀|\n手数--\n", "1 rows"),
        ("a.kif", "hello", "no game of KIF"),
        ("a.csa", CSA.replace("-3334FU", "-3335FU"), "CSA|move 2"),
        ("a.csa", "V2.2\nhello", "CSA|no game"),
        ("a.pgn", "1. e4 e5 2. Ke3 *", "Ke3"),
        ("a.pgn", "", "no game of PGN"),
        ("a.sgf", "(;GM[2]SZ[8])", "another game"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(name: str, text: str, message: str) -> None:
    game = game_of_file(name)
    assert game is not None
    with pytest.raises(BadPosition, match=message) as caught:
        played_game(text, format_of(name, load_game(game)), load_game(game))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("suffix", "moves"), [(".pgn", "Nf3 Nf6 Ng1 Ng8"), (".csa", "+3948GI\n-3142GI\n+4839GI\n-4231GI"), (".ugi", "a1")]
)
def test_a_record_of_more_moves_than_any_game_has_is_refused_unplayed(suffix: str, moves: str) -> None:
    game, form = next(formats_of_suffix(suffix))
    begin = {".pgn": "", ".csa": "PI\n+\n", ".ugi": "startpos moves "}[suffix]
    text = begin + ("\n" if suffix == ".csa" else " ").join([moves] * (MOST_MOVES + 1))
    with pytest.raises(BadPosition, match=r"^[\d,]+ moves are more than a game has \(20,000 at most\)$"):
        played_game(text, form, game)


def test_moves_as_people_write_them() -> None:
    shogi = load_game("shogi")
    position, parse = shogi.initial((9, 9)), shogi.notation.parse
    assert parse is not None
    for text, move in zip(
        ("７六歩(77)", "△３四歩(33)", "２二角成(88)", "同　銀(31)", "▲４五角打"), KIF_MOVES, strict=True
    ):
        action = parse(position, text)
        assert action is not None
        assert position.action_text(action) == move
        position.push(action)
    assert parse(position, "nonsense") is None
    assert parse(position, "歩") is None
    with pytest.raises(IllegalMove):
        parse(position, "１一玉(59)")


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["d3 c3", "d3 c5 d6 e3"], ["go", "othello"]),  # neither ends: the question stays
        (["d3 c3", "d3 c3 a1"], ["go"]),
        (["d3 c3", "e6 f4 e3 f6 g5 d6 e7 f5 c5"], ["othello"]),  # the second player has no disc left
        (["b2 a1 a2 c2 b1 b3 c1 a3 c3"], ["tictactoe"]),
        (["d3 c3", "pass pass"], ["go"]),
        (["a1 a1"], []),
    ],
)
def test_the_rules_tell_what_game_lines_are_of(lines: list[str], names: list[str]) -> None:
    text = "".join(f"startpos moves {line}\n" for line in lines)
    assert sorted(games_by_rules(text, formats_of_suffix(".ugi"))) == names


def test_a_game_of_othello_that_was_written_is_known_again() -> None:
    game = load_game("othello")
    rng = np.random.default_rng(7)
    lines = []
    for _ in range(3):
        position, moves = game.initial(game.spec.shapes[0]), []
        while position.outcome() is None:
            action = int(rng.choice(position.legal_actions()))
            moves.append(position.action_text(action))
            position.push(action)
        lines.append(f"startpos moves {' '.join(moves)}\n")
    assert games_by_rules("".join(lines), formats_of_suffix(".ugi")) == ["othello"]
    assert games_by_rules(lines[0], formats_of_suffix(".ugi")) == ["othello"]
