"""Openings are read from files of every format, or drawn at random from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from muzero_engine.games.base import Position
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.go.sgf import parse_sgf
from muzero_engine.games.go.sgf_tree import split_games
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.match.play.openings import BadOpenings, Opening, opening_position, random_openings, read_openings

FIRST = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"


def initial(game: str, size: int = 9) -> Position:
    if game == "go":
        return GoPosition((size, size), komi=6.5)
    return load_game(game).initial(load_game(game).spec.shapes[0])


def read(folder: Path, name: str, text: str, game: str = "chess", *, size: int = 9, **choice: Any) -> list[Opening]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_openings(folder / name, load_game(game), initial(game, size), **choice)


def complaint(folder: Path, name: str, text: str, game: str = "chess") -> str:
    with pytest.raises(BadOpenings) as caught:
        read(folder, name, text, game)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_epd_and_fen(tmp_path: Path) -> None:
    text = f"""
        # a comment
        rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - id "King's pawn; again"; bm e5;
        {FIRST}
        rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - hmvc 3; fmvn 7;
    """
    assert read(tmp_path, "book.epd", text) == [
        Opening("King's pawn; again", FIRST),
        Opening("book.epd:4", FIRST),
        Opening("book.epd:5", "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 3 7"),
    ]
    assert [opening.name for opening in read(tmp_path, "book.fen", text, count=2)] == [
        "King's pawn; again",
        "book.fen:4",
    ]


def test_pgn(tmp_path: Path) -> None:
    text = f"""[Event "one"]
[Result "*"]

1. e4 {{[%clk 0:01]
[%not a tag]}} (1. d4 d5) c5 2. Nf3 *

[White "a game that does not begin with Event"]
[FEN "{FIRST}"]
[SetUp "1"]

1... e5 2. O-O-O?? *
"""
    assert "game 2" in complaint(tmp_path, "book.pgn", text)
    text = text.replace("O-O-O??", "Nf3 Nc6 3. Bb5 Nf6 4. O-O")
    openings = read(tmp_path, "book.pgn", text)
    assert openings == [
        Opening("book.pgn:1", None, ("e2e4", "c7c5", "g1f3")),
        Opening("book.pgn:2", FIRST, ("e7e5", "g1f3", "b8c6", "f1b5", "g8f6", "e1g1")),
    ]
    assert read(tmp_path, "book.pgn", text, plies=2)[1].moves == ("e7e5", "g1f3")
    chess960 = (
        '[FEN "nrkbqrbn/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRBN w KQkq - 0 1"]\n[Variant "Chess960"]\n\n1. g4 g5 2. Bh2?? *'
    )
    assert "game 1" in complaint(tmp_path, "fischer.pgn", chess960)
    (opening,) = read(tmp_path, "fischer.pgn", chess960.replace("2. Bh2??", ""))
    assert opening.start == "nrkbqrbn/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRBN w FBfb - 0 1"
    assert opening.moves == ("g2g4", "g7g5")
    assert "Atomic" in complaint(tmp_path, "atomic.pgn", '[Variant "Atomic"]\n\n1. e4 *')


@pytest.mark.parametrize("ending", [".sfen", ".usi", ".ugi", ".txt"])
def test_lines_of_moves(tmp_path: Path, ending: str) -> None:
    sfen = "lnsgkgsnl/1r5b1/ppppppppp/9/9/2P6/PP1PPPPPP/1B5R1/LNSGKGSNL w - 2"
    text = f"""startpos moves 7g7f 3c3d
position startpos
7g7f 3c3d 2g2f
sfen {sfen} moves 8c8d
position sfen {sfen}
{sfen[:-2]}
"""
    openings = read(tmp_path, "book" + ending, text, "shogi")
    assert [(opening.start, opening.moves) for opening in openings] == [
        (None, ("7g7f", "3c3d")),
        (None, ()),
        (None, ("7g7f", "3c3d", "2g2f")),
        (sfen, ("8c8d",)),
        (sfen, ()),
        (sfen[:-2] + " 1", ()),
    ]
    (go,) = read(tmp_path, "go" + ending, "startpos moves C3 G7 # far off", "go")
    assert go.moves == ("C3", "G7")
    (chess,) = read(tmp_path, "chess" + ending, f"position fen {FIRST} moves e7e5")
    assert (chess.start, chess.moves) == (FIRST, ("e7e5",))
    for bare in ("e2e4 e7e5", "e4 e5", "1. e4 e5  # open", "1. e4 e5 1/2-1/2", "startpos moves e4 1...e5! #1"):
        (opening,) = read(tmp_path, "bare" + ending, bare)
        assert (opening.start, opening.moves) == (None, ("e2e4", "e7e5"))
    (cross,) = read(tmp_path, "cross" + ending, "x../.o./... moves c1", "tictactoe")
    assert (cross.start, cross.moves) == ("x../.o./...", ("c1",))


def test_sgf(tmp_path: Path) -> None:
    text = r"""(;GM[1]SZ[9]KM[5.5]C[not a ) bracket \] here];B[cc];W[gg](;B[gc])(;B[aa]))
      two more: (;SZ[9]AB[cc][gg];W[ee]) (;SZ[9]PL[W];W[ee];B[])"""
    assert [len(parse_sgf(game).steps) for game in split_games(text)] == [3, 2, 3]
    openings = read(tmp_path, "joseki.sgf", text, "go")
    assert openings == [
        Opening("joseki.sgf:1", None, ("C7", "G3", "G7")),
        Opening("joseki.sgf:2", "9/9/2b6/9/9/9/6b2/9/9 w 6.5", ("E5",)),
        Opening("joseki.sgf:3", "9/9/9/9/9/9/9/9/9 w 6.5", ("E5", "pass")),
    ]
    assert len(read(tmp_path, "joseki.sgf", "(;SZ[13];B[jj])", "go", size=13)) == 1


@pytest.mark.parametrize(
    ("name", "text", "game", "words"),
    [
        ("a.bin", "", "chess", ".epd, .fen"),
        ("a.epd", FIRST, "shogi", "chess, not of shogi"),
        ("a.sgf", "(;SZ[9])", "chess", "go, not of chess"),
        ("a.epd", "\n# nothing\n", "chess", "no openings"),
        ("a.pgn", "", "chess", "no openings"),
        ("a.sgf", "nothing", "go", "no openings"),
        ("a.epd", f"\n{FIRST}\nnonsense", "chess", "line 3"),
        ("a.epd", "8/8/8/8/8/8/8/8 w - - 0 1", "chess", "the board is empty"),
        ("a.fen", "rnb1kbnr/pppp1ppp/4p3/8/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3", "chess", "checkmate"),
        ("a.sfen", "startpos moves 7g7f 7g7f", "shogi", "move 2"),
        ("a.txt", "1. e4 e5 2. Nf4", "chess", "move 3: Nf4 is illegal: no knight can go to f4"),
        ("a.sfen", "sfen 9/9/9", "shogi", "line 1"),
        ("a.sgf", "(;SZ[13];B[aa])", "go", "13x13"),
        ("a.sgf", "(;SZ[9];B[aa];B[bb])", "go", "move 2 is not white's"),
        ("a.sgf", "(;SZ[9];B[aa];W[bb];AB[cc])", "go", "middle"),
        ("a.sgf", "(;SZ[9];B[aa];W[zz])", "go", "game 1"),
        ("a.sgf", "(;SZ[9];B[];W[])", "go", "two passes"),
        ("a.sgf", "(;SZ[9];B[aa];W[aa])", "go", "move 2"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path: Path, name: str, text: str, game: str, words: str) -> None:
    assert words in complaint(tmp_path, name, text, game)


def test_missing_files_say_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.epd", tmp_path / "a\0b.epd"):
        with pytest.raises(BadOpenings, match="cannot read"):
            read_openings(path, load_game("chess"), initial("chess"))


def test_order_comes_from_the_seed_and_only_chosen_entries_are_read(tmp_path: Path) -> None:
    lines = [f"startpos moves {move}" for move in ("a2a3", "b2b3", "c2c3", "d2d3", "e2e3", "f2f3", "g2g3", "h2h3")]
    text = "\n".join(lines)
    plain = read(tmp_path, "book.txt", text)
    shuffled = read(tmp_path, "book.txt", text, seed=1)
    assert plain != shuffled == read(tmp_path, "book.txt", text, seed=1) != read(tmp_path, "book.txt", text, seed=2)
    assert sorted(plain, key=str) == sorted(shuffled, key=str)
    assert read(tmp_path, "book.txt", text, seed=1, count=3) == shuffled[:3]
    assert len(read(tmp_path, "book.txt", text + "\nnonsense", count=8)) == 8


@pytest.mark.parametrize("game", BUILT_IN)
def test_random_openings_are_legal_and_different(game: str) -> None:
    start = initial(game)
    plies = 3 if game == "tictactoe" else 8
    openings = random_openings(start, 12, plies=plies, seed=4)
    positions = [opening_position(opening, start, load_game(game).from_text) for opening in openings]
    assert [position.ply for position in positions] == [plies] * 12
    assert len({position.text() for position in positions}) == 12
    assert start.ply == 0
    assert openings[:5] == random_openings(start, 5, plies=plies, seed=4)
    assert openings[:5] != random_openings(start, 5, plies=plies, seed=5)
    assert not any("pass" in opening.moves for opening in openings)


def test_random_openings_from_a_set_up_position() -> None:
    handicap = GoPosition((9, 9), komi=0.5)
    handicap.place_handicap([20, 60])
    for opening in random_openings(handicap, 3, plies=2, seed=0, from_start=False):
        assert opening.start == handicap.text()
        position = opening_position(opening, initial("go"), load_game("go").from_text)
        assert isinstance(position, GoPosition)
        assert (position.ply, position.mover, position.komi) == (2, 1, 0.5)


@pytest.mark.parametrize("size", [9, 13, 19])
def test_random_openings_on_boards_of_any_size(size: int) -> None:
    start = initial("go", size)
    for opening in random_openings(start, 3, plies=6, seed=0):
        position = opening_position(opening, start, load_game("go").from_text)
        assert position.shape == (size, size)
        assert isinstance(position, GoPosition)
        assert position.komi == 6.5


def test_openings_are_filtered_for_balance() -> None:
    start = initial("chess")

    def lead(position: Position) -> float:
        """Material of the mover less that of the opponent, of 40."""
        board = position.text().split()[0]
        worth = {"p": 1, "n": 3, "b": 3, "r": 5, "q": 9}
        white = sum(worth.get(sign.lower(), 0) * (1 if sign.isupper() else -1) for sign in board)
        return (white if position.mover == 0 else -white) / 40

    def leads(openings: list[Opening]) -> list[float]:
        return [abs(lead(opening_position(opening, start, load_game("chess").from_text))) for opening in openings]

    assert max(leads(random_openings(start, 30, plies=12, seed=1))) > 0.01
    assert max(leads(random_openings(start, 30, plies=12, seed=1, value=lead, balance=0.01))) == 0
    with pytest.raises(BadOpenings, match="found only 0 of 1"):
        random_openings(start, 1, plies=2, seed=1, value=lambda position: float("nan"))
    with pytest.raises(BadOpenings, match="found only 9 of 10"):
        random_openings(initial("tictactoe"), 10, plies=1, seed=1)


def test_what_was_read_otherwise_than_it_is_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.sgf").write_text("(;SZ[9]KM[375];B[aa];W[bb]", encoding="ascii")
    warnings: list[str] = []
    go = load_game("go")
    openings = read_openings(tmp_path / "a.sgf", go, go.initial((9, 9)), warn=warnings.append)
    assert openings[0].moves == ("A9", "B8")
    assert [warning.split("game 1: ")[1] for warning in warnings] == [
        "the SGF ends in the middle of the game: a ')' is missing",
        "KM '375' in the SGF is read as a komi of 7.5 points",
    ]
