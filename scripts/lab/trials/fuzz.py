"""Fuzzed lines for a session of each protocol: each must live, answer every question once, and keep its memory.

    python scripts/lab/trials/fuzz.py
    python scripts/lab/trials/fuzz.py --protocol uci --lines 200000

Lines are made of the protocol's own words, and then spoilt, by a seed. After each batch searches are stopped and a
question is asked whose answer is known. One table on standard output; the exit code is 1 where a session died, an
answer was missing or came twice, a traceback was printed, or memory grew by more than the bound after the first tenth.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

REPOSITORY = Path(__file__).resolve().parents[3]
BATCH = 50  # lines between two questions
PATIENCE_S = 60.0  # for the answer
ODD = (
    "",
    "-1",
    "0",
    "1e999",
    "nan",
    "9" * 400,
    "\x00",
    "\x1b[2J",
    "\t",
    "é",
    "\udcff",
    "x" * 5000,
    "[" * 500,
    "=",
    "#",
)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a session of it is started with, asked, and sent."""

    arguments: tuple[str, ...]
    begin: tuple[str, ...]  # what a client sends first, with a search, so that the network is there
    question: Callable[[int], tuple[str, ...]]  # lines that end every search and ask, by the number of the question
    is_answer: Callable[[str, int], bool]  # whether a line answers that question
    words: str  # that lines are made of


_QUERY = {"id": "a", "rules": "chinese", "boardXSize": 9, "boardYSize": 9, "moves": [["B", "C3"]], "maxVisits": 2}


def _json_words() -> str:
    small = {"id": "b", "rules": "aga", "boardXSize": 5, "boardYSize": 5, "moves": [], "maxVisits": 1}
    queries: tuple[dict[str, object], ...] = (
        _QUERY,
        {**small, "includePolicy": True, "includeOwnership": True, "analyzeTurns": [0]},
        {"id": "c", "action": "terminate_all"},
        {"id": "d", "action": "query_models"},
    )
    return " ".join(json.dumps(query, separators=(",", ":")) for query in queries)


UCI_WORDS = """position startpos fen moves e2e4 e7e5 g1f3 e1g1 a7a8q 0000 rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w
KQkq - 0 1 8/8/8/8/8/8/8/K6k b go depth nodes movetime wtime btime winc binc movestogo infinite ponder ponderhit
searchmoves mate stop ucinewgame uci setoption name value MultiPV Threads Ponder UCI_ShowWDL Hash true false 1 2 10"""
USI_WORDS = """position startpos sfen moves 7g7f 3c3d P*5e 8h2b+ b w - 1
lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL go depth nodes byoyomi btime wtime binc
winc infinite ponder ponderhit searchmoves mate stop usinewgame gameover win lose draw usi setoption
name value MultiPV USI_Ponder true false 1 2 10"""
UGI_WORDS = """position startpos fen moves a1 b2 c3 .../.x./... x.o/.../... x o go depth nodes movetime p1time p2time
infinite searchmoves stop uginewgame ugi query p1turn result gameover setoption name value MultiPV true false 1 2 10"""
GTP_WORDS = """boardsize clear_board komi play genmove reg_genmove undo black white b w pass resign C3 D4 J9 A1 7.5 5 9
time_settings time_left fixed_handicap place_free_handicap set_free_handicap final_score final_status_list dead alive
showboard list_commands name version known_command kata-get-rules kata-set-rules chinese lz-analyze kata-analyze
kata-raw-nn kgs-time_settings byoyomi none 1 2 10 100"""


def _is_ready(_number: int) -> tuple[str, ...]:
    return "stop", "isready"


def _ready(line: str, _number: int) -> bool:
    return line == "readyok"


PROTOCOLS = {
    "uci": Protocol(("uci",), ("uci", "go nodes 9"), _is_ready, _ready, UCI_WORDS),
    "usi": Protocol(("usi",), ("usi", "go nodes 9"), _is_ready, _ready, USI_WORDS),
    "ugi": Protocol(
        ("ugi", "--game", "tictactoe"),
        ("ugi", "go nodes 9"),
        _is_ready,
        _ready,
        UGI_WORDS,
    ),
    "gtp": Protocol(
        ("gtp", "--visits", "2"),
        ("name", "genmove b"),
        lambda number: (f"{10**8 + number} protocol_version",),
        lambda line, number: line == f"={10**8 + number} 2",
        GTP_WORDS,
    ),
    "analysis": Protocol(
        ("analysis", "--visits", "2"),
        (json.dumps(_QUERY),),
        lambda number: (f'{{"id":"q{number}","action":"query_version"}}',),
        lambda line, number: f'"id":"q{number}"' in line and '"version"' in line,
        _json_words(),
    ),
}
# Words that end a session, ask what the questions ask, or write files.
LEFT_OUT = ("quit", "isready", "protocol_version", "LogFile", "printsgf")


def fuzzed(rng: random.Random, protocol: Protocol) -> str:
    """Return a line of the protocol's words, often spoilt."""
    words = protocol.words.split()
    line = " ".join(rng.choice(words) for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 20))))
    if rng.random() < 0.5:
        line = f"{rng.choice(words)} {line}"
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 4))):
        at = rng.randrange(len(line) + 1)
        match rng.randrange(4):
            case 0:
                line = line[:at] + rng.choice(ODD) + line[at:]
            case 1:
                line = line[:at] + line[at + rng.randrange(1, 6) :]
            case 2:
                line = line[:at] + chr(rng.randrange(1, 256)) + line[at + 1 :]
            case _:
                line = (line[:at] * rng.choice((2, 3, 30)))[:20_000] + line[at:]
    line = line.replace("\n", " ").replace("\r", " ")
    return "" if any(word in line for word in LEFT_OUT) else line


@dataclass(slots=True)
class Tally:
    """What came of a session."""

    lines: int = 0
    slowest_s: float = 0.0  # from a question to its answer
    begin_mb: float = 0.0  # after the first tenth
    end_mb: float = 0.0
    fault: str = ""


def session(name: str, lines: int, seed: int) -> Tally:
    """Send lines to a session until they are all sent, or something is wrong."""
    protocol, rng, tally = PROTOCOLS[name], random.Random(f"{name} {seed}"), Tally()
    command = [sys.executable, "-m", "muzero_engine", *protocol.arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            heard: queue.Queue[str | None] = queue.Queue()
            threading.Thread(target=_hear, args=(process.stdout, heard), daemon=True).start()
            asked = 0

            def send(text: str) -> None:
                process.stdin.write((text + "\n").encode(errors="surrogateescape"))  # type: ignore[union-attr]  # a pipe

            try:
                for line in protocol.begin:
                    send(line)
                while tally.lines < lines and not tally.fault:
                    for _ in range(BATCH):
                        send(fuzzed(rng, protocol))
                    tally.lines += BATCH
                    asked += 1
                    for line in protocol.question(asked):
                        send(line)
                    process.stdin.flush()
                    tally.fault = _wait(heard, protocol, asked, tally)
                    if tally.lines <= lines // 10 or not tally.begin_mb:
                        tally.begin_mb = _memory_mb(process.pid)
                    tally.end_mb = _memory_mb(process.pid)
                process.stdin.close()
                process.wait(PATIENCE_S)
            except (BrokenPipeError, subprocess.TimeoutExpired) as error:
                tally.fault = tally.fault or f"{type(error).__name__}"
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        errors.seek(0)
        if b"Traceback" in (said := errors.read(64 << 20)):
            tally.fault = "traceback: " + ascii(said[said.rfind(b"Traceback") :].decode(errors="replace")[-300:])
        elif process.returncode and not tally.fault:
            tally.fault = f"ended with {process.returncode}"
    return tally


def _hear(stream: object, heard: queue.Queue[str | None]) -> None:
    for line in stream:  # type: ignore[attr-defined]  # a pipe
        heard.put(line.decode(errors="replace").rstrip("\r\n"))
    heard.put(None)


def _wait(heard: queue.Queue[str | None], protocol: Protocol, number: int, tally: Tally) -> str:
    """Wait for the answer to a question; return what is wrong, "" for nothing."""
    begin = perf_counter()
    while True:
        try:
            line = heard.get(timeout=PATIENCE_S)
        except queue.Empty:
            return f"no answer to question {number}"
        if line is None:
            return f"died before question {number}"
        if protocol.is_answer(line, number):
            break
    tally.slowest_s = max(tally.slowest_s, perf_counter() - begin)
    while not heard.empty():
        if (line := heard.get()) is not None and protocol.is_answer(line, number):
            return f"two answers to question {number}"
    return ""


def _memory_mb(pid: int) -> float:
    """Return the resident memory of a process, 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0] if __doc__ else None)
    parser.add_argument("--protocol", choices=PROTOCOLS, help="one alone")
    parser.add_argument("--lines", type=int, default=2_000, help="for each protocol")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=float, default=0.10, help="most that memory may grow after the first tenth")
    args = parser.parse_args()
    faults = 0
    print(f"{'protocol':10} {'lines':>8} {'slowest s':>10} {'MB after 1/10':>14} {'MB at end':>10}  fault", flush=True)
    for name in [args.protocol] if args.protocol else PROTOCOLS:
        tally = session(name, args.lines, args.seed)
        if not tally.fault and tally.end_mb > (1 + args.growth) * tally.begin_mb:
            tally.fault = "memory"
        faults += bool(tally.fault)
        figures = f"{tally.lines:8} {tally.slowest_s:10.2f} {tally.begin_mb:14.0f} {tally.end_mb:10.0f}"
        print(f"{name:10} {figures}  {tally.fault or '-'}", flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
