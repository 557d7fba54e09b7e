"""Presets: complete configurations by name, the same for every game but for what its `GameDefaults` change, and for
environments what `environments.presets` says.

Importing this module does not import torch.

- `tiny`: minutes on two processor cores, to see that everything learns;
- `small`: minutes on one accelerator, or a night on a processor;
- `release`: hours on accelerators; what the weights of a release are trained with.

Sizes are per rank, so more ranks play more games and take larger batches at the same settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from muzero_engine.environments.presets import preset_changes
from muzero_engine.environments.registry import environment_spec, settings_here
from muzero_engine.games.registry import load_game
from muzero_engine.training.config import (
    EvaluationSettings,
    LearnerSettings,
    NetworkSettings,
    ReplaySettings,
    SearchSettings,
    SelfPlaySettings,
    TrainConfig,
)
from muzero_engine.training.settings_text import BadSettings, environment_with, with_overrides

ANY = "any"  # stands for the game until one is chosen

_TINY_NETWORK = NetworkSettings(channels=32, representation_blocks=2, dynamics_blocks=1)
_TINY = TrainConfig(
    game=ANY,
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
    game=ANY,
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
    game=ANY,
    preset="release",
    steps=200_000,
    network=NetworkSettings(channels=96, representation_blocks=8, dynamics_blocks=4),
    search=SearchSettings(simulations=32, considered=16, children=32),
    self_play=SelfPlaySettings(games=4_096, plies_per_cycle=65_536, opening_plies=6, max_plies=320),
    replay=ReplaySettings(capacity_plies=8_000_000, min_plies=800_000),
    learner=LearnerSettings(batch_size=1_024, steps_per_cycle=128, consistency_weight=2.0, decoder_weight=1.0),
    evaluation=EvaluationSettings(every_cycles=50, games=128, simulations=32),
)

PRESETS = {config.preset: config for config in (_TINY, _SMALL, _RELEASE)}
PRESET_NAMES = tuple(PRESETS)


def default_preset(*, on_gpu: bool) -> str:
    """Return the name of the preset of who names none."""
    return _SMALL.preset if on_gpu else _TINY.preset


def preset(game: str, name: str, changes: Sequence[str] = ()) -> TrainConfig:
    """Return the preset of this game and name: what holds for all games, with what the game's `defaults` change of it,
    and with these changes.

    Raises BadSettings for an unknown name or a change that cannot be, UnknownGame for an unknown game.
    """
    defaults = load_game(game).defaults.presets.get(name, ())
    return with_overrides(replace(_named(name), game=game), (*defaults, *changes))


def environment_preset(environment: str, name: str, changes: Sequence[str] = ()) -> TrainConfig:
    """Return the preset of this name for an environment with these changes of it.

    The environment is looked at for its kind of observation, made as the changes say. Raises BadSettings for an unknown
    name or a change that cannot be, BadEnvironment where the environment cannot be made.
    """
    whole = replace(_named(name), game="", environment=settings_here(environment))
    spec = environment_spec(environment_with(whole, changes))
    return with_overrides(whole, (*preset_changes(spec, name), *changes))


def _named(name: str) -> TrainConfig:
    if name not in PRESETS:
        raise BadSettings(f"there is no preset {name!r}: choose one of {', '.join(PRESET_NAMES)}")
    return PRESETS[name]
