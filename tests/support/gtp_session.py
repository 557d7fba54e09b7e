"""A GTP session to talk to in tests, with an engine that does as it is told or with a real one and a fake model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.go.rules import SPEC, GoPosition
from muzero_engine.model import InitialOutput, Model, RecurrentOutput
from muzero_engine.protocols.common.stdio import Inbox, Writer
from muzero_engine.protocols.gtp.params import GtpSettings
from muzero_engine.protocols.gtp.session import GtpSession
from support.fakes import HashModel
from support.scripted_engine import ScriptedEngine
from support.transcript import Output

DOUBT = 2.0  # points: how far the scripted score may be off, as the scale of a logistic distribution


class GoScriptedEngine(ScriptedEngine):
    """A scripted engine that answers a search for a move at once unless `hold` is set; the rest waits for the test.

    `resigning` makes each result a resignation; black owns every point by `owned`.
    """

    def __init__(self, options: EngineOptions | None = None) -> None:
        super().__init__(options)
        self.hold = False
        self.resigning = False
        self.owned: float | None = None
        self.fails = ""
        self.interval_ms: float | None = None
        self.root_widening = 1.0

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
        def done(result: SearchResult) -> None:
            on_done(replace(result, resign=plays and self.resigning))

        self.interval_ms = info_interval_ms
        self.root_widening = root_widening
        super().go(position, limits, on_info=on_info, on_done=done, info_interval_ms=info_interval_ms)
        self._error = self.fails or None
        if not (self.hold or limits.infinite or limits.ponder):
            self.finish()

    def ownership(self, positions: Sequence[Position]) -> list[Floats | None]:
        if self.owned is None:
            return [None] * len(positions)
        signs = [1.0 if position.mover == 0 else -1.0 for position in positions]
        return [np.full(positions[0].shape, sign * self.owned, dtype=np.float32) for sign in signs]

    def values(self, positions: Sequence[Position]) -> list[float]:
        """Whoever owns the board by `owned` has that many points, give or take a few."""
        assert self.owned is not None
        values = []
        for position in positions:
            assert isinstance(position, GoPosition)
            black = self.owned * position.shape[0] * position.shape[1] - position.komi
            values.append(math.tanh((black if position.mover == 0 else -black) / (2 * DOUBT)))
        return values

    def info(self) -> SearchInfo:
        info = super().info()
        assert self._position is not None
        if self.owned is None:
            return info
        owned = self.owned if self._position.mover == 0 else -self.owned
        return replace(info, ownership=np.full(self._position.shape, owned, dtype=np.float32))


class GoHashModel:
    """`HashModel` for boards of any size."""

    latent_levels = 0

    def __init__(self) -> None:
        self._models: dict[Shape, HashModel] = {}

    def _model(self, planes: Floats) -> HashModel:
        shape = (planes.shape[-2], planes.shape[-1])
        return self._models.setdefault(shape, HashModel(SPEC, shape))

    def initial_inference(self, observation: Floats) -> InitialOutput:
        return self._model(observation).initial_inference(observation)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        return self._model(latent).recurrent_inference(latent, action)


def load_hash_model(_: EngineOptions) -> Model:
    """Return a model, as a `ModelLoader` does."""
    return GoHashModel()


class Talk:
    """A session and what it writes."""

    def __init__(self, engine: Engine | None = None, *, settings: GtpSettings | None = None, shape: Shape = (9, 9)):
        self.scripted = GoScriptedEngine()
        self.output = Output()
        self.inbox = Inbox()
        self.session = GtpSession(
            self.scripted if engine is None else engine,
            Writer(self.output),
            self.inbox,
            name="MuZero Engine",
            version="1.2.3",
            settings=settings,
            shape=shape,
        )

    def response(self, line: str) -> str:
        """Return the whole response to a line but for the empty line at its end."""
        self.session.handle(line)
        return "\n".join(self.output.until("")[:-1])

    def ask(self, line: str) -> str:
        """Return the text of a successful response."""
        response = self.response(line)
        assert response.startswith("="), f"{line}: {response}"
        return response[1:].removeprefix(" ")

    def refuse(self, line: str) -> str:
        """Return the message of a failure response."""
        response = self.response(line)
        assert response.startswith("? "), f"{line}: {response}"
        return response[2:]


def board_rows(talk: Talk) -> list[str]:
    """Return the rows of the board from the top, without numbers and marks of the last stone."""
    lines = talk.ask("showboard").split("\n")[2:-3]
    return ["".join(mark for mark in line[2:-1] if mark in ".+XO") for line in lines]


def living_stones(talk: Talk) -> str:
    """Return the stones that count as alive."""
    return talk.ask("final_status_list alive")


def play_moves(talk: Talk, moves: str) -> None:
    """Play moves such as "bE5 wpass"."""
    for move in moves.split():
        talk.ask(f"play {move[0]} {move[1:]}")
