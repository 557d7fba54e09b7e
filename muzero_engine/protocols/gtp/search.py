"""How a GTP session uses the engine: blocking searches for a move, endless ones for analysis, and pondering.

- A search for a move blocks the session; lines that come meanwhile wait in the inbox. It runs to its own limits, also
  where `quit` or the end of input comes after it (commands through a pipe), unless the client is gone.
- An analysis runs until `end_analysis`, which the session calls for any further line. Its `info` lines are written by
  the search's thread.
- Pondering (the engine's option `ponder`) thinks about the position after the expected reply. It goes on while the
  session answers commands that do not search, and becomes the search for the move if the reply is played, and options
  and limits are still what they were.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from muzero_engine.arrays import Floats
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.points import RootPoints
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.protocols.common.gui_session import STOP_SECONDS
from muzero_engine.protocols.common.stdio import Inbox, Writer
from muzero_engine.protocols.gtp.analysis import Analysis, format_info
from muzero_engine.protocols.gtp.final_status import Ownerships, ownership_before_passing
from muzero_engine.protocols.gtp.frame import GtpError, quits
from muzero_engine.protocols.gtp.params import GtpSettings

ANALYSIS_LINES = 20  # moves of an analysis that come with a whole variation
_POLL_S = 0.02  # how often a session looks whether the client is gone, and where nothing wakes it


class InfoStream:
    """Prints a search as `info` lines, about one an interval. Called from the search's thread."""

    def __init__(
        self,
        writer: Writer,
        analysis: Analysis,
        position: GoPosition,
        pv_length: int,
        points: RootPoints,
        ownerships: Ownerships,
    ) -> None:
        self._writer = writer
        self._points = points
        self._ownerships = ownerships
        self._analysis = analysis
        self._position = position
        self._pv_length = pv_length
        self._printed: SearchInfo | None = None

    def __call__(self, info: SearchInfo) -> None:
        """Print unless the last line is younger than half the interval: the engine reports changes in between."""
        gap = 0.5 * (self._analysis.interval_ms or 0.0)
        if self._printed is None or info.elapsed_ms - self._printed.elapsed_ms >= gap:
            self.finish(info)

    def finish(self, info: SearchInfo) -> None:
        """Print the end of a search unless it was printed already."""
        if self._printed is not None and info.nodes == self._printed.nodes:
            return
        self._printed = info
        line = format_info(info, self._analysis, self._position, self._pv_length, self._points, self._ownerships)
        self._writer.write(line)


@dataclass(frozen=True, slots=True)
class Pondering:
    """A search for the move after the reply that is expected. `results` is filled when it ends."""

    position: GoPosition
    limits: Limits  # with `ponder`
    options: EngineOptions
    results: list[SearchResult]

    def is_for(self, limits: Limits) -> bool:
        """Return whether it can become a search with these limits, whose clock it is then told."""
        clock = None if limits.clock is None else self.limits.clock
        return replace(limits, clock=clock, ponder=True) == self.limits


class Searcher:
    """Runs one search of the engine at a time. For the session's thread."""

    def __init__(self, engine: Engine, writer: Writer, inbox: Inbox) -> None:
        self._engine = engine
        self._writer = writer
        self._inbox = inbox
        self._analysing = False
        self._noticed: str | None = None
        self._pondering: Pondering | None = None

    def prepare(self, position: GoPosition) -> None:
        """Load the model if that was not done yet, and end pondering about anything else, or as options no longer say.

        Raises GtpError.
        """
        pondering = self._pondering
        if pondering is not None and _same(pondering.position, position) and pondering.options == self._engine.options:
            return
        self.stop_pondering()
        try:
            self._engine.prepare(position.shape)
            self._tell_notice()
        except (ValueError, RuntimeError) as error:
            raise GtpError(str(error)) from None

    def _tell_notice(self) -> None:
        """Say on standard error what is not as the options ask, once: GTP has no place for it."""
        if self._engine.notice != self._noticed:
            self._noticed = self._engine.notice
            print(self._noticed or "all is as the options ask", file=sys.stderr)

    def search(
        self,
        position: GoPosition,
        limits: Limits,
        *,
        stream: InfoStream | None = None,
        interval_ms: float | None = None,
        plays: bool = True,
    ) -> SearchResult:
        """Return the result of a search, or of pondering where that was about this; with `plays` it is a move of the
        game. Call `prepare` before."""
        pondering, self._pondering = self._pondering, None
        if pondering is not None and pondering.is_for(limits) and stream is None:
            results = pondering.results
            self._engine.ponderhit(limits.clock)
        else:
            results = []
            self._engine.go(
                position,
                limits,
                on_info=_ignore if stream is None else stream,
                on_done=results.append,
                info_interval_ms=interval_ms,
                lines=None if stream is None else ANALYSIS_LINES,
                plays=plays,
            )
        while not self._engine.wait(_POLL_S):
            if self._inbox.abandoned:
                self._engine.stop()
        self._tell_notice()
        if stream is not None:
            stream.finish(results[0].info)
        return results[0]

    def search_until_input(self, position: GoPosition, limits: Limits) -> SearchResult | None:
        """Search for no move of the game; any further line ends it without a result (None). Call `prepare` before."""
        self._pondering = None
        results: list[SearchResult] = []

        def done(result: SearchResult) -> None:
            results.append(result)
            self._inbox.wake()

        self._engine.go(position, limits, on_info=_ignore, on_done=done, plays=False)
        cancelled = False
        while not results and not self._engine.wait(_POLL_S if cancelled or self._inbox.closed else 0.0):
            if self._inbox.wait(_POLL_S) or self._inbox.abandoned:
                cancelled = True
                self._engine.stop()
        self._engine.wait()
        return None if cancelled else results[0]

    def ownership(self, position: GoPosition) -> Floats | None:
        """Return whose each point would be if the game went on, in the view of the mover.

        It is None where no network says it.
        """
        try:
            self.prepare(position)
        except GtpError:
            return None
        self.stop_pondering()
        return ownership_before_passing(position, self._engine.ownership)

    def points(self, position: GoPosition) -> RootPoints:
        """Return what turns winning rates of a search of `position` into points."""
        return RootPoints(position, self._engine.values)

    def analyse(self, position: GoPosition, analysis: Analysis, settings: GtpSettings) -> None:
        """Start an analysis. Call `prepare` before."""
        self._analysing = True
        self._engine.go(
            position,
            Limits(infinite=True, root_actions=analysis.root_actions),
            on_info=self.stream(position, analysis, settings),
            on_done=_ignore,
            info_interval_ms=analysis.interval_ms,
            lines=ANALYSIS_LINES,
            root_widening=settings.root_widening,
        )

    def stream(self, position: GoPosition, analysis: Analysis, settings: GtpSettings) -> InfoStream:
        """Return what prints a search of `position` as `info` lines."""
        points, ownerships = self.points(position), self._engine.ownership
        return InfoStream(self._writer, analysis, position, settings.pv_length, points, ownerships)

    def end_analysis(self, *, leaving: bool = False) -> None:
        """End a running analysis and close its response with the empty line.

        A client that does not read meanwhile is waited for; one that is `leaving`, or that has `quit` or the end of its
        input behind this, counts as gone after `STOP_SECONDS`.
        """
        if not self._analysing:
            return
        self._analysing = False
        self._engine.stop()
        while not self._engine.wait(STOP_SECONDS):
            if leaving or self._inbox.is_leaving(quits):
                self._inbox.abandon()
                return
        self._writer.write("")

    def ponder(self, position: GoPosition, limits: Limits) -> None:
        """Think about `position`, to come after the expected reply. `limits` count once it is searched for a move."""
        results: list[SearchResult] = []
        self._pondering = Pondering(position, limits, self._engine.options, results)
        self._engine.go(position, limits, on_info=_ignore, on_done=results.append)

    def stop_pondering(self) -> None:
        """End pondering where there is any."""
        if self._pondering is not None:
            self._pondering = None
            self._halt()

    def _halt(self) -> None:
        self._engine.stop()
        self._engine.wait()


def _same(one: GoPosition, other: GoPosition) -> bool:
    """Return whether two positions have the same stones, moves, mover and komi."""
    return one.moves == other.moves and one.text() == other.text() and one.shape == other.shape


def _ignore(_: object) -> None:
    """Drop a report that nobody reads."""
