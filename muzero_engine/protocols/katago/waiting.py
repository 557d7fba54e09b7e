"""Turns that wait for their search. What waits is bounded, and small: the games of queries, packed."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from dataclasses import dataclass

from muzero_engine.protocols.katago.query import Query

MOST_QUERIES = 100_000  # as many as `stdio.MOST_LINES_WAITING`: a file of queries may come all at once
MOST_CHARACTERS = 2**27  # of their lines: 30,000 games of 250 moves, with all turns


class TooMuch(Exception):
    """Nothing more may wait."""


@dataclass(slots=True, eq=False)
class Task:
    """One position to search."""

    query: Query
    turn: int
    terminated: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    """A query and what is left of it."""

    query: Query
    number: int  # how many queries came before
    characters: int  # of its line
    left: array[int]  # indices of turns, those to be searched later first; never empty

    @property
    def later(self) -> tuple[int, int]:
        """Return what sorts queries: those whose next turn is to be searched later come first."""
        return self.query.priorities[self.left[-1]], -self.number


class Queue:
    """Turns by priority; of the highest one the first turn of the query that came first."""

    def __init__(self) -> None:
        self._queries: list[_Waiting] = []  # sorted by `later`
        self._named: dict[str, list[_Waiting]] = {}  # the same by their ids, as they came
        self._came = 0
        self._characters = 0

    def __bool__(self) -> bool:
        return bool(self._queries)

    def add(self, query: Query, characters: int) -> None:
        """Let all turns of a query wait whose line had so many characters. Raises TooMuch, and takes none of them."""
        if len(self._queries) >= MOST_QUERIES or self._characters + characters > MOST_CHARACTERS:
            most = f"{MOST_QUERIES} queries or {MOST_CHARACTERS // 2**20} MB of them"
            raise TooMuch(f"too much is waiting: no more than {most} may; send this query again later")
        left = array("H", sorted(range(len(query.turns)), key=lambda i: (query.priorities[i], -i)))
        self._came += 1
        self._characters += characters
        waiting = _Waiting(query, self._came, characters, left)
        insort(self._queries, waiting, key=_later)
        self._named.setdefault(query.id, []).append(waiting)

    def take(self) -> Task:
        """Return the next turn, which waits no longer. Raises IndexError where none is left."""
        waiting = self._queries.pop()
        turn = waiting.query.turns[waiting.left.pop()]
        if waiting.left:
            insort(self._queries, waiting, key=_later)
        else:
            self._characters -= waiting.characters
            self._named[waiting.query.id].remove(waiting)
            self._forget_name(waiting.query.id)
        return Task(waiting.query, turn)

    def terminate(self, query_id: str | None, turns: frozenset[int] | None) -> list[tuple[Query, list[int]]]:
        """Drop what waits of queries with this id (None: of all), all turns or these; return it as it came."""
        names = list(self._named) if query_id is None else [query_id]
        meant = [waiting for name in names for waiting in self._named.get(name, ())]
        dropped: dict[int, tuple[Query, list[int]]] = {}
        for waiting in sorted(meant, key=_later, reverse=True):  # from the end, so that little moves up
            del self._queries[bisect_left(self._queries, waiting.later, key=_later)]
            numbers = waiting.query.turns
            gone = {i for i in waiting.left if turns is None or numbers[i] in turns}
            dropped[waiting.number] = waiting.query, [numbers[i] for i in sorted(gone)]
            waiting.left = array("H", (i for i in waiting.left if i not in gone))
            if waiting.left:
                insort(self._queries, waiting, key=_later)
            else:
                self._characters -= waiting.characters
        for name in names:
            self._named[name] = [waiting for waiting in self._named.get(name, ()) if waiting.left]
            self._forget_name(name)
        return [dropped[number] for number in sorted(dropped)]

    def _forget_name(self, name: str) -> None:
        if not self._named[name]:
            del self._named[name]


def _later(waiting: _Waiting) -> tuple[int, int]:
    return waiting.later
