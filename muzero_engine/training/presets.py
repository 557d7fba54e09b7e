"""Presets: complete configurations by game and name. Importing this module does not import torch.

- `tiny`: minutes on two processor cores, to see that everything learns;
- `small`: minutes on one accelerator, or a night on a processor;
- `release`: hours on accelerators; what the weights of a release are trained with.

Sizes are per rank, so more ranks play more games and take larger batches at the same settings.
"""

from __future__ import annotations

from dataclasses import replace

from muzero_engine.games.registry import GAME_NAMES, load_game
from muzero_engine.training.config import (
    EvaluationSettings,
    LearnerSettings,
    NetworkSettings,
    ReplaySettings,
    SearchSettings,
    SelfPlaySettings,
    TrainConfig,
)
from muzero_engine.training.settings import BadSettings

PRESET_NAMES = ("tiny", "small", "release")

_TINY_NETWORK = NetworkSettings(channels=32, representation_blocks=2, dynamics_blocks=1)
_TINY_BOARD = TrainConfig(
    game="chess",
    preset="tiny",
    steps=4_000,
    checkpoint_seconds=60.0,
    network=_TINY_NETWORK,
    search=SearchSettings(simulations=16, considered=8, children=16, target_actions=16),
    self_play=SelfPlaySettings(games=64, plies_per_cycle=1_024, temperature_plies=20, opening_plies=4, max_plies=200),
    replay=ReplaySettings(capacity_plies=100_000, min_plies=4_000),
    learner=LearnerSettings(batch_size=128, steps_per_cycle=8, warmup_steps=100, ema_decay=0.99),
    evaluation=EvaluationSettings(every_cycles=40, games=32, simulations=16),
)

_SMALL = TrainConfig(
    game="chess",
    preset="small",
    steps=20_000,
    network=NetworkSettings(channels=64, representation_blocks=5, dynamics_blocks=3),
    search=SearchSettings(simulations=16, considered=16, children=32),
    self_play=SelfPlaySettings(games=2_048, plies_per_cycle=32_768, opening_plies=6),
    replay=ReplaySettings(capacity_plies=1_500_000, min_plies=60_000),
    learner=LearnerSettings(batch_size=1_024, steps_per_cycle=32, ema_decay=0.995),
    evaluation=EvaluationSettings(every_cycles=40, games=64, simulations=16),
)

_RELEASE = TrainConfig(
    game="chess",
    preset="release",
    steps=200_000,
    network=NetworkSettings(channels=96, representation_blocks=8, dynamics_blocks=4),
    search=SearchSettings(simulations=32, considered=16, children=32),
    self_play=SelfPlaySettings(games=4_096, plies_per_cycle=65_536, opening_plies=6, max_plies=320),
    replay=ReplaySettings(capacity_plies=8_000_000, min_plies=800_000),
    learner=LearnerSettings(batch_size=1_024, steps_per_cycle=128, consistency_weight=2.0, decoder_weight=1.0),
    evaluation=EvaluationSettings(every_cycles=50, games=128, simulations=32),
)

_GO_9X9 = SelfPlaySettings(games=4_096, plies_per_cycle=65_536, opening_plies=2, shapes=(((9, 9), 1.0),), komi_spread=2)

_PRESETS: dict[tuple[str, str], TrainConfig] = {
    ("chess", "tiny"): _TINY_BOARD,
    ("chess", "small"): _SMALL,
    ("chess", "release"): _RELEASE,
    ("shogi", "tiny"): _TINY_BOARD,
    ("shogi", "small"): _SMALL,
    ("shogi", "release"): _RELEASE,
    ("go", "tiny"): replace(
        _TINY_BOARD,
        steps=2_400,
        self_play=SelfPlaySettings(
            games=256,
            plies_per_cycle=2_048,
            temperature_plies=10,
            opening_plies=2,
            max_plies=50,
            shapes=(((5, 5), 1.0),),
            komi=7.5,
            komi_spread=6.0,
        ),
        learner=LearnerSettings(
            batch_size=256, steps_per_cycle=16, learning_rate=2e-3, warmup_steps=100, ema_decay=0.98
        ),
        evaluation=EvaluationSettings(every_cycles=15, games=64, simulations=16, opening_plies=2),
    ),
    ("go", "small"): replace(
        _SMALL, self_play=replace(_GO_9X9, games=2_048, plies_per_cycle=32_768, max_plies=160, temperature_plies=20)
    ),
    ("go", "release"): replace(_RELEASE, self_play=replace(_GO_9X9, max_plies=160, temperature_plies=20)),
    ("tictactoe", "tiny"): replace(
        _TINY_BOARD,
        steps=1_600,
        network=NetworkSettings(channels=24, representation_blocks=2, dynamics_blocks=1),
        search=SearchSettings(simulations=16, considered=9, children=9, target_actions=9),
        self_play=SelfPlaySettings(games=256, plies_per_cycle=1_024, temperature_plies=9, opening_plies=5),
        replay=ReplaySettings(capacity_plies=30_000, min_plies=2_000),
        learner=LearnerSettings(
            batch_size=256, steps_per_cycle=16, learning_rate=3e-3, warmup_steps=50, ema_decay=0.98
        ),
        evaluation=EvaluationSettings(every_cycles=25, games=64, simulations=16, opening_plies=2),
    ),
}
_PRESETS["tictactoe", "small"] = replace(_PRESETS["tictactoe", "tiny"], steps=6_000)
_PRESETS["tictactoe", "release"] = replace(_PRESETS["tictactoe", "tiny"], steps=12_000)


def preset(game: str, name: str) -> TrainConfig:
    """The preset of this game and name. Raises BadSettings for an unknown name, UnknownGame for an unknown game."""
    load_game(game)
    if name not in PRESET_NAMES:
        raise BadSettings(f"there is no preset {name!r}: choose one of {', '.join(PRESET_NAMES)}")
    return replace(_PRESETS[game, name], game=game, preset=name)


assert set(_PRESETS) == {(game, name) for game in GAME_NAMES for name in PRESET_NAMES}
