"""The process that proves mates beside a search: `python -m muzero_engine.engine.mate_process GAME`.

A process of its own because solvers hold the interpreter. It is nice to the search: on a core that both need it gets
about a tenth, on a free one everything. A line of JSON on standard input is a command, one on standard output an
answer, both defined here; `mate_helper` is the other side. It ends when its input does, however that comes about.

Commands: `{"ask": ID, "problem": P, "moves": [M, ...], "nodes": N}` asks for a mate in P (see `MateSolver`), and for
one of the opponent after each of the moves, the more important first; it takes the place of what was asked before.
`{"first": M}` puts a move in front of the others. `{"rest": true}` ends what was asked.
Answers: `{"of": ID, "after": M, "moves": [...]}`, M being null for P itself, as soon as a mate is proven, and for P
also where there is none (no moves); at last `{"of": ID, "end": true}`. Before all others
`{"ready": true}`.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TextIO

from muzero_engine.dataclass_json import parse_json
from muzero_engine.games.base import MateResult, MateSolver
from muzero_engine.games.registry import load_game

NICENESS = 10  # gives a weight of about a tenth of the search's
FIRST_NODES = 4_096  # for the problem in the first stage; milliseconds of a compiled solver, 0.2 s of one in Python
GROWTH = 4  # from stage to stage
MOVES_SHARE = 8  # the opponent's mate after a move gets so many times fewer nodes, unless the move is put in front


class Inquiry:
    """What is looked at, in stages of ever more nodes, until all is decided or `nodes` a call are reached."""

    def __init__(
        self,
        solver: MateSolver,
        problem: str,
        moves: Sequence[str],
        nodes: int,
        stopped: Callable[[Inquiry], bool] = lambda _: False,
    ) -> None:
        """Be ready to look; a look that goes on is of no use any more once `stopped` says so."""
        self._solver = solver
        self._problem = problem
        self._moves = frozenset(moves)
        self._stopped = stopped
        self._open: list[str | None] = [None, *moves]  # not decided yet, None being the problem itself
        self._nodes = nodes
        self._tried: dict[str, int] = {}  # nodes of the last look after a move
        self._stage_nodes = min(FIRST_NODES, nodes)
        self._first: str | None = None

    def put_first(self, move: str) -> None:
        """Look at the opponent's mate after `move` next, with as many nodes as the problem gets in this stage."""
        self._first = move

    def looks(self) -> Iterator[tuple[str | None, MateResult] | None]:
        """Look at one thing after another; yield what was decided, None after each look that decided nothing."""
        while self._open:
            for after in tuple(self._open):
                if (first := self._first) is not None:
                    self._first = None
                    if first in self._open and self._tried.get(first, 0) < self._stage_nodes:
                        yield self._look(first, self._stage_nodes)
                share = self._stage_nodes if after is None else max(1, self._stage_nodes // MOVES_SHARE)
                if after in self._open and (after is None or self._tried.get(after, 0) < share):
                    yield self._look(after, share)
                if not self._open:
                    return
            if self._stage_nodes >= self._nodes:
                return
            self._stage_nodes = min(GROWTH * self._stage_nodes, self._nodes)

    def _look(self, after: str | None, nodes: int) -> tuple[str | None, MateResult] | None:
        moves = () if after is None else (after,)
        result = self._solver.solve(self._problem, moves, nodes, lambda: self._stopped(self))
        if after is None and result.moves and (not self._moves or result.moves[0] in self._moves):
            self._open.clear()  # nothing else matters
        elif result.decided:
            self._open.remove(after)
        elif after is not None:
            self._tried[after] = nodes
        return (after, result) if result.decided else None


class Server:
    """Carries out the commands, one inquiry at a time. `answer` takes each answer."""

    def __init__(self, solver: MateSolver, commands: queue.SimpleQueue[dict[str, Any]], out: TextIO) -> None:
        self._solver = solver
        self._commands = commands
        self._out = out
        self._following: dict[str, Any] | None = None  # what takes the place of what is asked

    def serve(self) -> None:
        """Carry out commands for ever."""
        command = self._commands.get()
        while True:
            command = self._inquire(command) if "ask" in command else self._commands.get()

    def _inquire(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out an `ask`, and return the command after it that is not about it."""
        self._following = None
        number = command["ask"]
        inquiry = Inquiry(self._solver, command["problem"], command["moves"], command["nodes"], self._replaced)
        looks = inquiry.looks()
        while self._following is None:
            try:
                found = next(looks)
            except Exception:  # the end; or what the solver cannot deal with, which is no reason to refuse the next
                break
            if found is not None and (found[0] is None or found[1].moves):
                self._answer({"of": number, "after": found[0], "moves": found[1].moves})
            self._replaced(inquiry)
        self._answer({"of": number, "end": True})
        return self._commands.get() if self._following is None else self._following

    def _replaced(self, inquiry: Inquiry) -> bool:
        """Take in what has been told meanwhile; return whether another command has taken the place of the inquiry."""
        while self._following is None and not self._commands.empty():
            told = self._commands.get()
            if "first" in told:
                inquiry.put_first(told["first"])
            else:
                self._following = told
        return self._following is not None

    def _answer(self, answer: dict[str, Any]) -> None:
        self._out.write(json.dumps(answer) + "\n")
        self._out.flush()


def _read(commands: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Put each line of standard input into `commands`; end the process when the input ends."""
    try:
        for line in sys.stdin:
            commands.put(parse_json(line))
    finally:
        os._exit(0)  # the solver may be at work, and nobody is there for what it would find


def main() -> None:
    """Serve the game that the command line names."""
    with suppress(AttributeError, OSError):  # Windows has none; there the priority is that of its start
        os.nice(NICENESS)
    commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(commands,), daemon=True).start()
    solver = load_game(sys.argv[1]).mates
    assert solver is not None
    print(json.dumps({"ready": True}), flush=True)
    Server(solver, commands, sys.stdout).serve()


if __name__ == "__main__":
    main()
