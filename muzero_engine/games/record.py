"""What is kept of a game that engines played: `GameRecord`, one `PlyRecord` a move, and how the game ended.

The *first* player is player 0 of the game, who moves first from the start position (white in chess, black in Go and
shogi); the *second* is player 1. Scores of a move are those of the engine that played it, from its own point of view.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Annotated

from muzero_engine.dataclass_json import Finite, Rule, is_line


class Ending(enum.Enum):
    """Why a game ended. In those that `is_fault` names, the engine to move lost by its own doing."""

    RULES = "rules"  # mate, stalemate, repetition, fifty moves, two passes, ...
    RESIGNATION = "resignation"
    DECLARATION = "declared win"  # one that the rules allow
    ADJUDICATION = "adjudication"  # both engines' scores agreed for long enough
    PLY_CAP = "ply cap"
    ILLEGAL_MOVE = "illegal move"
    WRONG_REPLY = "wrong reply"  # not what the protocol wants as an answer
    CRASH = "crash"  # the process ended or could not be started
    HANG = "hang"  # no answer at all
    UNFINISHED = "unfinished"  # a game that a person broke off: it has no result, whatever `points` says
    TIME_LOSS = "time loss"
    FORFEIT = "forfeit"  # of a game from a file, as it says
    UNKNOWN = "unknown"  # of a game from a file: it has a result, and how that came about is not said
    UNTOLD = "untold"  # of a game from a file that tells no result

    @property
    def has_result(self) -> bool:
        """Return whether `points` of a game that ended so says who won, or that it is drawn."""
        return self not in (Ending.UNFINISHED, Ending.UNTOLD)

    @property
    def is_fault(self) -> bool:
        """Return whether the loser's program, and not its play, decided the game."""
        return self in _FAULTS


_FAULTS = frozenset(
    {Ending.ILLEGAL_MOVE, Ending.WRONG_REPLY, Ending.CRASH, Ending.HANG, Ending.TIME_LOSS, Ending.FORFEIT}
)


_DATE = re.compile(
    r"([0-9]{4})(?:[-./年]\s*(0?[1-9]|1[0-2])(?![0-9])(?:[-./月]\s*(0?[1-9]|[12][0-9]|3[01])(?![0-9]))?)?"
)
MAX_NAME = 1000  # characters
Winner = Annotated[int, Rule(lambda n: n in (0, 1), "0 or 1")]
EventName = Annotated[str, Rule(lambda text: len(text) <= MAX_NAME and is_line(text), "one line")]
Day = Annotated[str, Rule(re.compile(r"([0-9]{4}(-[0-9]{2}){0,2})?").fullmatch, "a date of ISO 8601")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldGame:
    """What a file says of a game beside its players and its moves."""

    winner: Winner | None = None  # None: a draw, or no result
    ending: Ending = Ending.UNTOLD
    area: Finite | None = None  # Go: black's points less white's, where the file has them
    event: EventName = ""
    date: Day = ""  # as far as it is known: "1972-07-23", "1972-07", "1972"


def told_date(text: str) -> str:
    """Return the date that a text begins with (1972.07.23, 1972/07, 1972年7月23日) as `ToldGame.date`; "" for none."""
    match = _DATE.match(text)
    return "" if match is None else "-".join(part.zfill(2) for part in match.groups() if part)


def told_name(text: str) -> str:
    """Return the name of an event or a player on one line, as `ToldGame.event` is."""
    return "".join(letter if is_line(letter) else " " for letter in text)[:MAX_NAME].strip()


class ScoreKind(enum.Enum):
    """What an engine's score counts."""

    CENTIPAWNS = "cp"
    MATE = "mate"  # full moves in UCI, plies in USI and UGI; below zero, and zero, when being mated
    WIN_RATE = "win rate"  # 0 to 1


@dataclass(frozen=True, slots=True)
class Score:
    """An engine's judgement of a position, from its own point of view.

    A mate of which the engine does not say how far it is (USI's `mate +`) counts as one ply away.
    """

    kind: ScoreKind
    value: Finite


@dataclass(frozen=True, slots=True, kw_only=True)
class PlyRecord:
    """One move of an engine."""

    move: str  # the protocol's text, as `Position.action_text` writes it
    elapsed_s: Finite  # from the question to the answer, as the runner measured it, less `stalled_s`
    clock_s: Finite | None = None  # left after the move, increment included; None without a clock
    score: Score | None = None
    depth: int | None = None  # plies
    nodes: int | None = None
    stalled_s: Finite | None = None  # in which the machine stood still; None unless the move would be too late with it


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRecord:
    """One finished game. It stands by itself: `start`, `opening_moves` and `moves` are all that was played."""

    game_name: str  # as in `games.registry`
    first: str  # name of the engine that played player 0
    second: str
    opening: str  # its name
    pair: int  # number of the opening pair in the match, from 0
    game: int  # 0 or 1 in the pair: the second has the sides exchanged
    start: str  # the position before the opening's moves, as `Game.from_text` reads it; Go: board, mover and komi
    opening_moves: tuple[str, ...]  # protocol texts, played before the engines are asked
    moves: tuple[PlyRecord, ...]
    points: Finite  # of `first`: 1, 0.5 or 0
    ending: Ending
    reason: str  # lower case, for people: "checkmate", "illegal move e2e5: ..."
    first_limit: str = ""  # time control of `first`, as `match.settings` reads it
    second_limit: str = ""
    area: Finite | None = None  # Go, where the board was counted: black's points less white's and komi
    started: str = ""  # UTC, ISO 8601, to the second
    duration_s: Finite = 0.0

    @property
    def winner(self) -> int | None:
        """Return the winner, 0 or 1, or None for a draw."""
        return None if self.points == 0.5 else (0 if self.points == 1.0 else 1)

    @property
    def loser(self) -> str:
        """Return who lost; of a drawn game, the second player."""
        return self.first if self.winner == 1 else self.second

    @property
    def stalls(self) -> tuple[float, ...]:
        """Return the seconds of each move in which the machine stood still, where they were taken off."""
        return tuple(ply.stalled_s for ply in self.moves if ply.stalled_s is not None)
