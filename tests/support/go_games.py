"""Go positions and games to test with."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st

from muzero_engine.games.base import Shape
from muzero_engine.games.go.actions import parse_vertex
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

SHAPES = st.tuples(st.integers(2, 19), st.integers(2, 19))
EXAMPLES = settings(max_examples=60, deadline=None)


def diagram(text: str, mover: int = BLACK, komi: float = 0) -> GoPosition:
    """Return a position from rows of `.`, `X` (black) and `O` (white), top row first."""
    rows = ["".join(line.split()) for line in text.strip().splitlines()]
    marks = "".join(rows)
    stones = [[i for i, mark in enumerate(marks) if mark == sign] for sign in "XO"]
    return GoPosition((len(rows), len(rows[0])), black=stones[0], white=stones[1], mover=mover, komi=komi)


def play(position: GoPosition, *vertices: str) -> None:
    for vertex in vertices:
        position.push(position.parse_action(vertex))


def random_game(shape: Shape, seed: int, plies: int, *, any_play: bool = False) -> GoPosition:
    """Return a game of random moves, hardly a pass; with `any_play` of either colour and against the rules."""
    chance = random.Random(seed)
    position = GoPosition(shape)
    for _ in range(plies):
        moves = position.legal_actions().tolist()
        if any_play:
            taken = {*position.stones(BLACK), *position.stones(WHITE)}
            free = [point for point in range(shape[0] * shape[1] + 1) if point not in taken]
            position.play_any(chance.choice(free), chance.randrange(2))
        else:
            position.push(chance.choice(moves if chance.random() < 0.02 else moves[:-1] or moves))
    return position


def legal(position: GoPosition, vertex: str) -> bool:
    """Return whether the mover may play there."""
    return position.is_legal(parse_vertex(vertex, position.shape))


def everything(position: GoPosition) -> tuple[object, ...]:
    """Return all that a position shows."""
    return (
        position.text(),
        position.board_text(),
        position.ply,
        position.moves,
        position.lost,
        position.legal_actions().tolist(),
        position.outcome(),
        position.ending_actions(),
        position.frames(8).tobytes(),
        position.scalars().tolist(),
    )
