"""Connect Four on 6x7: a game for muzero-engine in a package of its own."""

from connect_four.actions import action_permutation, action_table
from connect_four.rules import SPEC, ConnectFourPosition
from muzero_engine.games.base import Game, GameDefaults, Notation

TINY = (  # minutes on two processor cores
    "steps=1000",
    "search.considered=7",
    "search.children=7",
    "search.target_actions=7",
    "self_play.games=128",
    "self_play.max_plies=42",
    "self_play.temperature_plies=8",
    "learner.batch_size=256",
    "learner.steps_per_cycle=16",
    "learner.learning_rate=3e-3",
    "learner.warmup_steps=50",
    "learner.ema_decay=0.98",
)

GAME = Game(
    spec=SPEC,
    initial=ConnectFourPosition.initial,
    from_text=ConnectFourPosition.from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    notation=Notation(move_example="d", position_example="six rows like '......./...'"),
    defaults=GameDefaults(opening_plies=4, presets={"tiny": TINY}),
)
