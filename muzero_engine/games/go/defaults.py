"""What holds for Go where the user says nothing else."""

from __future__ import annotations

from muzero_engine.games.base import GameDefaults, Ranks

PLIES_A_POINT = 3  # of a match's game at most
_NINE = "self_play.shapes=9x9:1"

# The ladder has level 10 of GNU Go 3.8 at 1800, or near it; that is taken for 6 kyu here, and a rank for 100 Elo, as
# the European Go Federation has it.
RANKS = Ranks(
    first_dan=2400.0,
    step=100.0,
    weakest_kyu=30,
    highest_dan=9,
    scale="GNU Go",
    anchor="GNU Go 3.8 at level 10 is taken for 6 kyu and a rank for 100 Elo: an estimate, perhaps 3 ranks off",
)

DEFAULTS = GameDefaults(
    ranks=RANKS,
    time_control="movetime=1",
    opening_plies=4,
    ply_cap=lambda shape: PLIES_A_POINT * shape[0] * shape[1],
    bench_positions=(
        "9/9/9/9/9/9/9/9/9 b 7.5",
        "9/9/2b3w2/9/4w4/9/2b3b2/9/9 b 7.5",
        "19/19/19/3b11w3/19/19/19/19/19/19/19/19/19/19/19/3w11b3/19/19/19 b 7.5",
    ),
    presets={
        "tiny": (
            "steps=2400",
            "self_play.games=256",
            "self_play.plies_per_cycle=2048",
            "self_play.temperature_plies=10",
            "self_play.opening_plies=2",
            "self_play.max_plies=50",
            "self_play.shapes=5x5:1",
            "self_play.komi=7.5",
            "self_play.komi_spread=6",
            "learner.batch_size=256",
            "learner.steps_per_cycle=16",
            "learner.learning_rate=2e-3",
            "learner.ema_decay=0.98",
            "evaluation.every_cycles=15",
            "evaluation.games=64",
            "evaluation.opening_plies=2",
        ),
        "small": (
            "self_play.opening_plies=2",
            _NINE,
            "self_play.komi_spread=2",
            "self_play.max_plies=160",
            "self_play.temperature_plies=20",
        ),
        "release": (
            "self_play.opening_plies=2",
            _NINE,
            "self_play.komi_spread=2",
            "self_play.max_plies=160",
            "self_play.temperature_plies=20",
        ),
    },
)
