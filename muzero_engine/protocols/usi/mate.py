"""`go mate`: the rules' own mate search in a thread, answered by exactly one `checkmate ...` line."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

FIRST_NODES = 4_096
MOST_NODES = 1 << 20  # about a second, during which `stop` waits
GROWTH = 4

_log = logging.getLogger(__name__)


class MateSearch:
    """Runs from its making on; `write` gets the answer, from another thread.

    `limit_ms` of None is `infinite`. The answer is `checkmate M1 M2 ...`, `checkmate nomate`, or `checkmate timeout`
    when time, nodes or the client's patience ran out.
    """

    def __init__(self, sfen: str, limit_ms: int | None, write: Callable[[str], None]) -> None:
        self._sfen = sfen
        self._deadline = None if limit_ms is None else time.monotonic() + limit_ms / 1000.0
        self._write = write
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mate", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the search; the answer was written when this returns."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            answer = self._answer()
        except Exception:  # an answer is owed whatever the solver does
            _log.exception("go mate")
            answer = "timeout"
        self._write(f"checkmate {answer}")

    def _answer(self) -> str:
        from muzero_engine.games.shogi.mate import find_mate  # cshogi is needed only from here on

        nodes = FIRST_NODES
        while True:
            started = time.monotonic()
            result = find_mate(self._sfen, nodes)
            if result.decided:
                return " ".join(result.moves) or "nomate"
            now = time.monotonic()
            # The next round costs GROWTH times this one and may not run past the deadline.
            late = self._deadline is not None and now + GROWTH * (now - started) > self._deadline
            if late or nodes >= MOST_NODES or self._stop.is_set():
                return "timeout"
            nodes *= GROWTH
