"""The UCI session: chess GUIs speak to the engine through it.

Written to the UCI specification (Meyer-Kahlen 2006) and to what clients really send. `UciStyleSession` says how lines
are read and what is answered to wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions, Kind, OptionInfo
from muzero_engine.games.base import EngineProtocol, Position
from muzero_engine.protocols.common.options_text import option_line
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.common.uci_style import UciStyleSession
from muzero_engine.protocols.uci.format import NO_MOVE, InfoStyle, bestmove_line, info_lines
from muzero_engine.protocols.uci.parse import parse_go, parse_position

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


class UciSession(UciStyleSession):
    """A UCI session over an engine that plays chess; a `stdio.Session`. See `GuiSession` for `describe`."""

    protocol = EngineProtocol.UCI
    no_move = NO_MOVE

    def __init__(
        self, engine: Engine, writer: Writer, *, name: str, author: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__(engine, writer, name=name, author=author, describe=describe)
        self._client = ClientOptions()
        self._debug = False
        self._commands = {
            "uci": self._uci,
            "isready": self._isready,
            "setoption": self._setoption,
            "ucinewgame": self._new_game,
            "position": self._position_command,
            "go": self._go,
            "stop": self._stop,
            "ponderhit": self._ponderhit,
            "debug": self._set_debug,
            "register": self._register,
            "d": self._show_board,
            "help": self._help,
        }

    def _uci(self, _: str) -> None:
        self._greet(option_line(info, EngineProtocol.UCI, getattr(self._client, info.field)) for info in CLIENT_OPTIONS)

    def _set_client_option(self, name: str, value: str) -> bool:
        for info in CLIENT_OPTIONS:
            if info.uci[0].lower() == name.lower():
                change: dict[str, Any] = {info.field: info.parse(value)}
                self._set_client(replace(self._client, **change))
                return True
        return False

    def _set_client(self, options: ClientOptions) -> None:
        before, self._client = self._client, options
        if options.chess960 != before.chess960:
            self._complain_of(self._line.read_again())
        if options.analyse_mode != before.analyse_mode:
            self._engine.configure(self._effective_options())
        if self._debug and options.opponent != before.opponent:
            self._tell(f"opponent: {options.opponent}")

    def _effective_options(self) -> EngineOptions:
        if self._client.analyse_mode:
            return replace(self._options, limit_strength=False, temperature=0.0)
        return self._options

    def _position_command(self, arguments: str) -> None:
        self._go_to(parse_position(arguments))

    def _read_start(self, fen: str | None) -> Position:
        from muzero_engine.games.chess import position_from_fen  # python-chess is needed only from here on

        return position_from_fen(fen or START_FEN, self._client.chess960)

    def _go(self, arguments: str) -> None:
        limits = self._limits(parse_go(arguments))
        if limits is None:
            return
        options = self._effective_options()
        style = InfoStyle(
            multipv=options.multipv,
            score_type=options.score_type,
            wdl=self._client.show_wdl,
            move_stats=options.verbose_move_stats,
        )
        if self._debug:
            self._tell(f"{limits}")
        self._start_search(self._line.position, limits, partial(info_lines, style=style), bestmove_line)

    def _ponderhit(self, _: str) -> None:
        self._pay()
        if self._searching:
            self._engine.ponderhit()

    def _set_debug(self, arguments: str) -> None:
        if arguments.strip() not in ("on", "off"):
            self._complain("debug takes on or off")
            return
        self._debug = arguments.strip() == "on"

    def _register(self, _: str) -> None:
        """The engine is free: nothing to register."""
