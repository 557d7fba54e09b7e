"""What a client is to the rest of the runner: `Client`, `GameSetup`, `Question`, `Reply`, `EngineFailure`."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Protocol

from muzero_engine.games.record import Ending, Score
from muzero_engine.match.engines.process import EngineLine, EngineProcess, ProcessEnded, ProcessFailure, ProcessSilent
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.engines.stalls import stalled_s, stolen_s
from muzero_engine.match.settings.clock import GameClock
from muzero_engine.match.settings.match_settings import EngineSettings, Patience
from muzero_engine.match.settings.time_control import TimeControl

MAX_ANSWER = 16 << 20  # characters that are kept of one answer
MAX_IDENTITY = 200  # characters that are kept of what an engine calls itself


class EngineFailure(RuntimeError):
    """An engine cannot go on with its game; `ending` is how it loses it, the message why, in a few words."""

    def __init__(self, ending: Ending, message: str) -> None:
        super().__init__(message)
        self.ending = ending


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSetup:
    """What an engine is told before a game. Moves of the opening are no part of it: they come with the questions."""

    start: str  # as `Game.from_text` reads it
    initial: bool  # whether `start` is the start position of the game's first board
    control: TimeControl
    option: tuple[str, str, str] | None = None  # an option to be set before, and what for (`EngineSetup`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is the move here? `clocks` are those of player 0 and 1, `mover` is the engine's own number."""

    mover: int
    moves: tuple[str, ...]  # since the start, as `Position.action_text` writes them, the opening's included
    clocks: tuple[GameClock, GameClock]


class ReplyKind(enum.Enum):
    """What an engine wants to do."""

    MOVE = "move"
    RESIGN = "resign"
    DECLARE_WIN = "declare win"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An engine's answer. The score is its own, from its point of view, the last that it gave."""

    kind: ReplyKind
    move: str = ""  # as the engine wrote it
    elapsed_s: float = 0.0  # from the moment before the question was sent, less `stalled_s`
    stalled_s: float = 0.0  # in which the machine stood still, where the answer would be too late with it
    score: Score | None = None
    depth: int | None = None
    nodes: int | None = None


class GameResult(enum.Enum):
    """How a game ended for an engine that is told so."""

    WIN = "win"
    LOSS = "lose"
    DRAW = "draw"


class Client(Protocol):
    """One engine as the runner sees it. One thread at a time; `kill` may come from any thread.

    `identity` is what the engine calls itself, with its version, once it has started; empty where it does not say.
    `asked` is what it was told last; empty where it is told nothing.

    All methods but `kill` and `close` raise EngineFailure, after which only `close` makes sense.
    """

    identity: str
    asked: str

    def start(self) -> None:
        """Start the engine and set its options. Blocks until it has greeted and could play: with its network loaded."""
        ...

    def new_game(self, setup: GameSetup) -> None:
        """Begin a game, after starting the engine if it does not run. Blocks until the engine is ready."""
        ...

    def think(self, question: Question) -> Reply:
        """Ask for a move and block until it is there. A reply that came too late is returned like any other."""
        ...

    def end_game(self, result: GameResult) -> None:
        """Tell the engine how the game ended, where its protocol has words for it."""
        ...

    def final_score(self, moves: tuple[str, ...]) -> float | None:
        """Return black's points less white's after these moves of Go, as the engine counts; None where it cannot."""
        ...

    def close(self) -> None:
        """End the engine. Safe to call again."""
        ...

    def kill(self) -> None:
        """End the engine at once, so that a thread that waits for it gets an EngineFailure."""
        ...


class ProcessClient:
    """What the clients of all protocols share: a process that is started, written to and waited for."""

    farewell = "quit"

    def __init__(self, settings: EngineSettings, patience: Patience) -> None:
        self.settings = settings
        self.patience = patience
        self.identity = ""
        self.asked = ""
        self._process: EngineProcess | None = None
        self._stolen: dict[str, float] = {}  # before the last question

    @property
    def pid(self) -> int | None:
        """Return the number of the process, or None where none runs."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        if self._process is not None:
            self._process.close(self.farewell)
            self._process = None

    def kill(self) -> None:
        process = self._process  # `close` may come in between
        if process is not None:
            process.kill()

    def final_score(self, moves: tuple[str, ...]) -> float | None:
        return None

    def end_game(self, result: GameResult) -> None:
        pass

    def _launch(self) -> None:
        settings = self.settings
        try:
            self._process = EngineProcess(
                settings.command, directory=settings.directory, environment=dict(settings.environment)
            )
        except ProcessEnded as error:
            raise EngineFailure(Ending.CRASH, str(error)) from None

    def _send(self, line: str) -> None:
        assert self._process is not None
        self.asked = line
        try:
            self._process.send(line)
        except ProcessFailure as error:
            raise _failure(error, "") from None

    def _read(self, deadline: float, doing: str) -> EngineLine:
        """Return the next line. Raises EngineFailure; `doing` is what the engine was to do."""
        assert self._process is not None
        try:
            return self._process.read(deadline)
        except ProcessFailure as error:
            raise _failure(error, doing) from None

    def _bound(self, size: int) -> None:
        """Raise EngineFailure where what is kept of an answer has come to more than any engine has to say."""
        if size > MAX_ANSWER:
            raise EngineFailure(Ending.WRONG_REPLY, f"its answer to {self.asked[:80]!a} has no end")

    def _drain(self) -> None:
        assert self._process is not None
        self._process.drain()

    def _latest(self, clock: GameClock, asked: float) -> float:
        """Return until when (`running_time.now`) an answer to a question asked at `asked` is waited for quietly."""
        allowed = clock.allowed_s
        if allowed is None:
            return asked + self.patience.unlimited_s
        return asked + allowed + clock.control.margin_s

    def _asking(self, clock: GameClock) -> float:
        """Return the moment (`running_time.now`) before a question: an answer to it must not come first."""
        self._stolen = {} if clock.allowed_s is None else stolen_s()
        return now()

    def _timed(self, reply: Reply, asked: float, at: float, clock: GameClock) -> Reply:
        """Return the reply to a question asked at `asked` that came at `at`, with the time that it took.

        Where that is too long, the time in which this machine stood still is taken off (`engines.stalls`).
        """
        elapsed = at - asked
        stalled = 0.0 if clock.in_time(elapsed) else min(elapsed, stalled_s(self._stolen, stolen_s()))
        return replace(reply, elapsed_s=elapsed - stalled, stalled_s=stalled)


def last_words(text: str) -> str:
    """Return words on the last line of an engine, to be put behind a complaint; empty where there is none."""
    return f"; its last words: {text[:100]!a}" if text else ""


def _failure(error: ProcessFailure, doing: str) -> EngineFailure:
    ending = Ending.HANG if isinstance(error, ProcessSilent) else Ending.CRASH
    return EngineFailure(ending, f"{error} {doing}".strip() if ending is Ending.HANG else str(error))
