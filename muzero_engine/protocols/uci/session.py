"""The UCI session: chess GUIs speak to the engine through it.

Written to the UCI specification (Meyer-Kahlen 2006) and to what clients really send:

- A line is read from its first known word on ("joho debug on" is `debug on`), as the specification asks.
- Nothing is loaded before `isready` or `go`. `isready` is always answered, with the reason in an `info string` where
  the weights cannot be loaded.
- Each `go` gets exactly one `bestmove`, whatever comes while it runs. The reports of a search keep the options and the
  position that it was started with; what is set meanwhile counts from the next `go`.
- Wrong input is answered by one `info string error: ...` line and otherwise left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import BadOption, EngineOptions, Kind, OptionInfo, Protocol, protocol_options
from muzero_engine.games.base import BadPosition, IllegalMove, Position
from muzero_engine.protocols.common.gui_session import STOP_SECONDS, GuiSession
from muzero_engine.protocols.common.options_text import option_line, parse_setoption
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.uci.format import NO_MOVE, InfoStyle, bestmove_line, info_lines
from muzero_engine.protocols.uci.parse import make_limits, parse_go, parse_position

START_FEN = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Options that concern the conversation, not the engine."""

    chess960: bool = False
    show_wdl: bool = False
    analyse_mode: bool = False  # full strength whatever UCI_LimitStrength and Temperature say
    opponent: str = ""


def _client_option(name: str, field: str, kind: Kind, default: bool | str, help_text: str) -> OptionInfo:
    return OptionInfo(field, kind, default, help_text, None, None, (), uci=(name,), usi=(), gtp=())


CLIENT_OPTIONS = (
    _client_option("UCI_Chess960", "chess960", Kind.CHECK, False, "Castling is king takes rook"),
    _client_option("UCI_ShowWDL", "show_wdl", Kind.CHECK, False, "Report win, draw and loss per mille"),
    _client_option("UCI_AnalyseMode", "analyse_mode", Kind.CHECK, False, "Analysis: never play weaker"),
    _client_option("UCI_Opponent", "opponent", Kind.STRING, "", "Title, rating, human or computer, name"),
)


class UciSession(GuiSession):
    """A UCI session over an engine that plays chess; a `stdio.Session`. See `GuiSession` for `describe`."""

    no_move = NO_MOVE

    def __init__(
        self, engine: Engine, writer: Writer, *, name: str, author: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__(engine, writer, name=name, author=author, describe=describe)
        self._client = ClientOptions()
        self._debug = False
        self._position: Position | None = None  # None: not needed yet, as START_FEN
        self._fen = START_FEN
        self._moves: list[str] = []  # as sent, all legal
        self._commands: dict[str, Callable[[str], None]] = {
            "uci": self._uci,
            "isready": self._isready,
            "setoption": self._setoption,
            "ucinewgame": self._ucinewgame,
            "position": self._position_command,
            "go": self._go,
            "stop": self._stop,
            "ponderhit": self._ponderhit,
            "debug": self._set_debug,
            "register": self._register,
            "d": self._show_board,
            "help": self._help,
        }

    def handle(self, line: str) -> bool:
        words = line.split()
        for index, word in enumerate(words):
            if word == "quit":
                return False
            if word in self._commands:
                arguments = line.split(maxsplit=index + 1)[index + 1 :]
                self._guarded(word, self._commands[word], arguments[0] if arguments else "")
                return True
        if words:
            self._complain(f"unknown command {words[0]}; help lists the commands")
        return True

    def end_of_input(self) -> None:
        self._engine.stop()
        self._engine.wait(STOP_SECONDS)

    def _uci(self, _: str) -> None:
        lines = [f"id name {self._name}", f"id author {self._author}"]
        for infos, values in ((protocol_options(Protocol.UCI), self._options), (CLIENT_OPTIONS, self._client)):
            lines += [option_line(info, Protocol.UCI, getattr(values, info.field)) for info in infos]
        self._writer.write("\n".join([*lines, "uciok"]))

    def _isready(self, _: str) -> None:
        if not self._searching:
            self._load_weights(self._current())
        self._writer.write("readyok")

    def _setoption(self, arguments: str) -> None:
        parsed = parse_setoption(arguments)
        if parsed is None:
            self._complain("setoption needs a name: setoption name Hash value 64")
            return
        name, value = parsed
        try:
            for info in CLIENT_OPTIONS:
                if info.uci[0].lower() == name.lower():
                    change: dict[str, Any] = {info.field: info.parse(value or "")}
                    self._set_client(replace(self._client, **change))
                    return
            self._options = self._options.with_text(Protocol.UCI, name, value or "")
        except KeyError:
            self._tell(f"unknown option {name}; ignored")
        except BadOption as error:
            self._complain(str(error))
        else:
            self._engine.configure(self._effective_options())

    def _set_client(self, options: ClientOptions) -> None:
        before, self._client = self._client, options
        if options.chess960 != before.chess960 and self._position is not None:
            self._set_position(self._fen, self._moves, reread=True)
        if options.analyse_mode != before.analyse_mode:
            self._engine.configure(self._effective_options())
        if self._debug and options.opponent != before.opponent:
            self._tell(f"opponent: {options.opponent}")

    def _effective_options(self) -> EngineOptions:
        if self._client.analyse_mode:
            return replace(self._options, limit_strength=False, temperature=0.0)
        return self._options

    def _ucinewgame(self, _: str) -> None:
        self._engine.stop()
        self._engine.wait(STOP_SECONDS)
        self._engine.new_game()

    def _position_command(self, arguments: str) -> None:
        command = parse_position(arguments)
        if command is None:
            self._complain("position takes startpos or fen F, then moves M1 M2 ...; kept the old position")
            return
        self._set_position(command.fen or START_FEN, list(command.moves))

    def _current(self) -> Position:
        if self._position is None:
            self._set_position(START_FEN, [])
        assert self._position is not None
        return self._position

    def _set_position(self, fen: str, moves: list[str], *, reread: bool = False) -> None:
        """Goes to the position after `moves`, or as far as they are legal; from where it is, if that is on the way."""
        if self._position is None or fen != self._fen or reread:
            from muzero_engine.games.chess import position_from_fen  # python-chess is needed only from here on

            try:
                position: Position = position_from_fen(fen, self._client.chess960)
            except BadPosition as error:
                self._complain(f"{error}; kept the old position")
                return
            self._position, self._fen, self._moves = position, fen, []
        shared = 0
        while shared < min(len(moves), len(self._moves)) and moves[shared] == self._moves[shared]:
            shared += 1
        for _ in self._moves[shared:]:
            self._position.pop()
        self._moves = self._moves[:shared]
        for text in moves[shared:]:
            try:
                self._position.push(self._position.parse_action(text))
            except IllegalMove as error:
                self._complain(f"{error}; kept the {len(self._moves)} moves before it")
                return
            self._moves.append(text)

    def _go(self, arguments: str) -> None:
        position = self._current()
        limits, problems = make_limits(parse_go(arguments), position)
        for problem in problems:
            self._complain(problem)
        options = self._effective_options()
        style = InfoStyle(
            multipv=options.multipv,
            score_type=options.score_type,
            wdl=self._client.show_wdl,
            move_stats=options.verbose_move_stats,
        )
        if self._debug:
            self._tell(f"{limits}")
        self._start_search(position, limits, partial(info_lines, style=style), bestmove_line)

    def _stop(self, _: str) -> None:
        self._engine.stop()

    def _ponderhit(self, _: str) -> None:
        if self._searching:
            self._engine.ponderhit()

    def _set_debug(self, arguments: str) -> None:
        if arguments.strip() not in ("on", "off"):
            self._complain("debug takes on or off")
            return
        self._debug = arguments.strip() == "on"

    def _register(self, _: str) -> None:
        """The engine is free: nothing to register."""

    def _show_board(self, _: str) -> None:
        position = self._current()
        lines = [*position.board_text().splitlines(), f"fen {position.text()}"]
        outcome = position.outcome()
        if outcome is not None:
            lines.append(f"game over: {outcome.reason}")
        self._writer.write("\n".join(f"info string {line}".rstrip() for line in lines))

    def _help(self, _: str) -> None:
        self._tell(f"commands: {' '.join(self._commands)} quit")
