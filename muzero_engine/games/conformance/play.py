"""Ways to play a game that know nothing of it, and everything that can be seen of a position."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from muzero_engine.games.base import Game, Outcome, Position, Shape
from muzero_engine.games.encoding import observation, pack


class Broken(AssertionError):
    """A property of all games that one does not have; the message says what is wrong and, with a position, where."""

    def __init__(self, sentence: str, position: Position | None = None) -> None:
        where = "" if position is None else f" (after {position.ply} plies, at {position.text()!r})"
        super().__init__(sentence + where)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that can be seen of a position."""

    mover: int
    ply: int
    shape: Shape
    legal_actions: tuple[int, ...]
    outcome: Outcome | None
    can_declare_win: bool
    text: str
    board_text: str
    pack: bytes
    observation: bytes

    @classmethod
    def of(cls, position: Position) -> Seen:
        """Look at a position, which stays as it is."""
        return cls(
            mover=position.mover,
            ply=position.ply,
            shape=position.shape,
            legal_actions=tuple(position.legal_actions().tolist()),
            outcome=position.outcome(),
            can_declare_win=position.can_declare_win(),
            text=position.text(),
            board_text=position.board_text(),
            pack=pack(position).tobytes(),
            observation=observation(position).tobytes(),
        )

    def difference(self, other: Seen) -> str:
        """Return "text is 'a' here and 'b' there" of the first thing that differs from `other`, "" if nothing does."""
        for field in dataclasses.fields(self):
            here, there = getattr(self, field.name), getattr(other, field.name)
            if here != there:
                if isinstance(here, bytes):
                    return f"{field.name} differs"
                return f"{field.name} is {here!r} here and {there!r} there"
        return ""


def some_shapes(game: Game) -> list[Shape]:
    """Return the default, the smallest, the largest and, if there is one, an oblong board."""
    by_area = sorted(game.spec.shapes, key=lambda shape: shape[0] * shape[1])
    oblong = [shape for shape in by_area if shape[0] != shape[1]][:1]
    return list(dict.fromkeys([game.spec.shapes[0], by_area[0], by_area[-1], *oblong]))


def pick(position: Position, rng: np.random.Generator) -> int:
    """Return a random legal action."""
    legal = position.legal_actions()
    if not len(legal):
        raise Broken("there is no legal action although outcome() is None: the game cannot go on", position)
    return int(rng.choice(legal))


def random_play(position: Position, seed: int, plies: int) -> Iterator[Position]:
    """Yield the same position object before each of its random moves and once more at the end."""
    rng = np.random.default_rng(seed)
    yield position
    for _ in range(plies):
        if position.outcome() is not None:
            return
        position.push(pick(position, rng))
        yield position


def homesick_play(position: Position, seed: int, plies: int) -> Iterator[Position]:
    """Play like `random_play`, but back to known boards where that can be, so that positions repeat."""
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


def whole_game(position: Position, seed: int) -> list[int]:
    """Play a random game to its end (or to `max_plies`) and return its actions."""
    rng = np.random.default_rng(seed)
    actions = []
    while position.outcome() is None and position.ply < position.spec.max_plies:
        actions.append(pick(position, rng))
        position.push(actions[-1])
    return actions


def endings_by_trying(position: Position) -> dict[int, float]:
    """Return what `ending_actions` has to say, from the outcome after each legal action."""
    endings = {}
    mover = position.mover
    for action in position.legal_actions().tolist():
        position.push(action)
        outcome = position.outcome()
        position.pop()
        if outcome is not None:
            endings[action] = outcome.value(mover)
    return endings
