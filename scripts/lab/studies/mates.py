"""Which forced mates of shogi the engine finds, and into which it walks, on a clock, with and without its solver.

    python scripts/lab/studies mates --make --matches m1 m2 --file mates.jsonl
    python scripts/lab/studies mates --file mates.jsonl --seconds 1 --option mate_search=true --option mate_search=false

`--make` goes through the games of folders of matches and keeps positions of two kinds: those in which the player to
move has a shortest mate by checks of 3, 5, 7, 9 or 11 plies, and those in which the network's first move allows one,
but its second, third or fourth does not (as far as the solver sees with many nodes). No two of a game are of the same
kind and length.

The other form plays each position with each value of the option and counts: `mates`, where after the move played a mate
is still proven against every reply; `walks`, where after the move played the opponent's mate is proven.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cshogi
import numpy as np
from lab.common.commands import parser_of

from muzero_engine.commands.common.compose import load_model, make_engine, think
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.encoding import observation
from muzero_engine.games.shogi.mate import ShogiMates
from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.match.records.store import recorded_games
from muzero_engine.model import Model

WANTED = {3: 100, 5: 50, 7: 50, 9: 30, 11: 20}  # positions by plies of the shortest mate, of either kind
SEEN = 20_000  # nodes that prove an opponent's mate
UNSEEN = 50_000  # nodes after which a move is taken for safe
FIRST_PLY = 30


@dataclass(frozen=True, slots=True)
class MatePosition:
    """A position with the game up to it."""

    kind: str  # "mate" or "walk"
    plies: int  # of the shortest mate; of a walk: of the opponent's, after the network's first move
    problem: str  # as `ShogiMates.problem` writes it


def shortest_mate(board: cshogi.Board) -> int | None:
    """Return the plies of the shortest mate by checks of the player to move, None where it is longer than 11."""
    if board.is_check():
        return None  # cshogi's search for mates in N plies is none for a player in check
    if board.mate_move_in_1ply():
        return 1
    return next((plies for plies in (3, 5, 7, 9, 11) if board.mate_move(plies)), None)


def mate_positions(position: ShogiPosition, model: Model) -> Iterator[MatePosition]:
    """Yield what a position of a game is kept for."""
    solver, board = ShogiMates(), position.board
    problem = solver.problem(position)
    mates = solver.solve(problem, (), SEEN).moves
    if mates:
        plies = shortest_mate(board)
        if plies in WANTED:
            yield MatePosition("mate", plies, problem)
        return
    legal = position.legal_actions()
    logits = model.initial_inference(observation(position)[None]).policy_logits[0][legal]
    texts = [position.action_text(int(action)) for action in legal[np.argsort(-logits)[:4]]]
    if len(texts) < 2 or not solver.solve(problem, texts[:1], SEEN).moves:
        return
    if any(not solver.solve(problem, (text,), UNSEEN).moves for text in texts[1:]):
        board.push_usi(texts[0])
        plies = shortest_mate(board)
        if plies in WANTED:
            yield MatePosition("walk", plies, problem)


def make(matches: Sequence[Path], file: Path, minutes: float) -> None:
    """Go through the games of folders of matches and add positions to `file`, until there are enough or time is up."""
    end = time.monotonic() + 60 * minutes
    model = load_model("shogi", EngineOptions())
    counts = Counter((entry.kind, entry.plies) for entry in read(file)) if file.exists() else Counter()
    for game in (game for folder in matches for game in recorded_games(folder)):
        position, kept = ShogiPosition.from_text(game.start), set[tuple[str, int]]()
        for text in [*game.opening_moves, *(ply.move for ply in game.moves)]:
            position.push(position.parse_action(text))
            if position.ply < FIRST_PLY or position.outcome() is not None:
                continue
            for entry in mate_positions(position, model):
                key = entry.kind, entry.plies
                if key not in kept and counts[key] < WANTED[entry.plies]:
                    kept.add(key)
                    counts[key] += 1
                    with file.open("a") as out:
                        out.write(json.dumps(asdict(entry)) + "\n")
        if time.monotonic() > end:
            break
    print(dict(sorted(counts.items())))


def read(file: Path) -> list[MatePosition]:
    """Return the positions of a file."""
    return [MatePosition(**json.loads(line)) for line in file.read_text().splitlines()]


def position_of(problem: str) -> ShogiPosition:
    """Return the position of a problem, with its moves."""
    start, _, moves = problem.partition(" moves ")
    position = ShogiPosition.from_text(start)
    for move in moves.split():
        position.push(position.parse_action(move))
    return position


def is_right(entry: MatePosition, move: str) -> bool:
    """Return whether a move still mates, or does not walk into a mate."""
    solver = ShogiMates()
    if entry.kind == "walk":
        return not solver.solve(entry.problem, (move,), SEEN).moves
    position = position_of(entry.problem)
    position.push(position.parse_action(move))
    board = position.board
    replies = [cshogi.move_to_usi(reply) for reply in board.legal_moves]
    return board.is_check() and all(solver.solve(entry.problem, (move, reply), SEEN).moves for reply in replies)


def judged(engine: Engine, entries: list[MatePosition], limits: Limits) -> Iterator[tuple[MatePosition, bool, float]]:
    """Yield each position, whether the engine's move is right, and the milliseconds that it took."""
    for entry in entries:
        position = position_of(entry.problem)
        result = think(engine, position, limits)
        assert result.action is not None
        yield entry, is_right(entry, position.action_text(result.action)), result.info.elapsed_ms


def main() -> None:
    """Make positions, or play them."""
    parser = parser_of(__doc__)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--matches", type=Path, nargs="+", default=[])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--option", action="append", default=[], help="NAME=VALUE of USI; each is a player")
    parser.add_argument("--out", type=Path, help="a line of JSON for each position played")
    asked = parser.parse_args()
    if asked.make:
        make(asked.matches, asked.file, asked.minutes)
        return
    entries = read(asked.file)
    for text in asked.option or ["MateSearch=true"]:
        name, _, value = text.partition("=")
        options = replace(EngineOptions(), move_overhead_ms=0).with_text(EngineProtocol.USI, name, value)
        engine = make_engine("shogi", options)
        engine.prepare((9, 9))
        counts: Counter[tuple[str, int]] = Counter()
        right: Counter[tuple[str, int]] = Counter()
        limits = Limits(clock=Clock(byoyomi_ms=1000.0 * asked.seconds))
        for entry, is_fine, elapsed_ms in judged(engine, entries, limits):
            counts[entry.kind, entry.plies] += 1
            right[entry.kind, entry.plies] += is_fine
            if asked.out is not None:
                with asked.out.open("a") as out:
                    told = {"option": text, "kind": entry.kind, "plies": entry.plies, "right": is_fine}
                    out.write(json.dumps(told | {"ms": round(elapsed_ms)}) + "\n")
        engine.close()
        print(text, {key: f"{right[key]} of {counts[key]}" for key in sorted(counts)}, flush=True)


if __name__ == "__main__":
    main()
