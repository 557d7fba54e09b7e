"""`go mate`: an exact search by the rules, in the engine's helper process, answered by one `checkmate ...` line."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from muzero_engine.engine.mate_helper import MateHelper

MOST_NODES = 1 << 20  # of the last look, a second or two and 150 MB

_log = logging.getLogger(__name__)


class MateSearch:
    """Runs from its making on; `write` gets the answer, from another thread.

    `problem` is as `MateSolver` has it; `limit_ms` of None is `infinite`. The answer is `checkmate M1 M2 ...`,
    `checkmate nomate`, or `checkmate timeout` when time, nodes or the client's patience ran out. Meanwhile nobody else
    may use `helper`.
    """

    def __init__(self, helper: MateHelper, problem: str, limit_ms: int | None, write: Callable[[str], None]) -> None:
        self._helper = helper
        self._deadline = None if limit_ms is None else time.monotonic() + limit_ms / 1000.0
        self._asked = helper.ask(problem, (), MOST_NODES)
        self._write = write
        self._thread = threading.Thread(target=self._run, name="mate", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the search; the answer was written when this returns."""
        self._helper.give_up()
        self._thread.join()

    def _run(self) -> None:
        try:
            answer = self._answer()
        except Exception:  # an answer is owed whatever the solver does
            _log.exception("go mate")
            answer = "timeout"
        self._write(f"checkmate {answer}")

    def _answer(self) -> str:
        if not self._asked:
            return "timeout"
        self._helper.wait(None if self._deadline is None else max(0.0, self._deadline - time.monotonic()))
        found = self._helper.take()
        if found:
            return " ".join(found[0].moves) or "nomate"
        self._helper.rest()
        return "timeout"
