"""Forced mates beside the search: the engine's side of `mate_process`.

The process is optional in every respect: where it cannot be started, dies or hangs, the search goes on without it, and
`notice` says so in one line. It never outlives this one: it ends when its standard input is closed, which the system
does however this process ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import muzero_engine
from muzero_engine.dataclass_json import parse_json
from muzero_engine.games.base import Game

RESTART_S = 60.0  # at least, between two starts
START_S = 5.0  # that a start is waited for at most
UNANSWERED = 8  # inquiries without an end yet, from which on no more are sent: a full pipe would block
HANG_S = 10.0  # without one that ends, and the process is taken to hang

Spawn = Callable[[], "subprocess.Popen[str]"]


@dataclass(frozen=True, slots=True)
class MateFound:
    """A mate, in the words of the game's protocol; or that there is none (no moves), of the problem itself only."""

    after: str | None  # the move after which the opponent mates, None: the player to move mates
    moves: tuple[str, ...]  # of both players up to the mate, `after` not included


@dataclass
class _Answers:
    """What the reading thread has taken in of a process. `changed` guards it and tells."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    asked: int = 0  # number of the last inquiry
    ended: int = 0  # number of the last inquiry that has come to its end
    found: list[MateFound] = field(default_factory=list)  # of the last inquiry, not taken yet
    given_up: bool = False  # nobody wants more of the last inquiry
    ready: bool = False
    dead: bool = False


class MateHelper:
    """Owns the process. One thread at a time calls it, but for `close`. Nothing blocks but `wait` and `close`."""

    def __init__(self, game: Game, spawn: Spawn | None = None) -> None:
        """Make a helper for a game that has a solver; its process is started by `start` or `ask`."""
        assert game.mates is not None
        self.problem, self.quick_nodes = game.mates.problem, game.mates.quick_nodes
        self._spawn = spawn or (lambda: spawn_process(game.spec.name))
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._end: weakref.finalize[..., Any] | None = None
        self._answers = _Answers()
        self._started_at: float | None = None
        self._behind_since: float | None = None  # with `UNANSWERED` inquiries
        self._closed = False
        self.notice: str | None = None

    def start(self) -> bool:
        """Start the process unless it runs, or was started too short a time ago; return whether it can be asked."""
        now = time.monotonic()
        with self._lock:
            if self._process is not None:
                behind = self._answers.asked - self._answers.ended >= UNANSWERED
                if not behind or self._behind_since is None:
                    self._behind_since = now if behind else None
                hangs = self._behind_since is not None and now - self._behind_since > HANG_S
                if not self._answers.dead and not hangs:
                    return not behind
                self._put_away()
                self.notice = "the mate solver has ended: searching on without it for a while"
            if self._closed or (self._started_at is not None and now - self._started_at < RESTART_S):
                return False
            self._started_at = now
            try:
                self._process = self._spawn()
            except (OSError, ValueError) as error:
                self.notice = f"no forced mates are looked for: the solver's process cannot be started ({error})"
                return False
            self._answers = _Answers(asked=self._answers.asked, ended=self._answers.asked)
            self._end = weakref.finalize(self, _kill, self._process)
            reading = (self._process, self._answers)
            threading.Thread(target=_read, args=reading, name="mate answers", daemon=True).start()
            return True

    def wait_ready(self) -> None:
        """Wait until the process that was started can answer, for some seconds at most."""
        answers = self._answers
        with answers.changed:
            answers.changed.wait_for(lambda: answers.ready or answers.dead or self._process is None, START_S)

    def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
        """Ask for a mate in a problem (see `MateSolver`), and for the opponent's after each of `moves`.

        At most `nodes` positions are looked at a time. What was asked before is forgotten. Return False where there is
        no process that can be asked: what `take` returns then is none of this problem's.
        """
        if not self.start():
            return False
        answers = self._answers
        with answers.changed:
            answers.asked += 1
            answers.given_up = False
            answers.found.clear()
        return self._tell({"ask": answers.asked, "problem": problem, "moves": list(moves), "nodes": nodes})

    def put_first(self, move: str) -> None:
        """Have the mate after `move`, one of those asked for, looked for next and with more nodes."""
        self._tell({"first": move})

    def rest(self) -> None:
        """End what was asked."""
        self._tell({"rest": True})

    def give_up(self) -> None:
        """Have `wait` return at once, until the next `ask`. May be called from any thread."""
        with self._answers.changed:
            self._answers.given_up = True
            self._answers.changed.notify_all()

    def take(self) -> list[MateFound]:
        """Return what was found since the last call, of what was asked last."""
        answers = self._answers
        if not answers.found:
            return []
        with answers.changed:
            found = answers.found.copy()
            answers.found.clear()
        return found

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until `take` has something to return, or never will have, at most so long; return whether it has."""
        answers = self._answers
        with answers.changed:
            answers.changed.wait_for(lambda: answers.found or answers.given_up or self.ended, timeout_s)
            return bool(answers.found)

    @property
    def ended(self) -> bool:
        """Return whether all that was asked last has been looked at, or nobody is there to do so."""
        answers = self._answers
        return answers.dead or answers.ended == answers.asked

    def close(self) -> None:
        """End the process, for good."""
        with self._lock:
            self._closed = True
            self._put_away()

    def _put_away(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = self._behind_since = None

    def _tell(self, command: dict[str, Any]) -> bool:
        process = self._process
        if process is None or process.stdin is None or self._answers.dead:
            return False
        try:
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
        except (OSError, ValueError):  # it has died, or `close` came in between
            return False
        return True


def _read(process: subprocess.Popen[str], answers: _Answers) -> None:
    """Take in the answers of a process until it ends."""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            answer = parse_json(line)
            with answers.changed:
                if "ready" in answer:
                    answers.ready = True
                elif "end" in answer:
                    answers.ended = answer["of"]
                elif answer["of"] == answers.asked:
                    answers.found.append(MateFound(answer["after"], tuple(answer["moves"])))
                answers.changed.notify_all()
    except (OSError, ValueError, KeyError):  # closed meanwhile, or not what it says
        pass
    finally:
        with answers.changed:
            answers.dead = True
            answers.changed.notify_all()
        process.wait()  # no dead one is left waiting


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was still to be written to it
                pipe.close()


def spawn_process(game: str) -> subprocess.Popen[str]:
    """Start the process for a game. Raises OSError where that cannot be.

    It finds modules where this process does, keeps out of the terminal's Ctrl-C, and gets nothing but its pipes.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        raise OSError("this program has no Python of its own to start")
    root = str(Path(muzero_engine.__file__).parents[1])
    paths = [root, *(path for path in sys.path if path and path != root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
    apart: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        apart = {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "muzero_engine.engine.mate_process", game],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=root,  # that of this process may have been deleted
        **apart,
    )
