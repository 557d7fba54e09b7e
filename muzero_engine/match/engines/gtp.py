"""The client's side of GTP (version 2 draft, Gunnar Farneback, 2002), with the commands of KGS, KataGo and Leela Zero
where an engine lists them: byoyomi, increments, rules, and scores beside the move.
"""

from __future__ import annotations

import itertools
import json
import re

from muzero_engine.games.go.actions import vertex_text
from muzero_engine.games.go.text import PositionLine, komi_text, parse_position_line
from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.match.engines.base import (
    MAX_IDENTITY,
    EngineFailure,
    GameSetup,
    ProcessClient,
    Question,
    Reply,
    ReplyKind,
)
from muzero_engine.match.engines.dialogue import parse_count
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.settings.clock import GameClock
from muzero_engine.match.settings.match_settings import EngineSettings, Patience
from muzero_engine.match.settings.time_control import TimeControl

_COLOURS = ("black", "white")
_INTERVAL_CS = 100  # between reports of an engine that gives scores
_FINAL_SCORE = re.compile(r"([BW])\+([0-9]{1,4}(?:\.[0-9]+)?)")
_VERDICTS = ("0", "draw", "jigo")
# The rules of the judge, in KataGo's words
_RULES = {
    "friendlyPassOk": False,
    "hasButton": False,
    "ko": "POSITIONAL",
    "scoring": "AREA",
    "suicide": False,
    "tax": "NONE",
    "whiteHandicapBonus": "0",
}


class Refused(RuntimeError):
    """A failure response; the message is the engine's."""


class GtpClient(ProcessClient):
    """A Go engine."""

    def __init__(self, settings: EngineSettings, patience: Patience) -> None:
        super().__init__(settings, patience)
        self._commands: frozenset[str] = frozenset()
        self._told = 0  # moves of the game that the engine has been told or has made itself
        self._first_mover = 0
        self._whole_seconds = False  # whether it wants no decimals

    def start(self) -> None:
        self._launch()
        listed = self._ask("list_commands", self.patience.start_s)
        self._commands = frozenset(listed.split())
        self._time_settings(self.settings.control)  # before any game is lost by it
        self.identity = self._identity()
        for name, value in self.settings.options:
            if name in self._commands:
                self._ask(f"{name} {value}".rstrip(), self.patience.start_s)
            elif "kata-set-param" in self._commands:
                self._ask(f"kata-set-param {name} {value}", self.patience.start_s)
            else:
                raise EngineFailure(Ending.WRONG_REPLY, f"it has no command {name!r} and no kata-set-param")
        if "kata-raw-nn" in self._commands:  # which an engine without its network refuses
            try:
                self._try("kata-raw-nn 0", self.patience.start_s)
            except Refused as error:
                raise EngineFailure(Ending.WRONG_REPLY, f"it has no network: {error}") from None

    def new_game(self, setup: GameSetup) -> None:
        if self._process is None:
            self.start()
        position = parse_position_line(setup.start)
        rows, columns = position.shape
        size = f"boardsize {rows}" if rows == columns else f"rectangular_boardsize {columns} {rows}"
        self._ask(size, self.patience.start_s)
        self._ask("clear_board", self.patience.start_s)
        self._ask(f"komi {komi_text(round(2 * position.komi))}", self.patience.answer_s)
        if "kata-set-rules" in self._commands:
            self._ask(f"kata-set-rules {json.dumps(_RULES, separators=(',', ':'))}", self.patience.answer_s)
        elif "kgs-rules" in self._commands:
            self._ask("kgs-rules chinese", self.patience.answer_s)
        if (settings := self._time_settings(setup.control)) is not None:
            self._tell_times(*settings)
        self._told = 0
        self._first_mover = position.mover
        self._place(position)

    def think(self, question: Question) -> Reply:
        clock = question.clocks[question.mover]
        self._catch_up(question.moves)
        self._tell_clock(question.mover, clock)
        colour = _COLOURS[question.mover]
        analyse = "lz-genmove_analyze" in self._commands
        self._drain()
        asked = self._asking(clock)
        self._send(f"lz-genmove_analyze {colour} {_INTERVAL_CS}" if analyse else f"genmove {colour}")
        text, at = self._response(self._latest(clock, asked), clock, asked)
        self._told += 1
        reports = [line for line in text if line.startswith("info ")]
        score, nodes = parse_report(reports[-1]) if reports else (None, None)
        moves = [line for line in text if not line.startswith("info ") and line.strip()]
        if len(moves) != 1 or len(words := moves[0].removeprefix("play ").split()) != 1:
            raise EngineFailure(Ending.WRONG_REPLY, f"no move but {' '.join(moves)[:100]!a}")
        kind = ReplyKind.RESIGN if words[0].lower() == "resign" else ReplyKind.MOVE
        move = words[0] if kind is ReplyKind.MOVE else ""
        return self._timed(Reply(kind=kind, move=move, score=score, nodes=nodes), asked, at, clock)

    def final_score(self, moves: tuple[str, ...]) -> float | None:
        self._catch_up(moves)
        try:
            answer = self._try("final_score", self.patience.unlimited_s)
        except Refused:
            return None
        return parse_final_score(answer)

    # Before and between moves

    def _identity(self) -> str:
        """Return name and version, as far as the engine says them: GTP does not ask for more."""
        words = []
        for command in ("name", "version"):
            try:
                words.append(self._try(command, self.patience.start_s))
            except Refused:
                continue
        return " ".join(" ".join(words).split())[:MAX_IDENTITY]

    def _place(self, position: PositionLine) -> None:
        black, white, shape = position.black, position.white, position.shape
        if len(black) >= 2 and not white and position.mover == 1 and "set_free_handicap" in self._commands:
            self._ask(
                f"set_free_handicap {' '.join(vertex_text(square, shape) for square in black)}", self.patience.answer_s
            )
            return
        for colour, squares in zip(_COLOURS, (black, white), strict=True):
            for square in squares:
                self._ask(f"play {colour} {vertex_text(square, shape)}", self.patience.answer_s)

    def _catch_up(self, moves: tuple[str, ...]) -> None:
        """Tell the moves that the engine does not know yet."""
        while self._told < len(moves):
            mover = (self._first_mover + self._told) % 2
            self._ask(f"play {_COLOURS[mover]} {moves[self._told]}", self.patience.answer_s)
            self._told += 1

    def _time_settings(self, control: TimeControl) -> tuple[str, list[float], list[str]] | None:
        """Return the command that tells a time control, its times and its counts; None where there is nothing to tell.

        Raises EngineFailure where the engine has no such command.
        """
        if control.move_time_s is not None:
            name, times, counts = "time_settings", [0.0, control.move_time_s], ["1"]
        elif control.main_s is None:
            return None
        elif control.increment_s:
            name, times, counts = "kata-time_settings fischer", [control.main_s, control.increment_s], []
        elif control.periods > 1:
            name, counts = "kgs-time_settings byoyomi", [str(control.periods)]
            times = [control.main_s, control.overtime_s]
        else:
            name, counts = "time_settings", [str(control.stones or control.periods)]
            times = [control.main_s, control.overtime_s]
        if (command := name.split()[0]) not in self._commands:
            raise EngineFailure(Ending.WRONG_REPLY, f"it cannot be told of {control}: it has no command {command}")
        return name, times, counts

    def _tell_clock(self, mover: int, clock: GameClock) -> None:
        """Say what is left."""
        state = clock.state
        if state is None or "time_left" not in self._commands:
            return
        count = 0 if not state.in_overtime else state.moves if clock.control.stones else state.periods
        left = max(round(state.left_s, 2), 0.01)  # 0 seconds would not be a small number but no time, or no limit
        self._tell_times(f"time_left {_COLOURS[mover]}", [left], [str(count)])

    def _tell_times(self, command: str, times: list[float], counts: list[str]) -> None:
        """Send a command with times, with decimals unless the engine has refused them: GTP's own are whole seconds."""
        exact = " ".join([command, *map(_seconds, times), *counts])
        whole = " ".join([command, *(str(max(int(time), 1)) if time > 0 else "0" for time in times), *counts])
        if exact != whole and not self._whole_seconds:
            try:
                self._try(exact, self.patience.answer_s)
            except Refused:
                self._whole_seconds = True
            else:
                return
        self._ask(whole, self.patience.answer_s)

    # Frames

    def _ask(self, command: str, seconds: float) -> str:
        """Return the response to a command that must succeed. Raises EngineFailure."""
        try:
            return self._try(command, seconds)
        except Refused as error:
            raise EngineFailure(Ending.WRONG_REPLY, f"it refuses {command[:80]!a}: {error}") from None

    def _try(self, command: str, seconds: float) -> str:
        """Return the response to a command. Raises Refused or EngineFailure."""
        self._send(command)
        return "\n".join(self._frame(now() + seconds, f"to {command[:80]!a}")[0])

    def _response(self, deadline: float, clock: GameClock, asked: float) -> tuple[list[str], float]:
        """Return the response to `genmove`, which may come late, and when its last line came."""
        if clock.allowed_s is not None:
            deadline += self.patience.late_s
        try:
            return self._frame(deadline, "")
        except EngineFailure as error:
            if error.ending is Ending.HANG:
                raise EngineFailure(Ending.HANG, f"no move after {now() - asked:.1f} s") from None
            raise
        except Refused as error:
            raise EngineFailure(Ending.WRONG_REPLY, f"it refuses to move: {error}") from None

    def _frame(self, deadline: float, doing: str) -> tuple[list[str], float]:
        """Return the lines of a response, without its sign, and when the last came. Raises Refused or EngineFailure.

        Of reports in a row it has the last.
        """
        lines: list[str] = []
        size = 0
        at = 0.0
        while True:
            line = self._read(deadline, doing)
            if not line.text.strip():
                if lines:
                    break
                continue
            if not lines and line.text[0] not in "=?":
                raise EngineFailure(Ending.WRONG_REPLY, f"{line.text[:100]!a} is no GTP response")
            if lines and line.text.startswith("info ") and lines[-1].startswith("info "):
                size -= len(lines.pop())
            size += len(line.text)
            self._bound(size)
            lines.append(line.text)
            at = line.at
        sign, lines[0] = lines[0][0], lines[0][1:].strip()
        if sign == "?":
            raise Refused(" ".join(lines)[:200])
        return lines, at


def _seconds(seconds: float) -> str:
    """Write a number of seconds; whole ones without a point, as GTP wants them."""
    return str(int(seconds)) if seconds == int(seconds) else f"{seconds:.3f}".rstrip("0")


def parse_final_score(text: str) -> float | None:
    """Return black's points less white's: "B+3.5" is 3.5, "W+12" is -12, "0" is 0; None for anything else."""
    word = text.strip()
    if word.lower() in _VERDICTS:
        return 0.0
    match = _FINAL_SCORE.fullmatch(word.upper())
    if match is None:
        return None
    return float(match[2]) if match[1] == "B" else -float(match[2])


def parse_report(line: str) -> tuple[Score | None, int | None]:
    """Return the best move's score and the visits of all moves that a line of Leela Zero's analysis says."""
    moves = [dict(itertools.pairwise(part.split())) for part in line.split(" info ")]
    rate = parse_count(moves[0].get("winrate"))
    score = None if rate is None else Score(ScoreKind.WIN_RATE, min(rate, 10_000) / 10_000)
    visits = [count for move in moves if (count := parse_count(move.get("visits"))) is not None]
    return score, sum(visits) if visits else None
