"""Positions from the command line: a position's text, a file of games, and moves after it."""

from __future__ import annotations

import re
from pathlib import Path

from muzero_engine.commands.common.moves import bare_move, read_move
from muzero_engine.games.base import BadPosition, IllegalMove, Position, WithKomi
from muzero_engine.games.lines import START
from muzero_engine.games.record_files import format_of, game_of_file, game_of_text, position_of, read_text
from muzero_engine.games.registry import game_names, load_game


class BadSetup(ValueError):
    """A position asked for on the command line that cannot be set up; the message says why."""


def start_position(game: str, size: int | None, komi: float | None) -> Position:
    """Return the start of a game; `size` and `komi` where it has several boards, or komi.

    Raises BadSetup or BadPosition.
    """
    loaded = load_game(game)
    shape = loaded.spec.shapes[0]
    if size is not None and len(loaded.spec.shapes) == 1 and size != shape[0]:
        raise BadSetup(f"{game} is played on a board of {shape[0]}x{shape[1]}: leave --size out")
    position = loaded.initial(shape if size is None or len(loaded.spec.shapes) == 1 else (size, size))
    if komi is not None:
        if not isinstance(position, WithKomi):
            raise BadSetup(f"{game} has no komi: leave --komi out")
        position.set_komi(komi)
    return position


def read_position(text: str, game: str | None) -> Position:
    """Return the position of a text or a file, of its first game's end; the game is found out where it is not given.

    Raises BadSetup or BadPosition.
    """
    if text == START:
        if game is None:
            raise BadSetup("say which game to start with --game")
        return start_position(game, None, None)
    if (owner := game_of_file(text)) is not None:
        if game not in (None, owner):
            raise BadSetup(f"{text} holds games of {owner}, not of {game}: leave --game out")
        form = format_of(text, load_game(owner))
        return position_of(read_text(Path(text), form), form, load_game(owner))
    if (owner := game_of_text(text)) is not None:
        if game not in (None, owner):
            raise BadSetup(f"that is a game of {owner}, not of {game}: leave --game out")
        form = next(form for form in load_game(owner).records if form.beginnings and text.startswith(form.beginnings))
        return position_of(text, form, load_game(owner))
    if game is not None:
        return load_game(game).from_text(text)
    for name in game_names():
        try:
            return load_game(name).from_text(text)
        except BadPosition:
            continue
    examples = [load_game(name).notation.position_example for name in game_names()]
    known = ", ".join([*filter(None, examples), "a file of games"])
    raise BadSetup(f"{text[:80]!r} is no position of any game: write {known}; --game NAME tells what is wrong with it")


def play_moves(position: Position, text: str) -> None:
    """Play moves between spaces or commas, with or without their numbers (`1. e4 e5`).

    A word that is no move by itself may be one with the next (`e2 e4`, `D 4`). Raises IllegalMove, which names the move
    and its number.
    """
    words = [word for word in re.split(r"[\s,]+", text.strip()) if bare_move(word)]
    number = 0
    while words:
        word, number = words.pop(0), number + 1
        try:
            action = read_move(position, word)
        except IllegalMove as error:
            try:
                action = read_move(position, f"{word} {words[0]}" if words else word)
            except IllegalMove:
                raise IllegalMove(f"move {number}, {word}: {error}") from None
            words.pop(0)
        position.push(action)
