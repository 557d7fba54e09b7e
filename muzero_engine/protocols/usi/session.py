"""The USI session: shogi GUIs speak to the engine through it.

After Tord Romstad's USI draft (2007) and what Shogidokoro added to it. Where clients ask for more than the text says:

- Nothing is loaded before `isready` or `go`. `isready` is always answered by `readyok`, with the reason in an
  `info string` where the weights cannot be loaded: each `go` gives a move all the same.
- ShogiHome sends `stop`, `gameover` and `isready` at once and drops exactly one later `bestmove`. So `gameover` stops a
  search like `stop`, neither is answered when nothing runs, and `isready` lets a stopped search answer first.
- The reports of a search keep the options and the position that it was started with; what is set meanwhile counts from
  the next `go`.
- A `go ponder` without times may be followed by a `ponderhit` that brings them; if it brings none, the move is due.
- `go mate` is answered by `checkmate ...` alone, from an exact search by the rules; the model has no say in it. Mate
  problems have one king: such a position is read, for `go mate` alone.
- After a position that was refused there is none until the next: `go` is answered by `bestmove resign`, `go mate` by
  `checkmate timeout`, which claims nothing. After an illegal move `go` is answered for the moves before it, `go mate`
  by `checkmate timeout` as well.
- Unknown commands are met with silence, wrong arguments with one `info string error: ...` line. An `info string` tells
  of an unknown option, and of a number that an option does not take, of which it takes the nearest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import BadOption, OptionInfo, find_option
from muzero_engine.engine.strength import LEVEL_FIELDS
from muzero_engine.games.base import BadPosition, EngineProtocol, Position
from muzero_engine.games.registry import load_game
from muzero_engine.protocols.common.gui_session import STOP_SECONDS, GuiSession
from muzero_engine.protocols.common.options_text import option_line, parse_setoption
from muzero_engine.protocols.common.search_text import NO_LIMIT_LEFT
from muzero_engine.protocols.common.stdio import Writer
from muzero_engine.protocols.usi.format import bestmove_line, info_lines
from muzero_engine.protocols.usi.mate import MateSearch
from muzero_engine.protocols.usi.options import UsiOptions, find_client_option, fit_text, offered_client_options
from muzero_engine.protocols.usi.parse import UsiGoCommand, parse_go, position_of_words, root_actions, split_position

SIGN_OF_LIFE_S = 5.0


class UsiSession(GuiSession):
    """A USI session over an engine that plays shogi; a `stdio.Session`. See `GuiSession` for `describe`."""

    no_move = "resign"

    def __init__(
        self, engine: Engine, writer: Writer, *, name: str, author: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__(engine, writer, name=name, author=author, describe=describe)
        self._client = UsiOptions()
        self._mate: MateSearch | None = None
        self._mover = 0  # at the root of the last `go`
        self._stopped = False  # the last `go` was
        self._position: Position | None = None  # None: not needed yet, as the start position
        self._refused: str | None = None  # why the last position that was sent cannot be played
        self._cut_short = False  # whether moves of that position were left out, from an illegal one on
        self._problem: str | None = None  # SFEN, where that position is a mate problem with one king
        self._commands: dict[str, Callable[[str], None]] = {
            "usi": self._usi,
            "isready": self._isready,
            "setoption": self._setoption,
            "usinewgame": self._usinewgame,
            "position": self._position_command,
            "go": self._go,
            "ponderhit": self._ponderhit,
            "stop": self._stop,
            "gameover": self._stop,
        }

    def handle(self, line: str) -> bool:
        command, *rest = line.split(maxsplit=1) or [""]
        if command == "quit":
            return False
        if command in self._commands:
            self._guarded(command, self._commands[command], rest[0] if rest else "")
        return True

    def end_of_input(self) -> None:
        self._stop("")
        self._engine.wait(STOP_SECONDS)

    def close(self) -> None:
        self._end_mate_search()
        super().close()

    def _usi(self, _: str) -> None:
        options = self._engine.levels(self._options).offered(EngineProtocol.USI, self._options)
        client = [(info, getattr(self._client, info.field)) for info in offered_client_options()]
        lines = [option_line(info, EngineProtocol.USI, value) for info, value in (*options, *client)]
        ids = [f"id name {self._name}", f"id author {self._author}"]
        self._writer.write("\n".join([*ids, *lines, "usiok"]))

    def _isready(self, _: str) -> None:
        if self._stopped or not self._searching:
            with self._signs_of_life():
                self._load_weights(self._current())
        self._writer.write("readyok")

    @contextmanager
    def _signs_of_life(self) -> Iterator[None]:
        """Write an empty line every few seconds, so that a GUI goes on waiting."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(SIGN_OF_LIFE_S):
                self._writer.write("")

        thread = threading.Thread(target=beat, name="signs of life", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _setoption(self, arguments: str) -> None:
        parsed = parse_setoption(arguments)
        if parsed is None:
            self._complain("setoption needs a name: setoption name USI_Hash value 64")
            return
        name, value = parsed
        try:
            info = find_client_option(name)
            if info is not None:
                self._client = self._client.with_text(info, self._fitted(info, name, value or ""))
                if info.field == "resign_threshold":
                    self._options = replace(self._options, resign_value=self._client.resign_value)
            else:
                levels = self._engine.levels(self._options)
                option = levels.fitted(find_option(EngineProtocol.USI, name))
                fitting = self._fitted(option, name, value or "")
                options = self._options.with_text(EngineProtocol.USI, name, fitting)
                options, remark = levels.as_set_last(EngineProtocol.USI, name, options)
                if option.field in LEVEL_FIELDS:
                    self._engine.check(options)
                self._options = options
                if remark is not None:
                    self._tell(remark)
        except KeyError:
            self._tell(f"unknown option {name}; ignored")
        except BadOption as error:
            self._complain(str(error))
        else:
            self._engine.configure(self._options)
            self._open_log()

    def _fitted(self, info: OptionInfo, name: str, text: str) -> str:
        """Return the text of a value that the option takes, the nearest one to a number that it does not; say so."""
        fitting = fit_text(info, text)
        if fitting != text:
            self._tell(f"{name} takes {info.minimum} to {info.maximum}, not {text}: {fitting} is taken")
        return fitting

    def _usinewgame(self, _: str) -> None:
        self._engine.new_game()
        if not self._searching:
            self._load_changed_weights(self._current())

    def _current(self) -> Position:
        if self._position is None:
            game = load_game("shogi")
            self._position = game.initial(game.spec.shapes[0])
        return self._position

    def _root(self) -> Position:
        return self._current()

    def _position_command(self, arguments: str) -> None:
        words, game = arguments.split(), load_game("shogi")
        self._refused = self._problem = None
        self._cut_short = False
        try:
            self._position, complaint = position_of_words(words, game)
            self._cut_short = complaint is not None
        except BadPosition as error:
            self._problem = _mate_problem(words)
            if self._problem is None:
                self._refused = str(error)
                complaint = f"{error}; there is no position until the next one"
            else:
                self._refused = "the player to move has no king, so it is one for go mate"
                complaint = None
        if complaint is not None:
            self._complain(complaint)

    def _go(self, arguments: str) -> None:
        command = parse_go(arguments.split())
        self._complain_of_each(command.problems)
        self._end_mate_search()
        self._pay()
        if command.mate:
            self._search_for_mate(command)
        elif self._refused is not None:
            limits = command.limits(self._mover, None)
            self._answer_without_position(self._refused, endless=limits.endless or limits.ponder)
        else:
            self._search_for_move(command, self._current())

    def _search_for_mate(self, command: UsiGoCommand) -> None:
        self._engine.stop()
        self._engine.wait(STOP_SECONDS)
        if self._refused is not None and self._problem is None:
            self._complain(f"there is no position to search: {self._refused}")
            self._writer.write("checkmate timeout")
        elif self._cut_short:
            self._complain("a position with an illegal move is not searched for a mate")
            self._writer.write("checkmate timeout")
        else:
            helper = self._engine.mate_helper()
            if helper is None:
                self._complain("this engine has nobody who proves mates")
                self._writer.write("checkmate timeout")
                return
            problem = self._problem or helper.problem(self._current())
            self._mate = MateSearch(helper, problem, command.mate_ms, self._writer.write)
            self._tell_notice()

    def _search_for_move(self, command: UsiGoCommand, position: Position) -> None:
        actions, problems = root_actions(command.search_moves, position)
        if command.problems and command.limitless and not command.ponder:
            problems.append(NO_LIMIT_LEFT)
        self._complain_of_each(problems)
        self._mover = position.mover
        self._stopped = False
        self._start_search(
            position,
            command.limits(position.mover, actions),
            partial(info_lines, options=self._options),
            partial(bestmove_line, declares=self._may_declare(position)),
        )

    def _may_declare(self, position: Position) -> bool:
        from muzero_engine.games.shogi.declarations import Declaration, may_declare
        from muzero_engine.games.shogi.rules import ShogiPosition

        rule = Declaration(self._client.entering_king_rule)
        return isinstance(position, ShogiPosition) and may_declare(position, rule)

    def _ponderhit(self, arguments: str) -> None:
        self._pay()
        if self._searching:
            self._engine.ponderhit(parse_go(arguments.split()).clock(self._mover))

    def _stop(self, _: str) -> None:
        self._end_mate_search()
        self._stopped = True
        self._engine.stop()
        self._pay()

    def _end_mate_search(self) -> None:
        if self._mate is not None:
            self._mate.stop()
            self._mate = None


def _mate_problem(words: list[str]) -> str | None:
    """Return the SFEN of what follows `position` if it is a mate problem, in which one king is enough."""
    from muzero_engine.games.shogi.mate import mate_problem

    setup, moves = split_position(words)
    try:
        return mate_problem(" ".join(setup), moves)
    except BadPosition:
        return None
