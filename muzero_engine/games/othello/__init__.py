"""Othello on 8x8: a game with forced passes, won by most discs."""

from muzero_engine.games.base import Game
from muzero_engine.games.othello.actions import action_permutation, action_table
from muzero_engine.games.othello.rules import SPEC, OthelloPosition

GAME = Game(
    spec=SPEC,
    initial=OthelloPosition.initial,
    from_text=OthelloPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
)
