"""`SelfPlayActor`: the self-play of one process among many. It knows nothing of what carries its calls."""

from __future__ import annotations

import dataclasses

import torch
from safetensors.torch import load as load_tensors

from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.cluster.messages import Delivery, Identity, PlayOrders
from muzero_engine.training.cluster.packing import identity, packed_games
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.searches import fast_searches, full_searches
from muzero_engine.training.settings_text import from_json


class SelfPlayActor:
    """Plays games with the weights that it is given. `pulse` may be called while another method runs, no other."""

    def __init__(self) -> None:
        """Do nothing yet: `identity` first, then `begin`, then `play` again and again."""
        self._simulations = 0  # of all games, of this actor's life
        self._version = -1
        self._number = 0  # of the last delivery
        self._seconds_a_round = 0.0  # 0: not known

    def identity(self, game: str) -> Identity:
        """Return what this machine's program and game are. Raises UnknownGame."""
        return identity(game)

    def begin(self, orders: PlayOrders) -> None:
        """Begin all games."""
        self._orders = orders
        config = from_json(orders.config)
        settings = config.self_play
        if not orders.on_gpu:
            torch.set_num_threads(orders.threads)
            settings = dataclasses.replace(settings, games=min(settings.games, config.cluster.games), workers=0)
        self._delivery_seconds = config.cluster.delivery_seconds
        config = dataclasses.replace(config, seed=orders.seed, self_play=settings)
        device = torch.device("cuda" if orders.on_gpu else "cpu")
        self._network = MuZeroNetwork(NetworkConfig.from_json(orders.network)).eval().requires_grad_(False)
        searches = full_searches(config, self._network, device)
        fast = fast_searches(config, self._network, device)
        self._searches = (*searches.values(), *fast.values())
        for search in self._searches:
            search.before_simulation = self._simulates
        self._self_play = SelfPlay(
            config,
            searches,
            device,
            rank=orders.actor,
            dtype=torch.bfloat16 if orders.on_gpu else torch.float32,
            fast_searches=fast or None,
        )

    def play(self, version: int, weights: bytes, most: int) -> Delivery:
        """Play on with these weights for about the time between two deliveries, and about `most` moves at most."""
        if version != self._version:
            self._network.load_state_dict(load_tensors(bytes(weights)))
            for search in self._searches:
                search.update_weights(self._network)
            self._version = version
        slots = self._self_play.slots
        rounds = int(self._delivery_seconds / self._seconds_a_round) if self._seconds_a_round else 1
        rounds = max(1, min(rounds, most // slots))
        games = self._self_play.play(rounds * slots)
        statistics = self._self_play.statistics
        self._seconds_a_round = statistics.seconds * slots / statistics.moves
        self._number += 1
        return Delivery(
            actor=self._orders.actor,
            number=self._number,
            version=version,
            games=tuple(packed_games(each) for each in games),
            statistics=statistics,
        )

    def pulse(self) -> int:
        """Return a number that is greater than the last time if anything was done since."""
        return self._simulations + self._number

    def _simulates(self, games: int) -> None:
        self._simulations += games
