"""The games this program knows, loaded on demand: a session of one game never imports the others."""

from __future__ import annotations

import functools
import importlib

from muzero_engine.games.base import Game

GAME_NAMES = ("chess", "go", "shogi", "tictactoe")


class UnknownGame(ValueError):
    """A game name that the registry does not have; the message lists those it has."""


@functools.cache
def load_game(name: str) -> Game:
    """The game of this name. Raises UnknownGame."""
    if name not in GAME_NAMES:
        raise UnknownGame(f"unknown game {name!r}: choose one of {', '.join(GAME_NAMES)}")
    module = importlib.import_module(f"muzero_engine.games.{name}")
    game = module.GAME
    assert isinstance(game, Game)
    return game
