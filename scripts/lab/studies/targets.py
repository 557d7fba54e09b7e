"""What the policy targets of self-play are worth, at positions of recorded games, for several settings of the search.

    python scripts/lab/studies targets ladders/chess --game chess --weights weights/chess "" simulations=64 c_scale=0.3

The improved policy of each setting (with noise, `--repeats` times) is compared with the prior: how far it is from it
(divergence: what the network has not learnt, or cannot), how much of that is noise (divergence from the mean of the
repetitions, too small where they are few: about half with two), and what it is worth: the mean of Q under it, above
that under the prior. Q of a move is what a search of `--deep` simulations says of the position after it, which the
rules have made; the `--moves` moves of highest prior are looked at. The network judges itself there, so these are
figures to compare settings by, no strength.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lab.common.commands import parser_of
from lab.common.devices import best_device
from lab.common.networks import network_of
from lab.common.searches import with_changes
from torch import Tensor

from muzero_engine.games.base import Game, Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.match.records.store import recorded_games
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch


@dataclass(frozen=True, slots=True)
class Seen:
    """N positions as the searches see them."""

    observation: Tensor  # float32[N, planes, H, W]
    legal: Tensor  # bool[N, A]


def reached(game: Game, record: GameRecord, ply: int) -> Position | None:
    """Return the position of a recorded game after so many plies, if it went on from there with a choice of moves."""
    position = game.from_text(record.start)
    texts = (*record.opening_moves, *(played.move for played in record.moves))
    if ply >= len(texts):
        return None
    for text in texts[:ply]:
        position.push(position.parse_action(text))
    return position if position.outcome() is None and len(position.legal_actions()) > 1 else None


def seen(positions: list[Position], actions: int, device: torch.device) -> Seen:
    legal = torch.zeros(len(positions), actions, dtype=torch.bool)
    for row, position in enumerate(positions):
        legal[row, torch.from_numpy(np.asarray(position.legal_actions(), dtype=np.int64))] = True
    planes = torch.from_numpy(np.stack([observation(position) for position in positions]))
    return Seen(planes.to(device), legal.to(device))


def divergence(target: Tensor, log_probs: Tensor) -> Tensor:
    """Return float[...]: KL(target || exp(log_probs)), in nats."""
    return torch.where(target > 0, target * (target.clamp_min(1e-12).log() - log_probs), 0.0).sum(dim=-1)


def improved_policies(search: BatchedSearch, positions: Seen, repeats: int) -> Tensor:
    """Return float32[repeats, N, A], each with noise of its own."""
    policies = []
    for seed in range(repeats):
        output = search.run(
            positions.observation,
            positions.legal,
            generator=torch.Generator(positions.legal.device).manual_seed(seed),
        )
        probs = torch.zeros(len(positions.legal), search.num_actions + 1, device=positions.legal.device)
        place = torch.where(output.target_actions < 0, search.num_actions, output.target_actions).long()
        probs.scatter_add_(1, place, output.target_probs.float())
        policies.append(probs[:, : search.num_actions])
    return torch.stack(policies)


def deep_values(
    network: MuZeroNetwork, positions: list[Position], moves: Tensor, deep: int, actions: int, device: torch.device
) -> Tensor:
    """Return float32[N, M]: Q of moves int64[N, M], mover's view; NaN where a move is not legal."""
    values = torch.full(moves.shape, float("nan"))
    children, places = [], []
    for row, position in enumerate(positions):
        for column, move in enumerate(moves[row, : len(position.legal_actions())].tolist()):
            child = position.copy()
            child.push(move)
            outcome = child.outcome()
            if outcome is None:
                children.append(child)
                places.append((row, column))
            else:
                values[row, column] = outcome.value(position.mover)
    search = BatchedSearch(network, SearchSettings(simulations=deep), actions, device, compiled=False)
    after = seen(children, actions, device)
    after_moves = search.run(after.observation, after.legal, noise=torch.zeros(after.legal.shape, device=device)).value
    for place, value in zip(places, after_moves.tolist(), strict=True):
        values[place] = -value
    return values.to(device)


def worth(policy: Tensor, moves: Tensor, values: Tensor) -> Tensor:
    """Return float32[N]: the mean of Q under policy float32[N, A], over the moves whose Q is known."""
    weight = torch.where(values.isnan(), 0.0, policy.gather(1, moves))
    return (weight * values.nan_to_num()).sum(dim=1) / weight.sum(dim=1).clamp_min(1e-6)


def interval(values: Tensor) -> str:
    """Mean and 95% interval over the positions."""
    return f"{values.mean():+.4f} +-{1.96 * values.std() / len(values) ** 0.5:.4f}"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path, help="of a match or a ladder")
    parser.add_argument("settings", nargs="+", metavar="SETTING", help="like simulations=64,c_scale=0.3")
    parser.add_argument("--game", choices=game_names(), required=True)
    parser.add_argument("--weights", type=Path, required=True, help="a network")
    parser.add_argument("--positions", type=int, default=56, help="at most one of each game")
    parser.add_argument("--plies", type=int, nargs=2, default=(12, 70), help="between which a position is taken")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--deep", type=int, default=96, help="simulations after each move; 0: no Q")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    game, rng = load_game(args.game), np.random.default_rng(args.seed)
    device = best_device()
    candidates = (reached(game, record, int(rng.integers(*args.plies))) for record in recorded_games(args.folder))
    positions = [position for position in candidates if position is not None][: args.positions]
    if not positions:
        raise SystemExit(f"no game in {args.folder} is long enough")
    shape = positions[0].shape
    positions = [position for position in positions if position.shape == shape]
    actions, network = game.spec.num_actions(shape), network_of(args.weights).to(device).eval()
    roots = seen(positions, actions, device)
    with torch.no_grad():
        logits = network.initial_inference(roots.observation).policy_logits.float()
    prior = logits.masked_fill(~roots.legal, -torch.inf).log_softmax(dim=1)
    moves = prior.argsort(dim=1, descending=True)[:, : args.moves]
    values = deep_values(network, positions, moves, args.deep, actions, device) if args.deep else None
    if values is not None:
        before = worth(prior.exp(), moves, values)
        best = values.nan_to_num(nan=-1.0).amax(dim=1)
        print(
            f"{len(positions)} positions; Q of the best move above the mean under the prior: {interval(best - before)}"
        )
    for text in args.settings:
        begun = time.perf_counter()
        settings = with_changes(text, SearchSettings(target_actions=actions))
        search = BatchedSearch(network, settings, actions, device, compiled=False)
        targets = improved_policies(search, roots, args.repeats)
        mean = targets.mean(dim=0).clamp_min(1e-12).log()
        line = f"{text or 'defaults'}: divergence {divergence(targets, prior).mean():.3f}"
        line += f", of it noise {divergence(targets, mean).mean():.3f}"
        if values is not None:
            gains = torch.stack([worth(target, moves, values) - before for target in targets])
            line += f"; Q above the prior's {interval(gains.mean(dim=0))}"
        print(f"{line}  {time.perf_counter() - begun:.0f} s", flush=True)
