"""A GTP session: version 2 with the private commands of Leela Zero, KataGo, KGS and GoGui that clients use.

Board commands are in `gtp.board`, clocks in `gtp.clocks`, the form of analysis output in `gtp.analysis`; here are the
commands about the session, the options, and those that search.

Where the controller sets no clock, `GtpSettings.unlimited_move_s` caps each move. The model is loaded by `clear_board`
or by the first command that searches; if it cannot be loaded, commands that search fail and say why.
"""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from muzero_engine import __version__
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import Shape
from muzero_engine.games.go.actions import pass_action
from muzero_engine.games.go.rules import DEFAULT_KOMI, SPEC, GoPosition
from muzero_engine.protocols.common.stdio import Inbox, Writer, log_from_the_start
from muzero_engine.protocols.gtp.analysis import Analysis, parse_analysis, raw_network_text
from muzero_engine.protocols.gtp.board import GtpBoard
from muzero_engine.protocols.gtp.clocks import Clocks
from muzero_engine.protocols.gtp.frame import (
    Args,
    Command,
    GtpError,
    failure,
    parse_colour,
    parse_command,
    parse_move,
    success,
    want_args,
)
from muzero_engine.protocols.gtp.params import GtpSettings, Parameters
from muzero_engine.protocols.gtp.search import InfoStream, Searcher

_GOGUI_COMMANDS = """\
string/Score of the board as it stands/final_score
plist/Stones that count as alive/final_status_list alive
plist/Dead stones/final_status_list dead
plist/Territory of black/final_status_list black_territory
plist/Territory of white/final_status_list white_territory
move/Best move/reg_genmove %c
string/Rules/kata-get-rules
string/CPU time/cputime"""


class GtpSession:
    """Answers GTP commands. Fulfils `stdio.Session`; the engine is closed with it."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        inbox: Inbox,
        *,
        name: str = "MuZero Engine",
        version: str = __version__,
        settings: GtpSettings | None = None,
        shape: Shape = SPEC.shapes[0],
        komi: float = DEFAULT_KOMI,
    ) -> None:
        """Begin a session. Commands of these names answer `name` and `version`: some clients look for KataGo.

        `shape` and `komi` hold until the controller sets its own. Raises BadPosition for a komi beyond all bounds.
        """
        self._engine = engine
        self._writer = writer
        log_from_the_start(writer, engine.options.log_file)
        self._inbox = inbox
        self._params = Parameters(
            engine, settings or GtpSettings(), lambda: self._searcher.prepare(self._board.position)
        )
        self._clocks = Clocks()
        self._searcher = Searcher(engine, writer, inbox)
        self._board = GtpBoard(shape, self._new_game, self._searcher.ownership, komi=komi)
        self._commands: dict[str, Callable[[Args], str]] = {
            "protocol_version": lambda _: "2",
            "name": lambda _: name,
            "version": lambda _: version,
            "known_command": lambda args: "true" if args and args[0] in self._names else "false",
            "list_commands": lambda _: "\n".join(self._names),
            **self._board.commands,
            "clear_board": self._clear_board,
            **self._clocks.commands,
            "genmove": self._genmove,
            "restricted_genmove": self._restricted_genmove,
            "reg_genmove": self._reg_genmove,
            "kata-search": self._kata_search,
            "kata-search_cancellable": self._kata_search_cancellable,
            "stop": self._stop,
            "clear_cache": self._stop,
            **self._params.commands,
            "kata-raw-nn": self._raw_network,
            "cputime": lambda _: f"{time.process_time():.3f}",
            "gomill-cpu_time": lambda _: f"{time.process_time():.3f}",
            "gogui-analyze_commands": lambda _: _GOGUI_COMMANDS,
        }
        self._streaming: dict[str, Callable[[Command], None]] = {
            "lz-analyze": lambda command: self._analyze(command, kata=False),
            "kata-analyze": lambda command: self._analyze(command, kata=True),
            "lz-genmove_analyze": lambda command: self._genmove_analyze(command, kata=False),
            "kata-genmove_analyze": lambda command: self._genmove_analyze(command, kata=True),
        }
        self._names = (*self._commands, *self._streaming, "quit")

    def refuse(self, why: str) -> None:
        """Answer a line that was not read."""
        self._searcher.end_analysis()
        self._writer.write(failure("", why))

    def handle(self, line: str) -> bool:
        """Answer one line; return False after `quit`, or where the client is gone."""
        command = parse_command(line)
        self._searcher.end_analysis(leaving=command is not None and command.name == "quit")
        if self._inbox.abandoned:
            return False
        if command is None:
            return True
        try:
            if command.name in self._streaming:
                self._streaming[command.name](command)
            elif command.name in self._commands:
                self._writer.write(success(command.id, self._commands[command.name](command.args)))
            elif command.name == "quit":
                self._writer.write(success(command.id))
                return False
            else:
                raise GtpError("unknown command")
        except ValueError as error:  # GtpError, BadPosition, BadRules, BadOption, ModelError: one clear line each
            self._writer.write(failure(command.id, str(error)))
        except Exception as error:  # a fault of this program must not end a client's session
            traceback.print_exc(file=sys.stderr)
            self._writer.write(failure(command.id, f"internal error: {error!r}"))
        return True

    def end_of_input(self) -> None:
        """Close the response of a running analysis."""
        self._searcher.end_analysis()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _clear_board(self, args: Args) -> str:
        """Load the model: every game begins here, before a clock runs; genmove says if that failed."""
        text = self._board.commands["clear_board"](args)
        with contextlib.suppress(GtpError):
            self._searcher.prepare(self._board.position)
        return text

    def _new_game(self) -> None:
        self._searcher.stop_pondering()
        self._clocks.restart()
        self._engine.new_game()

    # Moves

    def _genmove(self, args: Args) -> str:
        want_args(args, 1, "genmove colour")
        return self._play_best(self._turned(parse_colour(args[0])), None, None)

    def _restricted_genmove(self, args: Args) -> str:
        """Answer `restricted_genmove colour vertex...`: like genmove, but only these are considered."""
        want_args(args, 2, "restricted_genmove colour vertex...")
        position = self._turned(parse_colour(args[0]))
        actions = {parse_move(vertex, position.shape) for vertex in args[1:]}
        legal = tuple(action for action in position.legal_actions().tolist() if action in actions)
        if not legal:
            raise GtpError("none of these moves is legal")
        return self._play_best(position, None, legal)

    def _genmove_analyze(self, command: Command, *, kata: bool) -> None:
        analysis, position = self._analysis(command, kata=kata)
        self._searcher.prepare(position)
        self._writer.write(f"={command.id}")
        stream = self._searcher.stream(position, analysis, self._params.settings)
        move = self._play_best(position, stream, analysis.root_actions, interval_ms=analysis.interval_ms)
        self._writer.write(f"play {move}\n")

    def _play_best(
        self,
        position: GoPosition,
        stream: InfoStream | None,
        root_actions: tuple[int, ...] | None,
        *,
        interval_ms: float | None = None,
    ) -> str:
        """Play the best move of the mover of `position`, a copy of the board's, on the board.

        Return its vertex or resign.
        """
        started = time.monotonic()
        colour = position.mover
        self._searcher.prepare(position)
        limits = replace(self._limits(colour), root_actions=root_actions)
        result = self._searcher.search(position, limits, stream=stream, interval_ms=interval_ms)
        self._clocks.spend(colour, time.monotonic() - started)
        if self._engine.error is not None:
            if stream is None:
                raise GtpError(self._engine.error)
            print(self._engine.error, file=sys.stderr)  # the response has begun, so a move must follow
        if not result.resign:
            self._board.position.set_mover(colour)
            self._board.position.push(_action(result, position))
            self._ponder(result.ponder)
        return _vertex(result, position)

    def _reg_genmove(self, args: Args) -> str:
        want_args(args, 1, "reg_genmove colour")
        return self._kata_search(args)

    def _kata_search(self, args: Args) -> str:
        """Answer `kata-search [colour]`: the move that genmove would play if it did not resign; it is not played."""
        position = self._turned(parse_colour(args[0]) if args else self._board.position.mover)
        self._searcher.prepare(position)
        result = self._searcher.search(position, self._limits(position.mover), plays=False)
        if self._engine.error is not None:
            raise GtpError(self._engine.error)
        return _vertex(result, position)

    def _kata_search_cancellable(self, args: Args) -> str:
        """Answer `kata-search_cancellable [colour]`: kata-search, which any further line ends with "cancelled"."""
        position = self._turned(parse_colour(args[0]) if args else self._board.position.mover)
        self._searcher.prepare(position)
        result = self._searcher.search_until_input(position, self._limits(position.mover))
        return "cancelled" if result is None else _vertex(result, position)

    def _ponder(self, reply: int | None) -> None:
        if not self._engine.options.ponder or reply is None or self._inbox.closed:
            return
        position = self._board.position.copy()
        position.push(reply)
        self._searcher.ponder(position, replace(self._limits(position.mover), ponder=True))

    def _analysis(self, command: Command, *, kata: bool) -> tuple[Analysis, GoPosition]:
        analysis, position = parse_analysis(command.args, self._board.position, kata=kata)
        return replace(analysis, friendly_pass_ok=self._board.rules.friendly_pass_ok), position

    def _analyze(self, command: Command, *, kata: bool) -> None:
        analysis, position = self._analysis(command, kata=kata)
        self._searcher.stop_pondering()
        self._searcher.prepare(position)
        self._writer.write(f"={command.id}")
        self._searcher.analyse(position, analysis, self._params.settings)

    def _stop(self, _args: Args) -> str:
        self._searcher.stop_pondering()
        return ""

    def _turned(self, colour: int) -> GoPosition:
        """Return a copy of the board with this colour to move."""
        position = self._board.position.copy()
        position.set_mover(colour)
        return position

    def _limits(self, colour: int) -> Limits:
        settings, control = self._params.settings, self._clocks.control
        clock = self._clocks.clock(colour)
        caps = [settings.max_time_s, None if control is None else control.move_limit]
        if clock is None and settings.max_visits is None and settings.max_time_s is None:
            caps.append(settings.unlimited_move_s)
        seconds = [cap for cap in caps if cap is not None]
        move_time = 1000.0 * min(seconds) if seconds else None
        return Limits(clock=clock, move_time_ms=move_time, nodes=settings.max_visits)

    def _raw_network(self, args: Args) -> str:
        """Answer `kata-raw-nn [symmetry]`: what the network says before any search, for the board as it is."""
        if args and args[0] not in ("0", "all"):
            raise GtpError("only symmetry 0 can be shown")
        position = self._board.position.copy()
        self._searcher.stop_pondering()
        self._searcher.prepare(position)
        info = self._searcher.search(position, Limits(nodes=1), plays=False).info
        return raw_network_text(info, position, self._searcher.points(position))


def _action(result: SearchResult, position: GoPosition) -> int:
    return pass_action(position.shape) if result.action is None else result.action


def _vertex(result: SearchResult, position: GoPosition) -> str:
    return "resign" if result.resign else position.action_text(_action(result, position))
