"""Fuzzed lines for a session of each protocol: each must live, answer all it owes once, and keep its memory.

    python scripts/lab/trials fuzz
    python scripts/lab/trials fuzz --lines 200000 --seed 7
    python scripts/lab/trials fuzz --protocol uci --lines 200000 --sessions 4

Lines are sentences of the protocol's grammar and soup of its words, and often spoilt, by a seed. After each batch all
searches are stopped, and all that the lines ask for must have come: one `bestmove` for each `go`, one response for each
command of GTP, one last answer for each position of a query. It is a fault where a session dies or says nothing, where
a reply is missing or comes twice, where anything else stands on standard output, at a traceback, and where memory,
looked at with all options as they were at the start, grows by more than the bound after the first tenth. Seeds add up:
other seeds are other lines.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter

from lab.common.commands import parser_of
from lab.trials.common.conversations import Conversation
from lab.trials.common.fuzzed_lines import Fuzzer
from lab.trials.common.processes import growth_fault
from lab.trials.common.sessions import PROTOCOLS, STOP, Session, Unanswered
from lab.trials.common.table import Table

BATCH = 50  # lines between two questions


@dataclass(slots=True)
class Tally:
    """What came of a session."""

    lines: int = 0
    replies: int = 0  # that were owed, and came
    slowest_s: float = 0.0  # from the end of a batch to its last reply
    megabytes: list[int] = field(default_factory=list)  # after each tenth
    fault: str = ""
    stopped: bool = False  # by Ctrl-C


def fuzz(protocol: str, lines: int, seed: int, table: Table | None = None) -> Tally:
    """Send lines to a session until they are all sent, or something is wrong."""
    rng, tally = random.Random(f"{protocol} {seed}"), Tally()
    tenths = deque(lines * i // 10 for i in range(1, 11))
    with Session(PROTOCOLS[protocol]) as session:
        try:
            talk = Conversation(protocol, session)
            fuzzer = Fuzzer(protocol, rng, [offer.name for offer in talk.offers])
            while tally.lines < lines:
                batch = [fuzzer.line() for _ in range(min(BATCH, lines - tally.lines))]
                tally.lines += len(batch)
                begin = perf_counter()
                talk.send([*batch, *STOP[protocol]])
                tally.replies += talk.owed
                talk.hear()
                tally.slowest_s = max(tally.slowest_s, perf_counter() - begin)
                if tally.lines >= tenths[0]:
                    tenths.popleft()
                    tally.megabytes.append(talk.memory_mb())
                if table is not None:
                    table.progress(f"{protocol}: {tally.lines:,} of {lines:,} lines")
            tally.fault = talk.close()
        except KeyboardInterrupt:
            tally.stopped = True
        except Unanswered as error:
            tally.fault = "; ".join(filter(None, (f"{error} at line {tally.lines:,}", session.close())))
    return tally


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, help="one alone")
    parser.add_argument("--lines", type=int, default=2_000, help="for each session")
    parser.add_argument("--sessions", type=int, default=1, help="for each protocol, of seeds that follow each other")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=float, default=0.10, help="most that memory may grow after the first tenth")
    args = parser.parse_args()
    table = Table(("protocol", "lines", "replies", "slowest s", "MB after each tenth"))
    for seed in range(args.seed, args.seed + args.sessions):
        for protocol in [args.protocol] if args.protocol else PROTOCOLS:
            tally = fuzz(protocol, args.lines, seed, table)
            fault = tally.fault or growth_fault(tally.megabytes, args.growth)
            megabytes = " ".join(map(str, tally.megabytes))
            table.row(protocol, tally.lines, tally.replies, tally.slowest_s, megabytes, fault=fault)
            if tally.stopped:
                table.end(stopped=True)
    table.end()
