"""From an engine's settings to its client."""

from __future__ import annotations

from muzero_engine.games.base import Game
from muzero_engine.match.engines.base import Client
from muzero_engine.match.engines.gtp import GtpClient
from muzero_engine.match.engines.random_player import RandomClient
from muzero_engine.match.engines.uci import UciClient
from muzero_engine.match.engines.ugi import UgiClient
from muzero_engine.match.engines.usi import UsiClient
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, Patience


def make_client(settings: EngineSettings, game: Game, patience: Patience) -> Client:
    """Return the client of an engine, which is not started yet."""
    match settings.kind:
        case ClientKind.UCI:
            return UciClient(settings, patience)
        case ClientKind.UGI:
            return UgiClient(settings, patience)
        case ClientKind.USI:
            return UsiClient(settings, patience)
        case ClientKind.GTP:
            return GtpClient(settings, patience)
        case ClientKind.RANDOM:
            return RandomClient(settings, game)
