"""How far the values of h and g agree with Stockfish: in positions of games of chess, and off the beaten track.

    python scripts/lab/studies values matches/chess --weights weights/chess --positions 250

From even positions of recorded games (Stockfish: within 300 centipawns) three ways lead on: the next two moves of the
game, a uniformly random legal move, and Stockfish's answer to that. The value at each end is asked of h at the true
position and of g after as many moves in the model. The table has their correlation with Stockfish's expected score and
the root mean square difference from it, and, where one side is 300 centipawns ahead, how often the value has the wrong
sign. If random moves confuse the network, self-play shows it too few bad moves.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np
from lab.common.commands import parser_of
from lab.common.stockfish import STOCKFISH, score

from muzero_engine.games.encoding import observation
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.match.records.store import recorded_games

EVEN = DECIDED = 300  # centipawns
TRIES = 20  # for each position wanted; the others are decided or end
SLOPE = 0.0037  # of the expected score in [-1, 1], per centipawn; nearly that of lichess (0.00368)


@dataclass(frozen=True, slots=True)
class Seen:
    """One position, from the point of view of the player to move."""

    score: int  # Stockfish's, centipawns
    by_h: float
    by_g: float


def ways(
    game: GameRecord, rng: random.Random, model: OnnxModel, judge: chess.engine.SimpleEngine, limit: chess.engine.Limit
) -> list[Seen] | None:
    """Return what is seen at a random position of a game, two moves of it on, a random move on, and its answer on.

    None if the position is not even, or one of the others ends the game.
    """
    texts = [*game.opening_moves, *(ply.move for ply in game.moves)]
    if len(texts) - 2 <= len(game.opening_moves):
        return None
    ply = rng.randrange(len(game.opening_moves), len(texts) - 2)
    position, board = load_game("chess").from_text(game.start), chess.Board(game.start)
    for text in texts[:ply]:
        position.push(position.parse_action(text))
        board.push_uci(text)
    even, _ = score(judge, limit, board)
    if abs(even) > EVEN:
        return None
    root = model.initial_inference(observation(position)[None])
    here = float(root.value[0])

    def after(moves: list[str]) -> tuple[Seen, chess.Move] | None:
        """Return what is seen after the moves, and Stockfish's answer."""
        place_after, its_board = position.copy(), board.copy()
        latent, by_g = root.latent, here
        for text in moves:
            action = place_after.parse_action(text)
            imagined = model.recurrent_inference(latent, np.array([action]))
            latent, by_g = imagined.latent, float(imagined.value[0])
            place_after.push(action)
            its_board.push_uci(text)
            if place_after.outcome() is not None:
                return None
        true = float(model.initial_inference(observation(place_after)[None]).value[0])
        centipawns, answer = score(judge, limit, its_board)
        return None if answer is None else (Seen(centipawns, true, by_g), answer)

    strange = rng.choice([move.uci() for move in board.legal_moves])
    thrown = after([strange])
    answered = thrown and after([strange, thrown[1].uci()])
    played = answered and after(texts[ply : ply + 2])
    if thrown is None or answered is None or played is None:
        return None
    return [Seen(even, here, here), played[0], thrown[0], answered[0]]


def line(name: str, seen: Sequence[Seen]) -> str:
    """Return a row of the table."""
    score = np.array([one.score for one in seen], dtype=np.float64)
    expected = 2.0 / (1.0 + np.exp(-SLOPE * score)) - 1.0
    decided = np.abs(score) >= DECIDED
    cells = [f"{len(seen)}", f"{int(decided.sum())}"]
    for value in (np.array([one.by_h for one in seen]), np.array([one.by_g for one in seen])):
        wrong = float(np.mean((value * score)[decided] < 0)) if decided.any() else float("nan")
        apart = float(np.sqrt(np.mean((value - expected) ** 2)))
        cells.append(f"{np.corrcoef(value, expected)[0, 1]:.3f}, {apart:.3f}, {wrong:.0%}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path, help="of a match or a ladder")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--positions", type=int, default=250)
    parser.add_argument("--nodes", type=int, default=20_000, help="of Stockfish's search")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    limit = chess.engine.Limit(nodes=args.nodes)
    bundle = load_bundle(args.weights, load_game("chess").spec)
    model = OnnxModel(bundle, backend=Backend.CPU, precision=Precision.FP32)
    games = recorded_games(args.folder)
    rng = random.Random(args.seed)
    positions: list[list[Seen]] = []
    with chess.engine.SimpleEngine.popen_uci(STOCKFISH) as judge:
        for _ in range(TRIES * args.positions if games else 0):
            seen = ways(rng.choice(games), rng, model, judge, limit)
            if seen is not None:
                positions.append(seen)
                print(f"\r{len(positions)}/{args.positions} positions", end="", file=sys.stderr, flush=True)
                if len(positions) == args.positions:
                    break
    print(file=sys.stderr)
    if not positions:
        raise SystemExit(f"no even position in the games of {args.folder}")
    print("| | positions | decided | h: correlation, difference, wrong sign | g: the same |\n| - | -: | -: | - | - |")
    names = ("in the game", "two moves of the game on", "a random move on", "its answer on")
    for name, column in zip(names, zip(*positions, strict=True), strict=True):
        print(line(name, column))
