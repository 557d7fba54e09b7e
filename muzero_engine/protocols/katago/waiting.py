"""Turns that wait for their search. What waits is bounded, and small: the games of queries, packed."""

from __future__ import annotations

from array import array
from bisect import insort
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
        insort(self._queries, _Waiting(query, self._came, characters, left), key=lambda waiting: waiting.later)

    def take(self) -> Task:
        """Return the next turn, which waits no longer. Raises IndexError where none is left."""
        waiting = self._queries.pop()
        turn = waiting.query.turns[waiting.left.pop()]
        if waiting.left:
            insort(self._queries, waiting, key=lambda each: each.later)
        else:
            self._characters -= waiting.characters
        return Task(waiting.query, turn)

    def terminate(self, query_id: str | None, turns: frozenset[int] | None) -> list[tuple[Query, list[int]]]:
        """Drop what waits of queries with this id (None: of all), all turns or these; return it as it came."""
        meant = [waiting for waiting in self._queries if query_id in (None, waiting.query.id)]
        ended = []
        for waiting in sorted(meant, key=lambda each: each.number):
            numbers = waiting.query.turns
            dropped = [i for i in sorted(waiting.left) if turns is None or numbers[i] in turns]
            gone = set(dropped)
            waiting.left = array("H", (i for i in waiting.left if i not in gone))
            ended.append((waiting.query, [numbers[i] for i in dropped]))
            if not waiting.left:
                self._characters -= waiting.characters
        if meant:
            self._queries = sorted((each for each in self._queries if each.left), key=lambda each: each.later)
        return ended
