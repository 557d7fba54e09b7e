"""Time the batched search of self-play beside its network calls alone; the networks are random.

    python scripts/lab/bench training            # one CUDA device, about three minutes
    python scripts/lab/bench training --quick    # small sizes, on a CPU too

On a CUDA device it lists the kernels of one search, and says how often the captured graph, the compiled network and the
Triton kernels choose as the same search does without all three.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from lab.common.commands import parser_of
from lab.common.devices import best_device, captured, device_name, precision, timed, wait
from lab.common.kernel_profile import print_profile
from torch import Tensor

from muzero_engine.games.registry import game_names, load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.search.tree import TorchKernels

LEGAL = 40  # moves at a root, about


def random_network(name: str, arguments: argparse.Namespace) -> MuZeroNetwork:
    """Return a network whose heads all answer something else than zero."""
    network = fresh_network(
        load_game(name),
        seed=1,
        channels=arguments.channels,
        representation_blocks=arguments.representation_blocks,
        dynamics_blocks=arguments.dynamics_blocks,
    ).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


def print_rate(what: str, evaluations: int, seconds: list[float]) -> None:
    """Print the median of several runs in milliseconds, and the evaluations a second."""
    middle = statistics.median(seconds)
    rates = f"{evaluations / middle / 1e6:8.3f} M/s (from {evaluations / max(seconds) / 1e6:.3f} to "
    print(f"  {what:44s} {1e3 * middle:9.2f} ms {rates}{evaluations / min(seconds) / 1e6:.3f})", flush=True)


def compare_with_plain(
    search: BatchedSearch, network: MuZeroNetwork, settings: SearchSettings, observation: Tensor, legal: Tensor
) -> None:
    """Print how often the graph, compiled network and Triton kernels choose as the same search without all three.

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


def time_search(name: str, arguments: argparse.Namespace, device: torch.device) -> None:
    """Print the times of one game's search and network on its first board."""
    spec, network, games = load_game(name).spec, random_network(name, arguments), arguments.games
    shape = spec.shapes[0]
    actions = spec.num_actions(shape)
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
    observation = (torch.rand(games, spec.layout.planes, *shape, device=device) < 0.1).to(precision(device))
    legal = torch.rand(games, actions, device=device) < min(1.0, LEGAL / actions)
    legal[:, 0] = True
    begun = time.perf_counter()
    search.run(observation, legal)
    wait(device)
    print(f"{name}: {actions} actions, board {shape}, {games} games", flush=True)
    print(f"  compiled and captured in {time.perf_counter() - begun:.1f} s")
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
        print_rate(f"g and f alone, {arguments.simulations} calls", games * arguments.simulations, steps)
        print_rate("h and f alone", games, timed(captured(root, device, 1), arguments.repetitions, device))
    searches = timed(lambda: search.run(observation, legal), arguments.repetitions, device)
    print_rate("whole search, root and noise included", games * arguments.simulations, searches)
    share = statistics.median(steps) / statistics.median(searches)
    print(f"  g and f are {100 * share:.0f}% of it; {games / statistics.median(searches):.0f} moves/s")
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**30
        print(f"  {peak:.2f} GiB of device memory at most")
        if not arguments.no_profile:
            print_profile(lambda: search.run(observation, legal))
        if not arguments.no_check:
            compare_with_plain(search, network, settings, observation, legal)
        torch.cuda.reset_peak_memory_stats(device)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--workloads", nargs="+", choices=game_names(), default=("chess", "go", "shogi"))
    parser.add_argument("--games", type=int, default=4096)
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--children", type=int, default=32)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--representation-blocks", type=int, default=8)
    parser.add_argument("--dynamics-blocks", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--eager", action="store_true", help="without torch.compile")
    parser.add_argument("--no-graph", action="store_true", help="without a CUDA graph")
    parser.add_argument("--no-channels-last", action="store_true", help="latents and weights in NCHW order")
    parser.add_argument("--no-check", action="store_true", help="do not compare with plain torch")
    parser.add_argument("--no-profile", action="store_true", help="do not list kernels")
    arguments = parser.parse_args()
    device = best_device()
    if arguments.quick:
        arguments.games, arguments.simulations, arguments.repetitions = 16, 8, 2
        arguments.channels, arguments.representation_blocks, arguments.dynamics_blocks = 16, 1, 1
    network = f"{arguments.channels}x{arguments.representation_blocks}+{arguments.dynamics_blocks}"
    print(f"{device_name(device)}, torch {torch.__version__}, network {network}, {arguments.simulations} simulations")
    for name in arguments.workloads:
        time_search(name, arguments, device)
