"""What UCI, UGI and USI have in common, as a client says it: greeting, options, `isready`, `position`, `go`."""

from __future__ import annotations

import abc

from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.match.engines.base import (
    MAX_IDENTITY,
    EngineFailure,
    GameSetup,
    ProcessClient,
    Question,
    Reply,
    ReplyKind,
    last_words,
)
from muzero_engine.match.engines.declared import refused
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.settings.match_settings import EngineSettings, Patience

ECHO_S = 5.0  # for the greeting of what repeats its input: it may yet be an engine, behind a terminal
_COMPLAINT = "info string error: "  # how this program says what is wrong, a network that it cannot load for one
# Words that begin another part of an `info` line
_INFO_WORDS = frozenset(
    "depth seldepth time nodes pv multipv score currmove currmovenumber hashfull nps tbhits cpuload string wdl".split()
)


class DialogueClient(ProcessClient, abc.ABC):
    """A client of UCI, UGI or USI."""

    greeting: str  # "uci"
    greeted: str  # "uciok"
    new_game_command: str
    position_word: str  # before a position of one's own: "fen", "sfen"
    position_is_confirmed = False  # whether `isready` follows each position

    def __init__(self, settings: EngineSettings, patience: Patience) -> None:
        super().__init__(settings, patience)
        self._offered: dict[str, str] = {}  # options by their names in lower case, and what is declared of each
        self._start = "startpos"

    def start(self) -> None:
        self._launch()
        self._send(self.greeting)
        deadline = now() + self.patience.start_s
        last = ""
        size = 0
        while True:
            try:
                text = self._read(deadline, f"to {self.greeting}").text
            except EngineFailure as error:
                raise EngineFailure(error.ending, f"{error}{last_words(last)}") from None
            last, words = text or last, text.split()
            if words[:1] == [self.greeted]:
                break
            if words == [self.greeting]:
                deadline = min(deadline, now() + ECHO_S)
            if words[:2] == ["id", "name"]:
                self.identity = " ".join(words[2:])[:MAX_IDENTITY]
            if words[:2] == ["option", "name"]:
                end = words.index("type") if "type" in words else len(words)
                self._offered[" ".join(words[2:end]).lower()] = " ".join(words[end:])
                size += len(text)
                self._bound(size)
        for name, value in self.settings.options:
            if not self._offers(name):
                offered = ", ".join(sorted(self._offered)) or "none"
                raise EngineFailure(Ending.WRONG_REPLY, f"it has no option {name!r}; those it has: {offered}")
            if (takes := refused(self._offered.get(name.lower(), ""), value)) is not None:
                raise EngineFailure(
                    Ending.WRONG_REPLY, f"{name} takes {takes[:MAX_IDENTITY]}, not {value[:40] or 'nothing'}"
                )
            self._set_option(name, value)
        self._wait_until_ready()

    def new_game(self, setup: GameSetup) -> None:
        if self._process is None:
            self.start()
        self._prepare(setup)
        self._send(self.new_game_command)
        self._wait_until_ready()
        self._start = "startpos" if setup.initial else f"{self.position_word} {setup.start}"

    def think(self, question: Question) -> Reply:
        moves = f" moves {' '.join(question.moves)}" if question.moves else ""
        self._drain()
        self._send(f"position {self._start}{moves}")
        if self.position_is_confirmed:
            self._wait_until_ready()
        limits, clock = self._limits(question), question.clocks[question.mover]
        asked = self._asking(clock)
        self._send(f"go {limits}")
        deadline = self._latest(clock, asked)
        late = False
        last_info = last = complaint = ""
        while True:
            try:
                line = self._read(deadline, "")
            except EngineFailure as error:
                if error.ending is not Ending.HANG:
                    raise
                if late or clock.allowed_s is None:
                    raise EngineFailure(Ending.HANG, f"no move after {now() - asked:.1f} s{last_words(last)}") from None
                late = True  # out of time: the answer is still wanted, so that the engine can play its next game
                self._send("stop")
                deadline = now() + self.patience.late_s
                continue
            words = line.text.split(maxsplit=1)
            if words[:1] == ["info"]:
                if line.text.startswith(_COMPLAINT):
                    complaint = line.text.removeprefix(_COMPLAINT)
                elif " score " in line.text and " string " not in line.text and _is_first_line(line.text):
                    last_info = line.text
            elif words[:1] == ["bestmove"]:
                reply = self._timed(self._reply(line.text, last_info), asked, line.at, clock)
                if complaint and not reply.nodes:  # a move all the same, since the protocol asks for one
                    raise EngineFailure(Ending.WRONG_REPLY, f"it has not searched: {complaint}")
                return reply
            last = line.text or last

    def _reply(self, line: str, last_info: str) -> Reply:
        words = line.split()
        if len(words) < 2:
            raise EngineFailure(Ending.WRONG_REPLY, "bestmove without a move")
        kind = self._reply_kind(words[1])
        score, depth, nodes = parse_info(last_info)
        move = words[1] if kind is ReplyKind.MOVE else ""
        return Reply(kind=kind, move=move, score=score, depth=depth, nodes=nodes)

    @abc.abstractmethod
    def _limits(self, question: Question) -> str:
        """Return the words after `go`."""

    @abc.abstractmethod
    def _reply_kind(self, word: str) -> ReplyKind:
        """Return what the word after `bestmove` means. Raises EngineFailure where it is no answer."""

    def _offers(self, name: str) -> bool:
        return name.lower() in self._offered

    def _prepare(self, setup: GameSetup) -> None:
        """Set the options that depend on the game to come."""

    def _set_option(self, name: str, value: str) -> None:
        self._send(f"setoption name {name} value {value}" if value else f"setoption name {name}")

    def _wait_until_ready(self) -> None:
        self._send("isready")
        deadline = now() + self.patience.start_s
        complaint = ""
        while (text := self._read(deadline, "to isready").text.strip()) != "readyok":
            complaint = complaint or (text if text.startswith(_COMPLAINT) else "")
        if complaint:
            raise EngineFailure(Ending.WRONG_REPLY, complaint.removeprefix(_COMPLAINT))

    def _effort(self, question: Question) -> list[str]:
        """Return the words of the limits that are no clock."""
        control = question.clocks[question.mover].control
        words = []
        if control.move_time_s is not None:
            words.append(f"movetime {milliseconds(control.move_time_s)}")
        if control.nodes is not None:
            words.append(f"nodes {control.nodes}")
        if control.depth is not None:
            words.append(f"depth {control.depth}")
        return words


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, at least one: to some engines 0 means no limit."""
    return max(1, int(1000.0 * seconds))


def _is_first_line(line: str) -> bool:
    """Return whether an `info` line is about the best variation and no bound."""
    return (
        (" multipv " not in line or " multipv 1 " in line) and " lowerbound" not in line and " upperbound" not in line
    )


def parse_info(line: str) -> tuple[Score | None, int | None, int | None]:
    """Return the score, depth and nodes of an `info` line, as far as it says them."""
    words = line.split()
    values: dict[str, str] = {}
    score = None
    for i, word in enumerate(words[:-1]):
        if word == "pv":
            break
        if word == "score" and i + 2 < len(words):
            score = _score(words[i + 1], words[i + 2])
        elif word in _INFO_WORDS:
            values[word] = words[i + 1]
    return score, parse_count(values.get("depth")), parse_count(values.get("nodes"))


def _score(kind: str, value: str) -> Score | None:
    if kind == "mate" and value in ("+", "-"):  # USI: a mate at an unknown distance
        return Score(ScoreKind.MATE, 1.0 if value == "+" else -1.0)
    kinds = {"cp": ScoreKind.CENTIPAWNS, "mate": ScoreKind.MATE}
    try:
        return Score(kinds[kind], float(int(value)))
    except (KeyError, ValueError, OverflowError):
        return None


def parse_count(word: str | None) -> int | None:
    """Return a whole number from 0 on that a word says; None for anything else, and for more than 18 digits."""
    return int(word) if word is not None and word.isascii() and word.isdecimal() and len(word) < 19 else None
