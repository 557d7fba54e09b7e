"""A picture of a shogi board, by cshogi, with arrows of our own."""

from __future__ import annotations

import cshogi

from muzero_engine.games.base import Position
from muzero_engine.games.pictures import BETTER_COLOUR, PLAYED_COLOUR
from muzero_engine.games.shogi.rules import ShogiPosition

# Where cshogi's picture has the middle of the square in the upper right corner, and how far squares are apart.
RIGHT, TOP, STEP = 190.5, 20.5, 20


def board_picture(position: Position, played: int | None, better: int | None) -> str:
    """Return the board, black at the bottom, with arrows for the move that was played and for a better one.

    A drop is a ring around its square.
    """
    assert isinstance(position, ShogiPosition)
    board = position.board
    marks = []
    for action, colour in ((better, BETTER_COLOUR), (played, PLAYED_COLOUR)):
        if action is not None:
            marks.append(_mark(board.move_from_usi(position.action_text(action)), colour))
    return str(board.to_svg()).replace("</svg>", f"{''.join(marks)}</svg>")


def _mark(move: int, colour: str) -> str:
    x, y = _middle(cshogi.move_to(move))
    if cshogi.move_is_drop(move):
        return f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="{colour}" stroke-width="2.5" opacity="0.8"/>'
    from_x, from_y = _middle(cshogi.move_from(move))
    length = ((x - from_x) ** 2 + (y - from_y) ** 2) ** 0.5
    along, across = ((x - from_x) / length, (y - from_y) / length), ((from_y - y) / length, (x - from_x) / length)
    base_x, base_y = x - 7 * along[0], y - 7 * along[1]
    wings = [(base_x + 4.5 * side * across[0], base_y + 4.5 * side * across[1]) for side in (1, -1)]
    head = " ".join(f"{px:.1f},{py:.1f}" for px, py in ((x, y), *wings))
    return (
        f'<g opacity="0.8"><line x1="{from_x}" y1="{from_y}" x2="{base_x:.1f}" y2="{base_y:.1f}" stroke="{colour}" '
        f'stroke-width="3"/><polygon points="{head}" fill="{colour}"/></g>'
    )


def _middle(square: int) -> tuple[float, float]:
    """Return (x, y) of a square, cshogi's number."""
    file, rank = divmod(square, 9)
    return RIGHT - STEP * file, TOP + STEP * rank
