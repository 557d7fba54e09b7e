"""Connect Four on 6x7: a game for muzero-engine in a package of its own."""

from connect_four.actions import action_permutation, action_table
from connect_four.rules import SPEC, ConnectFourPosition
from muzero_engine.games.base import Game, GameDefaults, Notation

GAME = Game(
    spec=SPEC,
    initial=ConnectFourPosition.initial,
    from_text=ConnectFourPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    notation=Notation(move_example="d", position_example="six rows like '......./...'"),
    defaults=GameDefaults(
        opening_plies=4,
        presets={"tiny": ("self_play.max_plies=42", "search.considered=7", "search.children=7")},
    ),
)
