"""Time self-play and the replay on this machine: the rules alone, the search alone, both together, drawing batches.

    python scripts/lab/bench self-play chess go shogi --games 4096 --workers 14      # on a GPU, about a minute a game
    python scripts/lab/bench self-play go --games 64 --simulations 8 --channels 32   # something for a CPU

The network is a fresh one, so games are about as long as random ones. Self-play is compared with the same search on the
same batches and nothing else: the share is what is left after rules, copies, storing and waiting.
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

from muzero_engine.games.base import Shape
from muzero_engine.games.encoding import packed_size
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.training.board_settings import group_sizes
from muzero_engine.training.config import ReplaySettings, SearchSettings, SelfPlaySettings, TrainConfig
from muzero_engine.training.observations import observations
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.rules import START, RulesSettings, RulesSlice
from muzero_engine.training.self_play.workers import default_workers


def rules_alone(game: str, shape: Shape, steps: int = 150, slots: int = 32) -> float:
    """Return the processor seconds of one ply: a random move, its judgement, packing, the mask of the next."""
    settings = RulesSettings(
        game=game,
        shape=shape,
        slots=slots,
        first_slot=0,
        seed=1,
        rank=0,
        cap=300,
        opening_plies=0,
        decisive_moves=True,
        no_resign_share=0.0,
        branch_share=0.0,
        komi=7.0,
        komi_spread=0.0,
    )
    buffers = settings.buffers_over(bytearray(settings.memory_size()))
    games = RulesSlice(settings, buffers, 0, slots)
    buffers.action[:] = START
    games.step()
    draw = np.random.default_rng(1)
    seconds = 0.0
    for _ in range(steps):
        legal = np.unpackbits(buffers.legal, axis=1).astype(np.float64)
        buffers.action[:] = (legal * draw.random(legal.shape)).argmax(axis=1)
        started = time.process_time()
        games.step()
        seconds += time.process_time() - started
    return seconds / (steps * slots)


def check_planes(game: str, shape: Shape, device: torch.device) -> None:
    """Exit unless observations of random bytes are the same on the device as on the CPU."""
    spec = load_game(game).spec
    draw = torch.Generator().manual_seed(1)
    history = spec.layout.history
    packed = torch.randint(256, (512, history, packed_size(spec, shape)), dtype=torch.uint8, generator=draw)
    packed[:, :, -1] %= 2
    present = torch.rand((512, history), generator=draw) < 0.8
    on_processor = observations(packed, present, spec, shape)
    on_device = observations(packed.to(device), present.to(device), spec, shape).cpu()
    if not torch.equal(on_processor, on_device):
        raise SystemExit(f"{game}: the observations made on {device} differ from those made on the CPU")


def measure(game: str, arguments: argparse.Namespace, device: torch.device) -> None:
    """Print the figures of a game on its first board."""
    spec, dtype = load_game(game).spec, precision(device)
    shape = spec.shapes[0]
    config = TrainConfig(
        game=game,
        preset="bench",
        steps=1,
        search=SearchSettings(simulations=arguments.simulations),
        self_play=SelfPlaySettings(games=arguments.games, shapes=((shape, 1.0),), opening_plies=8),
        replay=ReplaySettings(capacity_plies=500_000, min_plies=1),
    )
    network = fresh_network(
        load_game(game),
        seed=1,
        channels=arguments.channels,
        representation_blocks=arguments.blocks[0],
        dynamics_blocks=arguments.blocks[1],
    )
    print(f"{game} {shape[0]}x{shape[1]}: {arguments.games} games, {arguments.simulations} simulations", flush=True)
    check_planes(game, shape, device)
    print(f"  rules alone, one process       {1e6 * rules_alone(game, shape):10.1f} us/ply", flush=True)
    search = BatchedSearch(network, config.search, spec.num_actions(shape), device)
    batch = group_sizes(config.self_play, spec)[shape]
    generator = torch.Generator(device).manual_seed(1)
    observation = torch.rand((batch, spec.layout.planes, *shape), device=device, dtype=dtype)
    legal = torch.rand((batch, spec.num_actions(shape)), device=device, generator=generator) < 0.1
    legal[:, 0] = True
    alone = roots_a_second(search, observation, legal, arguments.rounds, generator)
    print(f"  search alone, batches of {batch:5d} {alone:10.0f} moves/s", flush=True)
    learner = replace(config.learner, consistency_weight=1.0)
    replays = {
        "step 0": Replay(config, device, dtype),
        "all steps": Replay(replace(config, learner=learner), device, dtype),
    }
    for workers in arguments.workers or [default_workers() if device.type == "cuda" else 0]:
        with SelfPlay(config, {shape: search}, device, dtype=dtype, workers=workers) as player:
            player.play(2 * arguments.games)
            games = player.play(arguments.rounds * arguments.games)
            whole = player.statistics.moves_per_second
            share = whole / alone
            print(
                f"  self-play, {workers:2d} workers          {whole:10.0f} moves/s, {share:.0%} of search", flush=True
            )
        for part in games:
            for replay in replays.values():
                replay.add(part)
    for what, replay in replays.items():
        if not replay.window_plies:
            continue
        replay.draw(1024, generator)
        wait(device)
        started = time.perf_counter()
        for _ in range(5):
            replay.draw(1024, generator)
        wait(device)
        print(
            f"  a batch of 1024, planes of {what:9s} {200 * (time.perf_counter() - started):6.1f} ms",
            flush=True,
        )


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("games_to_play", nargs="+", choices=game_names(), metavar="GAME")
    parser.add_argument("--games", type=count, default=4096)
    parser.add_argument("--workers", type=int, nargs="*", help="numbers of rules processes to try (default: cores - 1)")
    parser.add_argument("--simulations", type=count, default=32)
    parser.add_argument("--channels", type=count, default=128)
    parser.add_argument("--blocks", type=int, nargs=2, default=(6, 4), help="of h and of g")
    parser.add_argument("--rounds", type=count, default=16, help="moves of each game that are timed")
    arguments = parser.parse_args()
    device = best_device()
    for game in arguments.games_to_play:
        measure(game, arguments, device)
