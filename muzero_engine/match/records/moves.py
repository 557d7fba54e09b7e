"""The moves of a recorded game: their texts, and how many the game's own notation counts."""

from __future__ import annotations

from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game


def move_texts(record: GameRecord) -> tuple[str, ...]:
    """Return the texts of all plies, the opening's first."""
    return (*record.opening_moves, *(ply.move for ply in record.moves))


def move_count(record: GameRecord) -> int:
    """Return how many moves the record's file has, the opening's included: of chess, say, the numbered ones.

    Raises BadPosition where the start cannot be read.
    """
    game = load_game(record.game_name)
    plies, each = len(move_texts(record)), game.notation.plies_per_move
    before = game.from_text(record.start).mover if each > 1 and plies else 0  # plies of the first number not played
    return -(-(plies + before) // each)
