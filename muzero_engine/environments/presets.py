"""How environments are trained: what the presets of training change for them, as settings in text. No torch here.

What holds for all comes first, then what holds for a kind of observation, then for environments by the start of their
id; later ones win. Values that were published have their source beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind

Changes = Mapping[str, tuple[str, ...]]  # of settings, by the name of the preset; "" stands for all presets

_ALL: Changes = {
    "": (
        "search.c_scale=0.1",  # with Q scaled to [0, 1] (mctx, qtransform_completed_by_mix_value)
        "search.min_range=0.05",
        "self_play.random_share=0.02",
        "self_play.opening_plies=0",
        "self_play.temperature_plies=0",
        "self_play.max_plies=0",
        "learner.symmetries=false",
        "learner.ownership_weight=0",
        "learner.consistency_weight=0",
        "learner.decoder_weight=0",
        "evaluation.games=32",
    ),
    "tiny": (
        "self_play.games=32",
        "self_play.plies_per_cycle=512",
        "replay.min_plies=2000",
        "learner.steps_per_cycle=16",
        "learner.learning_rate=2e-3",
        "learner.warmup_steps=50",
        "learner.ema_decay=0.95",
        "evaluation.every_cycles=20",
        "evaluation.max_steps=1000",  # where nothing ends an episode, one takes minutes on a processor
    ),
    "small": (
        "self_play.games=1024",
        "self_play.plies_per_cycle=16384",
        "replay.capacity_plies=1000000",
        "replay.min_plies=20000",
        "learner.batch_size=512",
        "learner.steps_per_cycle=48",
        "learner.warmup_steps=200",
        "learner.ema_decay=0.99",
        "evaluation.max_steps=5000",
    ),
    "release": (
        "search.simulations=32",
        "self_play.games=2048",
        "self_play.plies_per_cycle=32768",
        "replay.capacity_plies=2000000",
        "replay.min_plies=100000",
        "learner.batch_size=1024",
        "learner.steps_per_cycle=64",
        "evaluation.max_steps=5000",
    ),
}

_KINDS: Mapping[ObservationKind, Changes] = {
    ObservationKind.PLANES: {
        "": ("returns.discount=0.99", "returns.n_step=10"),
        "tiny": ("network.representation_blocks=1",),
        "small": ("network.channels=64", "network.representation_blocks=2", "network.dynamics_blocks=1"),
    },
    ObservationKind.IMAGE: {
        "": ("environment.stack=4", "returns.discount=0.997"),
        "tiny": ("network.representation_blocks=1", "environment.size=48", "replay.capacity_plies=20000"),
        "small": ("network.channels=64", "replay.capacity_plies=200000", "self_play.games=256"),
        "release": ("network.channels=96", "replay.capacity_plies=500000", "self_play.games=512"),
    },
    ObservationKind.VECTOR: {
        "": ("returns.discount=0.99", "returns.n_step=10"),
        "tiny": ("network.channels=64",),
        "small": ("network.channels=128", "network.representation_blocks=2", "network.dynamics_blocks=2"),
        "release": ("network.channels=256", "network.representation_blocks=2", "network.dynamics_blocks=2"),
    },
}

_KNOWN: Mapping[str, Changes] = {
    "CartPole": {  # whichever version
        "": ("self_play.random_share=0", "returns.discount=0.997", "returns.support=20", "returns.n_step=50"),
        "tiny": (
            "steps=2400",
            "search.simulations=8",
            "self_play.games=256",
            "self_play.plies_per_cycle=1024",
            "replay.capacity_plies=200000",
            "replay.window_exponent=0.92",  # falls are still learnt from when nothing has fallen for a while
            "returns.discount=0.99",
            "returns.renewed_values=8",
            "learner.batch_size=256",
            "learner.ema_decay=0.97",
            "evaluation.every_cycles=51",
        ),
    },
    "MinAtar/": {
        "": (
            "environment.sticky=0.1",
            "environment.max_steps=5000",
            "returns.support=20",
            "search.min_range=0.1",
            "evaluation.max_steps=0",
        ),
    },
    "ALE/": {  # 100,000 steps, without sticky actions (Kaiser et al. 2020; EfficientZero, Ye et al. 2021)
        "": (
            "environment.frame_skip=4",
            "environment.sticky=0",
            "environment.no_ops=30",
            "environment.life_ends=true",
            "environment.max_steps=27000",
            "returns.discount=0.988",  # 0.997 a frame (EfficientZero)
            "returns.support=50",
            "returns.clip_rewards=true",
            "learner.shift=4",
            "learner.value_weight=0.5",
            "learner.consistency_weight=2",  # EfficientZero, as the next
            "learner.batch_size=256",
            "evaluation.random_share=0.01",  # 0.001 to 0.05 elsewhere; without, episodes are a few lines of play
        ),
        "small": (
            "steps=97792",  # 382 cycles, after the 8 that fill the replay: 99,840 steps of the environment
            "network.representation_blocks=2",
            "network.dynamics_blocks=2",
            "self_play.games=16",
            "self_play.plies_per_cycle=256",
            "replay.capacity_plies=102400",
            "replay.min_plies=2000",
            "replay.window_exponent=1",  # all that was seen
            "replay.reanalyse_share=64",  # each about once in six cycles at last; EfficientZero: whenever it is drawn
            "returns.renewed_values=64",
            "learner.steps_per_cycle=256",
            "learner.learning_rate=5e-4",
            "learner.final_learning_rate=5e-5",
            "learner.warmup_steps=500",
            "evaluation.every_cycles=100",
        ),
    },
}


def preset_changes(spec: EnvironmentSpec, name: str) -> tuple[str, ...]:
    """Return what the preset of this name changes for an environment: settings like `returns.n_step=10`."""
    known = [changes for start, changes in _KNOWN.items() if spec.id.startswith(start)]
    groups = [_ALL, _KINDS[spec.kind], *known]
    return tuple(change for changes in groups for key in ("", name) for change in changes.get(key, ()))
