"""The UCI session: chess GUIs speak to the engine through it.

Written to the UCI specification (Meyer-Kahlen 2006) and to what clients really send. `UciStyleSession` says how lines
are read and what is answered to wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions, Kind, OptionInfo
from muzero_engine.engine.strength import at_full_strength
from muzero_engine.games.base import BadPosition, EngineProtocol, Position
from muzero_engine.protocols.common.options_text import option_line
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.common.uci_style import UciStyleSession
from muzero_engine.protocols.uci.format import NO_MOVE, InfoStyle, bestmove_line, info_lines
from muzero_engine.protocols.uci.parse import parse_go, parse_position_command

if TYPE_CHECKING:  # python-chess is needed only from a position on
    from muzero_engine.games.chess.tablebases import Tablebases

START_FEN = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Options that concern the conversation, not the engine."""

    chess960: bool = False
    show_wdl: bool = False
    analyse_mode: bool = False  # full strength whatever the level and Temperature say
    opponent: str = ""
    contempt: int = 0  # per cent of a win
    draw_score: int = 0
    syzygy_path: str = ""
    clear_hash: bool = False  # a button

    @property
    def draw_worth(self) -> int:
        """Return what a draw is worth to the engine, per cent of a win, from -100 to 100."""
        return max(-100, min(100, self.draw_score - self.contempt))


def _client_option(
    name: str, field: str, kind: Kind, default: bool | int | str, help_text: str, limit: int | None = None
) -> OptionInfo:
    low = None if limit is None else -limit
    return OptionInfo(field, kind, default, help_text, low, limit, (), uci=(name,), usi=(), gtp=())


CLIENT_OPTIONS = (
    _client_option("UCI_Chess960", "chess960", Kind.CHECK, False, "Castling is king takes rook"),
    _client_option("UCI_ShowWDL", "show_wdl", Kind.CHECK, False, "Report win, draw and loss per mille"),
    _client_option("UCI_AnalyseMode", "analyse_mode", Kind.CHECK, False, "Analysis: never play weaker"),
    _client_option("Contempt", "contempt", Kind.SPIN, 0, "How much less than nothing a draw is worth, per cent", 100),
    _client_option("DrawScore", "draw_score", Kind.SPIN, 0, "What a draw is worth, per cent of a win", 100),
    _client_option("SyzygyPath", "syzygy_path", Kind.STRING, "", "Folders of endgame tables, probed at the root"),
    _client_option("Clear Hash", "clear_hash", Kind.BUTTON, False, "Give the memory of the last search back"),
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
        self._tables: Tablebases | None = None
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
        if options.syzygy_path != before.syzygy_path:
            self._open_tables(options.syzygy_path)
        if options.clear_hash:
            self._client = replace(options, clear_hash=False)
            self._engine.forget()
        if (options.analyse_mode, options.draw_worth) != (before.analyse_mode, before.draw_worth):
            self._engine.configure(self._effective_options())
        if self._debug and options.opponent != before.opponent:
            self._tell(f"opponent: {options.opponent}")

    def _effective_options(self, *, analysis: bool = False) -> EngineOptions:
        """Return the engine's options; in an analysis (a mode, or a search without end) draws are what they are."""
        options, worth = self._options, 500 + 5 * self._client.draw_worth
        if self._client.analyse_mode:
            options = replace(at_full_strength(options), temperature=0.0)
        if self._client.draw_worth and not (analysis or self._client.analyse_mode):
            options = replace(options, draw_value_black=worth, draw_value_white=worth)
        return options

    def _open_tables(self, path: str) -> None:
        self._tables = None
        if not path:
            return
        from muzero_engine.games.chess.tablebases import Tablebases

        try:
            self._tables = Tablebases(path)
        except BadPosition as error:
            self._complain(f"SyzygyPath: {error}")

    def _with_tables(self, limits: Limits) -> tuple[Limits, int]:
        """Return the limits with the moves that endgame tables leave, and how often these knew the position."""
        from muzero_engine.games.chess import ChessPosition
        from muzero_engine.games.chess.tablebases import RESULTS

        position = self._line.position
        if self._tables is None or not isinstance(position, ChessPosition):
            return limits, 0
        try:
            known = self._tables.probe(position.board)
        except BadPosition as error:
            self._complain(f"SyzygyPath: {error}; the tables are left out until it is set again")
            self._tables = known = None
        if known is None:
            return limits, 0
        asked = limits.root_actions
        left = tuple(action for action in known.actions if asked is None or action in asked)
        if not left:
            return limits, known.hits
        self._tell(f"endgame tables: {RESULTS[known.wdl]}, kept by {len(left)} moves")
        return replace(limits, root_actions=left), known.hits

    def _position_command(self, arguments: str) -> None:
        self._go_to(parse_position_command(arguments))

    def _read_start(self, fen: str | None) -> Position:
        from muzero_engine.games.chess import position_from_fen  # python-chess is needed only from here on

        return position_from_fen(fen or START_FEN, self._client.chess960)

    def _go(self, arguments: str) -> None:
        limits = self._limits(parse_go(arguments))
        if limits is None:
            return
        limits, hits = self._with_tables(limits)
        options = self._effective_options(analysis=limits.infinite)
        if options != self._engine.options:
            self._engine.configure(options)
        style = InfoStyle(
            multipv=options.multipv,
            score_type=options.score_type,
            wdl=self._client.show_wdl,
            move_stats=options.verbose_move_stats,
            table_hits=hits,
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
        """Answer nothing: the engine is free, and there is nothing to register."""
