"""Chess and Chess960 (rules by python-chess)."""

from __future__ import annotations

from muzero_engine.games.base import EngineProtocol, Game
from muzero_engine.games.chess.actions import action_permutation, action_table
from muzero_engine.games.chess.board_view import PLANE_PIECES, board_move, board_view
from muzero_engine.games.chess.defaults import DEFAULTS, PIECE_VALUES, PROMOTIONS
from muzero_engine.games.chess.mate_solver import ChessMates
from muzero_engine.games.chess.notation import NOTATION
from muzero_engine.games.chess.picture import board_picture, piece_picture
from muzero_engine.games.chess.records import FORMATS
from muzero_engine.games.chess.rules import SPEC, ChessPosition, initial_position, position_from_fen
from muzero_engine.games.material import material_gains

__all__ = ["GAME", "ChessPosition", "position_from_fen"]

GAME = Game(
    spec=SPEC,
    initial=initial_position,
    from_text=position_from_fen,
    action_table=action_table,
    action_permutation=action_permutation,
    protocol=EngineProtocol.UCI,
    notation=NOTATION,
    board_view=board_view,
    board_move=board_move,
    plane_pieces=PLANE_PIECES,
    records=FORMATS,
    defaults=DEFAULTS,
    mates=ChessMates(),
    picture=board_picture,
    piece_picture=piece_picture,
    greedy=material_gains(PIECE_VALUES, action_table, PROMOTIONS),
)
