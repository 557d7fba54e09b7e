"""Drawing a `BoardView` as text, from the side of either player.

Without colours the square that the last move arrived at is in parentheses, and the one it left has a `*`. With colours
both have a ground of their own, and so has a king in check.
"""

from __future__ import annotations

from muzero_engine.commands.common.style import Style, width
from muzero_engine.games.board_view import BoardView, Piece, Square, Surface

# Numbers of the 256 colours of terminals
_LIGHT, _DARK = 137, 94  # squares of a chequered board, on which white and black are both to be seen
_GROUNDS = {Surface.WOOD: 137, Surface.FELT: 29}
_MOVED = {Surface.CHEQUERED: 64, Surface.WOOD: 64, Surface.FELT: 136, Surface.PLAIN: 24}
_CHECK = 160
_WHITE, _BLACK = 231, 16
_PLAIN_INKS = (44, 208)  # of player 0 and 1 where there is no ground
_LINES, _LABELS, _FAINT = 94, 245, 238
_RESET = "\x1b[0m"
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def draw(view: BoardView, style: Style, players: tuple[str, str], *, turned: bool = False) -> str:
    """Return the board with the names of rows and columns, and what each player holds on its side."""
    rows, columns = range(len(view.rows)), range(len(view.columns))
    if turned:
        rows, columns = rows[::-1], columns[::-1]
    painter = _Painter(view, style)
    near = 1 if turned else 0
    lines = [_held(view, style, players, 1 - near)]
    if view.crossings:
        lines.append(painter.column_names(columns))
    lines += [painter.row(row, columns) for row in rows]
    lines += [painter.column_names(columns), _held(view, style, players, near)]
    return "\n".join(line for line in lines if line)


def sign_of(view: BoardView, player: int, style: Style) -> str:
    """Return a player's stone or disc as the board shows it; empty in games with several kinds of pieces."""
    if view.signs is None:
        return ""
    sign = _Painter(view, style).beside(view.signs[player], 1)
    return sign if style.colour and style.symbols else f"({sign})"


def _held(view: BoardView, style: Style, players: tuple[str, str], player: int) -> str:
    """Return what a player holds in words and signs; empty where that is nothing."""
    if not view.held[player]:
        return ""
    painter = _Painter(view, style)
    signs = " ".join(painter.beside(piece, count) for piece, count in view.held[player])
    return f"{players[player]} {view.held_name} {signs}"


class _Painter:
    """Draws rows of a board."""

    def __init__(self, view: BoardView, style: Style) -> None:
        self._view = view
        self._style = style
        self._kanji = style.kanji and any(piece.kanji for piece in view.pieces.values())
        self._width = 3 if self._kanji else view.letters  # columns of a square, without those beside it
        self._row_names = view.kanji_rows if self._kanji and view.kanji_rows else view.rows
        self._margin = max(width(name) for name in self._row_names)
        self._line = "─" if view.crossings and style.symbols else " "  # between two squares
        self._grounds = style.colour and not view.crossings  # each square has one, wider than the piece

    def column_names(self, columns: range) -> str:
        """Return the line of their names."""
        names = [self._view.columns[column] for column in columns]
        if self._kanji:
            names = [name.translate(_FULL_WIDTH) for name in names]
        cells = [f"{' ' * (self._width - width(name))}{name}" for name in names]
        return self._dim(f"{' ' * self._margin} {('  ' if self._grounds else ' ').join(cells)}")

    def row(self, row: int, columns: range) -> str:
        """Return a row of the board with its name, on both sides where lines cross."""
        name = self._row_names[row]
        squares = [(row, column) for column in columns]
        if self._grounds:
            body = "".join(self._on_ground(square) for square in squares)
        elif self._style.colour:
            body = self._on_lines(squares)
        else:
            body = self._plain(squares)
        label = self._dim(f"{' ' * (self._margin - width(name))}{name}")
        return f"{label}{body}{self._dim(name)}" if self._view.crossings else f"{label}{body}".rstrip()

    def beside(self, piece: Piece, count: int) -> str:
        """Return pieces of a kind as they are shown beside the board."""
        if self._style.kanji and piece.kanji:
            return f"{piece.kanji}{count if count > 1 else ''}"
        if not (self._style.symbols and piece.symbol):
            return f"{piece.letter}{count if count > 1 else ''}"
        if self._style.colour:
            ground = _GROUNDS.get(self._view.surface, _DARK)
            return f"{_on(ground)}{self._paint(piece)} {' '.join(piece.symbol * count)} {_RESET}"
        return (piece.outline or piece.symbol) * count

    def _plain(self, squares: list[Square]) -> str:
        cells = [self._cell(square) for square in squares]
        gaps = [" ", *[self._line] * (len(cells) - 1), " "]
        if self._view.arrived in squares:
            at = squares.index(self._view.arrived)
            gaps[at + 1] = ")"
            if cells[at].startswith(" "):
                piece = cells[at].lstrip()
                cells[at] = f"{' ' * (self._width - width(piece) - 1)}({piece}"
            else:
                gaps[at] = "("
        if self._view.left in squares:
            cells[squares.index(self._view.left)] = f"{' ' * (self._width - 1)}*"
        return gaps[0] + "".join(cell + gap for cell, gap in zip(cells, gaps[1:], strict=True))

    def _on_ground(self, square: Square) -> str:
        ground = self._ground(square)
        piece = self._view.pieces.get(square)
        if piece is not None:
            ink, text = self._paint(piece), self._cell(square)
        else:
            bare = self._view.surface is Surface.CHEQUERED or square == self._view.left
            ink, text = _ink(_FAINT), " " * self._width if bare else self._cell(square)
        return f"{'' if ground is None else _on(ground)}{ink} {text} {_RESET}"

    def _on_lines(self, squares: list[Square]) -> str:
        wood = _on(_GROUNDS[self._view.surface])
        parts = []
        for square in squares:
            piece = self._view.pieces.get(square)
            if piece is None:
                parts.append(f"{_ink(_LINES)}{self._cell(square)}")
            else:
                ground = _on(_CHECK) if square == self._view.arrived else ""
                parts.append(f"{ground}{self._paint(piece)}{self._cell(square)}{_RESET}{wood}")
        return f"{wood} {f'{_ink(_LINES)}{self._line}'.join(parts)} {_RESET}"

    def _ground(self, square: Square) -> int | None:
        """Return the colour that a square is painted in, None for the terminal's own."""
        view = self._view
        if square == view.checked:
            return _CHECK
        if square in (view.arrived, view.left):
            return _MOVED[view.surface]
        if view.surface is Surface.CHEQUERED:
            return _DARK if sum(square) % 2 else _LIGHT
        return _GROUNDS.get(view.surface)

    def _paint(self, piece: Piece) -> str:
        if self._view.surface is Surface.PLAIN:
            return f"\x1b[1m{_ink(_PLAIN_INKS[piece.player])}"
        return f"\x1b[1m{_ink(_WHITE if piece.player == self._view.light else _BLACK)}"

    def _cell(self, square: Square) -> str:
        """Return what stands on a square, as wide as every square."""
        piece = self._view.pieces.get(square)
        if piece is None:
            sign = self._empty(square)
        elif self._kanji and piece.kanji:
            sign = f"{'v' if piece.player else ' '}{piece.kanji}"
        elif self._style.symbols and piece.symbol:
            sign = piece.symbol if self._style.colour else piece.outline or piece.symbol
        else:
            sign = piece.letter
        return f"{' ' * (self._width - width(sign))}{sign}"

    def _empty(self, square: Square) -> str:
        view = self._view
        if self._kanji:
            return "・"
        if not view.crossings:
            return "·" if self._style.symbols else "."
        if square in view.stars:
            return "╋" if self._style.symbols else "+"
        row, column = square
        vertical = 0 if row == 0 else 2 if row == len(view.rows) - 1 else 1
        horizontal = 0 if column == 0 else 2 if column == len(view.columns) - 1 else 1
        return ("┌┬┐", "├┼┤", "└┴┘")[vertical][horizontal] if self._style.symbols else "."

    def _dim(self, text: str) -> str:
        return f"{_ink(_LABELS)}{text}{_RESET}" if self._style.colour else text


def _on(colour: int) -> str:
    return f"\x1b[48;5;{colour}m"


def _ink(colour: int) -> str:
    return f"\x1b[38;5;{colour}m"
