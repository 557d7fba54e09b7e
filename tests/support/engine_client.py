"""An engine and what it told, for the tests of the engine."""

from __future__ import annotations

import threading
from dataclasses import replace

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.registry import load_game
from muzero_engine.model import Model
from support.fakes import HashModel

DECLARABLE = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b 2P 1"  # black may declare a win
PATIENCE = 30.0  # seconds, against a hang


class Client:
    """An engine and what it told."""

    def __init__(self, game: str = "tictactoe", model: Model | None = None, **options: object) -> None:
        self.game = load_game(game)
        self.shape: Shape = self.game.spec.shapes[0]
        fake = model or HashModel(self.game.spec, self.shape)
        self.engine = Engine(lambda _: fake, replace(EngineOptions(), **options))  # type: ignore[arg-type]  # by name
        self.infos: list[SearchInfo] = []
        self.results: list[SearchResult] = []
        self.informed = threading.Event()

    def _on_info(self, info: SearchInfo) -> None:
        self.infos.append(info)
        self.informed.set()

    def start(self, limits: Limits, position: Position | None = None, interval_ms: float | None = None) -> None:
        self.informed.clear()
        self.engine.go(
            position or self.game.initial(self.shape),
            limits,
            on_info=self._on_info,
            on_done=self.results.append,
            info_interval_ms=interval_ms,
        )

    def go(self, limits: Limits, position: Position | None = None) -> SearchResult:
        self.start(limits, position)
        assert self.engine.wait(PATIENCE)
        return self.results[-1]


def at(game: str, text: str) -> Position:
    """Return the position of a text."""
    return load_game(game).from_text(text)
