"""`muzero-engine play`, with its input from a pipe."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from muzero_engine.cli import main
from muzero_engine.commands.common import compose
from muzero_engine.commands.common.compose import make_engine
from muzero_engine.commands.common.style import PLAIN
from muzero_engine.commands.play.console import Console
from muzero_engine.commands.play.table import Table
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.human_time import LONGEST_MS
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import Position
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable

ROOT = Path(__file__).resolve().parents[2]


def play(*arguments: str, lines: list[str]) -> Result:
    return CliRunner().invoke(
        main,
        ["play", "--nodes", "32", *arguments],
        input="".join(f"{line}\n" for line in lines),
        catch_exceptions=False,
    )


def test_a_whole_game_of_two_people() -> None:
    result = play("tictactoe", "--side", "both", lines=["a1", "b1", "a2", "b2", "a3"])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "x wins: three in a row"


def test_the_engine_answers_until_the_game_ends() -> None:
    squares = [f"{column}{row}" for column in "abc" for row in "123"]
    result = play("tictactoe", lines=squares * 2)
    assert result.exit_code == 0
    assert result.output.count("the engine plays") in (2, 3, 4)
    assert "wins: three in a row" in result.output or "a draw: full board" in result.output


def test_the_engine_never_misses_a_win_in_one() -> None:
    result = play("tictactoe", "--position", "oo./xx./x..", "--side", "x", "--show-value", lines=[])
    assert "the engine plays c3  (win 100%" in result.output
    assert result.output.splitlines()[-1] == "o wins: three in a row"


def test_the_engine_begins_where_the_person_is_second() -> None:
    result = play("go", "--side", "white", "--size", "5", "--komi", "0.5", lines=["resign"])
    assert "the engine plays" in result.output
    assert "komi 0.5" in result.output
    assert result.output.splitlines()[-1] == "black wins: resignation"


def test_a_hint_is_given_at_full_strength_whatever_the_level() -> None:
    def hint(*weaker: str) -> str:
        result = play("tictactoe", *weaker, "--nodes", "40", "--seed", "1", lines=["hint", "quit"])
        return next(line for line in result.output.splitlines() if line.startswith("hint: "))

    assert "40 nodes" in hint()
    assert hint("--level", "200") == hint("--temperature", "50") == hint()


@pytest.mark.parametrize(
    "flags", [("--level", "200"), ("--skill-level", "3"), ("--human-time",), ("--temperature", "2")]
)
def test_how_the_engine_plays_is_refused_where_it_plays_no_move(flags: tuple[str, ...]) -> None:
    result = play("tictactoe", "--side", "both", *flags, lines=[])
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == f"Error: with --side both the engine plays no move: leave {flags[0]} out"


def test_undo_takes_both_moves_back() -> None:
    result = play("tictactoe", lines=["undo", "b2", "undo", "quit"])
    assert "there is no move of yours to take back" in result.output
    boards = re.findall(r"^3 .*\n2 .*\n1 .*$", result.output, re.MULTILINE)
    assert len(boards) == 3
    assert boards[0] == boards[2] == "3 . . .\n2 . . .\n1 . . ."


def test_chess_takes_san_and_tells_it() -> None:
    result = play("chess", "--side", "both", lines=["f3", "e5", "g2g4", "hint", "Qh4#"])
    assert "hint: Qh4#" in result.output
    assert result.output.splitlines()[-1] == "black wins: checkmate"


def test_wrong_moves_are_explained_and_the_game_goes_on() -> None:
    result = play("chess", "--side", "both", lines=["e9", "e2e5", "", "HELP", "declare", "board", "quit"])
    assert "not a move: 'e9'" in result.output
    assert "the pawn on e2 cannot go to e5" in result.output
    assert "take your last move back" in result.output
    assert "a win cannot be declared here" in result.output
    assert result.output.splitlines()[-1] == "bye"


@pytest.mark.parametrize("game", ["chess", "go", "shogi", "tictactoe"])
def test_the_end_of_input_ends_the_game(game: str) -> None:
    result = play(game, lines=[])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "bye")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chess", "--side", "x"], "--side x: choose one of first, second, both, white, black"),
        (["chess", "--size", "9"], "chess is played on a board of 8x8"),
        (["shogi", "--komi", "1"], "shogi has no komi"),
        (["go", "--size", "20"], "2 to 19"),
        (["go", "--position", "x"], "a Go position is"),
        (["tictactoe", "--backend", "cuda"], "the backend cuda is not installed"),
    ],
)
def test_errors_are_one_line(arguments: list[str], message: str) -> None:
    result = play(*arguments, lines=[])
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_a_level_is_told_and_played(tmp_path: Path) -> None:
    weights = Path(shutil.copytree(ROOT / "weights" / "tictactoe", tmp_path / "weights"))
    weak, strong = LevelSettings(2, 1.0, 0.01), LevelSettings(20, 0.0, 0.0)
    table = LevelTable("tictactoe: random moves = 0", (Level(400.0, 50.0, 60, weak), Level(800.0, 50.0, 60, strong)))
    (weights / "manifest.json").write_text(replace(read_manifest(weights), levels=table).to_json())
    for flags in (["--elo", "400"], ["--level", "400"], ["--skill-level", "0"]):
        result = play("tictactoe", *flags, "--weights", str(weights), "--seed", "1", "--show-value", lines=["b2"])
        assert "The engine plays at 400 Elo (tictactoe: random moves = 0)." in result.output
        assert "; 2 nodes)" in result.output
    for flags, said in (
        (["--nodes", "19"], "weaker than 800 Elo (tictactoe: random moves = 0): that is 20 simulations a move, and"),
        (["--time", "9"], "at 800 Elo (tictactoe: random moves = 0), or weaker where 20 simulations take longer than"),
        ([], "at 800 Elo (tictactoe: random moves = 0)."),
    ):
        arguments = ["play", "tictactoe", "--level", "800", "--weights", str(weights), *flags]
        assert f"The engine plays {said}" in CliRunner().invoke(main, arguments).output
    refused = play("tictactoe", "--level", "1200", "--weights", str(weights), lines=[])
    assert refused.output == (
        "Error: a level of 1200 Elo was not measured for these weights: choose one from 400 to 800\n"
    )


def test_a_level_on_another_board_is_not_said_to_be_played() -> None:
    result = play("go", "--size", "13", "--level", "1000", lines=[])
    assert "but levels were measured on 9x9: how strong they are on 13x13 is not known." in result.output


@pytest.mark.parametrize(
    ("flags", "milliseconds", "hint_milliseconds"),
    [(["--human-time"], LONGEST_MS, 1000.0), (["--human-time", "--time", "2"], 2000.0, 2000.0), ([], 1000.0, 1000.0)],
)
def test_a_persons_time_is_bounded_by_what_was_asked_for_alone(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], milliseconds: float, hint_milliseconds: float
) -> None:
    asked: list[tuple[float | None, bool]] = []

    def think(engine: Engine, position: Position, limits: Limits, **_others: object) -> SearchResult:
        asked.append((limits.move_time_ms, engine.options.human_time))
        return compose.think(engine, position, Limits(nodes=1, move_time_ms=1.0))

    monkeypatch.setattr("muzero_engine.commands.play.table.think", think)
    CliRunner().invoke(main, ["play", "tictactoe", *flags], input="hint\nb2\n", catch_exceptions=False)
    assert asked == [(hint_milliseconds, False), (milliseconds, bool(flags))]


def test_a_move_may_be_written_as_people_do() -> None:
    lines = ["1. e4", "e7 e5", "nf3", "Nc6!", "Bb5", "a6", "o-o", "moves", "fen"]
    result = play("chess", "--side", "both", lines=lines)
    assert result.output.splitlines()[-3:-1] == [
        "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. O-O",
        "r1bqkbnr/1ppp1ppp/p1n5/1B2p3/4P3/5N2/PPPP1PPP/RNBQ1RK1 b kq - 1 4",
    ]


def test_the_board_shows_the_last_move_check_and_what_was_captured() -> None:
    result = play("chess", "--side", "both", lines=["e4", "d5", "exd5", "Qxd5", "Nc3", "Qe5+"])
    assert result.output.splitlines()[-14:-1] == [
        "black has captured P",
        "8 r n b . k b n r",
        "7 p p p . p p p p",
        "6 . . . . . . . .",
        "5 . . . *(q). . .",
        "4 . . . . . . . .",
        "3 . . N . . . . .",
        "2 P P P P . P P P",
        "1 R . B Q K B N R",
        "  a b c d e f g h",
        "white has captured p",
        "move 4, white to move; in check; last move Qe5+",
        "",
    ]


def test_the_board_turns_for_the_second_player_where_that_is_usual() -> None:
    result = play("shogi", "--side", "white", "--kanji", lines=["flip"])
    assert result.output.count("\n    １  ２  ３  ４  ５  ６  ７  ８  ９\n") == 2
    assert result.output.count("\n一 v香 v桂 v銀 v金 v玉 v金 v銀 v桂 v香\n") == 3
    assert "\n    ９  ８  ７  ６  ５  ４  ３  ２  １\nmove 2, white to move" in result.output
    assert "\n9 . . . . . . . . . 9\n" in play("go", "--side", "white", lines=[]).output


def test_moves_are_written_in_kanji_beside_a_board_in_kanji() -> None:
    lines = ["7g7f", "3c3d", "8h2b+", "3a2b", "moves"]
    result = play("shogi", "--side", "both", "--kanji", lines=lines)
    assert result.output.splitlines()[-2] == "1. ▲７六歩(77) 2. △３四歩(33) 3. ▲２二角成(88) 4. △同　銀(31)"


def test_go_ends_with_its_score_and_can_be_taken_back() -> None:
    result = play("go", "--side", "both", "--size", "5", lines=["c3", "score", "PASS", "pass", "undo", "score", "new"])
    assert "black is ahead by 17.5, everything on the board taken for alive" in result.output
    assert "\nblack wins by 17.5: two passes\n" in result.output
    assert result.output.count("move 3, white (O) to move; last move pass") == 0
    assert result.output.count("move 3, black (X) to move; last move pass") == 2
    assert result.output.splitlines()[-1] == "bye"
    assert result.output.splitlines()[-3] == "move 1, black (X) to move"


def test_a_resignation_is_taken_back_alone() -> None:
    result = play("tictactoe", "--side", "both", lines=["b2", "resign", "a1", "undo", "a1", "moves"])
    assert "the game is over: undo, new, save FILE or quit" in result.output
    assert result.output.splitlines()[-2] == "1. b2 2. a1"


@pytest.mark.parametrize(
    ("game", "moves", "suffix", "kept"),
    [
        ("chess", ["f3", "e5", "g4", "Qh4"], ".pgn", '[Result "0-1"]'),
        ("chess", ["e4"], ".pgn", '[Result "*"]'),
        ("go", ["d4", "e5", "resign"], ".sgf", "RE[W+R]"),
        ("go", ["pass", "pass"], ".sgf", "PB[Black]PW[White]RE[W+7.5]"),
        ("shogi", ["P-7f", "P-3d", "Bx2b+"], ".kif", "   3 ２二角成(88)"),
        ("shogi", ["P-7f", "resign"], ".kifu", "   2 投了"),
        ("shogi", ["P-7f"], ".csa", "%CHUDAN"),
        ("tictactoe", ["b2"], ".ugi", "startpos moves b2"),
    ],
)
def test_a_game_is_saved_as_the_file_is_called(
    game: str, moves: list[str], suffix: str, kept: str, tmp_path: Path
) -> None:
    path = tmp_path / f"game{suffix}"
    result = play(game, "--side", "both", lines=[*moves, "moves", f"save {path}", f"save {path}"])
    assert result.output.count(f"saved as {path}") == 2  # the same game may be written again
    assert kept in path.read_text(encoding="cp932" if suffix == ".kif" else "utf-8")
    again = play(game, "--side", "both", "--position", str(path), lines=["moves", f"save {path}"])
    written, read = (re.findall(r"^1\. .*", output, re.MULTILINE) for output in (result.output, again.output))
    assert written == read != []
    assert f"{path} is there already: choose another name" in again.output


def test_a_game_is_not_saved_where_its_file_does_not_say_how(tmp_path: Path) -> None:
    lines = ["save x.pgn", "e4", "save x", "save x.epd", f"save {tmp_path}/no/x.pgn"]
    result = play("chess", "--side", "both", lines=lines)
    assert "there is no move to save" in result.output
    assert result.output.count("does not say what to write: end the name with one of .pgn") == 2
    assert "cannot write" in result.output
    assert "No such file or directory" in result.output


def test_flags_that_the_position_contradicts_are_refused() -> None:
    result = play("go", "--position", "5/5/2b2/5/5 w 7.5", "--size", "9", lines=[])
    assert "leave --size out" in result.output
    assert "komi 0.5" in play("go", "--position", "5/5/2b2/5/5 w 7.5", "--komi", "0.5", lines=[]).output


class Person(Console):
    """A terminal at which lines are typed, and Ctrl-C is pressed while the text of this number is written."""

    def __init__(self, *lines: str, interrupted_at: int = 0) -> None:
        super().__init__(PLAIN)
        self.terminal = True
        self.lines = list(lines)
        self.said: list[str] = []
        self.interrupted_at = interrupted_at

    def say(self, text: str) -> None:
        self.said.append(text)
        if len(self.said) == self.interrupted_at:
            raise KeyboardInterrupt

    def line(self, prompt: str = "") -> str | None:
        return self.lines.pop(0)

    def plays(self, game: str) -> list[str]:
        """Play against oneself, and return what is said."""
        loaded = load_game(game)
        engine = make_engine(game, EngineOptions())
        start = loaded.initial(loaded.spec.shapes[0])
        Table(engine, start, frozenset({0, 1}), Limits(), self, hints=Limits(), show_value=False).run()
        engine.close()
        return self.said


def test_lines_that_are_pasted_at_once_are_taken_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals paste them in brackets, and readline makes one line of them."""
    pasted = iter(["e4\ne5\n\nNf3\n", "", "d5"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(pasted))
    console = Console(PLAIN)
    console.terminal = True
    assert [console.line() for _ in range(5)] == ["e4", "e5", "Nf3", "", "d5"]


def test_ctrl_c_that_comes_while_the_board_is_drawn_loses_no_game(tmp_path: Path) -> None:
    said = Person("e4", str(tmp_path / "game.pgn"), interrupted_at=2).plays("chess")
    assert said[2:] == [f"saved as {tmp_path}/game.pgn", "bye"]


@pytest.mark.parametrize(("lines", "counted"), [(["d4", "resign"], False), (["pass", "pass"], True)])
def test_a_board_is_said_to_be_counted_where_it_is(lines: list[str], counted: bool) -> None:
    said = Person(*lines, "quit", "no").plays("go")
    assert any("taken for alive" in text for text in said) is counted


def test_help_needs_no_example_of_a_move_also_when_the_game_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notation may leave it out."""
    tictactoe = load_game("tictactoe")
    plain = replace(tictactoe, notation=replace(tictactoe.notation, move_example=""))
    monkeypatch.setattr("muzero_engine.commands.play.table.game_of", lambda _: plain)
    said = Person("a1", "b1", "a2", "b2", "a3", "help", "quit", "no").plays("tictactoe")
    assert any(line.startswith("a move   ") and "\nundo" in line for line in said)


def test_a_game_is_saved_under_the_name_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (str(tmp_path / f"{second}.ugi") for second in itertools.count())
    monkeypatch.setattr("muzero_engine.commands.play.table.default_name", lambda _: next(names))
    said = Person("a1", "quit", "y").plays("tictactoe")
    assert said[-2:] == [f"saved as {tmp_path}/0.ugi", "bye"]


def test_a_game_takes_no_other_ones_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that ended within a second had one, and one file was left."""
    monkeypatch.setattr("muzero_engine.commands.play.table.default_name", lambda _: str(tmp_path / "a.ugi"))
    for name in ("a.ugi", "a-2.ugi", "a-3.ugi"):
        assert Person("a1", "quit", "y").plays("tictactoe")[-2:] == [f"saved as {tmp_path / name}", "bye"]
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.suffix != ".ugi" and exists(path))  # as it was a moment ago
    said = Person("b2", "quit", str(tmp_path / "a.ugi"), "no").plays("tictactoe")
    assert f"{tmp_path / 'a.ugi'} is there already: choose another name" in said
    monkeypatch.setattr("muzero_engine.commands.play.keeping.write_atomically", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Person("b2", "quit", "y").plays("tictactoe")
    assert len(list(tmp_path.iterdir())) == 3
