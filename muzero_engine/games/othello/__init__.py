"""Othello on 8x8: a game with forced passes, won by most discs."""

from muzero_engine.games.base import Game, Symmetry
from muzero_engine.games.othello.actions import action_permutation, action_table
from muzero_engine.games.othello.board_view import PLANE_PIECES, board_move, board_view
from muzero_engine.games.othello.defaults import DEFAULTS, NOTATION
from muzero_engine.games.othello.rules import SPEC, OthelloPosition, disc_gains

_MOVES_THE_START = (Symmetry.FLIP_COLUMNS, Symmetry.FLIP_ROWS, Symmetry.ROTATE_90, Symmetry.ROTATE_270)

GAME = Game(
    spec=SPEC,
    initial=OthelloPosition.initial,
    from_text=OthelloPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    transformed_starts=dict.fromkeys(_MOVES_THE_START, "8/8/8/3xo3/3ox3/8/8/8 x"),
    notation=NOTATION,
    board_view=board_view,
    board_move=board_move,
    plane_pieces=PLANE_PIECES,
    defaults=DEFAULTS,
    greedy=disc_gains,
)
