"""Lines that are fuzzed: sentences of a protocol's grammar, soup of its words, and what is left of both when spoilt."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from lab.trials.common.grammars import grammar
from lab.trials.common.offers import NOT_TRIED
from lab.trials.common.sessions import GAMES
from lab.trials.common.walks import random_walk

ODD = (
    *(
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
    ),
)
# Words of lines that are not sent: they end a session, write files, or leave it without a network for all that comes.
LEFT_OUT = ("quit", *NOT_TRIED, "printsgf", "loadsgf")
WALKS = 60  # games at random whose moves positions are made of
LONGEST = 20_000  # characters of what is repeated in a line


class Fuzzer:
    """Makes lines for a protocol, the same for the same seed and options."""

    def __init__(self, protocol: str, rng: random.Random, options: Sequence[str] = ()) -> None:
        """Make lines of a protocol; `options` are the names of those that the session offers."""
        self._rng = rng
        self._walks = [random_walk(GAMES[protocol], rng) for _ in range(WALKS)]
        self._sentence: Callable[[], str] = self._query
        if protocol != "analysis":
            self._grammar = grammar(protocol)
            if options:
                self._grammar["OPTION"] = [[name] for name in (*options, "ODD")]
            self._words = [word for rule in self._grammar.values() for words in rule for word in words]
            self._sentence = self._either

    def line(self) -> str:
        """Return a line, as often as not as it should be; "" for one that would end the trial."""
        rng, line = self._rng, self._sentence()
        for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 4))):
            line = self._spoilt(line)
        line = line.replace("\n", " ").replace("\r", " ")
        return "" if any(word in line for word in LEFT_OUT) else line

    def _either(self) -> str:
        if self._rng.random() < 0.7:
            return self._expanded("LINE")
        count = self._rng.choice((1, 1, 2, 3, 5, 8, 20))
        return " ".join(self._expanded(self._rng.choice(self._words)) for _ in range(count))

    def _expanded(self, symbol: str) -> str:
        rng = self._rng
        if symbol == "ODD":
            return rng.choice(ODD)
        if symbol == "WALK":
            walk = rng.choice(self._walks)
            return " ".join(walk[: rng.randrange(len(walk) + 1)])
        if symbol not in self._grammar:
            return symbol
        return " ".join(self._expanded(word) for word in rng.choice(self._grammar[symbol]))

    def _spoilt(self, line: str) -> str:
        rng = self._rng
        at = rng.randrange(len(line) + 1)
        match rng.randrange(4):
            case 0:
                return line[:at] + rng.choice(ODD) + line[at:]
            case 1:
                return line[:at] + line[at + rng.randrange(1, 6) :]
            case 2:
                return line[:at] + chr(rng.randrange(1, 256)) + line[at + 1 :]
            case _:
                return (line[:at] * rng.choice((2, 3, 30)))[:LONGEST] + line[at:]

    def _query(self) -> str:
        """Return a query of the JSON analysis protocol: some of its fields, some of them odd."""
        rng = self._rng
        if rng.random() < 0.2:
            action = rng.choice(("terminate_all", "terminate", "query_models", "query_version", "clear_cache", "odd"))
            fields: dict[str, Any] = {"id": rng.choice("ab"), "action": action, "terminateId": rng.choice("ab")}
            if rng.random() < 0.3:
                fields["turnNumbers"] = rng.choice(([0], [1, 2], [], 3, None))
        else:
            walk = rng.choice(self._walks)
            moves = [["BW"[i % 2], vertex] for i, vertex in enumerate(walk[: rng.randrange(len(walk) + 1)])]
            fields = {"id": rng.choice("ab"), "rules": rng.choice(("chinese", "japanese", "nz", {"ko": "SIMPLE"}))}
            fields |= {"boardXSize": 9, "boardYSize": 9, "moves": moves, "maxVisits": rng.choice((1, 2, 5))}
            for name, values in _QUERY_FIELDS.items():
                if rng.random() < 0.12:
                    fields[name] = rng.choice(values)
            if rng.random() < 0.15:
                fields[rng.choice(list(fields))] = rng.choice(_ODD_VALUES)
            if rng.random() < 0.1:
                del fields[rng.choice(list(fields))]
        return json.dumps(fields, separators=(",", ":"))


_ODD_VALUES: tuple[Any, ...] = (
    None,
    -1,
    0,
    1e308,
    10**30,
    2.5,
    "",
    "x" * 3000,
    [],
    {},
    [[]],
    [None],
    True,
    "9",
    float("nan"),
)
_QUERY_FIELDS: dict[str, tuple[Any, ...]] = {
    "komi": (7.5, 0, -100.5, 6.3),
    "analyzeTurns": ([0], [0, 1], [0, 0, 0], [10**9], []),
    "initialStones": ([["B", "C3"]], [["B", "C3"], ["W", "D4"]], [["B", "C3"], ["B", "C3"]]),
    "initialPlayer": ("B", "w", "x"),
    "whiteHandicapBonus": ("N", "N-1", "0", "x"),
    "avoidMoves": ([{"player": "B", "moves": ["C3", "D4"], "untilDepth": 1}], [{}]),
    "allowMoves": ([{"player": "B", "moves": ["E5"], "untilDepth": 2}],),
    "reportDuringSearchEvery": (0.001, 0.1, 0),
    "priority": (5, -5, 1.5),
    "priorities": ([1], [1, 2]),
    "includeOwnership": (True, False, 1),
    "includeMovesOwnership": (True, False),
    "includePolicy": (True, False),
    "includePVVisits": (True,),
    "overrideSettings": ({"maxTime": 0.01}, {"wideRootNoise": 1.0}, {"reportAnalysisWinratesAs": "sidetomove"}),
    "boardXSize": (2, 5, 13, 19, 20, 0),
    "boardYSize": (2, 5, 13, 19, 20, 0),
}  # fmt: skip
