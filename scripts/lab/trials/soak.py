"""Fast games of all games by the match runner: none may be lost by a fault, and each is replayed by the rules.

    python scripts/lab/trials soak
    python scripts/lab/trials soak --games 400 --concurrency 8 --out soak

Each game is played in three ways, by the engine against itself with other settings: by nodes, on a clock with
increments, and with a time for each move. What is counted are games that ended by an illegal
move, a wrong reply, a crash, a hang or a loss on time, and what `match --verify` finds wrong. With `--out` the folders
stay, and the same command goes on with them.

Told beside: seconds in which this machine stood still meanwhile (`match.engines.stalls`), how many moves were in time
only because that was taken off, and milliseconds of the slowest move.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from lab.common.commands import parser_of
from lab.trials.common.sessions import environment
from lab.trials.common.table import Table

from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.match.engines.stalls import stalled_s, stolen_s
from muzero_engine.match.records.store import GAMES
from muzero_engine.match.records.verify import Verification, verify
from muzero_engine.match.settings.match_settings import BadMatch

LOOKS_S = 0.5  # between two looks at how far a match is


@dataclass(frozen=True, slots=True)
class Way:
    """How games are played."""

    name: str
    share: float  # of the games
    control: str
    second: str  # arguments of the second engine; the first one is as it comes


NODES = Way("nodes", 0.6, "nodes=16", "--root-search puct")
WAYS = (
    NODES,
    Way("clock", 0.25, "1+0.02", "--smart-pruning-factor 0"),
    Way("move", 0.15, "movetime=0.1,margin=0.05", "--minibatch-size 4"),
)
PLIES = {"tictactoe": 4}  # of random openings, where the game's own number has too few
VISITS = "--visits 16"  # where the protocol has no word for nodes, on a clock that does not matter
LONG = "600"


def engines(game: str, way: Way) -> tuple[str, list[str]]:
    """Return the time control of a way of playing, and its two engines, as `match` takes them."""
    by_visits = way is NODES and load_game(game).protocol is EngineProtocol.GTP
    visits = VISITS if by_visits else ""
    texts = [f"name=first muzero {visits}", f"name=second muzero {visits} {way.second}"]
    return LONG if by_visits else way.control, texts


def played(game: str, way: Way, games: int, folder: Path, concurrency: int, table: Table) -> str:
    """Play so many games, or those that are missing; return what is wrong with the run, "" for nothing."""
    command = [sys.executable, "-m", "muzero_engine", "match", "--game", game, "--out", str(folder), "--quiet"]
    control, texts = engines(game, way)
    command += ["--tc", control, "--pairs", str(max(1, round(games / 2)))]
    command += ["--random-plies", str(PLIES[game])] if game in PLIES else []
    command += [word for text in texts for word in ("-e", text)]
    command += ["--concurrency", str(concurrency), *(["--resume"] if (folder / GAMES).exists() else [])]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment())
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOKS_S)
                table.progress(f"{game}, {way.name}: {_lines(folder / GAMES)} games")
        finally:
            process.terminate()
            process.wait()
        if process.returncode == 0:
            return ""
        said.seek(0)
        return f"ended with {process.returncode}: {said.read().decode(errors='replace').strip()[-200:]!a}"


def faults_of(folder: Path) -> tuple[Verification | None, str]:
    """Return what the rules say of a match's games, and what is wrong with them, "" for nothing."""
    try:
        found = verify(folder)
    except BadMatch as error:
        return None, str(error)
    faults = Counter(record.ending.value for record in found.records if record.ending.is_fault)
    texts = [f"{count} {ending}" for ending, count in faults.items()]
    return found, "; ".join([*texts, *(f"{problem.line}: {problem.text}" for problem in found.problems[:3])])


def _lines(path: Path) -> int:
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


@contextlib.contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--game", choices=game_names(), help="one alone")
    parser.add_argument("--games", type=int, default=40, help="of each game")
    parser.add_argument("--way", choices=[way.name for way in WAYS], help="one alone")
    parser.add_argument("--concurrency", type=int, default=1, help="games side by side")
    parser.add_argument("--out", type=Path, help="folder of the matches")
    args = parser.parse_args()
    table = Table(("game", "games", "plies", "seconds", "stalled", "saved", "slowest"))
    with _folder(args.out) as out:
        for game in [args.game] if args.game else game_names():
            for way in [way for way in WAYS if args.way in (None, way.name)]:
                begin, folder = perf_counter(), out / f"{game}-{way.name}"
                folder.parent.mkdir(parents=True, exist_ok=True)
                stolen = stolen_s()
                try:
                    games = args.games if args.way else round(way.share * args.games)
                    problem, stopped = played(game, way, games, folder, args.concurrency, table), False
                except KeyboardInterrupt:
                    problem, stopped = "", True
                stalled = stalled_s(stolen, stolen_s())
                if stopped and not (folder / GAMES).exists():
                    table.end(stopped=True)
                verified, fault = faults_of(folder)
                games, plies = (len(verified.records), _plies(verified)) if verified else (0, 0)
                fault = "; ".join(filter(None, (problem, fault)))
                saved = sum(len(record.stalls) for record in verified.records) if verified else 0
                told = (perf_counter() - begin, stalled, saved, _slowest(verified) if verified else 0)
                table.row(f"{game} {way.name}", games, plies, *told, fault=fault)
                if stopped:
                    table.end(stopped=True)
    table.end()


def _plies(verified: Verification) -> int:
    return sum(len(record.moves) for record in verified.records)


def _slowest(verified: Verification) -> int:
    """Return the milliseconds of the slowest move; one that was too late is in no record."""
    return round(1000 * max((ply.elapsed_s for record in verified.records for ply in record.moves), default=0.0))
