"""Shogi: rules from cshogi, texts in SFEN and USI."""

from muzero_engine.games.base import EngineProtocol, Game, Symmetry
from muzero_engine.games.material import material_gains
from muzero_engine.games.shogi.actions import action_permutation, action_table
from muzero_engine.games.shogi.board_view import PLANE_PIECES, board_move, board_view
from muzero_engine.games.shogi.defaults import DEFAULTS, PIECE_VALUES
from muzero_engine.games.shogi.mate import ShogiMates
from muzero_engine.games.shogi.notation import NOTATION
from muzero_engine.games.shogi.picture import board_picture
from muzero_engine.games.shogi.records import FORMATS
from muzero_engine.games.shogi.rules import SPEC, ShogiPosition

GAME = Game(
    spec=SPEC,
    initial=ShogiPosition.initial,
    from_text=ShogiPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    transformed_starts={Symmetry.FLIP_COLUMNS: "lnsgkgsnl/1b5r1/ppppppppp/9/9/9/PPPPPPPPP/1R5B1/LNSGKGSNL b - 1"},
    protocol=EngineProtocol.USI,
    notation=NOTATION,
    board_view=board_view,
    board_move=board_move,
    plane_pieces=PLANE_PIECES,
    records=FORMATS,
    defaults=DEFAULTS,
    picture=board_picture,
    greedy=material_gains(PIECE_VALUES, action_table),
    declarations=True,
    mates=ShogiMates(),
)
