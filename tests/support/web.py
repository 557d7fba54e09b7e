"""A server of the board in the browser, with a model that is made up, in a thread of the test's process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from muzero_engine.commands.web import game_of_page
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.imagination import ImaginedPly, imagine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.strength import Levels
from muzero_engine.games.base import Position
from muzero_engine.games.registry import load_game
from muzero_engine.web.app import make_app
from muzero_engine.web.guard import Guard
from muzero_engine.web.server import settings_of
from muzero_engine.web.tab import Parts
from support.fakes import HashModel
from support.rules_model import RulesModel
from support.scripted_engine import LEVELS

ENGINES: list[Engine] = []  # that were made, so that tests see whether they end


def make_parts() -> Parts:
    """Return parts of a tab whose engine thinks with numbers that hang together, whatever the board."""
    ENGINES.clear()

    def levels(game: str, _options: EngineOptions) -> Levels:
        assert LEVELS.table is not None
        shapes = load_game(game).spec.shapes
        table = replace(LEVELS.table, board=shapes[0] if len(shapes) > 1 else None)
        return Levels(table, load_game(game).defaults.ranks)

    def make_engine(game: str, options: EngineOptions) -> Engine:
        spec = load_game(game).spec
        engine = Engine(lambda _: HashModel(spec, spec.shapes[0]), options, read_levels=lambda _: levels(game, options))
        ENGINES.append(engine)
        return engine

    def imagined(start: Position, actions: Sequence[int], _options: EngineOptions) -> list[ImaginedPly]:
        model = RulesModel(start)
        return imagine(model, model.decode, start, actions)

    def weights_line(game: str, _options: EngineOptions) -> str:
        return f"weights of {game}"

    return Parts(make_engine, game_of_page, imagined, weights_line, levels, EngineOptions(seed=1))


@contextmanager
def served(*, token: str | None = None, port: int = 0) -> Iterator[str]:
    """Serve on this port, or on a free one; yield the address."""
    listener = socket.create_server(("127.0.0.1", port))
    port = listener.getsockname()[1]
    app = make_app(make_parts(), Guard("127.0.0.1", port, token))
    server = uvicorn.Server(settings_of(app))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
