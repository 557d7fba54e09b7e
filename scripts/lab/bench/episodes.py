"""Time self-play in environments on this machine: the environments alone, the search alone, both together, drawing.

    python scripts/lab/bench episodes MinAtar/Breakout-v1 MinAtar/Seaquest-v1 --workers 11          # on a GPU
    python scripts/lab/bench episodes CartPole-v1 --games 64 --simulations 8 --channels 32          # for a CPU

The network is a fresh one, so episodes are about as long as random ones. Self-play is compared with the same search on
the same batches and nothing else: the share is what is left after environments, copies, storing and waiting.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import torch
from lab.common.commands import count, parser_of
from lab.common.devices import best_device, precision, wait
from lab.common.searches import roots_a_second

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.environments.registry import environment_spec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.network.fresh import fresh_environment_network
from muzero_engine.returns import DiscountedReturns
from muzero_engine.training.config import LearnerSettings, ReplaySettings, SearchSettings, SelfPlaySettings
from muzero_engine.training.episodes.play import EpisodePlay
from muzero_engine.training.episodes.replay import EpisodeReplay
from muzero_engine.training.episodes.slots import EnvironmentGroup, packed_bytes
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.rules import START
from muzero_engine.training.self_play.workers import default_workers


def environments_alone(
    settings: EnvironmentSettings, spec: EnvironmentSpec, steps: int = 200, slots: int = 64
) -> float:
    """Return the processor seconds of one step with a random action, resets and packing included."""
    group = EnvironmentGroup(settings=settings, spec=spec, slots=slots, first_slot=0, seed=1, rank=0)
    buffers = group.buffers_over(bytearray(group.memory_size()))
    environments = group.slice_of(buffers, 0, slots)
    buffers.action[:] = START
    environments.step()
    draw = np.random.default_rng(1)
    started = time.process_time()
    for _ in range(steps):
        buffers.action[:] = draw.integers(0, spec.actions, slots)
        environments.step()
    return (time.process_time() - started) / (steps * slots)


def measure(name: str, arguments: argparse.Namespace, device: torch.device) -> None:
    """Print the figures of an environment."""
    settings = EnvironmentSettings(id=name, frame_skip=arguments.frame_skip, stack=arguments.stack)
    spec, dtype = environment_spec(settings), precision(device)
    print(f"{name}: {arguments.games} at once, {arguments.simulations} simulations", flush=True)
    alone = environments_alone(settings, spec)
    print(
        f"  environments alone, one process  {1e6 * alone:10.1f} us/step, {packed_bytes(spec)} bytes/observation",
        flush=True,
    )
    network = fresh_environment_network(
        spec,
        DiscountedReturns(discount=0.997, support=30),
        1,
        channels=arguments.channels,
        representation_blocks=arguments.blocks[0],
        dynamics_blocks=arguments.blocks[1],
    )
    searching = SearchSettings(simulations=arguments.simulations, considered=min(16, spec.actions), c_scale=0.1)
    search = BatchedSearch(network, searching, spec.actions, device, rescale=True)
    batch = arguments.games // 2
    generator = torch.Generator(device).manual_seed(1)
    observation = torch.randint(0, 2, (batch, *spec.shape), device=device)
    observation = observation.to(dtype if spec.kind is not ObservationKind.IMAGE else torch.uint8)
    legal = torch.ones((batch, spec.actions), dtype=torch.bool, device=device)
    searched = roots_a_second(search, observation, legal, arguments.rounds, generator)
    print(f"  search alone, batches of {batch:5d}   {searched:10.0f} steps/s", flush=True)
    replay = EpisodeReplay(
        spec,
        slots=arguments.games,
        replay=ReplaySettings(capacity_plies=1_000_000, min_plies=1, window_exponent=1.0, value_surprise_share=0.5),
        learner=LearnerSettings(consistency_weight=1.0),
        target_actions=searching.target_actions,
        discount=0.997,
        n_step=5,
        device=device,
        dtype=dtype,
    )
    for workers in arguments.workers or [default_workers() if device.type == "cuda" else 1]:
        with EpisodePlay(
            spec,
            settings,
            search,
            self_play=replace(SelfPlaySettings(), games=arguments.games),
            target_actions=searching.target_actions,
            seed=1,
            device=device,
            dtype=dtype,
            workers=workers,
        ) as player:
            player.play(2 * arguments.games)
            rows = player.play(arguments.rounds * arguments.games)
            if player.failure is not None:
                raise SystemExit(str(player.failure))
            whole = player.statistics.steps / player.statistics.seconds
            print(
                f"  self-play, {workers:2d} workers            {whole:10.0f} steps/s, {whole / searched:.0%} of search",
                flush=True,
            )
        for part in rows:
            replay.add(part)
    if not replay.ready:
        print("  too few rounds to draw a batch from: raise --rounds", flush=True)
        return
    for what in ("the first batch of 1024 of a cycle", "another batch of 1024"):
        wait(device)
        started = time.perf_counter()
        replay.draw(1024, generator)
        wait(device)
        print(f"  {what:34s} {1e3 * (time.perf_counter() - started):6.1f} ms", flush=True)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("environments", nargs="+", metavar="ID")
    parser.add_argument("--games", type=count, default=4096, help="copies of the environment at once")
    parser.add_argument(
        "--workers", type=count, nargs="*", help="numbers of worker processes to try (default: cores - 1)"
    )
    parser.add_argument("--simulations", type=count, default=32)
    parser.add_argument("--channels", type=count, default=64)
    parser.add_argument("--blocks", type=int, nargs=2, default=(2, 2), help="of h and of g")
    parser.add_argument("--rounds", type=count, default=32, help="steps of each copy that are timed")
    parser.add_argument("--frame-skip", type=count, default=1)
    parser.add_argument("--stack", type=count, default=1)
    arguments = parser.parse_args()
    if arguments.games < 2:
        parser.error("--games must be 2 or more: two groups take turns")
    device = best_device()
    for name in arguments.environments:
        measure(name, arguments, device)
