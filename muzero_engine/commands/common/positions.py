"""Positions from the command line: a FEN, an SFEN, a Go or tic-tac-toe line, an SGF file, and moves after it."""

from __future__ import annotations

import re

from muzero_engine.commands.common.moves import read_move
from muzero_engine.games.base import BadPosition, IllegalMove, Position
from muzero_engine.games.registry import GAME_NAMES, load_game

START = "startpos"


class BadSetup(ValueError):
    """A position asked for on the command line that cannot be set up; the message says why."""


def start_position(game: str, size: int | None, komi: float | None) -> Position:
    """The start of a game; `size` and `komi` are for Go alone. Raises BadSetup or BadPosition."""
    loaded = load_game(game)
    shape = loaded.spec.shapes[0]
    if game == "go":
        from muzero_engine.games.go.rules import DEFAULT_KOMI, GoPosition

        sides = shape if size is None else (size, size)
        return GoPosition(sides, komi=DEFAULT_KOMI if komi is None else komi)
    if size not in (None, shape[0]):
        raise BadSetup(f"{game} is played on a board of {shape[0]}x{shape[1]}: leave --size out")
    if komi is not None:
        raise BadSetup(f"{game} has no komi: leave --komi out")
    return loaded.initial(shape)


def read_position(text: str, game: str | None) -> Position:
    """The position of a text or an SGF file; the game is found out where it is not given.

    Raises BadSetup or BadPosition.
    """
    if text == START:
        if game is None:
            raise BadSetup("say which game to start with --game")
        return start_position(game, None, None)
    in_file = text.lower().endswith(".sgf")
    if in_file or text.startswith("("):
        from muzero_engine.games.go.sgf import load_sgf, parse_sgf

        if game not in (None, "go"):
            raise BadSetup(f"SGF holds a game of Go, not {game}: leave --game out")
        return (load_sgf(text) if in_file else parse_sgf(text)).position()
    if game is not None:
        return load_game(game).from_text(text)
    for name in GAME_NAMES:
        try:
            return load_game(name).from_text(text)
        except BadPosition:
            continue
    known = "a FEN (chess), an SFEN (shogi), a Go position like '5/5/2b2/5/5 w 7.5', an SGF file, or 'xo./.x./...'"
    raise BadSetup(f"{text[:80]!r} is no position of any game: write {known}; --game NAME tells what is wrong with it")


def play_moves(position: Position, text: str) -> None:
    """Plays moves between spaces or commas. Raises IllegalMove, which names the move and its number."""
    for number, word in enumerate(re.split(r"[\s,]+", text.strip()), start=1):
        if not word:
            continue
        try:
            position.push(read_move(position, word))
        except IllegalMove as error:
            raise IllegalMove(f"move {number}, {word}: {error}") from None
