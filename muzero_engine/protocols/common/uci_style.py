"""What UCI and UGI sessions are alike in beyond `GuiSession`: UGI is UCI without chess."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import BadOption, EngineOptions, find_option
from muzero_engine.engine.strength import LEVEL_FIELDS
from muzero_engine.games.base import EngineProtocol, Position
from muzero_engine.protocols.common.go_command import GoCommand, make_limits
from muzero_engine.protocols.common.gui_session import STOP_SECONDS, GuiSession
from muzero_engine.protocols.common.options_text import option_line, parse_setoption
from muzero_engine.protocols.common.position_command import PlayedLine, PositionCommand
from muzero_engine.protocols.common.stdio import Writer


class UciStyleSession(GuiSession, abc.ABC):
    """The common half of a UCI and a UGI session; a `stdio.Session`. See `GuiSession` for `describe`.

    - A line is read from its first known word on ("joho debug on" is `debug on`), as UCI asks.
    - Nothing is loaded before `isready` or `go`. `isready` is always answered, with the reason in an `info string`
      where the weights cannot be loaded.
    - Each `go` gets exactly one `bestmove`, whatever comes while it runs. The reports of a search keep the options and
      the position that it was started with; what is set meanwhile counts from the next `go`.
    - Wrong input is answered by one `info string error: ...` line and otherwise left out. After a position that was
      refused there is none: `go` finds no move until the next one.
    """

    protocol: ClassVar[EngineProtocol]  # its value greets, and with "ok" ends the answer

    def __init__(
        self, engine: Engine, writer: Writer, *, name: str, author: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__(engine, writer, name=name, author=author, describe=describe)
        self._line = PlayedLine(self._read_start)
        self._commands: Mapping[str, Callable[[str], None]] = {}  # by their word; set by the session

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
        self._stop("")
        self._engine.wait(STOP_SECONDS)

    @abc.abstractmethod
    def _read_start(self, fen: str | None) -> Position:
        """Return the position of a text, None being the start of the game. Raises BadPosition."""

    def _root(self) -> Position:
        return self._line.position

    def _effective_options(self) -> EngineOptions:
        """Return the options that the engine is to have."""
        return self._options

    def _set_client_option(self, name: str, value: str) -> bool:
        """Set an option of the conversation, if that is what has this name; return whether. Raises BadOption."""
        return False

    def _complain_of(self, problem: str | None) -> None:
        if problem is not None:
            self._complain(problem)

    def _greet(self, client_options: Iterable[str] = ()) -> None:
        """Answer the first command; `client_options` are lines that offer options of the conversation."""
        ids = [f"id name {self._name}", f"id author {self._author}"]
        offered = self._engine.levels(self._options).offered(self.protocol, self._options)
        options = [option_line(info, self.protocol, value) for info, value in offered]
        self._writer.write("\n".join([*ids, *options, *client_options, f"{self.protocol.value}ok"]))

    def _isready(self, _: str) -> None:
        if not self._searching:
            self._load_weights(self._line.position)
        self._writer.write("readyok")

    def _setoption(self, arguments: str) -> None:
        parsed = parse_setoption(arguments)
        if parsed is None:
            self._complain("setoption needs a name: setoption name Hash value 64")
            return
        name, value = parsed
        try:
            if self._set_client_option(name, value or ""):
                return
            options = self._options.with_text(self.protocol, name, value or "")
            options, remark = self._engine.levels(options).as_set_last(self.protocol, name, options)
            if find_option(self.protocol, name).field in LEVEL_FIELDS:
                self._engine.check(options)
            self._options = options
        except KeyError:
            self._tell(f"unknown option {name}; ignored")
        except BadOption as error:
            self._complain(str(error))
        else:
            self._engine.configure(self._effective_options())
            if remark is not None:
                self._tell(remark)
            self._open_log()

    def _new_game(self, _: str) -> None:
        self._stop("")
        self._engine.wait(STOP_SECONDS)
        self._engine.new_game()
        self._load_changed_weights(self._line.position)

    def _go_to(self, command: PositionCommand | None) -> None:
        """Carry out `position`; None: it made no sense."""
        if command is None:
            self._complain(self._line.refuse("position takes startpos or fen F, then moves M1 M2 ..."))
        else:
            self._complain_of(self._line.go_to(command))

    def _limits(self, command: GoCommand) -> Limits | None:
        """Return the limits of a search here, and tell what is wrong with them.

        None where there is no position: the command is answered then.
        """
        limits, problems = make_limits(command, self._line.position)
        if self._line.refused is not None:
            self._pay()
            self._answer_without_position(self._line.refused, endless=limits.endless or limits.ponder)
            return None
        self._complain_of_each(problems)
        return limits

    def _stop(self, _: str) -> None:
        self._engine.stop()
        self._pay()

    def _show_board(self, _: str) -> None:
        if self._line.refused is not None:
            self._complain(f"there is no position: {self._line.refused}")
            return
        position = self._line.position
        lines = [*position.board_text().splitlines(), f"fen {position.text()}"]
        outcome = position.outcome()
        if outcome is not None:
            lines.append(f"game over: {outcome.reason}")
        self._writer.write("\n".join(f"info string {line}".rstrip() for line in lines))

    def _help(self, _: str) -> None:
        self._tell(f"commands: {' '.join(self._commands)} quit")
