"""Chess and Chess960 (rules by python-chess)."""

from __future__ import annotations

from muzero_engine.games.base import Game
from muzero_engine.games.chess.actions import action_permutation, action_table
from muzero_engine.games.chess.rules import SPEC, ChessPosition, initial_position, position_from_fen

__all__ = ["GAME", "ChessPosition", "position_from_fen"]

GAME = Game(
    spec=SPEC,
    initial=initial_position,
    from_text=position_from_fen,
    action_table=action_table,
    action_permutation=action_permutation,
)
