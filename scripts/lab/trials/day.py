"""A GUI's day in one session of each protocol: searches of changing options, games and positions.

    python scripts/lab/trials day
    python scripts/lab/trials day --searches 500 --protocol gtp

Searches are bounded by nodes, time and clocks, endless and stopped, and pondering; options are those that the session
offers. After each tenth all options are set back: memory must then be as after the first one, within the bound, and so
must the number of threads and of open files. Each search must be answered.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.common.commands import parser_of
from lab.trials.common.conversations import Conversation
from lab.trials.common.offers import Offer, setting
from lab.trials.common.processes import growth_fault, open_files, thread_count
from lab.trials.common.sessions import GAMES, PROTOCOLS, Session, Unanswered
from lab.trials.common.table import Table
from lab.trials.common.walks import random_walk

SPARE = 3  # threads that are about to end
GAME_LENGTH = 40  # searches until a new game
LIVELY = {
    "Threads": (1, 2),
    "Hash": (8, 16, 64, 256),
    "USI_Hash": (8, 16, 64, 256),
    "MultiPV": (1, 2, 5),
    "Backend": ("auto",),
    "HumanTime": ("false",),  # else a session waits as long as a person would, and nothing is tried meanwhile
}
PAUSES_S = (0.0, 0.01, 0.05)  # before a search is stopped
PARAMETERS = {
    "maxVisits": ("10", "100"),
    "maxTime": ("0.02", "0.1"),
    "threads": ("1", "2"),
    "hash": ("8", "64", "256"),
    "ponder": ("true", "false"),
    "c_puct": ("0.5", "0.7", "1.5"),
    "minibatch_size": ("0", "1", "8"),
    "analysisWideRootNoise": ("0", "0.5"),
}
SET_BACK = {"maxVisits": "2", "maxTime": "none", "threads": "1", "hash": "256", "ponder": "false", "c_puct": "0.7"}
SET_BACK |= {"minibatch_size": "0", "analysisWideRootNoise": "0"}


@dataclass(slots=True)
class Day:
    """What came of it."""

    searches: int = 0
    megabytes: list[int] = field(default_factory=list)  # after each tenth
    fault: str = ""
    stopped: bool = False  # by Ctrl-C


class Client(Protocol):
    """What sends searches."""

    reset_lines: tuple[str, ...]  # that make all as it was at the start, beside the options that the session offers

    def turn(self) -> Iterator[list[str]]:
        """Yield the lines of one search, in pieces between which a moment passes."""


class GuiClient:
    """What a GUI sends: UCI, UGI and USI."""

    reset_lines: tuple[str, ...] = ()  # beside the options

    def __init__(self, protocol: str, rng: random.Random, offers: list[Offer]) -> None:
        """Speak a protocol, to a session that offers these options."""
        self._protocol, self._rng, self._offers = protocol, rng, offers
        self._walk: list[str] = []
        self._searches = 0

    def turn(self) -> Iterator[list[str]]:
        """Yield the lines of one search, in pieces between which a moment passes."""
        rng = self._rng
        lines = [line for _ in range(rng.choice((0, 0, 1, 2))) if (line := self._changed_option())]
        if self._searches % GAME_LENGTH == 0:
            self._walk = random_walk(GAMES[self._protocol], rng)
            lines += [f"{self._protocol}newgame", "isready"]
        played = self._walk[: self._searches % GAME_LENGTH]
        self._searches += 1
        lines.append(" ".join(["position startpos moves", *played]))
        clock = "p1time 800 p2time 800" if self._protocol == "ugi" else "wtime 800 btime 800"
        limit = rng.choice(("nodes 50", "nodes 400", "movetime 40", clock, "depth 3", "infinite", "ponder"))
        if limit == "ponder":
            yield [*lines, f"go ponder {clock}" if self._protocol != "ugi" else "go infinite"]
            yield [rng.choice(("ponderhit", "stop")), "stop"]
        elif limit == "infinite":
            yield [*lines, "go infinite"]
            yield ["stop"]
        else:
            yield [*lines, f"go {limit}"]

    def _changed_option(self) -> str:
        rng, offer = self._rng, self._rng.choice(self._offers)
        if offer.name in LIVELY:
            return setting(offer.name, rng.choice(LIVELY[offer.name]))
        if offer.kind == "check":
            return setting(offer.name, rng.choice(("true", "false")))
        if offer.kind == "combo":
            return setting(offer.name, rng.choice(offer.choices))
        if offer.kind == "spin":
            most = min(offer.high, 2 * int(offer.default) + 20)
            return setting(offer.name, rng.choice((offer.default, max(offer.low, 0), most)))
        return setting(offer.name, offer.default) if offer.kind == "string" else ""


class GtpClient:
    """What a Go GUI sends."""

    reset_lines = tuple(f"kata-set-param {name} {value}" for name, value in SET_BACK.items())

    def __init__(self, _protocol: str, rng: random.Random, _offers: list[Offer]) -> None:
        """Begin at no board."""
        self._rng = rng
        self._searches = 0

    def turn(self) -> Iterator[list[str]]:
        """Yield the lines of one search, in pieces between which a moment passes."""
        rng, lines = self._rng, list[str]()
        if self._searches % GAME_LENGTH == 0:
            walk = random_walk("go", rng, rng.randrange(20))
            lines += [f"boardsize {rng.choice((9, 9, 13, 19))}", f"komi {rng.choice((0, 6.5, 7))}", "clear_board"]
            lines += [f"play {'bw'[i % 2]} {vertex}" for i, vertex in enumerate(walk)]
        self._searches += 1
        if rng.random() < 0.5:
            name = rng.choice(list(PARAMETERS))
            lines.append(f"kata-set-param {name} {rng.choice(PARAMETERS[name])}")
        colour = "bw"[self._searches % 2]
        yield [
            *lines,
            rng.choice(
                (f"genmove {colour}", f"kata-genmove_analyze {colour} 5 ownership true", f"reg_genmove {colour}")
            )
            if rng.random() < 0.6
            else rng.choice(("kata-analyze 5 ownership true", "lz-analyze 5")),
        ]
        yield [rng.choice(("undo", "showboard", "final_score", "kata-raw-nn 0", "name"))]


class AnalysisClient:
    """What KaTrain sends."""

    reset_lines: tuple[str, ...] = ()

    def __init__(self, _protocol: str, rng: random.Random, _offers: list[Offer]) -> None:
        """Begin with no game."""
        self._rng = rng
        self._walk: list[str] = []
        self._searches = 0

    def turn(self) -> Iterator[list[str]]:
        """Yield the lines of one query, in pieces between which a moment passes."""
        rng = self._rng
        if self._searches % GAME_LENGTH == 0:
            self._walk = random_walk("go", rng)
        played = self._walk[: self._searches % GAME_LENGTH]
        self._searches += 1
        size = rng.choice((9, 9, 13, 19))
        query: dict[str, Any] = {"id": str(self._searches), "rules": rng.choice(("chinese", "nz", "japanese"))}
        query |= {
            "boardXSize": size,
            "boardYSize": size,
            "maxVisits": rng.choice((5, 20, 60)),
            "komi": rng.choice((0, 7.5)),
        }
        query |= {"moves": [["BW"[i % 2], vertex] for i, vertex in enumerate(played)]}
        for flag in ("includeOwnership", "includeMovesOwnership", "includePolicy", "includePVVisits"):
            query[flag] = rng.random() < 0.3
        if rng.random() < 0.3:
            query["reportDuringSearchEvery"] = 0.01
        yield [json.dumps(query)]
        if rng.random() < 0.3:
            yield [json.dumps({"id": "end", "action": "terminate", "terminateId": str(self._searches)})]


CLIENTS: dict[str, Callable[[str, random.Random, list[Offer]], Client]] = {
    **dict.fromkeys(("uci", "usi", "ugi"), GuiClient),
    "gtp": GtpClient,
    "analysis": AnalysisClient,
}


def day(protocol: str, searches: int, seed: int, table: Table | None = None) -> Day:
    """Search so many times in one session; return what came of it."""
    rng, so_far = random.Random(f"{protocol} {seed}"), Day()
    counts = list[tuple[int, int]]()  # of threads and open files, at the same moments as memory
    with Session(PROTOCOLS[protocol]) as session:
        try:
            talk = Conversation(protocol, session)
            client = CLIENTS[protocol](protocol, rng, talk.offers)
            while so_far.searches < searches:
                *pieces, last = client.turn()
                for piece in pieces:
                    talk.send(piece)
                    time.sleep(rng.choice(PAUSES_S))
                talk.exchange(last, stop=protocol == "gtp")
                so_far.searches += 1
                if so_far.searches * 10 // searches > len(counts):
                    so_far.megabytes.append(talk.memory_mb(client.reset_lines))
                    counts.append((thread_count(session.pid), open_files(session.pid)))
                if table is not None:
                    table.progress(f"{protocol}: {so_far.searches:,} of {searches:,} searches")
            so_far.fault = talk.close()
        except KeyboardInterrupt:
            so_far.stopped = True
        except Unanswered as error:
            so_far.fault = "; ".join(filter(None, (f"{error} at search {so_far.searches}", session.close())))
    if any(count > first + SPARE for late in counts for count, first in zip(late, counts[0], strict=True)):
        so_far.fault = so_far.fault or f"threads and open files {counts}"
    return so_far


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, help="one alone")
    parser.add_argument("--searches", type=int, default=2_000, help="for each protocol")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=float, default=0.10, help="most that memory may grow after the first tenth")
    args = parser.parse_args()
    table = Table(("protocol", "searches", "MB after each tenth"))
    for protocol in [args.protocol] if args.protocol else PROTOCOLS:
        found = day(protocol, args.searches, args.seed, table)
        fault = found.fault or growth_fault(found.megabytes, args.growth)
        table.row(protocol, found.searches, " ".join(map(str, found.megabytes)), fault=fault)
        if found.stopped:
            table.end(stopped=True)
    table.end()
