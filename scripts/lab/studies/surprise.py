"""How well a network knows the games that it plays against others: what it thinks of their moves and of the outcome.

    python scripts/lab/studies surprise ladders/shogi --weights weights/shogi --against gpsshogi --games 40

For every 20 plies of recorded games, and each player: the prior that the network (h, no search) gives to the moves that
were played, and the value that it gives to the mover beside what the games brought the mover in the end, both in [-1,
1]. Moves of strong opponents with hardly any prior, and values far above the results, say that self-play does not go
where these opponents go. The second table has the mean of -log(prior) over all these moves for other temperatures of
the prior: it is smallest at 1 where the prior is as sure of itself as it may be, above 1 where it is too sure.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.games.encoding import observation
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.match.records.store import recorded_games
from muzero_engine.search.scoring import softmax

PHASE = 20  # plies
HARDLY = 0.01  # of the prior
LEAST = 1e-6  # a smaller prior counts as this
TEMPERATURES = (0.7, 0.85, 1.0, 1.2, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One move that was played."""

    priors: tuple[float, ...]  # of the move among the legal ones, with each of TEMPERATURES
    value: float  # of the position before it, the mover's view
    result: float  # of the game, the mover's view


def moves_of(record: GameRecord, model: OnnxModel, most: int) -> list[tuple[str, int, Seen]]:
    """Return (player, phase, what is seen) of the first `most` plies that the players chose."""
    game = load_game(model.manifest.game)
    position = game.from_text(record.start)
    for text in record.opening_moves:
        position.push(position.parse_action(text))
    moves = []
    for i, ply in enumerate(record.moves[:most]):
        root = model.initial_inference(observation(position)[None])
        legal = position.legal_actions()
        action = position.parse_action(ply.move)
        logits, place = root.policy_logits[0][legal], np.flatnonzero(legal == action)[0]
        priors = tuple(float(softmax(logits, temperature)[place]) for temperature in TEMPERATURES)
        first = position.mover == 0
        points = record.points if first else 1.0 - record.points
        seen = Seen(priors, float(root.value[0]), 2.0 * points - 1.0)
        moves.append((record.first if first else record.second, i // PHASE, seen))
        position.push(action)
    return moves


def nats(priors: np.ndarray) -> np.ndarray:
    """Return the mean of -log(prior) over the moves, float64[N, ...] to float64[...]."""
    return np.asarray(-np.log(np.maximum(priors, LEAST)).mean(axis=0))


def line(player: str, phase: int, seen: list[Seen]) -> str:
    """Return a row of the table."""
    prior = np.array([one.priors[TEMPERATURES.index(1.0)] for one in seen])
    value, result = np.mean([one.value for one in seen]), np.mean([one.result for one in seen])
    return (
        f"| {player} | {phase * PHASE} | {len(seen)} | {np.median(prior):.3f} | {nats(prior):.2f} | "
        f"{np.mean(prior < HARDLY):.0%} | {value:+.2f} | {result:+.2f} |"
    )


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path, help="of a match or a ladder")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--against", default="", help="only games with a player whose name has this in it")
    parser.add_argument("--games", type=int, default=40, help="at most")
    parser.add_argument("--plies", type=int, default=80, help="of each game, at most")
    args = parser.parse_args()
    model = OnnxModel(load_bundle(args.weights), backend=Backend.CPU, precision=Precision.FP32)
    records = [one for one in recorded_games(args.folder) if args.against in f"{one.first}\n{one.second}"][: args.games]
    if not records:
        raise SystemExit(f"no such game in {args.folder}")
    table: dict[tuple[str, int], list[Seen]] = {}
    for number, record in enumerate(records, 1):
        for player, phase, seen in moves_of(record, model, args.plies):
            table.setdefault((player, phase), []).append(seen)
        print(f"\r{number}/{len(records)} games", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"| player | from ply | moves | median prior | nats | below {HARDLY:.0%} | value | result |")
    print("| - | -: | -: | -: | -: | -: | -: | -: |")
    for (player, phase), rows in sorted(table.items()):
        print(line(player, phase, rows))
    print(f"\n| nats, player | {' | '.join(f'{temperature:g}' for temperature in TEMPERATURES)} |")
    print("| - |" + " -: |" * len(TEMPERATURES))
    for player in sorted({player for player, _ in table}):
        priors = np.array([seen.priors for (who, _), rows in table.items() if who == player for seen in rows])
        print(f"| {player} | {' | '.join(f'{mean:.2f}' for mean in nats(priors))} |")
