"""What UCI, UGI and USI sessions are alike in: telling a search, loading weights, what goes wrong in one line."""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Sequence
from functools import partial

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.protocols.common.search_text import final_info, one_line
from muzero_engine.protocols.common.stdio import Writer

MOST_PROBLEMS = 10  # of one command that are told
STOP_SECONDS = 5.0  # for a search to end once it was stopped

InfoLines = Callable[[SearchInfo, Position], list[str]]
BestmoveLine = Callable[[SearchResult, Position], str]

_log = logging.getLogger(__name__)


class ReportedSearch:
    """What one `go` tells the client. Called by the engine's search thread, one call at a time."""

    def __init__(self, writer: Writer, position: Position, info_lines: InfoLines, bestmove_line: BestmoveLine) -> None:
        self._writer = writer
        self._position = position.copy()
        self._info_lines = info_lines
        self._bestmove_line = bestmove_line
        self._last: SearchInfo | None = None
        self.done = False  # bestmove was sent

    def on_info(self, info: SearchInfo) -> None:
        self._last = info
        self._writer.write("\n".join(self._info_lines(info, self._position)))

    def on_done(self, result: SearchResult, error: str | None) -> None:
        lines = [] if error is None else [f"info string error: {one_line(error)}"]
        info = final_info(result)
        if info is not self._last:
            lines += self._info_lines(info, self._position)
        lines.append(self._bestmove_line(result, self._position))
        self.done = True
        self._writer.write("\n".join(lines))


class GuiSession(abc.ABC):
    """The common half of a UCI, a UGI and a USI session.

    `describe` gives one line about the weights in use ("" for none), asked for after they were loaded and told in an
    `info string` of the next search whenever it has changed (not at once: python-chess warns of every line that comes
    before the first `go`, so only what is wrong is said there).
    """

    no_move: str  # in `bestmove` where there is none

    def __init__(
        self, engine: Engine, writer: Writer, *, name: str, author: str, describe: Callable[[], str] = lambda: ""
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._name = name
        self._author = author
        self._describe = describe
        self._description = self._told = ""
        self._noticed: str | None = None
        self._options = engine.options
        self._search: ReportedSearch | None = None
        self._logged_to = ""
        self._open_log()
        self._owes_nothing_found = False  # an endless `go` without a position waits for `stop`

    def close(self) -> None:
        self._pay()
        self._engine.close()

    def refuse(self, why: str) -> None:
        self._complain(why)

    @property
    def _searching(self) -> bool:
        return self._search is not None and not self._search.done

    def _tell(self, text: str) -> None:
        self._writer.write(f"info string {one_line(text)}")

    def _complain(self, text: str) -> None:
        self._tell(f"error: {text}")

    def _complain_of_each(self, problems: Sequence[str]) -> None:
        """Tell what is wrong, a line each, but not without end."""
        for problem in problems[:MOST_PROBLEMS]:
            self._complain(problem)
        if len(problems) > MOST_PROBLEMS:
            self._complain(f"and {len(problems) - MOST_PROBLEMS} more")

    def _guarded(self, name: str, command: Callable[[str], None], arguments: str) -> None:
        """Run a command: a session outlives every fault of a single one, and a `go` is answered all the same."""
        try:
            command(arguments)
        except Exception as error:
            _log.exception("%s", name)
            if name == "go":
                self._give_up()
            self._complain(f"{name} failed: {error}")

    @abc.abstractmethod
    def _root(self) -> Position:
        """Return the position that a `go` would search."""

    def _give_up(self) -> None:
        """Answer a `go` of which no search came, with a move."""
        position = self._root()
        legal = position.legal_actions()
        self._writer.write(f"bestmove {position.action_text(int(legal[0])) if len(legal) else self.no_move}")

    def _load_weights(self, position: Position) -> None:
        """Load the weights for `isready`, and tell what is wrong with them: `readyok` is owed all the same."""
        try:
            self._engine.wait(STOP_SECONDS)  # bestmove may be out, but the search thread not back yet
            self._engine.prepare(position.shape)
            self._tell_notice()
            self._description = self._describe()
        except Exception as error:
            if not isinstance(error, ValueError | RuntimeError):
                _log.exception("isready")
            self._complain(str(error))

    def _open_log(self) -> None:
        """Log into the file of the options, if it is another now; where that fails, say so and do without."""
        path = self._options.log_file
        if path == self._logged_to:
            return
        self._logged_to = path
        try:
            self._writer.log.open(path)
        except OSError as error:
            self._complain(f"LogFile {path}: {error.strerror or error}")

    def _tell_notice(self) -> None:
        """Say what is not as the options ask, once."""
        notice = self._engine.notice
        if notice is not None and notice != self._noticed:
            self._tell(notice)
        self._noticed = notice

    def _finish(self, search: ReportedSearch, result: SearchResult) -> None:
        """Take the end of a search; the engine's search thread calls it."""
        self._tell_notice()
        search.on_done(result, self._engine.error)

    def _load_changed_weights(self, position: Position) -> None:
        """Load at a new game what options have changed since, so that no clock pays for it."""
        if self._engine.stale:
            self._load_weights(position)

    def _answer_without_position(self, why: str, *, endless: bool) -> None:
        """Answer a `go` after a position that was refused: with no move, which is none of another position.

        `endless` searches are answered when they are stopped.
        """
        self._engine.stop()
        self._engine.wait(STOP_SECONDS)
        self._complain(f"there is no position to search: {why}")
        self._owes_nothing_found = True
        if not endless:
            self._pay()

    def _pay(self) -> None:
        """Give the answer that `_answer_without_position` holds back, if it does."""
        if self._owes_nothing_found:
            self._owes_nothing_found = False
            self._writer.write(f"info depth 0 score cp 0\nbestmove {self.no_move}")

    def _start_search(
        self, position: Position, limits: Limits, info_lines: InfoLines, bestmove_line: BestmoveLine
    ) -> None:
        self._pay()
        if self._description != self._told:
            self._told = self._description
            self._tell(self._description)
        search = ReportedSearch(self._writer, position, info_lines, bestmove_line)
        self._engine.go(position, limits, on_info=search.on_info, on_done=partial(self._finish, search))
        self._search = search
