"""Times the parts of the trainer on this machine; its figures are those of BENCHMARKS.md.

    python scripts/bench_training.py search            # one CUDA device, about three minutes
    python scripts/bench_training.py search --quick    # small sizes, on a CPU too

`search` times the network alone and the whole batched search. Networks are random, and so are their tables of actions:
neither changes the time, and no rules are needed. That the Triton kernels do what their torch reference does is proved
by tests/training/search/test_triton_kernels.py.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from kernel_profile import profile
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from muzero_engine.games.base import ActionTable, Shape, Turn
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.search.tree import TorchKernels


@dataclass(frozen=True, slots=True)
class Workload:
    """The sizes of a game, with random actions."""

    name: str
    shape: Shape
    planes: int
    action_planes: int
    extra_actions: int
    kinds: int
    turn: Turn
    any_size: bool = False

    def network(self, channels: int, representation_blocks: int, dynamics_blocks: int) -> MuZeroNetwork:
        """A network whose heads all answer something else than zero."""
        smaller = ((self.shape[0] - 1, self.shape[1] - 1),) if self.any_size else ()
        config = NetworkConfig(
            game=self.name,
            game_version=1,
            shapes=(self.shape, *smaller),
            planes=self.planes,
            action_planes=self.action_planes,
            extra_actions=self.extra_actions,
            kinds=self.kinds,
            turn=self.turn,
            channels=channels,
            representation_blocks=representation_blocks,
            dynamics_blocks=dynamics_blocks,
        )
        actions = config.num_actions(self.shape)
        draw = np.random.default_rng(1)
        squares = self.shape[0] * self.shape[1]
        table = ActionTable(
            from_square=draw.integers(squares, size=actions),
            to_square=draw.integers(squares, size=actions),
            kind=draw.integers(-1, self.kinds, size=actions),
            kinds=self.kinds,
        )
        torch.manual_seed(1)
        network = MuZeroNetwork(config, table).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return network


WORKLOADS = (
    Workload("chess", (8, 8), 117, 73, 0, 3, Turn.MIRROR),
    Workload("go9", (9, 9), 27, 1, 1, 0, Turn.NONE, any_size=True),
    Workload("shogi", (9, 9), 262, 27, 0, 27, Turn.ROTATE),
)


def timed(call: Callable[[], object], repetitions: int, device: torch.device) -> list[float]:
    """Seconds of each call; the device has finished after each."""
    seconds = []
    for _ in range(repetitions):
        wait(device)
        start = time.perf_counter()
        call()
        wait(device)
        seconds.append(time.perf_counter() - start)
    return seconds


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def captured(call: Callable[[], object], device: torch.device, times: int) -> Callable[[], object]:
    """`times` calls as one CUDA graph; on a CPU the calls themselves."""

    def all_calls() -> None:
        for _ in range(times):
            call()

    if device.type != "cuda":
        return all_calls
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's own
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):
        call()
    torch.cuda.current_stream(device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        all_calls()
    return graph.replay


def line(what: str, evaluations: int, seconds: list[float]) -> None:
    middle = statistics.median(seconds)
    rates = f"{evaluations / middle / 1e6:8.3f} M/s (from {evaluations / max(seconds) / 1e6:.3f} to "
    print(f"  {what:44s} {1e3 * middle:9.2f} ms {rates}{evaluations / min(seconds) / 1e6:.3f})", flush=True)


def time_top(device: torch.device, rows: int, repetitions: int) -> None:
    """The top-K kernel by its tuning parameters."""
    from muzero_engine.training.search.triton_kernels import TritonKernels

    for workload in WORKLOADS:
        actions = workload.action_planes * workload.shape[0] * workload.shape[1] + workload.extra_actions
        values = torch.randn(rows, actions, device=device).bfloat16()
        for warps, chunk in ((4, 512), (4, 1024), (8, 512), (8, 1024), (16, 1024)):
            kernels = TritonKernels(warps=warps, chunk=chunk)
            replay = captured(partial(kernels.top, values, 32), device, 10)
            each = statistics.median(timed(replay, repetitions, device)) / 10
            print(f"  top 32 of {rows} x {actions}, {warps} warps, chunk {chunk}: {1e6 * each:.0f} us", flush=True)


def compare_with_plain(
    search: BatchedSearch, network: MuZeroNetwork, settings: SearchSettings, observation: Tensor, legal: Tensor
) -> None:
    """How often the graph, compiled network and Triton kernels choose as the same search does without all three.

    In bfloat16 the compiled network rounds otherwise, so a few per cent part ways. One run before with other inputs
    shows what a graph kept from it.
    """
    plain = BatchedSearch(
        network, settings, search.num_actions, search.device, kernels=TorchKernels(), graph=False, compiled=False
    )
    noise = -torch.empty(legal.shape, device=search.device).exponential_().log()
    search.run(observation.flip(0), legal.flip(0))
    quick, slow = (each.run(observation, legal, noise=noise) for each in (search, plain))
    same = float((quick.action == slow.action).float().mean())
    gap = float((quick.value - slow.value).abs().mean())
    lawful = bool(legal.gather(1, quick.action[:, None]).all())
    print(f"  against plain torch: {100 * same:.1f}% of actions equal, values differ by {gap:.4f}, all legal: {lawful}")


def time_search(workload: Workload, arguments: argparse.Namespace, device: torch.device) -> None:
    network = workload.network(arguments.channels, arguments.representation_blocks, arguments.dynamics_blocks)
    actions = network.config.num_actions(workload.shape)
    games = arguments.games
    settings = SearchSettings(simulations=arguments.simulations, children=arguments.children)
    search = BatchedSearch(
        network,
        settings,
        actions,
        device,
        compiled=not arguments.eager,
        graph=not arguments.no_graph,
        channels_last=not arguments.no_channels_last,
    )
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    observation = (torch.rand(games, workload.planes, *workload.shape, device=device) < 0.1).to(dtype)
    legal = torch.rand(games, actions, device=device) < min(1.0, 40 / actions)
    legal[:, 0] = True
    start = time.perf_counter()
    search.run(observation, legal)
    wait(device)
    print(f"{workload.name}: {actions} actions, board {workload.shape}, {games} games", flush=True)
    print(f"  compiled and captured in {time.perf_counter() - start:.1f} s")
    with torch.no_grad():
        latent = search.initial(observation)[0]
        rows = latent.permute(0, 2, 3, 1).reshape(games, -1) if device.type == "cuda" else latent.reshape(games, -1)
        order = torch.randperm(games, device=device)
        action = torch.randint(actions, (games,), device=device)

        def step() -> object:
            return search.recurrent(rows, order, action, latent.shape[1:])

        def root() -> object:
            return search.initial(observation)

        steps = timed(captured(step, device, arguments.simulations), arguments.repetitions, device)
        line(f"g and f alone, {arguments.simulations} calls", games * arguments.simulations, steps)
        line("h and f alone", games, timed(captured(root, device, 1), arguments.repetitions, device))
    searches = timed(lambda: search.run(observation, legal), arguments.repetitions, device)
    line("whole search, root and noise included", games * arguments.simulations, searches)
    share = statistics.median(steps) / statistics.median(searches)
    print(f"  g and f are {100 * share:.0f}% of it; {games / statistics.median(searches):.0f} moves/s")
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**30
        print(f"  {peak:.2f} GiB of device memory at most")
        if not arguments.no_profile:
            profile(lambda: search.run(observation, legal))
        if not arguments.no_check:
            compare_with_plain(search, network, settings, observation, legal)
        torch.cuda.reset_peak_memory_stats(device)


def bench_search(arguments: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if arguments.quick:
        arguments.games, arguments.simulations, arguments.repetitions = 16, 8, 2
        arguments.channels, arguments.representation_blocks, arguments.dynamics_blocks = 16, 1, 1
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    network = f"{arguments.channels}x{arguments.representation_blocks}+{arguments.dynamics_blocks}"
    print(f"{name}, torch {torch.__version__}, network {network}, {arguments.simulations} simulations", flush=True)
    if device.type == "cuda":
        time_top(device, arguments.games, arguments.repetitions)
    for workload in WORKLOADS:
        if workload.name in arguments.workloads:
            time_search(workload, arguments, device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    search = commands.add_parser("search", help="the batched search")
    names = [workload.name for workload in WORKLOADS]
    search.add_argument("--workloads", nargs="+", choices=names, default=names)
    search.add_argument("--games", type=int, default=4096)
    search.add_argument("--simulations", type=int, default=32)
    search.add_argument("--children", type=int, default=32)
    search.add_argument("--channels", type=int, default=128)
    search.add_argument("--representation-blocks", type=int, default=8)
    search.add_argument("--dynamics-blocks", type=int, default=4)
    search.add_argument("--repetitions", type=int, default=10)
    search.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    search.add_argument("--eager", action="store_true", help="without torch.compile")
    search.add_argument("--no-graph", action="store_true", help="without a CUDA graph")
    search.add_argument("--no-channels-last", action="store_true", help="latents and weights in NCHW order")
    search.add_argument("--no-check", action="store_true", help="do not compare with the same search in plain torch")
    search.add_argument("--no-profile", action="store_true", help="do not list kernels")
    search.set_defaults(run=bench_search)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
