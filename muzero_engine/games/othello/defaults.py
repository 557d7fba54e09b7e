"""What holds for Othello where the user says nothing else."""

from __future__ import annotations

from muzero_engine.games.base import GameDefaults, Notation

NOTATION = Notation(move_example="f5 or pass", position_example="an Othello position like '8/8/8/3ox3/3xo3/8/8/8 x'")

DEFAULTS = GameDefaults(
    opening_plies=6,
    bench_positions=(
        "8/8/8/3ox3/3xo3/8/8/8 x",
        "8/8/2oxx3/2oxo3/2xoox2/2x2o2/8/8 x",
        "2oooo2/1xoooo2/xxxoxooo/xxoxxoox/xxxxoxox/x1xxxoxx/2xxxx1x/2xxxx2 o",
    ),
    presets={
        "tiny": (
            "steps=1600",
            "search.considered=8",
            "self_play.games=256",
            "self_play.plies_per_cycle=2048",
            "self_play.temperature_plies=16",
            "self_play.opening_plies=6",
            "self_play.max_plies=0",
            "learner.batch_size=256",
            "learner.steps_per_cycle=16",
            "learner.learning_rate=2e-3",
            "learner.ema_decay=0.98",
            "evaluation.every_cycles=25",
            "evaluation.games=64",
            "evaluation.opening_plies=6",
        ),
        "small": ("self_play.max_plies=0",),
        "release": ("self_play.max_plies=0",),
    },
)
