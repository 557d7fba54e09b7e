"""How fast a network of an environment acts: the first steps of an episode, the same every time."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from muzero_engine.commands.common.collector import no_full_collections
from muzero_engine.commands.common.environments import EnvironmentPlayer, environment_model
from muzero_engine.commands.common.timed_model import TimedModel
from muzero_engine.engine.batches import TUNING_S
from muzero_engine.engine.options import EngineOptions
from muzero_engine.environments.base import close_all
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.stacking import FrameStack
from muzero_engine.inference.tuning import Measurement, tune

STEPS = 20
SEED = 1


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """An environment's figures. Shares are of the search time."""

    environment: str
    weights: str
    threads: int  # of the network
    batch: int
    batches: tuple[Measurement, ...]
    steps: int
    nodes: int  # simulations a step
    search_ms: float  # of a step
    environment_ms: float  # of a step
    nodes_per_second: float
    outside_network: float

    def lines(self) -> list[str]:
        """Return what is told of it."""
        table = [
            f"  {row.batch:5}   {1e3 * row.latency:8.2f}   {row.evaluations_per_second:13.0f}" for row in self.batches
        ]
        return [
            self.weights,
            "  batch   ms/batch   evaluations/s",
            *table,
            f"  {self.nodes_per_second:.0f} nodes/s (batch {self.batch}, threads {self.threads}), "
            f"{100 * self.outside_network:.1f}% outside the network",
            f"  a step with {self.nodes} simulations: search {self.search_ms:.1f} ms, environment "
            f"{self.environment_ms:.2f} ms (mean of {self.steps})",
        ]


def measure_environment(folder: Path, nodes: int, options: EngineOptions) -> EnvironmentReport:
    """Run the bench of the network in a folder. Raises BadWeights, BadEnvironment or BackendUnavailable."""
    no_full_collections()  # as in every command that plays
    model, described = environment_model(folder, options)
    spec = described.spec
    tuning = tune(model, spec.board, seconds=TUNING_S)
    timed = TimedModel(model)
    player = EnvironmentPlayer(timed, described, options, nodes)
    with contextlib.redirect_stdout(sys.stderr):  # an environment of one's own may print
        environment = load_environment(described.settings)
        try:
            stack = FrameStack(spec)
            observed = stack.begin(environment.reset(SEED))
            player.think(observed)  # the first search allocates
            timed.seconds = searching = acting = 0.0
            for step in range(STEPS):
                start = time.perf_counter()
                action = player.think(observed).action
                searched = time.perf_counter()
                came = environment.step(action)
                acting += time.perf_counter() - searched
                searching += searched - start
                over = came.terminated or came.truncated
                observed = stack.begin(environment.reset(SEED + step + 1)) if over else stack.add(came.observation)
        finally:
            close_all([environment])
    return EnvironmentReport(
        environment=spec.id,
        weights=model.manifest.summary(),
        threads=model.threads,
        batch=player.batch_size,
        batches=tuning.table,
        steps=STEPS,
        nodes=nodes,
        search_ms=1e3 * searching / STEPS,
        environment_ms=1e3 * acting / STEPS,
        nodes_per_second=STEPS * nodes / searching,
        outside_network=1.0 - timed.seconds / searching,
    )
