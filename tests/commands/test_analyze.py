"""`muzero-engine analyze` on every kind of position."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.scripted_engine import ScriptedEngine

from muzero_engine.cli import main
from muzero_engine.commands.common import compose, game_analysis
from muzero_engine.commands.common.positions import game_of_data, read_game, read_games
from muzero_engine.engine.control import Finish
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import BadPosition, Position
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, read_manifest

SGF = "(;GM[1]SZ[9]KM[5.5];B[cc];W[gg];B[cg])"


GAME = '[White "Ann <b>"]\n[Black "Ben"]\n\n1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7# 1-0'
KIF = "手合割：平手\n手数----指手--\n   1 ７六歩(77)\n   2 ３四歩(33)\n"


def analyze(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["analyze", "--nodes", "60", *arguments], input=text)


def document(*arguments: str, text: str | None = None) -> dict[str, Any]:
    result = analyze("--json", *arguments, text=text)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.output)
    return answer


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
    answer = document(position)
    assert (answer["game"], answer["mover"]) == (game, mover)
    assert answer["nodes"] >= 60
    assert len(answer["lines"]) == 5
    assert answer["best"] == answer["lines"][0]["move"] == answer["lines"][0]["pv"][0]
    behind = [line["value"] for line in answer["lines"][1:]]
    assert behind == sorted(behind, reverse=True)
    for line in answer["lines"]:
        assert line["win"] + line["draw"] + line["loss"] == pytest.approx(1.0, abs=2e-4)
        board = load_game(game).from_text(answer["position"])
        for move in line["pv"]:
            board.push(board.parse_action(move))


def test_a_mate_in_one_comes_first_in_san_as_well() -> None:
    line = document("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1")["lines"][0]
    assert (line["pv"], line["san"], line["value"]) == (["d1d8"], ["Rd8#"], 1.0)


def test_moves_are_played_first_in_either_notation() -> None:
    answer = document("startpos", "--game", "chess", "--moves", "e4 e7e5, Nf3")
    assert answer["position"].startswith("rnbqkbnr/pppp1ppp/8/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq")
    assert document("startpos", "--game", "chess", "--moves", "1. e4 e5 2. Nf3 1-0")["position"] == answer["position"]


def test_an_sgf_file_is_read_with_its_komi(tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    file.write_text(SGF, encoding="ascii")
    assert read_game(str(file), None).position.text() == "9/9/2b6/9/9/9/2b3w2/9/9 w 5.5"


def test_a_file_of_lines_is_of_the_game_that_is_named(tmp_path: Path) -> None:
    """Several games read .txt files; --game says whose the moves are."""
    file = tmp_path / "lines.txt"
    file.write_text("startpos moves f5 d6\n", encoding="ascii")
    assert document(str(file), "--game", "othello")["position"] == "8/8/8/3ox3/3oxx2/3o4/8/8 x"
    file.write_text("startpos moves e2e4\n", encoding="ascii")
    assert document(str(file))["game"] == "chess"


def test_a_position_may_come_from_standard_input() -> None:
    assert document("-", text="xo./.x./...\n")["game"] == "tictactoe"


@pytest.mark.parametrize(
    ("name", "text", "encoding", "game", "position"),
    [
        (
            "a.pgn",
            GAME.replace("4. Qxf7# 1-0", ""),
            "latin-1",
            "chess",
            "r1bqkb1r/pppp1ppp/2n2n2/4p2Q/2B1P3",
        ),
        ("a.epd", 'k7/8/8/8/8/8/8/K6R w - - 3 9 bm Rh8; id "x";', "ascii", "chess", "k7/8/8/8/8/8/8/K6R w - - 3 9"),
        ("a.kif", KIF, "cp932", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("a.ki2", "▲７六歩 △３四歩", "utf-16", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("a.csa", "+7776FU\n-3334FU\n", "cp932", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("a.txt", KIF, "cp932", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("a.usi", "startpos moves 7g7f 3c3d\n", "ascii", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("noname", KIF, "cp932", "shogi", "lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP"),
        ("a.sgf", "(;SZ[5]PB[黒生き可能];B[cc])", "cp932", "go", "5/5/2b2/5/5 w"),
        (
            "a.log",
            "<: isready\n>: position startpos moves e2e4 c7c5\n>: go",
            "ascii",
            "chess",
            "rnbqkbnr/pp1ppppp",
        ),
    ],
)
def test_files_and_standard_input_of_every_kind(
    tmp_path: Path, name: str, text: str, encoding: str, game: str, position: str
) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    for argument, content in ((str(tmp_path / name), None), ("-", text.encode(encoding))):
        if content is not None and name == "a.csa":
            continue  # nothing in it says what it is
        recorded = _recorded_from(argument, content)
        assert (recorded.spec.name, recorded.text()[: len(position)]) == (game, position)


def _recorded_from(argument: str, content: bytes | None) -> Position:
    return (read_game(argument, None) if content is None else game_of_data(content, None)).position


@pytest.mark.parametrize(
    ("line", "game"),
    [
        ("position startpos moves 7g7f 3c3d", "shogi"),
        ("position startpos moves e2e4 e7e5", "chess"),
        ("position sfen lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1 moves 7g7f", "shogi"),
        ("position fen 4k3/8/8/8/8/8/4P3/4K3 w - - 0 1 moves e2e4", "chess"),
        ("startpos moves 7g7f", "shogi"),
        ("fen 4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", "chess"),
        ("sfen  4k4/9/9/9/9/9/9/9/4K4  b - 1", "shogi"),
    ],
)
def test_positions_as_guis_copy_them(line: str, game: str) -> None:
    position = read_game(line, None).position
    assert position.spec.name == game
    assert position.ply == len(line.partition("moves ")[2].split())


def test_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pgn")
    (tmp_path / "folder.pgn").mkdir()
    for name, reason in (("pipe.pgn", "no regular file"), ("folder.pgn", "it is a folder")):
        with pytest.raises(BadPosition, match=reason):
            read_game(str(tmp_path / name), None)


def test_warnings_are_said_beside_the_answer() -> None:
    result = analyze("(;SZ[5]KM[375];B[cc]", "--json")
    assert result.stderr.count("Warning: ") == 2
    assert json.loads(result.stdout)["position"] == "5/5/2b2/5/5 w 7.5"


def test_what_to_play_instead_of_a_move() -> None:
    output = analyze(GAME, "--move", "3b").output
    assert "the game went on with 3... Nf6" in output
    assert "Qxf7" not in output.partition("line\n")[2].splitlines()[0]  # what is best does not allow it


def test_one_game_of_several_is_taken() -> None:
    text = "1. e4 e5 1-0\n\n1. d4 d5 2. c4 0-1\n"
    first, second = read_game(text, None), read_game(text, None, 2)
    assert (first.position.ply, first.warnings) == (2, ("game 1 of several is taken",))
    assert (second.position.ply, second.warnings) == (3, ())
    both = read_games(f"{text}\n1. c4 *\n", None, range(1, 3))
    assert [game.position.ply for game in both] == [2, 3]
    assert both[0].warnings == ("games 1 to 2 of more are taken",)
    assert not read_game(f"{text}\n1. c4 *\n", None, 2).warnings  # as it was asked for


def test_numbers_of_moves() -> None:
    end = read_game(GAME, None).position
    for number, texts in (("3", ["Qh5", "Nf6"]), ("3w", ["Qh5"]), ("3.", ["Qh5"]), ("3b", ["Nf6"]), ("3...", ["Nf6"])):
        assert [move.text for move in game_analysis.chosen(end, number, number)] == texts
    stones = read_game(SGF, None).position
    assert [(move.number, move.text) for move in game_analysis.chosen(stones, None, None)] == [
        ("1.", "C7"),
        ("2.", "G3"),
        ("3.", "C3"),
    ]
    assert [move.text for move in game_analysis.chosen(stones, "2", None)] == ["G3", "C3"]


def test_one_move_of_a_long_game_is_not_all_of_its_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its whole history: together they were gigabytes."""
    copied = []
    copy = GoPosition.copy

    def counted(position: GoPosition) -> GoPosition:
        copied.append(position.ply)
        return copy(position)

    monkeypatch.setattr(GoPosition, "copy", counted)
    passes = game_of_data(b"(;SZ[5]" + b";B[];W[]" * 50 + b")", None)
    copied.clear()
    (move,) = game_analysis.chosen(passes.position, "7", "7")
    assert (move.before.ply, move.after.ply) == (6, 7)
    assert len(copied) <= 4


def test_a_game_is_gone_through() -> None:
    answer = document(GAME, "--from", "2b", "--to", "4")
    assert answer["players"] == {"white": "Ann <b>", "black": "Ben"}
    assert [move["number"] for move in answer["moves"]] == ["2...", "3.", "3...", "4."]
    blunder, mate = answer["moves"][2:]
    assert (blunder["san"], blunder["mark"], blunder["rate_after"]) == ("Nf6", "??", 1.0)
    assert blunder["loss"] == pytest.approx(1.0 - blunder["rate_before"], abs=1e-3)
    assert (mate["best"], mate["loss"], mate["rate_after"]) == ("h5f7", 0.0, 1.0)


@pytest.mark.parametrize(
    ("position", "moves", "drawn"),
    [(GAME, "", "<svg"), ("startpos", "7g7f 3c3d 8h2b+ 1c1d", "<svg"), ("(;SZ[5];B[cc];W[aa];B[bb])", "", "<circle")],
)
def test_the_page_on_a_game(tmp_path: Path, position: str, moves: str, drawn: str) -> None:
    page = tmp_path / "game.html"
    game = ["--game", "shogi"] if position == "startpos" else []
    result = analyze(position, *game, "--moves", moves, "--report", str(page))
    assert result.output == f"wrote {page}\n"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "The biggest mistakes" in text
    assert drawn in text.split("The biggest mistakes")[1]
    assert "<b>" not in text  # names are escaped
    boards = json.loads(text.split('id="games-data">')[1].split("</script>")[0])["games"][0]["plies"]
    rows = text.count('<tr id="ply')
    assert len(boards) == rows + 1
    assert all("%" in said for _, said, *_ in boards[1:])


def test_a_game_that_breaks_the_rules_has_a_page_without_a_board_to_click_through(tmp_path: Path) -> None:
    page = tmp_path / "game.html"
    assert analyze("(;SZ[5];B[cc];B[bb];W[aa])", "--report", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "games-data" not in text
    assert text.count('<tr id="ply') == 3


def test_ctrl_c_or_a_signal_to_end_leaves_what_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    def think(engine: Engine, position: Position, limits: Limits) -> SearchResult:
        if len(searched) == 3:
            signal.raise_signal(signal.SIGTERM)
        searched.append(position.text())
        return compose.think_whole(engine, position, limits)

    monkeypatch.setattr(game_analysis, "think_whole", think)
    result = analyze(GAME, "--all")
    assert "stopped after 2 of 7 moves" in result.stderr
    rows = result.stdout.splitlines()
    assert rows[0] == "Ann <b> - Ben"
    assert [row.split()[:2] for row in rows if row[:1].isdigit()] == [["1.", "e4"], ["1...", "e5"]]
    assert rows[-1].startswith("black: 1 move, ")
    assert result.exit_code == 130


def test_ctrl_c_is_no_result_where_the_whole_search_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Finish):
        def wait(self, timeout: float | None = None) -> bool:
            if not self.come:
                raise KeyboardInterrupt
            return True

    engine = ScriptedEngine()
    monkeypatch.setattr(compose, "Finish", Interrupted)
    position = load_game("tictactoe").initial((3, 3))
    with pytest.raises(KeyboardInterrupt):
        compose.think_whole(engine, position, Limits())
    assert engine.events == ["go", "stop"]
    assert compose.think(engine, position, Limits(), wait=lambda done: done.wait()).action is not None


def test_the_table_has_a_row_for_each_line() -> None:
    output = analyze("xo./.x./...", "--multipv", "3").output
    rows = output.split("line\n")[1].splitlines()
    assert len(rows) == 3
    assert read_manifest(default_weights_dir("tictactoe")).summary() in output
    assert all(row.split()[0] in ("a1", "b1", "c1", "a2", "c2", "c3") for row in rows)


def test_the_table_gives_no_value_to_moves_that_nothing_looked_at() -> None:
    options = ("--nodes", "2", "--multipv", "9", "--minibatch-size", "1")
    output = CliRunner().invoke(main, ["analyze", "startpos", "--game", "tictactoe", *options]).output
    values = [row.split()[1] for row in output.split("line\n")[1].splitlines()]
    assert values[2:] == ["-"] * 7
    assert all(-1.0 <= float(value) <= 1.0 for value in values[:2])


def test_moves_before_a_set_up_are_told_to_be_left_out() -> None:
    said = "stones are put on the board in the middle of the SGF, and {} before that left out"
    for moves, left_out in ((";B[bb]", "a move"), (";B[bb];W[cc]", "2 moves")):
        game = game_of_data(f"(;SZ[5]{moves};AB[dd];W[ee])".encode(), None)
        assert (game.position.ply, game.warnings) == (1, (said.format(left_out),))
    assert not game_of_data(b"(;SZ[5]AB[dd]PL[W];W[ee])", None).warnings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["startpos"], "say which game to start with --game"),
        (["nonsense"], "'nonsense' is no position of any game"),
        (["sfen 4k4/9/4P4/9/9/9/9/9/9 b G2r2b3g4s4n4l17p 1"], "SFEN has 0 kings of black"),
        ([" "], "there is no position in it"),
        (["8/8/8 w", "--game", "chess"], "cannot read the FEN"),
        (["no-such-file.sgf"], "cannot read 'no-such-file.sgf'"),
        (["folder/no-such-file.xyz"], "cannot read 'folder/no-such-file.xyz': there is no file of this name"),
        (["no-such-file.txt"], "cannot read 'no-such-file.txt': No such file"),
        (["position startpos"], "say which game to start with --game"),
        (["position startpos moves e2e4 e7e5 e1e3"], "move 3: illegal move e1e3"),
        (["position startpos moves a1"], "say which with --game"),
        ([GAME, "--record", "2"], "there is no game 2 in it"),
        (["startpos", "--game", "chess", "--record", "5"], "there is no game 5 in it: that is one position"),
        (["xo./.x./...", "--record", "2"], "there is no game 2 in it: that is one position"),
        ([GAME, "--move", "9"], "there is no move 9 in the game: it has 1. to 4."),
        ([GAME, "--move", "x"], "'x' is no number of a move"),
        ([GAME, "--from", "3", "--to", "2"], "--from 3 comes after --to 2"),
        (["xo./.x./...", "--all"], "there are no moves to go through"),
        ([GAME, "--report", "/no/such/folder/a.html"], "cannot write /no/such/folder/a.html: no such folder"),
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
