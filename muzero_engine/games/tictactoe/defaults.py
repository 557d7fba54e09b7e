"""What holds for tic-tac-toe where the user says nothing else."""

from __future__ import annotations

from muzero_engine.games.base import GameDefaults, Notation

NOTATION = Notation(move_example="b2", position_example="a tic-tac-toe board like 'xo./.x./...'")

_TINY = (
    "network.channels=24",
    "search.considered=9",
    "search.children=9",
    "search.target_actions=9",
    "self_play.games=256",
    "self_play.plies_per_cycle=1024",
    "self_play.temperature_plies=9",
    "self_play.opening_plies=5",
    "self_play.max_plies=0",
    "replay.capacity_plies=30000",
    "replay.min_plies=2000",
    "learner.batch_size=256",
    "learner.steps_per_cycle=16",
    "learner.learning_rate=3e-3",
    "learner.warmup_steps=50",
    "learner.ema_decay=0.98",
    "evaluation.every_cycles=25",
    "evaluation.games=64",
    "evaluation.opening_plies=2",
)

_ANY_SIZE = (  # the larger presets are the tiny one for longer
    *_TINY,
    "checkpoint_seconds=60",
    "network.representation_blocks=2",
    "network.dynamics_blocks=1",
    "search.simulations=16",
    "learner.consistency_weight=0",
    "learner.decoder_weight=0",
    "evaluation.simulations=16",
)

DEFAULTS = GameDefaults(
    opening_plies=2,
    presets={
        "tiny": ("steps=1600", *_TINY),
        "small": ("steps=6000", *_ANY_SIZE),
        "release": ("steps=12000", *_ANY_SIZE),
    },
)
