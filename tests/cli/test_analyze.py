"""`muzero-engine analyze` on every kind of position."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from muzero_engine.cli import main
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, read_manifest

SGF = "(;GM[1]SZ[9]KM[5.5];B[cc];W[gg];B[cg])"


def analyze(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["analyze", "--nodes", "60", *arguments], input=text)


def document(*arguments: str, text: str | None = None) -> dict[str, Any]:
    result = analyze("--json", *arguments, text=text)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


@pytest.mark.parametrize(
    ("position", "game", "mover"),
    [
        ("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", "chess", "white"),
        ("lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1", "shogi", "black"),
        ("5/5/2b2/5/5 w 7.5", "go", "white"),
        ("xo./.x./...", "tictactoe", "o"),
        (SGF, "go", "white"),
        ('[Event "x"]\n\n1. e4 e5 2. Nf3 *', "chess", "black"),
        ("V2.2\nPI\n+\n+7776FU\n-3334FU\n", "shogi", "black"),
    ],
)
def test_the_game_is_found_out_and_every_line_is_legal(position: str, game: str, mover: str) -> None:
    found = document(position)
    assert (found["game"], found["mover"]) == (game, mover)
    assert found["nodes"] >= 60
    assert len(found["lines"]) == 5
    assert found["best"] == found["lines"][0]["move"] == found["lines"][0]["pv"][0]
    for line in found["lines"]:
        assert line["win"] + line["draw"] + line["loss"] == pytest.approx(1.0, abs=2e-4)
        board = load_game(game).from_text(found["position"])
        for move in line["pv"]:
            board.push(board.parse_action(move))


def test_a_mate_in_one_comes_first_in_san_as_well() -> None:
    line = document("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1")["lines"][0]
    assert (line["pv"], line["san"], line["value"]) == (["d1d8"], ["Rd8#"], 1.0)


def test_moves_are_played_first_in_either_notation() -> None:
    found = document("startpos", "--game", "chess", "--moves", "e4 e7e5, Nf3")
    assert found["position"].startswith("rnbqkbnr/pppp1ppp/8/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq")


def test_an_sgf_file_is_read_with_its_komi(tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    file.write_text(SGF, encoding="ascii")
    assert document(str(file))["position"] == "9/9/2b6/9/9/9/2b3w2/9/9 w 5.5"


def test_a_file_of_lines_is_of_the_game_that_is_named(tmp_path: Path) -> None:
    """Several games read .txt files; --game says whose the moves are."""
    file = tmp_path / "lines.txt"
    file.write_text("startpos moves f5 d6\n", encoding="ascii")
    assert document(str(file), "--game", "othello")["position"] == "8/8/8/3ox3/3oxx2/3o4/8/8 x"
    file.write_text("startpos moves e2e4\n", encoding="ascii")
    assert document(str(file))["game"] == "chess"


def test_a_position_may_come_from_standard_input() -> None:
    assert document("-", text="xo./.x./...\n")["game"] == "tictactoe"
    assert document("-", text=SGF)["game"] == "go"


def test_the_table_has_a_row_for_each_line() -> None:
    output = analyze("xo./.x./...", "--multipv", "3").output
    rows = output.split("line\n")[1].splitlines()
    assert len(rows) == 3
    assert read_manifest(default_weights_dir("tictactoe")).summary() in output
    assert all(row.split()[0] in ("a1", "b1", "c1", "a2", "c2", "c3") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["startpos"], "say which game to start with --game"),
        (["nonsense"], "'nonsense' is no position of any game"),
        (["8/8/8 w", "--game", "chess"], "cannot read the FEN"),
        (["no-such-file.sgf"], "cannot read 'no-such-file.sgf'"),
        ([SGF, "--game", "chess"], "game of go, not of chess"),
        (["startpos", "--game", "chess", "--moves", "e4 e5 Ke3"], "move 3, Ke3"),
        (
            ["startpos", "--game", "chess", "--moves", "Nf3 a6 Nc3 a5 Nb5 a4 Nd4"],
            "Nd4 could be Nbd4 or Nfd4",
        ),
        (["xxx/oo./..."], "the game is over: three in a row"),
        (["xo./.x./...", "--weights", "/nowhere"], "there are no weights in /nowhere"),
    ],
)
def test_errors_are_one_line(arguments: list[str], message: str) -> None:
    result = analyze(*arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert message in result.output
    assert len(result.output.splitlines()) == 1
