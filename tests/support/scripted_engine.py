"""An engine without a search, for transcripts: it reports and finishes only when the test says so.

The best move is the one whose protocol text comes first in the alphabet, each next one is worth 0.1 less (from 0.5),
and each variation is two plies long where the game allows it. Everything happens in the calling thread.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.mate_helper import MateHelper
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.engine.strength import Levels
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.registry import load_game
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable
from support.mates import DirectHelper

WEAK, STRONG = LevelSettings(1, 2.0, 0.01), LevelSettings(64, 0.0, 0.0)
LEVELS = Levels(
    LevelTable("scripted: random moves = 0", (Level(400.0, 30.0, 100, WEAK), Level(2200.0, 40.0, 80, STRONG)))
)


class ScriptedEngine(Engine):
    """`events` records the calls; `broken` is the message with which `prepare` fails; a variation has `pv_moves`."""

    def __init__(self, options: EngineOptions | None = None) -> None:
        self._options = options or EngineOptions()
        self._read_levels = lambda _: LEVELS
        self._levels = None
        self._position: Position | None = None
        self._callbacks: tuple[Callable[[SearchInfo], None], Callable[[SearchResult], None]] | None = None
        self._error: str | None = None
        self.limits = Limits()
        self.events: list[str] = []
        self.broken: str | None = None
        self.pv_moves = 2

    def actions(self) -> dict[str, Callable[[], None]]:
        """Return what transcripts of UCI and USI let it do, see `support.transcript`."""

        def break_(message: str | None) -> None:
            self.broken = message

        return {
            "report": self.report,
            "finish": self.finish,
            "break": lambda: break_("no such weights"),
            "repair": lambda: break_(None),
        }

    @property
    def stale(self) -> bool:
        return False

    @property
    def notice(self) -> str | None:
        return None

    def mate_helper(self) -> MateHelper | None:
        return DirectHelper(load_game("shogi"))

    def forget(self) -> None:
        self.events.append("forget")

    @property
    def options(self) -> EngineOptions:
        return self._options

    def configure(self, options: EngineOptions) -> None:
        self._options = options
        self.events.append("configure")

    def prepare(self, shape: Shape) -> None:
        self.events.append("prepare")
        if self.broken is not None:
            raise ValueError(self.broken)

    def new_game(self) -> None:
        self.events.append("new_game")

    def go(
        self,
        position: Position,
        limits: Limits,
        *,
        on_info: Callable[[SearchInfo], None],
        on_done: Callable[[SearchResult], None],
        info_interval_ms: float | None = None,
        lines: int | None = None,
        root_widening: float = 1.0,
        branches: int = 0,
        plays: bool = True,
    ) -> None:
        self.stop()
        self.events.append("go")
        self.limits = limits
        self._position = position.copy()
        self._error = self.broken
        self._callbacks = (on_info, on_done)

    @property
    def searching(self) -> bool:
        return self._callbacks is not None

    @property
    def error(self) -> str | None:
        return self._error

    def info(self) -> SearchInfo:
        position = self._position
        assert position is not None
        legal = [int(action) for action in position.legal_actions()]
        if self.limits.root_actions is not None:
            legal = [action for action in legal if action in self.limits.root_actions]
        endings = position.ending_actions()
        moves = []
        for rank, action in enumerate(sorted(legal, key=position.action_text)):
            value = max(-0.9, 0.5 - 0.1 * rank)
            pv = [action]
            position.push(action)
            while len(pv) < self.pv_moves and position.outcome() is None:
                pv.append(min((int(reply) for reply in position.legal_actions()), key=position.action_text))
                position.push(pv[-1])
            for _ in pv:
                position.pop()
            draw = (1.0 - abs(value)) / 2.0
            visits = 100 - rank
            moves.append(
                RootMove(action, visits, value, draw, 0.05, value, tuple(pv), endings.get(action), (visits,) * len(pv))
            )
        moves.sort(key=lambda move: -(move.value if move.ends is None else move.ends))
        logits = -np.arange(position.spec.num_actions(position.shape), dtype=np.float32)
        return SearchInfo(
            tuple(moves), 1000, 500.0, 3, 5, 12, 0.25, 0.25, None, network_draw=0.25, policy_logits=logits
        )

    def report(self) -> None:
        """Sends one info."""
        assert self._callbacks is not None
        self._callbacks[0](self.info())

    def finish(self) -> None:
        """Ends the search as if its limits were met."""
        assert self._callbacks is not None
        on_info, on_done = self._callbacks
        info = self.info()
        on_info(info)
        self._callbacks = None
        if not info.moves:
            on_done(SearchResult(None, None, info))
            return
        best = info.moves[0]
        on_done(SearchResult(best.action, best.pv[1] if len(best.pv) > 1 else None, info))

    def stop(self) -> None:
        if self._callbacks is not None:
            self.events.append("stop")
            self.finish()

    def ponderhit(self, clock: Clock | None = None) -> None:
        self.events.append("ponderhit")

    def wait(self, timeout: float | None = None) -> bool:
        return self._callbacks is None

    def close(self) -> None:
        self.stop()
        self.events.append("close")
