"""Play matches on the training device: between two settings of the batched search, or between two networks.

    python scripts/lab/compare batched --game chess --weights weights/chess "children=8" "depth=4" "simulations=64"
    python scripts/lab/compare batched --game chess --weights runs/new --against runs/old ""
    python scripts/lab/compare batched --game go --size 19 --max-plies 600 --weights runs/new --against runs/old ""

Each setting plays (with `--weights`) against the defaults (with `--against`, or the same network). A network is a
bundle's folder, a run's folder (its newest checkpoint) or a checkpoint's file. Paired openings of random plies with
colours swapped, no noise, and no clock: what a setting costs in time, `bench training` says. Elo with its 95%
interval (W, D, L as given).
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of
from lab.common.devices import best_device
from lab.common.networks import network_of
from lab.common.searches import with_changes

from muzero_engine.games.base import Position, Scored
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.match.results.statistics import HeadToHead
from muzero_engine.match.results.tables import match_line
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.evaluation.evaluation import NetworkPlayer
from muzero_engine.training.evaluation.matches import openings, play_pairs
from muzero_engine.training.search.batched import BatchedSearch


def compare(game: str, network: Path, against: Path, *, pairs: int, max_plies: int) -> None:
    """Print a match of two networks, in a process of its own."""
    command = [
        sys.executable,
        str(Path(__file__).parent),
        "batched",
        "--game",
        game,
        "--weights",
        str(network),
        "--against",
        str(against),
    ]
    subprocess.run([*command, "--pairs", str(pairs), "--max-plies", str(max_plies), ""], check=False)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("settings", nargs="+", metavar="SETTING", help="like children=8 or depth=4,simulations=64")
    parser.add_argument("--game", choices=game_names(), required=True)
    parser.add_argument("--weights", type=Path, required=True, help="a network")
    parser.add_argument("--size", type=int, help="lines of the board [those of the game's first one]")
    parser.add_argument("--against", type=Path, help="another network, for the defaults [the same]")
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--opening-plies", type=int, default=6)
    parser.add_argument("--max-plies", type=int, default=256, help="a longer game is a draw, or counted if it can be")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    game = load_game(arguments.game)
    shape = game.spec.shapes[0] if arguments.size is None else (arguments.size, arguments.size)
    device = best_device()
    base = SearchSettings(simulations=arguments.simulations)

    def player(place: Path, settings: SearchSettings) -> NetworkPlayer:
        network = network_of(place).to(device)
        actions = game.spec.num_actions(shape)
        return NetworkPlayer(BatchedSearch(network, settings, actions, device, compiled=False), arguments.pairs)

    def end(position: Position) -> float | None:
        outcome = position.outcome()
        if outcome is not None:
            return outcome.value(0)
        if position.can_declare_win():
            return 1.0 if position.mover == 0 else -1.0
        if position.ply < arguments.max_plies:
            return None
        return float(np.sign(position.score())) if isinstance(position, Scored) else 0.0

    default = player(arguments.against or arguments.weights, base)
    for text in arguments.settings:
        begun = time.perf_counter()
        rng = np.random.default_rng(arguments.seed)
        starts = openings(lambda _: game.initial(shape), arguments.pairs, arguments.opening_plies, rng)
        met = play_pairs(player(arguments.weights, with_changes(text, base)), default, starts, end)
        singles = (met.losses, met.draws, met.wins)
        results = HeadToHead(singles=singles, wins=met.wins, draws=met.draws, losses=met.losses)
        seconds = time.perf_counter() - begun
        print(f"{arguments.game} {match_line(text or 'network', 'default', results)}  {seconds:.0f} s", flush=True)
