"""What a session owes for the lines it was sent: each reply must come, once, and nothing else may."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Protocol

from muzero_engine.dataclass_json import parse_json
from muzero_engine.protocols.gtp.frame import parse_command
from muzero_engine.protocols.katago.query import QueryError, parse_query


class Replies(Protocol):
    """Counts what is owed."""

    def sent(self, line: str) -> None:
        """Take note of a line to the session."""

    def heard(self, line: str) -> str:
        """Take note of a line from the session; return what is wrong with it, "" for nothing."""

    @property
    def owed(self) -> int:
        """Return how many replies are missing."""


class UciReplies:
    """One `bestmove` (USI: or `checkmate`) for each `go`, one `readyok` for each `isready`, one greeting.

    UCI and UGI read a line from its first known word on, USI takes its first word alone.
    """

    OTHER = frozenset(("info", "option", "id", "response", "checkmate", ""))

    def __init__(self, protocol: str) -> None:
        """Count what a session of `uci`, `usi` or `ugi` owes."""
        self._first_only = protocol == "usi"
        self._answers = {"go": "bestmove", "isready": "readyok", protocol: f"{protocol}ok"}
        more = {"uci": "ponderhit debug register d help", "ugi": "query d help", "usi": "ponderhit gameover"}[protocol]
        self._commands = {*self._answers, *f"setoption {protocol}newgame position stop {more}".split()}
        self._owed = Counter[str]()

    def sent(self, line: str) -> None:
        words = line.split()[: 1 if self._first_only else None]
        word = next((word for word in words if word in self._commands), "")
        if word in self._answers:
            self._owed[self._answers[word]] += 1

    def heard(self, line: str) -> str:
        word = line.partition(" ")[0]
        if word == "checkmate":
            word = "bestmove"
        if word in self._answers.values():
            self._owed[word] -= 1
            return f"a {word} too many" if self._owed[word] < 0 else ""
        return "" if word in self.OTHER else f"an odd line {line!a:.60}"

    @property
    def owed(self) -> int:
        return self._owed.total()


class GtpReplies:
    """One response for each command, in order, with its number, closed by an empty line."""

    def __init__(self) -> None:
        """Count what a session owes."""
        self._owed = deque[str]()  # numbers of commands
        self._inside = False  # a response

    def sent(self, line: str) -> None:
        if (command := parse_command(line)) is not None:
            self._owed.append(command.id)

    def heard(self, line: str) -> str:
        if self._inside:
            self._inside = line != ""
            return ""
        number = line[1:].partition(" ")[0]
        self._inside = True
        if line[:1] not in ("=", "?"):
            return f"a line outside a response {line!a:.60}"
        if not self._owed:
            return "a response too many"
        wanted = self._owed.popleft()
        return "" if number == wanted else f"a response to {number!a:.20} where {wanted!a:.20} is due"

    @property
    def owed(self) -> int:
        return len(self._owed) + self._inside


class AnalysisReplies:
    """One last answer for each position of each query, one for all else that is sent."""

    def __init__(self) -> None:
        """Count what a session owes."""
        self._owed = 0

    def sent(self, line: str) -> None:
        if line.strip():
            self._owed += self._answers(line)

    def heard(self, line: str) -> str:
        try:
            answer = json.loads(line)
        except ValueError:
            return f"no JSON: {line!a:.60}"
        if "warning" not in answer and not answer.get("isDuringSearch", False):
            self._owed -= 1
        return "an answer too many" if self._owed < 0 else ""

    @property
    def owed(self) -> int:
        return self._owed

    @staticmethod
    def _answers(line: str) -> int:
        try:
            fields = parse_json(line, constants=True)
        except ValueError:
            return 1
        if not isinstance(fields, dict) or not isinstance(fields.get("id"), str) or "action" in fields:
            return 1
        try:
            return len(parse_query(fields, fields["id"]).turns)
        except (QueryError, RecursionError):
            return 1


def replies_of(protocol: str) -> Replies:
    """Return a counter for a session of this protocol."""
    if protocol == "gtp":
        return GtpReplies()
    return AnalysisReplies() if protocol == "analysis" else UciReplies(protocol)
