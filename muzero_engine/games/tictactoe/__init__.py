"""Tic-tac-toe: the small game that lets everything else be tested in seconds."""

from muzero_engine.games.base import Game
from muzero_engine.games.tictactoe.actions import action_permutation, action_table
from muzero_engine.games.tictactoe.board_view import PLANE_PIECES, board_move, board_view
from muzero_engine.games.tictactoe.defaults import DEFAULTS, NOTATION
from muzero_engine.games.tictactoe.rules import SPEC, TicTacToePosition

GAME = Game(
    spec=SPEC,
    initial=TicTacToePosition.initial,
    from_text=TicTacToePosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    notation=NOTATION,
    board_view=board_view,
    board_move=board_move,
    plane_pieces=PLANE_PIECES,
    defaults=DEFAULTS,
)
