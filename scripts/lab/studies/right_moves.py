"""Which right moves the engine's search finds: positions of recorded games that have one, by another engine.

    python scripts/lab/studies right-moves --make m1 m2 --weights weights/chess --file chess.jsonl
    python scripts/lab/studies right-moves --make m3 --game shogi --weights weights/shogi --judge fairy-stockfish
        --slope 0.0012 --file shogi.jsonl
    python scripts/lab/studies right-moves --weights weights/chess --file chess.jsonl "" "considered_actions=32"

`--make` looks at the positions of the games in folders of matches, whoever was to move and whatever was played, and
keeps those where the judge (UCI or USI, by the game) says that one move is worth far more than any other: by its
expected score, first at few nodes, then at more. Moves to where the last move went are left out. Since the network's
prior has most right moves first, only a share of those in front is kept (`SHARES`).

The other form lets the engine's search play each setting, as `compare searches` reads them, on every position: how many
right moves it would play after so many simulations, by the rank of the move's prior among the legal ones, and for each
setting after the first how many only it or only the first finds.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from lab.common.commands import parser_of
from lab.compare.searches import model_of, parse_player

from muzero_engine.games.base import EngineProtocol, Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.match.records.store import recorded_games
from muzero_engine.search.search import Search

MATE = 10_000  # centipawns
SCAN, PROOF = 5_000, 200_000  # nodes
GAIN, PROVEN_GAIN = 0.35, 0.3  # of the expected score in [-1, 1], over the second move
RANKS = {1: "1", 4: "2 to 4", 16: "5 to 16", 100_000: "17 and more"}  # upper ends of the classes of a prior's rank
SHARES = {1: 0.05, 4: 0.3}  # of positions kept, where the rank is at most so much; the others all


@dataclass(frozen=True, slots=True, kw_only=True)
class RightMove:
    """A position with one right move; values are the mover's expected score in [-1, 1], by the judge."""

    game: str
    start: str  # as `Game.from_text` reads it
    moves: tuple[str, ...]  # from there on
    best: str
    expected: float  # after it
    second: float  # after the second-best move
    mate: bool  # the move begins one


@dataclass(frozen=True, slots=True)
class Line:
    """One of the judge's lines."""

    move: str
    value: float  # the mover's expected score in [-1, 1]
    mate: bool


class Judge:
    """A UCI or USI engine that is asked for its two best moves."""

    def __init__(self, command: str, protocol: EngineProtocol, slope: float) -> None:
        """Start the engine; `slope` is that of the expected score in [-1, 1] per centipawn, at 0."""
        self._protocol, self._slope = protocol, slope
        self._process = subprocess.Popen(command.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say("usi" if protocol is EngineProtocol.USI else "uci")
        if "fairy" in command and protocol is EngineProtocol.USI:
            self._say("setoption name USI_Variant value shogi")
        self._say("isready")
        self._until("readyok")

    def close(self) -> None:
        """End the engine."""
        self._say("quit")
        self._process.wait()

    def lines(self, start: str, moves: Sequence[str], nodes: int, count: int) -> list[Line]:
        """Return the `count` best lines (fewer where there are fewer moves) after so many nodes, with an empty hash."""
        word = "sfen" if self._protocol is EngineProtocol.USI else "fen"
        self._say(f"setoption name MultiPV value {count}")
        self._say("usinewgame" if self._protocol is EngineProtocol.USI else "ucinewgame")
        self._say(f"position {word} {start} moves {' '.join(moves)}")
        self._say(f"go nodes {nodes}")
        found: dict[int, Line] = {}
        for line in self._until("bestmove"):
            words = line.split()
            if words[:1] != ["info"] or "pv" not in words or "score" not in words or "upperbound" in words:
                continue
            at = words.index("score")
            mate = words[at + 1] == "mate"
            score = float(words[at + 2])
            score = math.copysign(MATE, score) if mate else score
            value = 2.0 / (1.0 + math.exp(-self._slope * score)) - 1.0
            place = int(words[words.index("multipv") + 1]) if "multipv" in words else 1
            found[place] = Line(words[words.index("pv") + 1], value, mate and score > 0)
        return [found[place] for place in sorted(found)]

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _until(self, word: str) -> Iterator[str]:
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith(word):
                return iter(lines)
        raise SystemExit("the judge ended")


def rank_of(right: RightMove, weights: Path) -> int:
    """Return the rank of the right move by the network's prior among the legal ones, from 1."""
    position = position_of(right)
    model = model_of(right.game, weights)
    model.watch(position)
    logits = model.initial_inference(observation(position)[None]).policy_logits[0]
    legal = position.legal_actions()
    return 1 + int((logits[legal] > logits[position.parse_action(right.best)]).sum())


def right_move(
    judge: Judge, game: GameRecord, moves: Sequence[str], weights: Path, rng: random.Random
) -> RightMove | None:
    """Return the position after `moves` if two looks say that it has one right move, and if it is to be kept."""
    scan = judge.lines(game.start, moves, SCAN, 2)
    if len(scan) < 2 or scan[0].value - scan[1].value < GAIN or (moves and scan[0].move[2:4] == moves[-1][2:4]):
        return None

    def right(first: Line, second: Line) -> RightMove:
        return RightMove(
            game=game.game_name,
            start=game.start,
            moves=tuple(moves),
            best=first.move,
            expected=first.value,
            second=second.value,
            mate=first.mate,
        )

    rank = rank_of(right(*scan), weights)
    if rng.random() > next((share for most, share in SHARES.items() if rank <= most), 1.0):
        return None
    first, second = judge.lines(game.start, moves, PROOF, 2)
    if first.move != scan[0].move or first.value - second.value < PROVEN_GAIN:
        return None
    return right(first, second)


@dataclass(frozen=True, slots=True)
class Making:
    """What is to be made, and for how long."""

    file: Path
    matches: tuple[Path, ...]
    game: str
    weights: Path
    judge: str  # a command
    slope: float
    parts: int  # processes
    end: float  # `time.time()`


def make(making: Making, part: int) -> int:
    """Append the right moves of a part of the positions to the file; return how many were looked at."""
    games = [game for folder in making.matches for game in recorded_games(folder) if game.game_name == making.game]
    played = [(*game.opening_moves, *(ply.move for ply in game.moves)) for game in games]
    places = [(number, ply) for number in range(part, len(games), making.parts) for ply in range(len(played[number]))]
    rng = random.Random(part)
    rng.shuffle(places)
    judge = Judge(making.judge, load_game(making.game).protocol, making.slope)
    looked = 0
    with making.file.open("a", encoding="utf-8") as out:
        for number, ply in places:
            if time.time() > making.end:
                break
            looked += 1
            found = right_move(judge, games[number], played[number][:ply], making.weights, rng)
            if found is not None:
                out.write(json.dumps(asdict(found)) + "\n")
                out.flush()
    judge.close()
    return looked


def read(file: Path) -> list[RightMove]:
    """Return the right moves of a file, each once; a last line without its end is left out."""
    rights = []
    for line in dict.fromkeys(file.read_text(encoding="utf-8").split("\n")[:-1]):
        entry = json.loads(line)
        rights.append(RightMove(**{**entry, "moves": tuple(entry["moves"])}))
    return rights


def position_of(right: RightMove) -> Position:
    """Return the position, with its history."""
    position = load_game(right.game).from_text(right.start)
    for move in right.moves:
        position.push(position.parse_action(move))
    return position


@dataclass(frozen=True, slots=True)
class Found:
    """What one setting did on one position."""

    rank: int  # of the right move by prior among the legal ones, from 1
    solved: tuple[bool, ...]  # whether it would be played, after each number of simulations
    visits: int  # of the right move at the end


def search_one(right: RightMove, weights: Path, setting: str, simulations: Sequence[int]) -> Found:
    """Let one setting search one position, looking at its choice after each number of simulations (ascending)."""
    player = parse_player(setting)
    model = model_of(right.game, weights, player.exact, player.precision)
    position = position_of(right)
    best = position.parse_action(right.best)
    model.watch(position)
    search = Search(model, player.config)
    search.start(observation(position), position.legal_actions(), position.ending_actions())
    solved = []
    for count in simulations:
        while search.simulations < count:
            search.step(count - search.simulations)
        solved.append(search.root_moves()[0].action == best)
    moves = search.root_moves()
    mine = next(move for move in moves if move.action == best)
    return Found(1 + sum(move.prior > mine.prior for move in moves), tuple(solved), mine.visits)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("settings", nargs="*", default=[""], help="name=value,... ('' for the defaults)")
    parser.add_argument("--file", type=Path, required=True, help="of right moves, one JSON object a line")
    parser.add_argument("--weights", type=Path, required=True, help="a bundle")
    parser.add_argument(
        "--make", type=Path, nargs="+", help="folders of matches, whose right moves are added to the file"
    )
    parser.add_argument("--game", choices=game_names(), default="chess", help="of --make")
    parser.add_argument("--judge", default="stockfish", help="command of an engine, of --make")
    parser.add_argument("--slope", type=float, default=0.0037, help="of its expected score per centipawn, of --make")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most, of --make")
    parser.add_argument("--simulations", type=int, nargs="+", default=[200, 700, 1500])
    parser.add_argument("--jobs", type=int, default=1, help="positions side by side, a process each")
    args = parser.parse_args()
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        if args.make:
            end = time.time() + 60 * args.minutes
            making = Making(
                args.file, tuple(args.make), args.game, args.weights, args.judge, args.slope, args.jobs, end
            )
            looked = sum(pool.map(make, [making] * args.jobs, range(args.jobs)))
            print(f"{len(read(args.file))} right moves; {looked} positions looked at")
            return
        rights, simulations = read(args.file), sorted(args.simulations)
        first: list[Found] | None = None
        columns = [f"{count} simulations" for count in simulations]
        print(f"| {len(rights)} right moves | {' | '.join([*columns, *map('rank {}'.format, RANKS.values())])} |")
        print("|-" + "|-" * (len(columns) + len(RANKS)) + "|")
        for setting in args.settings:
            waiting = [pool.submit(search_one, right, args.weights, setting, simulations) for right in rights]
            found = [one.result() for one in waiting]
            cells = [f"{sum(one.solved[i] for one in found)}" for i in range(len(simulations))]
            if first is None:
                first = found
            else:
                for i, cell in enumerate(cells):
                    only = sum(one.solved[i] > other.solved[i] for one, other in zip(found, first, strict=True))
                    lost = sum(one.solved[i] < other.solved[i] for one, other in zip(found, first, strict=True))
                    cells[i] = f"{cell} (+{only} -{lost})"
            low = 0
            for high in RANKS:
                among = [one for one in found if low < one.rank <= high]
                cells.append(f"{sum(one.solved[-1] for one in among)} of {len(among)}")
                low = high
            print(f"| {setting or 'defaults'} | {' | '.join(cells)} |", flush=True)
