"""From an engine's settings to its client."""

from __future__ import annotations

from muzero_engine.games.base import Game
from muzero_engine.match.clients.base import Client
from muzero_engine.match.clients.gtp import GtpClient
from muzero_engine.match.clients.random_player import RandomClient
from muzero_engine.match.clients.uci import UciClient
from muzero_engine.match.clients.usi import UsiClient
from muzero_engine.match.settings import ClientKind, EngineSettings, Patience


def make_client(settings: EngineSettings, game: Game, patience: Patience) -> Client:
    """The client of an engine, which is not started yet."""
    match settings.kind:
        case ClientKind.UCI:
            return UciClient(settings, patience)
        case ClientKind.USI:
            return UsiClient(settings, patience)
        case ClientKind.GTP:
            return GtpClient(settings, patience)
        case ClientKind.RANDOM:
            return RandomClient(settings, game)
