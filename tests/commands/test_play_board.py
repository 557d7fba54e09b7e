"""What the board in the terminal looks like, by what the terminal can show."""

from __future__ import annotations

import io

import pytest

from muzero_engine.commands.common.board import draw, sign_of
from muzero_engine.commands.common.positions import play_moves
from muzero_engine.commands.common.style import PLAIN, Style, cut, style_of
from muzero_engine.games.base import Position
from muzero_engine.games.registry import game_names, load_game

COLOURS = {"TERM": "xterm-256color"}


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "environment", "style"),
    [
        ("utf-8", COLOURS, Style(symbols=True, colour=True)),
        ("utf-8", COLOURS | {"NO_COLOR": "1"}, Style(symbols=True)),
        ("utf-8", COLOURS | {"NO_COLOR": ""}, Style(symbols=True, colour=True)),  # as no-color.org has it
        ("utf-8", {"TERM": "linux"}, Style(symbols=True)),
        ("utf-8", {"TERM": "dumb"}, PLAIN),
        ("cp437", COLOURS, Style(colour=True)),
        ("ascii", {"TERM": "vt100"}, PLAIN),
    ],
)
def test_a_terminal_gets_what_it_can_show(encoding: str, environment: dict[str, str], style: Style) -> None:
    assert style_of(Terminal(encoding), environment, ascii_only=False, kanji=False) == style


def test_flags_ask_for_less_or_for_kanji() -> None:
    assert style_of(Terminal("utf-8"), COLOURS, ascii_only=True, kanji=True) == Style(colour=True)
    assert style_of(Terminal("cp932"), {"TERM": "dumb"}, ascii_only=False, kanji=True) == Style(kanji=True)
    assert style_of(Terminal("latin-1"), {"TERM": "dumb"}, ascii_only=False, kanji=True) == PLAIN
    assert style_of(io.StringIO(), COLOURS, ascii_only=False, kanji=False) == PLAIN


def drawn(game: str, moves: str, style: Style, *, turned: bool = False) -> list[str]:
    position = load_game(game).initial(load_game(game).spec.shapes[0])
    play_moves(position, moves)
    return board(position, style, turned=turned).split("\n")


def board(position: Position, style: Style, *, turned: bool = False) -> str:
    board_view = load_game(position.spec.name).board_view
    assert board_view is not None
    return draw(board_view(position), style, position.spec.players, turned=turned)


def test_shogi_with_letters_from_whites_side() -> None:
    assert drawn("shogi", "7g7f 3c3d 8h2b+ 3a2b B*5e", PLAIN, turned=True) == [
        "i  L  N  S  G  K  G  S  N  L",
        "h  .  R  .  .  .  .  .  .  .",
        "g  P  P  P  P  P  P  .  P  P",
        "f  .  .  .  .  .  .  P  .  .",
        "e  .  .  .  . (B) .  .  .  .",
        "d  .  .  p  .  .  .  .  .  .",
        "c  p  p  .  p  p  p  p  p  p",
        "b  .  s  .  .  .  .  .  r  .",
        "a  l  n  .  g  k  g  s  n  l",
        "   1  2  3  4  5  6  7  8  9",
        "white holds b",
    ]


def test_shogi_in_kanji() -> None:
    lines = drawn("shogi", "7g7f 3c3d 8h2b+ 3a2b B*5e", Style(kanji=True))
    assert lines[0] == "white holds 角"
    assert lines[1] == "一 v香 v桂 v銀 v金 v玉 v金  ・ v桂 v香"
    assert lines[5] == "五  ・  ・  ・  ・ (角) ・  ・  ・  ・"


def test_go_with_lines() -> None:
    lines = drawn("go", "D4 E5 C3", Style(symbols=True))
    assert lines[1] == "9 ┌─┬─┬─┬─┬─┬─┬─┬─┐ 9"
    assert lines[5] == "5 ├─┼─╋─┼─○─┼─╋─┼─┤ 5"
    assert lines[7] == "3 ├─┼(●)┼─╋─┼─╋─┼─┤ 3"


def test_colours_mark_the_last_move_and_a_king_in_check() -> None:
    lines = drawn("chess", "e4 f5 Qh5+", Style(symbols=True, colour=True))
    assert lines[0].count("\x1b[48;5;160m") == 1  # the king
    assert lines[3].count("\x1b[48;5;64m") == lines[7].count("\x1b[48;5;64m") == 1  # to h5, from d1
    assert sum(line.count("\x1b[48;5;64m") for line in lines) == 2


@pytest.mark.parametrize("game", game_names())
def test_plain_boards_are_ascii_and_as_large_as_the_game_says(game: str) -> None:
    loaded = load_game(game)
    assert loaded.board_view is not None
    position = loaded.initial(loaded.spec.shapes[0])
    for _ in range(6):
        view = loaded.board_view(position)
        assert board(position, PLAIN).isascii()
        assert (len(view.rows), len(view.columns)) == position.shape
        assert sign_of(view, 0, PLAIN).isascii()
        position.push(int(position.legal_actions()[0]))


def test_a_line_is_cut_by_columns_not_by_signs() -> None:
    assert cut("thinking", 8) == "thinking"
    assert cut("thinking", 5) == "think"
    assert cut("1 △同　銀(31)", 8) == "1 △同　"
