"""Shogi: rules from cshogi, texts in SFEN and USI."""

from muzero_engine.games.base import Game, Symmetry
from muzero_engine.games.shogi.actions import action_permutation, action_table
from muzero_engine.games.shogi.rules import SPEC, ShogiPosition

GAME = Game(
    spec=SPEC,
    initial=ShogiPosition.initial,
    from_text=ShogiPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    transformed_starts={Symmetry.FLIP_COLUMNS: "lnsgkgsnl/1b5r1/ppppppppp/9/9/9/PPPPPPPPP/1R5B1/LNSGKGSNL b - 1"},
)
