"""Where the network lost the games of chess that it lost, judged by Stockfish, and what it thought of it.

    python scripts/lab/studies blunders ladders/chess --weights weights/chess --player muzero

In every lost game it looks for the first move that turned a position which was not lost (better than -200 centipawns)
into a lost one (worse than -300, and by 250 at least). Then it asks the network about Stockfish's answer to that move:
its prior and rank, and the values before and after it, by h of the true position and by g from the position before the
blunder. If h is right and g is wrong, latents drift; if both are wrong, the network does not understand the position;
if both are right, the search did not get there. Values are from the loser's point of view.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np
from lab.common.commands import parser_of
from lab.common.stockfish import STOCKFISH, score

from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel
from muzero_engine.match.records.store import recorded_games

NOT_LOST, LOST, STEP = -200, -300, 250  # centipawns


@dataclass(frozen=True, slots=True)
class Blunder:
    """A move that lost a game; values are the loser's, in [-1, 1]."""

    where: str
    scores: tuple[int, int]  # Stockfish's before and after it, centipawns of the loser
    value: float  # by h, after the move
    ranks: tuple[int, int]  # of Stockfish's answer, from 1: by h, by g
    answered: tuple[float, float]  # values after it: by h, by g


def find_blunder(
    game: GameRecord, player: str, judge: chess.engine.SimpleEngine, limit: chess.engine.Limit, model: OnnxModel
) -> Blunder | None:
    """Return the first blunder of a game that `player` lost."""
    position = load_game("chess").from_text(game.start)
    board = chess.Board(game.start)
    texts = (*game.opening_moves, *(ply.move for ply in game.moves))
    for ply, text in enumerate(texts):
        mover = game.first if position.mover == 0 else game.second
        action = position.parse_action(text)
        following, after = position.copy(), board.copy()
        following.push(action)
        after.push_uci(text)
        if mover == player and ply >= len(game.opening_moves) and following.outcome() is None:
            before, _ = score(judge, limit, board)
            if before > NOT_LOST:
                lost, answer = score(judge, limit, after)
                if -lost < min(LOST, before - STEP) and answer is not None:
                    scores = (before, -lost)
                    return judged(model, position, action, following, answer.uci(), f"{board.fen()} {text}", scores)
        position, board = following, after
    return None


def judged(
    model: OnnxModel,
    position: Position,
    action: int,
    following: Position,
    answer: str,
    where: str,
    scores: tuple[int, int],
) -> Blunder:
    """Return what the network says of a blunder and of the answer to it."""
    reply = following.parse_action(answer)
    known = model.initial_inference(observation(following)[None])
    legal = following.legal_actions()
    by_h = 1 + int((known.policy_logits[0, legal] > known.policy_logits[0, reply]).sum())
    root = model.initial_inference(observation(position)[None])
    imagined = model.recurrent_inference(root.latent, np.array([action]))
    order = [a for a in imagined.top_actions[0].tolist() if a in set(legal.tolist())]
    by_g = 1 + (order.index(reply) if reply in order else len(order))
    last = following.copy()
    last.push(reply)
    outcome = last.outcome()
    seen = model.initial_inference(observation(last)[None])
    true = outcome.value(position.mover) if outcome else float(seen.value[0])
    dreamt = model.recurrent_inference(imagined.latent, np.array([reply]))
    imagined_value = float(dreamt.value[0] * -dreamt.discount[0] - dreamt.reward[0])
    return Blunder(where, scores, -float(known.value[0]), (by_h, by_g), (true, imagined_value))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path, help="of a match or a ladder")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--player", default="muzero")
    parser.add_argument("--games", type=int, help="only the first so many lost games")
    parser.add_argument("--depth", type=int, default=12, help="of Stockfish's search")
    args = parser.parse_args()
    limit = chess.engine.Limit(depth=args.depth)
    model = OnnxModel(load_bundle(args.weights, load_game("chess").spec), backend=Backend.CPU)
    games = [game for game in recorded_games(args.folder) if args.player in (game.first, game.second)]
    lost = [game for game in games if game.points == (0.0 if game.first == args.player else 1.0)][: args.games]
    blunders: list[Blunder] = []
    with chess.engine.SimpleEngine.popen_uci(STOCKFISH) as judge:
        for number, game in enumerate(lost, 1):
            blunder = find_blunder(game, args.player, judge, limit, model)
            print(f"\r{number}/{len(lost)} games", end="", file=sys.stderr, flush=True)
            if blunder is not None:
                blunders.append(blunder)
                print(
                    f"\r{blunder.scores[0]:+6d} -> {blunder.scores[1]:+6d}  value {blunder.value:+.2f}, answer's rank "
                    f"{blunder.ranks[0]} and {blunder.ranks[1]}, after it {blunder.answered[0]:+.2f} and "
                    f"{blunder.answered[1]:+.2f}  {blunder.where}",
                    flush=True,
                )
    print(f"{len(blunders)} blunders in {len(lost)} lost games", file=sys.stderr)
    if not blunders:
        return
    for name, side in (("h", 0), ("g", 1)):
        ranks = [blunder.ranks[side] for blunder in blunders]
        values = [blunder.answered[side] for blunder in blunders]
        print(
            f"by {name}: the answer is among the first three moves in {sum(r <= 3 for r in ranks)}, median rank "
            f"{statistics.median(ranks):g}; the loser's value after it {statistics.mean(values):+.2f} on average, "
            f"below -0.5 in {sum(v < -0.5 for v in values)}"
        )
    apart = [abs(blunder.answered[0] - blunder.answered[1]) for blunder in blunders]
    print(f"h and g differ by {statistics.mean(apart):.2f} on average, after the answer")
