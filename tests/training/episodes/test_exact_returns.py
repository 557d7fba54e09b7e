"""What is learnt of returns in worlds whose values are known: within 2% of the truth, by the loop that users run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from muzero_engine.environments.registry import load_environment
from muzero_engine.training.distributed import World
from muzero_engine.training.presets import environment_preset
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.settings_text import with_overrides

GAMMA = 0.97
SETTINGS = (
    f"returns.discount={GAMMA}",
    "returns.support=10",
    "network.channels=32",
    "network.representation_blocks=1",
    "network.dynamics_blocks=1",
    "search.simulations=4",
    "self_play.games=256",
    "self_play.plies_per_cycle=1024",
    "search.min_range=0.05",
    "self_play.random_share=0",
    "returns.n_step=5",
    "learner.value_weight=0.5",
    "replay.min_plies=1024",
    "replay.capacity_plies=20000",
    "learner.batch_size=128",
    "learner.steps_per_cycle=16",
    "learner.learning_rate=0.003",
    "learner.final_learning_rate=0.0001",
    "learner.warmup_steps=20",
    "learner.ema_decay=0.98",
    "learner.consistency_weight=0",
    "evaluation.every_cycles=0",
)


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("name", "best", "value", "settings"),
    [
        ("Chain", 1, 1 + GAMMA + GAMMA**2 + GAMMA**3 + 10 * GAMMA**4, ("steps=320",)),
        (
            "Bandit",
            0,
            5.0,
            (  # 20,000 throws of the coin are learnt from: 0.7% of 5 is the standard error of their mean
                "steps=304",
                "learner.unroll=1",
                "learner.ema_decay=0.99",
                "self_play.games=1024",
                "self_play.plies_per_cycle=8192",
                "replay.capacity_plies=45000",
                "replay.window_exponent=1",
            ),
        ),
        (
            "Delayed",
            1,
            7 * GAMMA**28,  # after that action, since some of the first ones are any
            ("steps=480", "self_play.games=64", "returns.n_step=30", "self_play.random_share=0.1"),
        ),
    ],
)
def test_values_are_learnt(tmp_path: Path, name: str, best: int, value: float, settings: tuple[str, ...]) -> None:
    torch.set_num_threads(1)
    config = with_overrides(environment_preset(f"support.environments:{name}", "tiny"), (*SETTINGS, *settings))
    environment = load_environment(config.environment)
    first = torch.from_numpy(environment.reset(0))[None]
    valued = torch.from_numpy(environment.step(best).observation)[None] if name == "Delayed" else first
    with TrainingRun(config, tmp_path, World.alone()) as run:
        while not run.finished:
            run.cycle()
        with torch.no_grad():
            network = run.learner.ema_network()
            assert network.initial_inference(first).policy_logits.argmax().item() == best
            assert network.initial_inference(valued).value.item() == pytest.approx(value, rel=0.02)
