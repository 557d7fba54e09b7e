"""Engines and games for tests of the match runner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.engines.base import Client
from muzero_engine.match.engines.registry import make_client
from muzero_engine.match.play.game import EndedGame, GamePlan, Seat, play_game
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, GameSettings, Patience, client_kind
from muzero_engine.match.settings.time_control import TimeControl

SCRIPT = Path(__file__).parent / "match_engine.py"
PATIENT = Patience(start_s=60.0, answer_s=60.0, unlimited_s=60.0, late_s=60.0)  # the machine may be busy
LIMIT = "60"


def scripted(name: str, game: str, *arguments: str, limit: str | None = None) -> EngineSettings:
    """Return a scripted engine; see `match_engine`."""
    kind = client_kind(game)
    command = (sys.executable, "-S", "-E", str(SCRIPT), kind.value, *arguments)
    return EngineSettings(name=name, kind=kind, command=command, control=TimeControl.parse(limit or LIMIT))


def random_player(name: str, *, seed: int = 1) -> EngineSettings:
    """Return the runner's own random player."""
    return EngineSettings(name=name, kind=ClientKind.RANDOM, seed=seed)


@contextmanager
def seats(first: EngineSettings, second: EngineSettings, game: str, patience: Patience) -> Iterator[tuple[Seat, Seat]]:
    """Return two started engines, which are ended afterwards."""
    clients: list[Client] = []
    try:
        for settings in (first, second):
            clients.append(make_client(settings, load_game(game), patience))
            clients[-1].start()
        yield Seat(first, clients[0]), Seat(second, clients[1])
    finally:
        for client in clients:
            client.close()


def play(
    first: EngineSettings, second: EngineSettings, settings: GameSettings, opening: Opening | None = None
) -> EndedGame:
    """Play one game."""
    plan = GamePlan(first=first.name, second=second.name, opening=opening or Opening("start"), pair=0, game=0)
    with seats(first, second, settings.game, settings.patience) as (one, two):
        return play_game(plan, (one, two), load_game(settings.game), settings)


def record(first: EngineSettings, second: EngineSettings, settings: GameSettings) -> GameRecord:
    """Return the record of one game."""
    return play(first, second, settings).record
