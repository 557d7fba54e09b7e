"""What a setting of the search is worth by the moves that it chooses, in positions of chess that Stockfish judges.

    python scripts/lab/studies choices --weights weights/chess --file choices-1.jsonl --seconds 600 --seed 1
        "" "reconsider=true" "batch_size=64"
    python scripts/lab/studies choices --file choices-1.jsonl --file choices-2.jsonl

Settings are written as for `compare searches`; the first is what the others are compared with. Positions come from the
network's own games with few simulations a move; in each of them every setting searches once and says what it would play
after each of `--nodes` simulations. Where not all say the same, Stockfish looks at each of these moves alone, and its
score is turned into an expected one, in [0, 1]. The table has, for each setting and number of simulations, how often it
chooses another move than the first setting with as many, and how much more its moves score, with the 95% interval;
at its head stands what more simulations bring the first setting, to compare that with. Without settings files are only
summed up. An interval as narrow takes far more simulations by games; but what is worth a little in each position need
not be worth anything at the end of a game.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import chess
import chess.engine
import numpy as np
from lab.common.commands import parser_of
from lab.common.stockfish import MATE, STOCKFISH
from lab.compare.searches import parse_player

from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import RootChild, Search

OPENING_PLIES = 8  # random ones
EVERY = 8  # plies between two positions of a game
SHALLOW = 64  # simulations of a move of these games
DECIDED = 0.9  # in [-1, 1]: a game is over
LONGEST = 160  # plies of a game
CENTIPAWN = 0.00368208  # of the logistic curve that makes an expected score of centipawns, as lichess.org has it


def searched(search: Search, position: Position, nodes: int) -> list[RootChild]:
    """Begin a search, or go on with one of this position, until it has so many simulations; return the root's moves."""
    while search.simulations < nodes:
        search.step(nodes - search.simulations)
    return search.root_moves()


def begin(search: Search, position: Position) -> None:
    search.start(observation(position), position.legal_actions(), position.ending_actions())


def positions(player: Search, rng: np.random.Generator) -> Iterator[Position]:
    """Yield positions of games of the network with itself, without end."""
    game = load_game("chess")
    while True:
        position = game.initial(game.spec.shapes[0])
        for _ in range(OPENING_PLIES):
            if position.outcome() is None:
                position.push(int(rng.choice(position.legal_actions())))
        wait = int(rng.integers(EVERY))
        while position.outcome() is None and position.ply < LONGEST:
            begin(player, position)
            moves = searched(player, position, SHALLOW)
            if abs(player.value) > DECIDED:
                break
            if wait == 0 and len(moves) > 1 and not position.ending_actions():
                yield position
            wait = (wait - 1) % EVERY
            position.push(moves[0].action)


def expected_scores(judge: chess.engine.SimpleEngine, fen: str, moves: Sequence[str], nodes: int) -> dict[str, float]:
    """Return what the player to move may expect in [0, 1] after each of the moves."""
    board = chess.Board(fen)
    scores = {}
    for move in moves:
        limit = chess.engine.Limit(nodes=nodes)
        info = judge.analyse(board, limit, root_moves=[chess.Move.from_uci(move)], game=object())
        centipawns = info["score"].pov(board.turn).score(mate_score=MATE)
        scores[move] = 1.0 / (1.0 + math.exp(-CENTIPAWN * centipawns))
    return scores


def collect(model: OnnxModel, settings: Sequence[str], marks: Sequence[int], args: Any) -> None:
    """Add a line for each position to the file until the time is up."""
    searches = {text: Search(model, parse_player(text).config) for text in settings}
    end = time.monotonic() + args.seconds
    rng = np.random.default_rng(args.seed)
    with closing(chess.engine.SimpleEngine.popen_uci(STOCKFISH)) as judge, args.file[0].open("a") as file:
        for position in positions(Search(model, SearchConfig()), rng):
            if time.monotonic() > end:
                return
            chosen: dict[str, list[str]] = {}
            for text, search in searches.items():
                begin(search, position)
                best = [searched(search, position, mark)[0].action for mark in marks]
                chosen[text] = [position.action_text(action) for action in best]
            moves = sorted({move for texts in chosen.values() for move in texts})
            scores = expected_scores(judge, position.text(), moves, args.judge_nodes) if len(moves) > 1 else {}
            line = {"position": position.text(), "nodes": list(marks), "chosen": chosen, "scores": scores}
            print(json.dumps(line), file=file, flush=True)


def summary(lines: Sequence[dict[str, Any]]) -> str:
    """Return the table of all positions."""
    first, *others = lines[0]["chosen"]
    marks = lines[0]["nodes"]
    rows = [
        f"{len(lines)} positions; gain in thousandths of a game over {first or 'defaults'!r} with as many simulations",
        "",
        "| setting | simulations | another move | gain |",
        "| - | -: | -: | -: |",
    ]
    compared = [(first, i, i - 1) for i in range(1, len(marks))]
    compared += [(text, i, i) for text in others for i in range(len(marks))]
    for text, place, against in compared:
        pairs = [(line["chosen"][text][place], line["chosen"][first][against], line["scores"]) for line in lines]
        gains = [1000.0 * (scores[one] - scores[other]) if one != other else 0.0 for one, other, scores in pairs]
        differ = sum(one != other for one, other, _ in pairs) / len(pairs)
        error = 1.96 * float(np.std(gains)) / math.sqrt(len(gains))
        nodes = f"{marks[place]}" if place == against else f"{marks[place]} against {marks[against]}"
        rows.append(f"| {text or 'defaults'} | {nodes} | {differ:.1%} | {np.mean(gains):+.2f} +-{error:.2f} |")
    return "\n".join(rows)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("settings", nargs="*", help="name=value,... ('' for the defaults); none: only sum up")
    parser.add_argument(
        "--file", type=Path, action="append", required=True, help="of positions, added to; several to sum up"
    )
    parser.add_argument("--weights", type=Path, default=Path("weights/chess"))
    parser.add_argument("--nodes", default="250,500,1000,2000", help="simulations after which a move is looked at")
    parser.add_argument("--judge-nodes", type=int, default=300_000, help="of Stockfish, for each move")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.settings and not Path(STOCKFISH).exists():
        parser.error("Stockfish is not installed")
    if args.settings:
        model = OnnxModel(load_bundle(args.weights, load_game("chess").spec), backend=Backend.CPU)
        collect(model, args.settings, sorted(map(int, args.nodes.split(","))), args)
    lines = [json.loads(text) for file in args.file for text in file.read_text().splitlines()]
    if lines:
        print(summary(lines))
