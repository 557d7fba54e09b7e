"""Matches on the training device: between two settings of the batched search, or between two networks.

    python scripts/compare_batched.py --game chess --weights weights/chess "children=8" "depth=4" "simulations=64"
    python scripts/compare_batched.py --game chess --weights runs/new --against runs/old ""
    python scripts/compare_batched.py --game go --size 19 --max-plies 600 --weights runs/new --against runs/old ""

Each setting plays (with `--weights`) against the defaults (with `--against`, or the same network). A network is a
bundle's folder, a run's folder (its newest checkpoint) or a checkpoint's file. Paired openings of random plies with
colours swapped, no noise, and no clock: what a setting costs in time, `scripts/bench_training.py search` says. Elo with
its 95% interval (W, D, L as given).
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from muzero_engine.games.base import Position
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import GAME_NAMES, load_game
from muzero_engine.inference.manifest import CHECKPOINT
from muzero_engine.match.results.statistics import Tally
from muzero_engine.match.results.tables import match_line
from muzero_engine.network.checkpoint import load_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.evaluation.evaluation import NetPlayer
from muzero_engine.training.evaluation.matches import openings, play_pairs
from muzero_engine.training.run.saved import newest_checkpoint, saved_network
from muzero_engine.training.search.batched import BatchedSearch


def with_changes(text: str, base: SearchSettings) -> SearchSettings:
    """The settings with `name=value` pairs, separated by commas, applied."""
    changes = dict(part.split("=", 1) for part in text.split(",") if part)
    kinds = {field.name: type(getattr(base, field.name)) for field in dataclasses.fields(base)}
    unknown = sorted(set(changes) - set(kinds))
    if unknown:
        raise SystemExit(f"there is no setting {unknown[0]!r} of the search: {', '.join(kinds)}")
    return dataclasses.replace(base, **{name: kinds[name](value) for name, value in changes.items()})


def network_of(place: Path) -> MuZeroNetwork:
    """The network of a bundle's or a run's folder or of a checkpoint's file."""
    if place.is_dir() and not (place / CHECKPOINT).exists():
        return saved_network(newest_checkpoint(place))
    return load_network(place / CHECKPOINT if place.is_dir() else place)


def compare(game: str, network: Path, against: Path, *, pairs: int, max_plies: int) -> None:
    """Prints a match of two networks, in a process of its own."""
    command = [sys.executable, __file__, "--game", game, "--weights", str(network), "--against", str(against)]
    subprocess.run([*command, "--pairs", str(pairs), "--max-plies", str(max_plies), ""], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="+", metavar="SETTING", help="like children=8 or depth=4,simulations=64")
    parser.add_argument("--game", choices=GAME_NAMES, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="a network")
    parser.add_argument("--size", type=int, choices=(9, 13, 19), default=9, help="lines of the board of Go [9]")
    parser.add_argument("--against", type=Path, help="another network, for the defaults [the same]")
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--opening-plies", type=int, default=6)
    parser.add_argument("--max-plies", type=int, default=256, help="a longer game is a draw (Go: is scored)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    game = load_game(arguments.game)
    shape = (arguments.size, arguments.size) if arguments.game == "go" else game.spec.shapes[0]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = SearchSettings(simulations=arguments.simulations)

    def player(place: Path, settings: SearchSettings) -> NetPlayer:
        network = network_of(place).to(device)
        actions = game.spec.num_actions(shape)
        return NetPlayer(BatchedSearch(network, settings, actions, device, compiled=False), arguments.pairs)

    def end(position: Position) -> float | None:
        outcome = position.outcome()
        if outcome is not None:
            return outcome.value(0)
        if position.can_declare_win():
            return 1.0 if position.mover == 0 else -1.0
        if position.ply < arguments.max_plies:
            return None
        return float(np.sign(position.score())) if isinstance(position, GoPosition) else 0.0

    default = player(arguments.against or arguments.weights, base)
    for text in arguments.settings:
        begun = time.perf_counter()
        rng = np.random.default_rng(arguments.seed)
        starts = openings(lambda _: game.initial(shape), arguments.pairs, arguments.opening_plies, rng)
        met = play_pairs(player(arguments.weights, with_changes(text, base)), default, starts, end)
        singles = (met.losses, met.draws, met.wins)
        tally = Tally(singles=singles, wins=met.wins, draws=met.draws, losses=met.losses)
        seconds = time.perf_counter() - begun
        print(f"{arguments.game} {match_line(text or 'network', 'default', tally)}  {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
