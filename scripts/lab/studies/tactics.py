"""Which moves of tactics a network of chess sees: positions that Stockfish makes and proves, solved on the device.

    python scripts/lab/studies tactics --make 2000 --processes 8 --minutes 15 --file tactics.jsonl
    python scripts/lab/studies tactics --file tactics.jsonl --weights weights/chess runs/new --simulations 32 128 400

`--make` lets Stockfish play against itself, with some random and some second-best moves, and keeps the positions where
one move is worth far more than any other (by its expected score, first at few nodes, then at more), so that nobody
else's collection is needed. Moves that take back what was just taken, or that Stockfish plays after 100 nodes, are left
out: without the latter rule more than nine of ten were such, and networks knew them all. The games up to the positions
are kept, because networks see some plies of history.

The other form says of each network: the mean of -log(prior) of the right move (h, no search), how often it is the
network's first, in its first 4 and its first 16, how far the value of h is from Stockfish's expected score (root mean
square), and how often a search without noise of so many simulations plays the move. Then, for each network after the
first, how many positions only the one or only the other solves, and the difference with its 95% interval.
"""

from __future__ import annotations

import itertools
import json
import math
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np
import torch
from lab.common.commands import parser_of
from lab.common.devices import best_device
from lab.common.networks import network_of
from lab.common.stockfish import MATE, STOCKFISH

from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch

SLOPE = 0.0037  # of the expected score in [-1, 1], per centipawn; nearly that of lichess (0.00368)
EASY, SCAN, PROOF = 100, 20_000, 400_000  # nodes
GAIN, PROVEN_GAIN = 0.5, 0.4  # of the expected score in [-1, 1], over the second move
OPENING, LONGEST = (4, 12), 160  # plies
SECOND_BEST, RANDOM = 0.15, 0.15  # of the moves of the games
BATCH = 256  # positions searched together
CANDIDATES = (16, 32)  # of the searches at the root
LEAST_PRIOR = 1e-6  # a smaller prior counts as this


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """A position with one right move."""

    moves: tuple[str, ...]  # from the starting position, UCI
    best: str  # UCI
    expected: float  # Stockfish's expected score after it, the mover's view, in [-1, 1]
    second: float  # the same after the second-best move
    mate: int | None  # moves to mate, if the move begins one
    quiet: bool  # neither a capture nor a promotion nor a check


def expected(score: chess.engine.PovScore, turn: chess.Color) -> float:
    """Return Stockfish's score as the expected score of `turn` in [-1, 1]."""
    return 2.0 / (1.0 + math.exp(-SLOPE * score.pov(turn).score(mate_score=MATE))) - 1.0


def best_two(judge: chess.engine.SimpleEngine, board: chess.Board, nodes: int) -> list[chess.engine.InfoDict]:
    """Return what Stockfish says of the two best moves, best first."""
    return judge.analyse(board, chess.engine.Limit(nodes=nodes), multipv=2)


def tactic_at(judge: chess.engine.SimpleEngine, board: chess.Board, scan: list[chess.engine.InfoDict]) -> Tactic | None:
    """Return the position as a tactic if the two best moves of `scan`, and a longer look, say that it is one."""
    if len(scan) < 2 or expected(scan[0]["score"], board.turn) - expected(scan[1]["score"], board.turn) < GAIN:
        return None
    move = scan[0]["pv"][0]
    taken = board.move_stack and board.is_capture(move) and move.to_square == board.peek().to_square
    if taken or board.legal_moves.count() < 4:
        return None
    if judge.play(board, chess.engine.Limit(nodes=EASY), game=object()).move == move:  # a new game: an empty hash table
        return None
    first, second = best_two(judge, board, PROOF)
    values = [expected(info["score"], board.turn) for info in (first, second)]
    if first["pv"][0] != move or values[0] - values[1] < PROVEN_GAIN:
        return None
    return Tactic(
        moves=tuple(played.uci() for played in board.move_stack),
        best=move.uci(),
        expected=values[0],
        second=values[1],
        mate=first["score"].pov(board.turn).mate(),
        quiet=not (board.is_capture(move) or move.promotion or board.gives_check(move)),
    )


def tactics(judge: chess.engine.SimpleEngine, rng: random.Random) -> Iterator[Tactic | None]:
    """Yield the tactics of game after game, and None for every position without one."""
    while True:
        board = chess.Board()
        for _ in range(rng.randint(*OPENING)):
            if not board.is_game_over():
                board.push(rng.choice(list(board.legal_moves)))
        while not board.is_game_over(claim_draw=True) and len(board.move_stack) < LONGEST:
            scan = best_two(judge, board, SCAN)
            yield tactic_at(judge, board, scan)
            kind = rng.random()
            if kind < RANDOM:
                board.push(rng.choice(list(board.legal_moves)))
            else:
                board.push(scan[kind < RANDOM + SECOND_BEST and len(scan) > 1]["pv"][0])


def make(file: Path, seed: int, count: int, end: float) -> None:
    """Append tactics to `file` until there are `count` more or the clock says `end`."""
    with chess.engine.SimpleEngine.popen_uci(STOCKFISH) as judge, file.open("a", encoding="utf-8") as out:
        made = 0
        for tactic in tactics(judge, random.Random(seed)):
            if tactic is not None:
                out.write(json.dumps(asdict(tactic)) + "\n")
                out.flush()
                made += 1
            if made == count or time.time() > end:
                return


def read(file: Path) -> list[Tactic]:
    """Return the tactics of a file; a last line without its end is left out."""
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    return [Tactic(**{**json.loads(line), "moves": tuple(json.loads(line)["moves"])}) for line in lines]


def position_of(tactic: Tactic) -> Position:
    """Return the position, with its history."""
    game = load_game("chess")
    position = game.initial(game.spec.shapes[0])
    for move in tactic.moves:
        position.push(position.parse_action(move))
    return position


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a network knows of N positions."""

    prior: np.ndarray  # float[N] of the right move among the legal ones
    rank: np.ndarray  # int[N] of it by prior, from 1
    value: np.ndarray  # float[N] in [-1, 1], the mover's view
    solved: dict[str, np.ndarray]  # bool[N] for each search


@torch.no_grad()
def knowledge(place: Path, tactics: Sequence[Tactic], simulations: Sequence[int], device: torch.device) -> Knowledge:
    """Return what the network at `place` knows of all positions."""
    network = network_of(place).to(device).eval()
    spec = load_game("chess").spec
    actions = spec.num_actions(spec.shapes[0])
    searches = {
        f"{count} simulations, {candidates} candidates": BatchedSearch(
            network,
            SearchSettings(simulations=count, considered=candidates),
            actions,
            device,
            compiled=False,
        )
        for count, candidates in itertools.product(simulations, CANDIDATES)
    }
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ("prior", "rank", "value", *searches)}
    for start in range(0, len(tactics), BATCH):
        part = tactics[start : start + BATCH]
        seen = np.zeros((BATCH, spec.layout.planes, *spec.shapes[0]), dtype=np.float32)
        legal = np.zeros((BATCH, actions), dtype=np.bool_)
        right = np.zeros(BATCH, dtype=np.int64)
        for i, tactic in enumerate(part):
            position = position_of(tactic)
            seen[i] = observation(position)
            legal[i, position.legal_actions()] = True
            right[i] = position.parse_action(tactic.best)
        seen_there, legal_there = torch.from_numpy(seen).to(device), torch.from_numpy(legal).to(device)
        known = network.initial_inference(seen_there)
        logits = known.policy_logits.float().masked_fill(~legal_there, -torch.inf).cpu().numpy()[: len(part)]
        prior = np.exp(logits - logits.max(axis=1, keepdims=True))
        prior /= prior.sum(axis=1, keepdims=True)
        on_best = prior[np.arange(len(part)), right[: len(part)]]
        rows["prior"].append(on_best)
        rows["rank"].append(1 + (prior > on_best[:, None]).sum(axis=1))
        rows["value"].append(known.value.float().cpu().numpy()[: len(part)])
        for name, search in searches.items():
            output = search.run(seen_there, legal_there, noise=torch.zeros(BATCH, actions, device=device))
            rows[name].append((output.action.cpu().numpy() == right)[: len(part)])
    whole = {name: np.concatenate(parts) for name, parts in rows.items()}
    return Knowledge(whole["prior"], whole["rank"], whole["value"], {name: whole[name] for name in searches})


def kinds(tactics: Sequence[Tactic]) -> dict[str, np.ndarray]:
    """Return which of N positions are of each kind, bool[N]."""
    mate = np.array([tactic.mate is not None for tactic in tactics])
    quiet = np.array([tactic.quiet for tactic in tactics])
    return {"all": np.ones(len(tactics), dtype=np.bool_), "mates": mate, "quiet": quiet, "others": ~mate & ~quiet}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--file", type=Path, required=True, help="of tactics, one JSON object a line")
    parser.add_argument("--make", type=int, metavar="COUNT", help="make so many and add them to the file")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0, help="at most, of --make")
    parser.add_argument("--seed", type=int, default=1, help="of --make")
    parser.add_argument("--weights", type=Path, nargs="+", default=[], help="networks: bundles, runs or checkpoints")
    parser.add_argument("--simulations", type=int, nargs="*", default=[128, 400])
    args = parser.parse_args()
    if args.make:
        end = time.time() + 60 * args.minutes
        each = -(-args.make // args.processes)
        workers = [
            multiprocessing.Process(target=make, args=(args.file, 1000 * args.seed + i, each, end))
            for i in range(args.processes)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    tactics = read(args.file) if args.file.exists() else []
    if not tactics:
        raise SystemExit(f"there are no tactics in {args.file}: --make some")
    sorts = kinds(tactics)
    print(", ".join(f"{int(kind_mask.sum())} {name}" for name, kind_mask in sorts.items()), flush=True)
    truth = np.array([tactic.expected for tactic in tactics])
    device = best_device()
    known: list[Knowledge] = []
    for place in args.weights:
        learnt = knowledge(place, tactics, args.simulations, device)
        known.append(learnt)
        nats = -np.log(np.maximum(learnt.prior, LEAST_PRIOR))
        print(f"\n{place}\n| | nats | first | in 4 | in 16 | value apart | {' | '.join(learnt.solved)} |")
        print("|-" + "|-:" * (5 + len(learnt.solved)) + "|")
        for name, kind_mask in sorts.items():
            ranks = [f"{np.mean(learnt.rank[kind_mask] <= most):.1%}" for most in (1, 4, 16)]
            apart = np.sqrt(np.mean((learnt.value - truth)[kind_mask] ** 2))
            solved = [f"{np.mean(one[kind_mask]):.1%}" for one in learnt.solved.values()]
            print(
                f"| {name} | {nats[kind_mask].mean():.3f} | {' | '.join(ranks)} | {apart:.3f} | {' | '.join(solved)} |"
            )
    for place, learnt in zip(args.weights[1:], known[1:], strict=True):
        print(f"\n{place} against {args.weights[0]}: only it, only the other, difference")
        first = {"first by prior": learnt.rank == 1} | learnt.solved
        for name, base in ({"first by prior": known[0].rank == 1} | known[0].solved).items():
            gained, lost = int((first[name] & ~base).sum()), int((base & ~first[name]).sum())
            error = 1.96 * math.sqrt(gained + lost) / len(tactics)
            print(f"  {name}: {gained}, {lost}, {(gained - lost) / len(tactics):+.2%} +-{error:.2%}", flush=True)


if __name__ == "__main__":
    main()
