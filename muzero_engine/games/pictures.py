"""Pictures (SVG) of boards: of those whose game has no library that draws them, from their `BoardView`."""

from __future__ import annotations

import html

from muzero_engine.games.base import Position
from muzero_engine.games.board_view import BoardView, Piece, Square, Surface

PLAYED_COLOUR, BETTER_COLOUR = "#c0392b", "#1e8449"
CELL = 30  # in the picture's own units
MARGIN = 22  # for the names of columns and rows
DISC, RING = 13.0, 10.5  # radii
_BACKGROUNDS = {
    Surface.PLAIN: "#f4f1ea",
    Surface.CHEQUERED: "#f0d9b5",
    Surface.WOOD: "#e3b778",
    Surface.FELT: "#3f8f5b",
}
_LINES = "#444"


def picture(position: Position, played: int | None, better: int | None) -> str:
    """Return the board with a ring where the move that was played goes to, and one for a better one.

    A pass has none. Raises LookupError where the game has no view of its boards.
    """
    from muzero_engine.games.registry import game_of  # which imports the games, and they what is above

    game = game_of(position)
    if game.picture is not None:
        return game.picture(position, played, better)
    if game.board_view is None:
        raise LookupError(f"boards of {game.spec.name} are not drawn")
    rings = []
    for action, colour in ((better, BETTER_COLOUR), (played, PLAYED_COLOUR)):
        if action is None:
            continue
        after = position.copy()
        after.push(action)
        if (square := game.board_view(after).arrived) is not None:
            rings.append((square, colour))
    return view_picture(game.board_view(position), rings)


def view_picture(view: BoardView, rings: list[tuple[Square, str]]) -> str:
    """Return the picture of a view, the first player at the bottom, with coloured rings around some squares."""
    width, height = len(view.columns), len(view.rows)
    inset = CELL / 2 if view.crossings else 0.0
    right, bottom = MARGIN + width * CELL, MARGIN + height * CELL
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + MARGIN / 2:g} {bottom + MARGIN / 2:g}">',
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{width * CELL}" height="{height * CELL}" '
        f'fill="{_BACKGROUNDS[view.surface]}"/><g stroke="{_LINES}">',
    ]
    for line in range(width + (0 if view.crossings else 1)):
        x = MARGIN + inset + line * CELL
        parts.append(f'<line x1="{x:g}" y1="{MARGIN + inset:g}" x2="{x:g}" y2="{bottom - inset:g}"/>')
    for line in range(height + (0 if view.crossings else 1)):
        y = MARGIN + inset + line * CELL
        parts.append(f'<line x1="{MARGIN + inset:g}" y1="{y:g}" x2="{right - inset:g}" y2="{y:g}"/>')
    parts.append('</g><g font-family="sans-serif" font-size="12" fill="#555" text-anchor="middle">')
    for i, name in enumerate(view.columns):
        parts.append(f'<text x="{_middle(i):g}" y="{MARGIN - 7}">{html.escape(name)}</text>')
    for i, name in enumerate(view.rows):
        parts.append(f'<text x="{MARGIN - 11}" y="{_middle(i) + 4:g}">{html.escape(name)}</text>')
    parts.append("</g>")
    parts += [_circle(square, 3, f'fill="{_LINES}"') for square in sorted(view.stars - view.pieces.keys())]
    parts += [_piece(square, piece, view) for square, piece in sorted(view.pieces.items(), key=lambda item: item[0])]
    parts += [_circle(square, RING, f'fill="none" stroke="{colour}" stroke-width="4"') for square, colour in rings]
    return "".join([*parts, "</svg>"])


def _middle(index: int) -> float:
    return MARGIN + (index + 0.5) * CELL


def _circle(square: Square, radius: float, style: str) -> str:
    return f'<circle cx="{_middle(square[1]):g}" cy="{_middle(square[0]):g}" r="{radius:g}" {style}/>'


def _piece(square: Square, piece: Piece, view: BoardView) -> str:
    """Return a disc where there is but one kind of piece, else the piece's symbol or letter."""
    if view.signs is not None:
        return _circle(square, DISC, f'fill="{"#fff" if piece.player == view.light else "#111"}" stroke="#111"')
    text = html.escape(piece.symbol or piece.letter)
    return (
        f'<text x="{_middle(square[1]):g}" y="{_middle(square[0]) + 8:g}" font-family="sans-serif" font-size="22" '
        f'text-anchor="middle" fill="{"#b03a2e" if piece.player else "#1f3a5f"}">{text}</text>'
    )
