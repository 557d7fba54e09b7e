"""How soon a search ends after `stop` while every core has something else to do.

    python scripts/lab/trials latency
    python scripts/lab/trials latency --stops 500

A process spins on each core. Endless searches are begun at positions of games at random and stopped at random moments;
what counts is the time from the line that stops to the answer. UCI, UGI and USI: `stop` to `bestmove`. GTP: a command
in an analysis to its response. JSON analysis: `terminate` to the last answer. Times are the client's: pipes and the
system's scheduler are in them.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from lab.common.commands import parser_of
from lab.trials.common.conversations import Conversation
from lab.trials.common.sessions import GAMES, PROTOCOLS, Session, Unanswered
from lab.trials.common.table import Table
from lab.trials.common.walks import random_walk

SOONEST_S, LATEST_S = 0.03, 0.15  # after the start of a search
ENDLESS = 10**9
PLIES = 30  # of a game, at most


def endless_search(protocol: str, number: int, walk: list[str]) -> tuple[list[str], str, Callable[[str], bool]]:
    """Return the lines of an endless search, the line that stops it, and what its answer is known by."""
    if protocol == "gtp":
        plays = [f"play {'bw'[i % 2]} {vertex}" for i, vertex in enumerate(walk)]
        return (
            ["clear_board", *plays, "kata-analyze 10"],
            f"{number} get_komi",
            lambda line: line.startswith(f"={number} "),
        )
    if protocol == "analysis":
        moves = ",".join(f'["{"BW"[i % 2]}","{vertex}"]' for i, vertex in enumerate(walk))
        board = f'"rules":"nz","boardXSize":9,"boardYSize":9,"moves":[{moves}],"maxVisits":{ENDLESS}'
        stop = f'{{"id":"stop","action":"terminate","terminateId":"{number}"}}'
        return [f'{{"id":"{number}",{board}}}'], stop, lambda line: f'"id":"{number}","isDuringSearch":false' in line
    position = " ".join(["position startpos moves", *walk])
    return [position, "go infinite"], "stop", lambda line: line.startswith("bestmove ")


def stop_times(protocol: str, stops: int, seed: int, table: Table) -> list[float]:
    """Return the milliseconds of so many stops in one session. Raises Unanswered."""
    rng, times = random.Random(f"{protocol} {seed}"), []
    with Session(PROTOCOLS[protocol]) as session:
        Conversation(protocol, session)
        for number in range(stops):
            walk = random_walk(GAMES[protocol], rng, rng.randrange(PLIES))
            lines, stop, is_answer = endless_search(protocol, number, walk)
            session.send(*lines)
            time.sleep(rng.uniform(SOONEST_S, LATEST_S))
            begin = time.perf_counter()
            session.send(stop)
            times.append(1000.0 * (session.until(is_answer).at - begin))
            table.progress(f"{protocol}: {number + 1} of {stops} stops")
    return times


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, help="one alone")
    parser.add_argument("--stops", type=int, default=100, help="for each protocol")
    parser.add_argument("--idle", action="store_true", help="with nothing else running")
    parser.add_argument("--median", type=float, default=10.0, help="most milliseconds")
    parser.add_argument("--worst", type=float, default=60.0, help="most milliseconds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = Table(("protocol", "stops", "median ms", "99% ms", "worst ms"))
    with ExitStack() as spinning:
        for _ in range(0 if args.idle else len(os.sched_getaffinity(0))):
            process = spinning.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            spinning.callback(process.kill)
        for protocol in [args.protocol] if args.protocol else PROTOCOLS:
            try:
                times = sorted(stop_times(protocol, args.stops, args.seed, table))
            except Unanswered as error:
                table.row(protocol, 0, 0.0, 0.0, 0.0, fault=str(error))
                continue
            median, worst = statistics.median(times), times[-1]
            fault = "median" if median > args.median else "worst" if worst > args.worst else ""
            table.row(protocol, len(times), median, times[int(0.99 * (len(times) - 1))], worst, fault=fault)
    table.end()
