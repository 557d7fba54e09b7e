"""Train one network on the same games with several settings of the learner, each for the same time.

    python scripts/lab/compare learners --game chess --init weights/chess --seconds 60 --out /tmp/learners
        "" "learner.root_value_share=0.66" "learner.consistency_weight=0" "network.representation_blocks=10"
    python scripts/lab/compare learners --game chess --init weights/chess --fresh --out /tmp/sizes
        "" "network.channels=128" "network.dynamics_blocks=3"

The network of `--init` plays `--plies` plies against itself (or they are read from `--data`, where an earlier call left
them), and all settings begin with it, or with `--fresh` with a fresh one. Each setting, a list of `train --set`
options, then has about so many seconds of gradient steps; compilation does not count, and the learning rate's cosine
ends with them. Prints losses on held-out games that nothing was learnt from (of the running mean of the weights,
measured with the settings before any of these, so that they can be compared), then the games of every network against
the first setting's or that of `--against`.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path

import torch
from lab.common.commands import parser_of
from lab.common.devices import best_device, precision
from lab.common.networks import network_of
from lab.compare.batched import compare
from safetensors.torch import load_file, save
from torch import Tensor

from muzero_engine.files import write_atomically
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import network_bytes
from muzero_engine.network.resize import SIZES, resized
from muzero_engine.training.board_settings import group_sizes
from muzero_engine.training.config import NetworkSettings, TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.learner.losses import MuZeroLoss, mixed_precision
from muzero_engine.training.presets import PRESET_NAMES, preset
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.report.progress import short_number
from muzero_engine.training.report.step_metrics import Means, means
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.settings_text import with_overrides

TIMED = 50  # steps that say how many fit into the time
PART = 65_536  # plies of self-play between two lines of progress


def games_of(config: TrainConfig, network: MuZeroNetwork, device: torch.device, plies: int) -> dict[str, Tensor]:
    """Return the state of a replay with so many plies of self-play."""
    spec, dtype = load_game(config.game).spec, precision(device)
    searches = {
        shape: BatchedSearch(network.to(device), config.search, spec.num_actions(shape), device)
        for shape in group_sizes(config.self_play, spec)
    }
    replay = Replay(config, device, dtype)
    with SelfPlay(config, searches, device, dtype=dtype) as self_play:
        while replay.stored_plies < plies:
            for games in self_play.play(min(PART, plies)):
                replay.add(games)
            print(f"{short_number(replay.stored_plies)} plies of {short_number(plies)}", flush=True)
    return replay.state()


def learnt(
    config: TrainConfig, network: MuZeroNetwork | None, games: dict[str, Tensor], device: torch.device, seconds: float
) -> tuple[MuZeroNetwork, int]:
    """Return the running mean after so many seconds of gradient steps on a network (None: fresh), and their number."""
    sizes = dataclasses.asdict(config.network)
    if network is None:
        begin = fresh_network(load_game(config.game), config.seed, **sizes)
    else:
        begin = resized(network, config.seed, **sizes)
    learner = Learner(begin, config.learner, total_steps=1, world=World.alone(device))
    replay = Replay(config, device, precision(device))
    replay.load_state(games)
    generator = torch.Generator(device).manual_seed(config.seed)

    def take(count: int) -> float:
        begun = time.perf_counter()
        for _ in range(count):
            learner.step(replay.draw(config.learner.batch_size, generator))
        learner.finish()
        return time.perf_counter() - begun

    beginning = learner.state()
    take(5)
    learner.total_steps = max(TIMED, round(seconds * TIMED / take(TIMED)))
    learner.load_state(beginning)
    took = take(learner.total_steps)
    print(f"  {learner.steps} steps in {took:.1f} s, {took / learner.steps * 1e3:.2f} ms a step", flush=True)
    return learner.ema_network(), learner.steps


@torch.no_grad()
def held_out(
    config: TrainConfig, network: MuZeroNetwork, replay: Replay, device: torch.device, batches: int = 16
) -> Means:
    """Return losses on held-out games, the same positions for every network."""
    generator = torch.Generator(device).manual_seed(1)
    loss = MuZeroLoss(network.to(device).eval(), config.learner).eval()
    sums, counts = [], []
    for _ in range(batches):
        batch = replay.draw_held_out(config.learner.batch_size, generator)
        if batch is None:
            raise SystemExit("no game was held out: let more --plies be played")
        with mixed_precision(device):
            terms = loss(batch)
        sums.append(terms.sums)
        counts.append(terms.counts)
    return means(torch.stack(sums).sum(0), torch.stack(counts).sum(0), World.alone(device))


def table_row(name: str, steps: int, losses: Means) -> str:
    def text(values: tuple[float | None, ...]) -> str:
        known = [value for value in values if value is not None]
        return f"{known[0]:.4f}|{known[-1]:.4f}" if known else "|"

    return f"|{name or '(nothing changed)'}|{steps}|{text(losses.policy)}|{text(losses.value)}|{text(losses.outcome)}|"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("settings", nargs="+", metavar="SETTINGS", help='like "learner.learning_rate=2e-3 seed=2"')
    parser.add_argument("--game", choices=game_names(), required=True)
    parser.add_argument("--preset", choices=PRESET_NAMES, default="release")
    parser.add_argument("--init", type=Path, required=True, help="a network: it plays, and all settings begin with it")
    parser.add_argument("--fresh", action="store_true", help="they begin with fresh networks instead")
    parser.add_argument("--common", default="", help="settings of all of them")
    parser.add_argument("--plies", type=int, default=2_000_000)
    parser.add_argument("--data", type=Path, help="a file for the games that are played, or from which they are read")
    parser.add_argument("--seconds", type=float, default=60.0, help="of gradient steps")
    parser.add_argument("--against", type=Path, help="a network [the first setting's]")
    parser.add_argument("--pairs", type=int, default=192, help="games against that network; 0: none")
    parser.add_argument("--max-plies", type=int, default=200, help="of a game between two networks")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    args = parser.parse_args()
    device = best_device()
    network = network_of(args.init)
    begin = NetworkSettings(**{name: getattr(network.config, name) for name in SIZES})
    base = dataclasses.replace(preset(args.game, args.preset), network=begin)
    base = with_overrides(base, shlex.split(args.common))
    window = dataclasses.replace(base.replay, min_plies=2 * args.plies, capacity_plies=2 * args.plies)
    base = dataclasses.replace(base, replay=window)
    configs = [with_overrides(base, shlex.split(text)) for text in args.settings]
    args.out.mkdir(parents=True)
    if args.data and args.data.exists():
        games = load_file(args.data)
    else:
        games = games_of(base, network, device, args.plies)
        if args.data:
            write_atomically(args.data, save(games))
    watched = Replay(base, device, precision(device))
    watched.load_state(games)
    rows = ["|setting|steps|policy, step 0|last step|value, step 0|last step|outcome, step 1|last step|"]
    rows += ["|-|-:|-:|-:|-:|-:|-:|-:|", table_row("(before)", 0, held_out(base, network, watched, device))]
    print("\n".join(rows), flush=True)
    places = []
    for number, (text, config) in enumerate(zip(args.settings, configs, strict=True)):
        trained, steps = learnt(config, None if args.fresh else network.cpu(), games, device, args.seconds)
        places.append(args.out / f"{number}.safetensors")
        write_atomically(places[-1], network_bytes(trained, dtype=torch.float16))
        rows.append(table_row(text, steps, held_out(base, trained, watched, device)))
        print(rows[-1], flush=True)
    (args.out / "losses.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    against = args.against or places[0]
    for text, place in zip(args.settings, places, strict=True):
        if args.pairs and place != against:
            print(f"{text or '(nothing changed)'}, against {against}:", flush=True)
            compare(args.game, place, against, pairs=args.pairs, max_plies=args.max_plies)
