"""The UGI session: match runners speak to the engine through it, in any game. The package says which UGI that is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from muzero_engine.engine.engine import Engine
from muzero_engine.games.base import EngineProtocol, Game, Position
from muzero_engine.protocols.common.position_command import PlayedLine, parse_position_command
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.common.uci_style import UciStyleSession
from muzero_engine.protocols.ugi.format import NO_MOVE, QUERIES, bestmove_line, info_lines
from muzero_engine.protocols.ugi.parse import parse_go


class UgiSession(UciStyleSession):
    """A UGI session over an engine that plays `game`; a `stdio.Session`. See `GuiSession` for `describe`."""

    protocol = EngineProtocol.UGI
    no_move = NO_MOVE

    def __init__(
        self,
        game: Game,
        engine: Engine,
        writer: Writer,
        *,
        name: str,
        author: str,
        describe: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(engine, writer, name=name, author=author, describe=describe)
        self._game = game
        self._commands = {
            "ugi": self._ugi,
            "isready": self._isready,
            "setoption": self._setoption,
            "uginewgame": self._uginewgame,
            "position": self._position_command,
            "go": self._go,
            "stop": self._stop,
            "query": self._query,
            "d": self._show_board,
            "help": self._help,
        }

    def _ugi(self, _: str) -> None:
        self._greet()

    def _uginewgame(self, _: str) -> None:
        self._new_game("")
        self._line = PlayedLine(self._read_start)

    def _position_command(self, arguments: str) -> None:
        self._go_to(parse_position_command(arguments))

    def _read_start(self, fen: str | None) -> Position:
        return self._game.initial(self._game.spec.shapes[0]) if fen is None else self._game.from_text(fen)

    def _go(self, arguments: str) -> None:
        limits = self._limits(parse_go(arguments))
        if limits is None:
            return
        report = partial(info_lines, options=self._options)
        self._start_search(self._line.position, limits, report, bestmove_line)

    def _query(self, arguments: str) -> None:
        question = arguments.strip()
        if self._line.refused is not None:
            self._complain(f"there is no position: {self._line.refused}")
        elif question in QUERIES:
            self._writer.write(f"response {QUERIES[question](self._line.position)}")
        else:
            self._complain(f"query takes one of {', '.join(QUERIES)}")
