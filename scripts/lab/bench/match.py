"""Time what the match runner costs a move: whole games between engines that answer at once from a list.

    python scripts/lab/bench match --games 20

The engines play one random game again and again, so that all the time of a game is the runner's, its pipes' and the few
microseconds that such an engine needs. "Outside" is what lies between an answer and the next question: the judge, the
clocks, the moves' texts, the records (into a folder that is thrown away). "Round trip" is from question to answer.
"CPU" is processor time of the runner's process alone, which other load on the machine hardly changes.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab.common.commands import parser_of

from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.play.game import initial_position
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.play.schedule import schedule
from muzero_engine.match.records.store import Store
from muzero_engine.match.settings.match_settings import EngineSettings, GameSettings, MatchSettings, client_kind
from muzero_engine.match.settings.time_control import TimeControl

LIMIT = TimeControl.parse("3600+1")
DIALOGUE = """
import sys
moves, protocol = sys.argv[2].split(), sys.argv[1]
for line in sys.stdin:
    if line.startswith("position"):
        played = len(line.split(" moves ")[1].split()) if " moves " in line else 0
    elif line.startswith("go"):
        print("info depth 9 score cp 12 nodes 1000 pv", moves[played])
        print("bestmove", moves[played], flush=True)
    elif line.startswith("isready"):
        print("readyok", flush=True)
    elif line.strip() == protocol:
        print(protocol + "ok", flush=True)
    elif line.startswith("quit"):
        break
"""
GTP = """
import sys
moves, played = sys.argv[2].split(), 0
for line in sys.stdin:
    command, answer = line.split()[0], ""
    if command == "list_commands":
        answer = "kata-time_settings\\ntime_left"
    elif command == "clear_board":
        played = 0
    elif command == "genmove":
        answer = moves[played]
    played += command in ("play", "genmove")
    print("=", answer, end="\\n\\n", flush=True)
"""


def random_game(game: str, plies: int, size: int) -> list[str]:
    """Return the moves of a legal game of this length that is not over before its end."""
    loaded = load_game(game)
    for seed in range(1000):
        chance = random.Random(seed)
        position = initial_position(loaded, GameSettings(game=game, shape=(size, size) if game == "go" else None))
        moves: list[str] = []
        while len(moves) < plies and position.outcome() is None:
            action = chance.choice([int(action) for action in position.legal_actions()])
            moves.append(position.action_text(action))
            position.push(action)
        if len(moves) == plies:
            return moves
    sys.exit(f"no game of {plies} plies found")


def measure(game: str, games: int, plies: int, size: int) -> str:
    moves = " ".join(random_game(game, plies, size))
    kind = client_kind(game)
    script = GTP if game == "go" else DIALOGUE
    command = (sys.executable, "-S", "-E", "-c", script, kind.value, moves)
    engines = tuple(EngineSettings(name=name, kind=kind, command=command, control=LIMIT) for name in "ab")
    rules = GameSettings(game=game, shape=(size, size) if game == "go" else None, max_plies=plies)
    settings = MatchSettings(engines=engines, game=rules, pairs=(games + 1) // 2)
    records: list[GameRecord] = []
    ends: list[float] = []
    spent: list[float] = []  # CPU
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder) / "m", game, "bench", {})

        def keep(record: GameRecord) -> bool:
            store.add(record)
            records.append(record)
            ends.append(time.perf_counter())
            spent.append(time.process_time())
            return True

        runner = Runner({engine.name: engine for engine in engines}, rules)
        runner.run(schedule(settings, [Opening("start")]), keep)
    assert all(len(record.moves) == plies for record in records), records[0].reason
    whole = [1000.0 * (end - begin) / plies for begin, end in itertools.pairwise(ends)]  # records included
    cpu = [1000.0 * (end - begin) / plies for begin, end in itertools.pairwise(spent)]
    trips = [1000.0 * statistics.fmean(ply.elapsed_s for ply in record.moves) for record in records[1:]]
    outside = [all_of_it - trip for all_of_it, trip in zip(whole, trips, strict=True)]
    board = f" {size}x{size}" if game == "go" else ""
    cells = [
        f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"
        for times in (whole, outside, trips, cpu)
    ]
    return f"| {game}{board} | {plies} | {len(whole)} | {' | '.join(cells)} |"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--games", type=int, default=20)
    parser.add_argument("--plies", type=int, default=150)
    arguments = parser.parse_args()
    print("milliseconds a move, median of the games (smallest to largest)\n")
    print("| game | plies | games | a move | outside | round trip | CPU |")
    print("| - | - | - | - | - | - | - |")
    for game, size in (("chess", 8), ("go", 9), ("go", 19), ("shogi", 9)):
        print(measure(game, arguments.games + 1, arguments.plies, size), flush=True)
