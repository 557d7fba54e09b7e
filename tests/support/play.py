"""Ways to play any game of the registry, and what can be seen of a position, for tests."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import pytest

from muzero_engine.games.base import Game, Position, Shape
from muzero_engine.games.encoding import observation, pack
from muzero_engine.games.registry import GAME_NAMES, load_game

Fixed = tuple[object, ...]


def some_shapes(game: Game) -> list[Shape]:
    """The default, the smallest, the largest and, if there is one, an oblong board."""
    by_area = sorted(game.spec.shapes, key=lambda shape: shape[0] * shape[1])
    oblong = [shape for shape in by_area if shape[0] != shape[1]][:1]
    return list(dict.fromkeys([game.spec.shapes[0], by_area[0], by_area[-1], *oblong]))


def boards() -> Iterator[object]:
    for name in GAME_NAMES:
        for shape in some_shapes(load_game(name)):
            yield pytest.param(name, shape, id=f"{name}-{shape[0]}x{shape[1]}")


def start(name: str, shape: Shape) -> Position:
    return load_game(name).initial(shape)


def pick(position: Position, rng: np.random.Generator) -> int:
    return int(rng.choice(position.legal_actions()))


def random_play(position: Position, seed: int, plies: int) -> Iterator[Position]:
    """The same position object before each of its random moves and once more at the end."""
    rng = np.random.default_rng(seed)
    yield position
    for _ in range(plies):
        if position.outcome() is not None:
            return
        position.push(pick(position, rng))
        yield position


def homesick_play(position: Position, seed: int, plies: int) -> Iterator[Position]:
    """Like `random_play`, but players go back to boards they know where they can, so that positions repeat."""
    rng = np.random.default_rng(seed)
    pieces = 2 * position.spec.layout.per_player
    known: set[bytes] = set()
    yield position
    for _ in range(plies):
        if position.outcome() is not None:
            return
        known.add(position.frames(1)[0][:pieces].tobytes())
        actions = rng.permutation(position.legal_actions()).tolist()
        for action in actions[:40]:
            position.push(action)
            if position.frames(1)[0][:pieces].tobytes() in known:
                break
            position.pop()
        else:
            position.push(actions[0])
        yield position


@functools.cache
def whole_game(name: str, shape: Shape, seed: int) -> tuple[int, ...]:
    """The actions of a random game to its end (or to `max_plies`)."""
    rng = np.random.default_rng(seed)
    position = start(name, shape)
    actions = []
    while position.outcome() is None and position.ply < position.spec.max_plies:
        actions.append(pick(position, rng))
        position.push(actions[-1])
    return tuple(actions)


def fixed(position: Position) -> Fixed:
    """Everything that can be seen of a position."""
    return (
        position.text(),
        position.board_text(),
        position.mover,
        position.ply,
        position.shape,
        tuple(position.legal_actions().tolist()),
        position.outcome(),
        position.can_declare_win(),
        pack(position).tobytes(),
        observation(position).tobytes(),
    )


def brute_force_endings(position: Position) -> dict[int, float]:
    endings = {}
    mover = position.mover
    for action in position.legal_actions().tolist():
        position.push(action)
        outcome = position.outcome()
        position.pop()
        if outcome is not None:
            endings[action] = outcome.value(mover)
    return endings
