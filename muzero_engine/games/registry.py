"""The games this program knows, loaded on demand: a session of one game never imports the others.

Games of other packages join through the entry-point group `muzero_engine.games`: the name of an entry point is the
game's, and what it loads is a `Game`. A built-in game is never replaced by one of the same name.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from typing import TYPE_CHECKING

from muzero_engine.files import code_digest
from muzero_engine.games.base import Game, Position

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN = ("chess", "go", "othello", "shogi", "tictactoe")
ENTRY_POINTS = "muzero_engine.games"


class UnknownGame(ValueError):
    """A game name that the registry does not have, or one that cannot be loaded; the message says what there is."""


@functools.cache
def game_names() -> tuple[str, ...]:
    """Return the names of all games: the built-in ones first, then those of other packages in alphabetical order."""
    return (*BUILT_IN, *sorted(set(_entry_points()) - set(BUILT_IN)))


@functools.cache
def load_game(name: str) -> Game:
    """Return the game of this name. Raises UnknownGame."""
    if name in BUILT_IN:
        game = importlib.import_module(f"muzero_engine.games.{name}").GAME
    elif name in _entry_points():
        game = _load(_entry_points()[name])
    else:
        raise UnknownGame(f"unknown game {name!r}: choose one of {', '.join(game_names())}")
    assert isinstance(game, Game)
    return game


@functools.cache
def loaded_games() -> tuple[Game, ...]:
    """Return all games, in the order of `game_names`, but those of other packages that cannot be loaded."""
    games = []
    for name in game_names():
        with contextlib.suppress(UnknownGame):
            games.append(load_game(name))
    return tuple(games)


def game_digest(name: str) -> str:
    """Return `code_digest` of the rules of another package's game; "" of a built-in one. Raises UnknownGame."""
    game = load_game(name)
    return "" if name in BUILT_IN else code_digest(type(game.initial(game.spec.shapes[0])))


def game_of(position: Position) -> Game:
    """Return the game that a position is of. Raises UnknownGame."""
    return load_game(position.spec.name)


@functools.cache
def _entry_points() -> dict[str, EntryPoint]:
    import importlib.metadata  # takes as long as half of this package; a session of a built-in game does without

    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def _load(point: EntryPoint) -> Game:
    try:
        game = point.load()
    except (Exception, SystemExit) as error:  # whatever another package does when it is imported
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise UnknownGame(f"cannot load the game {point.name!r} from {point.value}: {what}") from error
    if not isinstance(game, Game):
        raise UnknownGame(f"{point.value} is no game: an entry point of {ENTRY_POINTS} names a muzero_engine Game")
    if game.spec.name != point.name:
        raise UnknownGame(f"{point.value} is the game {game.spec.name!r}, but its entry point is called {point.name!r}")
    return game
