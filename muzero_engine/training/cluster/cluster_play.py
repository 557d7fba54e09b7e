"""`ClusterPlay`: the games of a run, played by the actors of a cluster; what `SelfPlay` is where a run plays alone.

A game counts once the learner has it in its replay: that is what "acknowledged" means here. The next checkpoint holds
it with the rest of the replay, so that it survives the learner too. Games in progress are the actors': where one is
killed they are lost, and never counted.

With several ranks the first one alone speaks to the coordinator. It deals deliveries to all of them, each time to
the rank that has got the least.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import network_bytes
from muzero_engine.training.cluster.fleet import ClusterLost
from muzero_engine.training.cluster.link import CoordinatorLink, CoordinatorSetup
from muzero_engine.training.cluster.messages import Delivery, Demand, Harvest, Joined, PlayOrders, Weights
from muzero_engine.training.cluster.packing import added, identity, joined, parted, unpacked_games
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.statistics import GameCounts, SelfPlayStatistics
from muzero_engine.training.settings_text import to_json
from muzero_engine.training.types import FinishedGames

PAUSE = 0.02  # seconds between two questions while no games come
RETRY_SECONDS = 10.0  # between two attempts to join a cluster that was lost
RATE_SECONDS = 30.0  # that the rate of games is taken from
NEW_SEEDS = 15_485_863  # a session's games are no other's: its seed is so much greater


class Link(Protocol):
    """What speaks to a coordinator, see `CoordinatorLink`."""

    def joined(self) -> Joined | None: ...
    def ask(self, demand: Demand) -> Harvest | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which cluster plays, and how it is reached."""

    address: str  # "auto" or host:port
    note: Callable[[str], None]  # takes lines for people
    connect: Callable[[CoordinatorSetup], Link] = CoordinatorLink


@dataclass(slots=True)
class _Cycle:
    """One call of `play`."""

    wanted: int  # moves of all ranks
    dealt: list[int]  # delivered moves that each rank got; known to the first
    delivered: int = 0  # moves of the actors
    games: int = 0  # of the actors; known to the first
    called: int = 0  # meanwhile
    statistics: list[SelfPlayStatistics] = field(default_factory=list)
    ended: dict[Shape, list[FinishedGames]] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def keep(self, parts: Iterable[FinishedGames]) -> None:
        for games in parts:
            self.ended.setdefault(games.shape, []).append(games)


class ClusterPlay:
    """The games of one rank. All ranks call `play` together."""

    def __init__(
        self,
        cluster: Cluster,
        config: TrainConfig,
        network: MuZeroNetwork,
        world: World,
        folder: Path,
        cycle: int,
        own: SelfPlay | None = None,
    ) -> None:
        """Join the cluster. `network` is the one that plays: the caller changes its weights between calls of `play`.

        `cycle` is how many the run has behind it. With games of its `own` this rank plays as well, as much of each
        cycle as it is fast; they are closed with this object, also where this raises ClusterLost (on the first rank).
        """
        self._own, self._own_share = own, 1.0
        self._cluster, self._config, self._network, self._world = cluster, config, network, world
        self._folder = folder
        self._seed = config.seed + 1_000_003 * cycle
        self._sessions = 0  # coordinators so far
        self._may_begin = True  # a cluster of this machine alone: later only where the first one was one
        self._version = cycle
        self._weights = b""
        self._sent = False  # the weights to the coordinator that is there now
        self._link: Link | None = None
        self._joining: Link | None = None  # after one was lost
        self._retry_at = 0.0
        self._demand: Demand | None = None  # that was not answered yet
        self._answered = Harvest()
        self._dropped_before = 0  # by coordinators that are no more
        self._arrived: deque[tuple[float, int]] = deque()  # when so many games came
        self._cycle = _Cycle(0, [0])
        self.statistics = GameCounts().statistics(0, 0, 0.0, 0.0, 0.0)
        if world.is_main:
            link = self._link = self._connected()
            try:
                while (there := link.joined()) is None:
                    pass
            except BaseException:
                self.close()
                raise
            self._may_begin = there.began
            cluster.note(f"games come from {there.where}")

    @property
    def moves(self) -> int:
        """Return the moves of this call of `play`, so far, for each rank."""
        return self._total() // self._world.size

    @property
    def games(self) -> int:
        """Return the games that ended in it."""
        return self._cycle.games // self._world.size + (0 if self._own is None else self._own.games)

    @property
    def failure(self) -> None:
        """Return nothing: an actor that fails is ended, and the others play on."""
        return None

    @property
    def left(self) -> str:
        return "" if self._own is None else self._own.left

    @property
    def notice(self) -> str:
        """Return nothing: saved games go on as they were."""
        return ""

    @property
    def who_plays(self) -> str:
        """Return how many actors there are, how many games they bring, and how stale these are."""
        answer, now = self._answered, time.monotonic()
        if not self._world.is_main:
            return ""
        if self._link is None:
            return "the cluster is lost"
        games = sum(count for when, count in self._arrived if now - when < RATE_SECONDS)
        since = min(RATE_SECONDS, now - self._arrived[0][0]) if self._arrived else 0.0
        parts = [
            f"{answer.actors} actor{'' if answer.actors == 1 else 's'}",
            *([f"{answer.waiting} waiting"] if answer.waiting else []),
            f"{games / since if since > 0 else 0.0:.1f} games/s",
            f"staleness {answer.staleness:.1f}",
            f"{self._dropped_before + answer.dropped:,} dropped",
        ]
        return ", ".join(parts)

    def turns(self, plies: int) -> int:
        """Return how often `play` calls `meanwhile`: once a gradient step."""
        return self._config.learner.steps_per_cycle

    def play(
        self,
        plies: int,
        meanwhile: Callable[[], None] | None = None,
        stop: Callable[[], bool] | None = None,
        due: Callable[[], bool] = lambda: False,
    ) -> list[FinishedGames]:
        """Return the games that ended while at least so many moves were played for each rank.

        `meanwhile` is called as often as `turns` says, as moves come in. `stop` is asked all the time; where it says
        yes, what came until then is returned. `due` is for this rank's own games.
        """
        self._cycle = cycle = _Cycle(plies * self._world.size, [0] * self._world.size)
        self._renew_weights()

        def go_on() -> None:
            self._collect(cycle)
            while cycle.called < self.turns(plies) * min(self._total(), cycle.wanted) // cycle.wanted:
                cycle.called += 1
                if meanwhile is not None:
                    meanwhile()

        if self._own is not None:
            own_plies = self._shared(math.ceil(plies * self._own_share))
            cycle.keep(self._own.play(own_plies, go_on, stop, due))
            cycle.statistics.append(self._own.statistics)
        while (stop is None or not stop()) and self._total() < cycle.wanted:
            before = cycle.delivered
            go_on()
            if cycle.delivered == before:
                time.sleep(PAUSE)
        self.statistics = added(cycle.statistics, cycle.seconds)
        if self._own is not None and cycle.called == self.turns(plies):
            self._share_out(cycle)
        return [FinishedGames.cat(parts) for parts in cycle.ended.values()]

    def state(self) -> dict[str, Tensor]:
        """Return the games in progress of this rank's own; those of the actors are theirs."""
        return {} if self._own is None else self._own.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on with this rank's own games in progress, if it plays. Raises BadState."""
        if self._own is not None:
            self._own.load_state(state)

    def close(self) -> None:
        """End the actors, and the cluster if the run began it."""
        if self._own is not None:
            self._own.close()
        self._disconnect()

    def _disconnect(self) -> None:
        for link in (self._link, self._joining):
            if link is not None:
                link.close()
        self._link = self._joining = self._demand = None

    def _connected(self) -> Link:
        config, cycle_plies = self._config, self._config.self_play.plies_per_cycle * self._world.size
        orders = PlayOrders(
            config=to_json(config),
            network=self._network.config.to_json(),
            actor=self._world.size,
            seed=self._seed + NEW_SEEDS * self._sessions,
            on_gpu=False,
            threads=config.cluster.cores,
        )
        self._sessions += 1
        self._sent = False
        return self._cluster.connect(
            CoordinatorSetup(
                address=self._cluster.address,
                may_begin=self._may_begin,
                folder=self._folder,
                game=config.game,
                ours=identity(config.game),
                settings=config.cluster,
                orders=orders,
                cycle_plies=cycle_plies,
                learns_on_gpu=self._world.device.type == "cuda",
            )
        )

    def _renew_weights(self) -> None:
        """Give the network's weights a new version if they changed."""
        if not self._world.is_main:
            return
        data = network_bytes(self._network)
        if data != self._weights:
            self._version += bool(self._weights)
            self._weights, self._sent = data, False

    def _deliveries(self, plies: int) -> tuple[Delivery, ...]:
        """Return what came for all ranks; nothing on others than the first."""
        if not self._world.is_main:
            return ()
        try:
            return self._asked(plies)
        except ClusterLost as error:
            if self._link is not None:
                self._cluster.note(f"{error}; trying to join again every {RETRY_SECONDS:.0f} s")
                self._dropped_before += self._answered.dropped
                self._answered = Harvest()
            self._lost()
            return ()

    def _asked(self, plies: int) -> tuple[Delivery, ...]:
        if self._link is None:
            self._rejoin()
            return ()
        if self._demand is None:
            self._demand = Demand(plies, None if self._sent else Weights(self._version, self._weights))
        answer = self._link.ask(self._demand)
        if answer is None:
            return ()
        weights, self._demand, self._answered = self._demand.weights, None, answer
        self._sent |= weights is not None and weights.version == self._version
        for note in answer.notes:
            self._cluster.note(note)
        now = time.monotonic()
        if games := sum(delivery.statistics.games for delivery in answer.deliveries):
            self._arrived.append((now, games))
        while self._arrived and now - self._arrived[0][0] > RATE_SECONDS:
            self._arrived.popleft()
        return answer.deliveries

    def _rejoin(self) -> None:
        """Go a step towards another coordinator, without waiting. Raises ClusterLost."""
        if self._joining is None:
            if time.monotonic() >= self._retry_at:
                self._joining = self._connected()
        elif (there := self._joining.joined()) is not None:
            self._link, self._joining = self._joining, None
            self._cluster.note(f"games come from {there.where} again")

    def _lost(self) -> None:
        self._disconnect()
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def _collect(self, cycle: _Cycle) -> None:
        """Take in what came."""
        deliveries = self._deliveries(cycle.wanted - self._total())
        cycle.statistics += [delivery.statistics for delivery in deliveries]
        cycle.games += sum(delivery.statistics.games for delivery in deliveries)
        moves = sum(delivery.statistics.moves for delivery in deliveries)
        for data in self._dealt(deliveries, cycle.dealt):
            cycle.keep([unpacked_games(data, self._world.device)])
        cycle.delivered = self._shared(cycle.delivered + moves)

    def _total(self) -> int:
        """Return the moves of this call of `play` so far, of all ranks."""
        return self._cycle.delivered + (0 if self._own is None else self._own.moves * self._world.size)

    def _share_out(self, cycle: _Cycle) -> None:
        """Choose this rank's share of the next cycle so that it will be done when the actors are."""
        assert self._own is not None
        own = self._own.statistics
        own_rate = own.moves * self._world.size / max(own.seconds, 1e-6)
        self._own_share = own_rate / (own_rate + cycle.delivered / max(cycle.seconds, 1e-6))

    def _shared(self, number: int) -> int:
        """Return what the first rank has."""
        shared = torch.tensor([number if self._world.is_main else 0])
        self._world.sum_(shared)
        return int(shared)

    def _dealt(self, deliveries: tuple[Delivery, ...], dealt: list[int]) -> list[bytes]:
        """Return this rank's packed games of these deliveries; `dealt` counts the moves that each rank got."""
        hands: list[list[bytes]] = [[] for _ in dealt]
        for delivery in deliveries:
            rank = dealt.index(min(dealt))
            dealt[rank] += delivery.statistics.moves
            hands[rank] += delivery.games
        return parted(self._world.deal([joined(hand) for hand in hands]))
