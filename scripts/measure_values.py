"""How far the values of h and g agree with Stockfish: in positions of games of chess, and off the beaten track.

    python scripts/measure_values.py matches/chess --weights weights/chess --positions 250

From even positions of recorded games (Stockfish: within 300 centipawns) three ways lead on: the next two moves of the
game, a uniformly random legal move, and Stockfish's answer to that. The value at each end is asked of h at the true
position and of g after as many moves in the model. The table has their correlation with Stockfish's expected score and
the root mean square difference from it, and, where one side is 300 centipawns ahead, how often the value has the wrong
sign. If random moves confuse the network, self-play shows it too few bad moves.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np

from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.match.record import GameRecord
from muzero_engine.match.record_json import parse_record
from muzero_engine.match.store import GAMES

EVEN = DECIDED = 300  # centipawns
MATE = 10_000
TRIES = 20  # for each position wanted; the others are decided or end
SLOPE = 0.0037  # of the expected score in [-1, 1], per centipawn; nearly that of lichess (0.00368)


@dataclass(frozen=True, slots=True)
class Seen:
    """One position, from the point of view of the player to move."""

    score: int  # Stockfish's, centipawns
    by_h: float
    by_g: float


class Measure:
    """Asks Stockfish and the network about the same positions."""

    def __init__(self, model: OnnxModel, judge: chess.engine.SimpleEngine, nodes: int) -> None:
        self._model = model
        self._judge = judge
        self._limit = chess.engine.Limit(nodes=nodes)

    def ask(self, board: chess.Board) -> tuple[int, chess.Move | None]:
        """Stockfish's score in centipawns and its move."""
        found = self._judge.analyse(board, self._limit)
        line = found.get("pv", [])
        return found["score"].pov(board.turn).score(mate_score=MATE), line[0] if line else None

    def after(self, position: Position, board: chess.Board, moves: list[str]) -> Seen | None:
        """What is seen after these moves; None if they end the game."""
        position, board = position.copy(), board.copy()
        root = self._model.initial_inference(observation(position)[None])
        latent, told = root.latent, float(root.value[0])
        for text in moves:
            action = position.parse_action(text)
            imagined = self._model.recurrent_inference(latent, np.array([action]))
            latent, told = imagined.latent, float(imagined.value[0])
            position.push(action)
            board.push_uci(text)
            if position.outcome() is not None:
                return None
        true = float(self._model.initial_inference(observation(position)[None]).value[0])
        return Seen(self.ask(board)[0], true, told)

    def ways(self, game: GameRecord, rng: random.Random) -> tuple[Seen, Seen, Seen, Seen] | None:
        """From a random position of a game: there, two moves of the game on, a random move on, and its answer."""
        texts = [*game.opening_moves, *(ply.move for ply in game.moves)]
        if len(texts) - 2 <= len(game.opening_moves):
            return None
        ply = rng.randrange(len(game.opening_moves), len(texts) - 2)
        position, board = load_game("chess").from_text(game.start), chess.Board(game.start)
        for text in texts[:ply]:
            position.push(position.parse_action(text))
            board.push_uci(text)
        if abs(self.ask(board)[0]) > EVEN:
            return None
        strange = rng.choice([move.uci() for move in board.legal_moves])
        board.push_uci(strange)
        answer = None if board.is_game_over() else self.ask(board)[1]
        board.pop()
        if answer is None:
            return None
        here = self.after(position, board, [])
        played = self.after(position, board, texts[ply : ply + 2])
        thrown = self.after(position, board, [strange])
        answered = self.after(position, board, [strange, answer.uci()])
        return None if None in (found := (here, played, thrown, answered)) else found  # type: ignore[return-value]


def line(name: str, seen: list[Seen]) -> str:
    """A row of the table."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a match or a ladder")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--positions", type=int, default=250)
    parser.add_argument("--nodes", type=int, default=20_000, help="of Stockfish's search")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    stockfish = shutil.which("stockfish") or "/usr/games/stockfish"
    bundle = load_bundle(args.weights, load_game("chess").spec)
    model = OnnxModel(bundle, backend=Backend.CPU, precision=Precision.FP32)
    games = [parse_record(text) for text in (args.folder / GAMES).read_text(encoding="utf-8").splitlines()[1:]]
    rng = random.Random(args.seed)
    found: list[tuple[Seen, Seen, Seen, Seen]] = []
    with chess.engine.SimpleEngine.popen_uci(stockfish) as judge:
        measure = Measure(model, judge, args.nodes)
        for _ in range(TRIES * args.positions if games else 0):
            ways = measure.ways(rng.choice(games), rng)
            if ways is not None:
                found.append(ways)
                print(f"\r{len(found)}/{args.positions} positions", end="", file=sys.stderr, flush=True)
                if len(found) == args.positions:
                    break
    print(file=sys.stderr)
    if not found:
        raise SystemExit(f"no even position in the games of {args.folder}")
    print("| | positions | decided | h: correlation, difference, wrong sign | g: the same |\n| - | -: | -: | - | - |")
    names = ("in the game", "two moves of the game on", "a random move on", "its answer on")
    for name, seen in zip(names, zip(*found, strict=True), strict=True):
        print(line(name, list(seen)))


if __name__ == "__main__":
    main()
