"""Games as a page shows them: boards to click through, each written as what changed since the one before.

What a board looks like the game declares (`Game.board_view`); a game that declares nothing has its boards as text. The
script of the page (`viewer.py`) gets plain data: lists, numbers and texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from muzero_engine.games.base import Game, Position
from muzero_engine.games.board_view import BoardView, Held, Piece, Square
from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import GameRecord
from muzero_engine.games.record_text import comment, ending_text
from muzero_engine.match.records.moves import move_texts
from muzero_engine.match.records.store import text_of

MOST_GAMES = 200  # that have boards on a page, since each takes 10 to 50 ms to make and some 20 KB


class BoardWriter:
    """Writes games of one kind as data; it numbers the kinds of pieces that it meets, from 1."""

    def __init__(self, game: Game, event: str) -> None:
        self._game = game
        self._event = event
        self._form = written_formats(game)[0]
        self._pieces: dict[Piece, int] = {}

    def page_data(self, records: Sequence[GameRecord]) -> dict[str, Any]:
        """Return what the page's script draws: what all boards have in common, the kinds of pieces, and the games."""
        games = [self._game_data(record) for record in records[:MOST_GAMES]]
        pieces = [[piece.player, piece.kanji or piece.symbol or piece.letter, piece.promoted] for piece in self._pieces]
        return {"board": self._board_data(records), "pieces": pieces, "games": games}

    def _board_data(self, records: Sequence[GameRecord]) -> dict[str, Any] | None:
        """Return what all boards have in common, None where they are texts."""
        if self._game.board_view is None or not records:
            return None
        view = self._game.board_view(self._game.from_text(records[0].start))
        return {
            "rows": view.rows,
            "columns": view.columns,
            "surface": view.surface.value,
            "crossings": view.crossings,
            "stars": sorted(_number(star, view) for star in view.stars),
            "turns": view.turns,
            "discs": view.signs is not None,
            "light": view.light,
        }

    def _game_data(self, record: GameRecord) -> dict[str, Any]:
        """Return a game's plies, of which the first is its start, and its record as text; nothing where it cannot be
        played."""
        name = f"game-{record.pair + 1}.{record.game + 1}{self._form.suffixes[0]}"
        try:
            plies, text = list(self._plies(record)), text_of(self._form, record, self._event)
        except ValueError:  # BadPosition, IllegalMove or a library's own; `match --verify` says what is wrong
            plies, text = [], ""
        return {"plies": plies, "file": name, "record": text}

    def _plies(self, record: GameRecord) -> Iterator[list[Any]]:
        """Yield each ply: the move in words, what its engine said, the board (see `_board`)."""
        position = self._game.from_text(record.start)
        said = ["opening"] * len(record.opening_moves) + [comment(ply) for ply in record.moves]
        texts = move_texts(record)
        before: dict[int, int] = {}
        view = self._view(position)
        yield ["start", "" if texts else ending_text(record), *self._board(position, view, before)]
        for ply, text in enumerate(texts):
            action = position.parse_action(text)
            number = ply + 1 if view is None else view.move_number
            words = self._numbered(position, action, number, first=ply == 0)
            position.push(action)
            view = self._view(position)
            note = f"{said[ply]}; {ending_text(record)}" if ply == len(texts) - 1 else said[ply]
            yield [words, note, *self._board(position, view, before)]

    def _view(self, position: Position) -> BoardView | None:
        return None if self._game.board_view is None else self._game.board_view(position)

    def _numbered(self, position: Position, action: int, number: int, *, first: bool) -> str:
        """Return a move with its number before it, where it has one of its own."""
        notation = self._game.notation
        text = position.action_text(action) if notation.text is None else notation.text(position, action)
        if notation.plies_per_move == 1 or position.mover == 0:
            return f"{number}. {text}"
        return f"{number}... {text}" if first else text

    def _board(self, position: Position, view: BoardView | None, before: dict[int, int]) -> list[Any]:
        """Return [changed squares and what is on them, [left, arrived, checked], lines beside the board].

        `before` is the board of the last ply, and is brought up to date. Without a view: [the board as text].
        """
        if view is None:
            return [position.board_text()]
        now = {_number(square, view): self._code(piece) for square, piece in view.pieces.items()}
        squares = sorted(before.keys() | now.keys())
        changed = [[square, now.get(square, 0)] for square in squares if before.get(square, 0) != now.get(square, 0)]
        before.clear()
        before.update(now)
        marks = [
            None if square is None else _number(square, view) for square in (view.left, view.arrived, view.checked)
        ]
        players = position.spec.players
        lines = [
            f"{player} {view.held_name} {_held_text(held) or 'nothing'}" if any(view.held) else ""
            for player, held in zip(players, view.held, strict=True)
        ]
        return [changed, marks, [*lines, view.facts]]

    def _code(self, piece: Piece) -> int:
        return self._pieces.setdefault(piece, len(self._pieces) + 1)


def _number(square: Square, view: BoardView) -> int:
    """Return the number of a square, row by row from the top left."""
    return square[0] * len(view.columns) + square[1]


def _held_text(held: Held) -> str:
    return " ".join(
        f"{piece.kanji or piece.outline or piece.symbol or piece.letter}{count if count > 1 else ''}"
        for piece, count in held
    )
