"""Runs whose games come from actors: nothing that counts is lost or doubled, whatever becomes of the actors."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.cluster import FakeFleet, Handle, InlineLink, real_fleet
from support.runs import quiet, resumed, tiny

from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import network_bytes
from muzero_engine.training.cluster import cluster_play
from muzero_engine.training.cluster.actor import SelfPlayActor
from muzero_engine.training.cluster.cluster_play import Cluster, ClusterPlay
from muzero_engine.training.cluster.link import CoordinatorSetup
from muzero_engine.training.cluster.messages import PlayOrders
from muzero_engine.training.cluster.packing import joined, packed_games, parted, unpacked_games
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.replay.replay import Replay
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_counters
from muzero_engine.training.run.loop import RunEnd, train
from muzero_engine.training.run.run import TrainingRun
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.searches import full_searches
from muzero_engine.training.settings_text import to_json
from muzero_engine.training.types import FinishedGames, tensors_of

torch.set_num_threads(1)
CPU = torch.device("cpu")


def nothing(fleet: FakeFleet) -> None:
    pass


class FakeCluster:
    """Connects to fleets in this process."""

    def __init__(self, before: Callable[[FakeFleet], None] = nothing, actors: int = 4) -> None:
        self.notes: list[str] = []
        self.links: list[InlineLink] = []
        self._before, self._actors = before, actors
        self.cluster = Cluster(address="fake", note=self.notes.append, connect=self._connect)

    def _connect(self, setup: CoordinatorSetup) -> InlineLink:
        self.links.append(InlineLink(setup, real_fleet(self._actors), self._before))
        return self.links[-1]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the games that the replay is given, as they come."""
    games: list[int] = []
    add = Replay.add

    def adding(self: Replay, more: FinishedGames) -> None:
        games.append(len(more.lengths))
        add(self, more)

    monkeypatch.setattr(Replay, "add", adding)
    return games


@pytest.mark.parametrize("game", ["tictactoe", "go"])
def test_packed_games_are_the_same_games(game: str) -> None:
    config = tiny("self_play.max_plies=9", game=game)
    network = fresh_network_of(config)
    actor = SelfPlayActor()
    actor.begin(orders(config))
    games: list[bytes] = []
    for _ in range(4):
        games += actor.play(0, network_bytes(network), 40).games
    assert games
    for data in games:
        whole = unpacked_games(data, CPU)
        assert packed_games(whole) == data
        assert int(whole.lengths.sum()) == len(whole.action)
        if game == "go":
            assert whole.ownership is not None
    parts = [b"", *games, b"x"]
    assert parted(joined(parts)) == parts


def fresh_network_of(config: TrainConfig) -> MuZeroNetwork:
    return fresh_network(load_game(config.game), 1, channels=8, representation_blocks=1, dynamics_blocks=1)


def orders(config: TrainConfig, actor: int = 1) -> PlayOrders:
    network = fresh_network_of(config).config.to_json()
    return PlayOrders(config=to_json(config), network=network, actor=actor, seed=5, on_gpu=False, threads=1)


def test_actors_play_different_games_and_each_with_the_weights_that_it_was_given() -> None:
    config = tiny()
    played = []
    for number in (1, 2):
        actor = SelfPlayActor()
        actor.begin(orders(config, number))
        before = actor.pulse()
        deliveries = [actor.play(version, network_bytes(fresh_network_of(config)), 16) for version in range(10)]
        assert actor.pulse() > before
        assert [delivery.version for delivery in deliveries] == list(range(10))
        assert [delivery.number for delivery in deliveries] == list(range(1, 11))
        assert all(delivery.statistics.moves <= 16 for delivery in deliveries)
        played.append([data for delivery in deliveries for data in delivery.games])
    assert not set(played[0]) & set(played[1])


def test_a_run_whose_actors_are_killed_at_random_counts_every_game_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    killed: list[Handle] = []

    def kills(fleet: FakeFleet) -> None:
        if fleet.living and len(killed) < 10 and rng.random() < 0.75:
            killed.append(rng.choice(fleet.living))
            killed[-1].alive = False

    fake = FakeCluster(kills)
    changes = ("self_play.plies_per_cycle=240", "replay.capacity_plies=8000", "evaluation.every_cycles=0")
    config = tiny("steps=14", *changes)
    with TrainingRun(config, tmp_path, World.alone(), cluster=fake.cluster) as run:
        given = counted(monkeypatch)
        assert train(run, quiet()) is RunEnd.FINISHED
        assert " actors, " in run.who_plays
        assert "staleness" in run.who_plays
        assert run.counters.games == sum(given)
    assert len(killed) == 10
    assert read_counters(newest_checkpoint(tmp_path)).games == sum(given)
    replay = newest_checkpoint(tmp_path).read_group("replay-0")
    assert replay["counts"][0] == sum(given)
    assert len(replay["train.3x3.lengths"]) + len(replay["held.3x3.lengths"]) == sum(given)  # each is there
    began = [handle.actor._orders.actor for handle in fake.links[0].fleet.handles if hasattr(handle.actor, "_orders")]
    assert len(set(began)) == len(began) > 6


def test_a_run_goes_on_from_its_checkpoint_with_or_without_actors(tmp_path: Path) -> None:
    config = tiny("steps=40", "evaluation.every_cycles=0")
    with TrainingRun(config, tmp_path, World.alone(), cluster=FakeCluster().cluster) as run:
        while run.counters.step < 6:
            run.cycle()
        run.save()
        saved = run.counters
        run.cycle()  # lost with its learner
    with TrainingRun(
        config, tmp_path, World.alone(), newest_checkpoint(tmp_path), cluster=FakeCluster().cluster
    ) as run:
        assert run.counters == saved
        run.cycle()
        assert run.counters.step > saved.step
        run.save()
    with resumed(config, tmp_path) as run:
        assert run.who_plays == ""
        run.cycle()
        run.save()
    with TrainingRun(
        config, tmp_path, World.alone(), newest_checkpoint(tmp_path), cluster=FakeCluster().cluster
    ) as run:
        run.cycle()


def test_a_cluster_that_is_lost_is_joined_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_play, "RETRY_SECONDS", 0.05)
    fake = FakeCluster()
    with TrainingRun(tiny("evaluation.every_cycles=0"), tmp_path, World.alone(), cluster=fake.cluster) as run:
        run.cycle()
        fake.links[0].gone = True
        run.cycle()
        run.cycle()
    assert len(fake.links) == 2
    assert fake.links[0].coordinator._seed != fake.links[1].coordinator._seed
    assert "the fleet is gone; trying to join again every 0 s" in fake.notes
    assert "games come from a fake fleet again" in fake.notes


def test_a_learner_that_plays_itself_leaves_the_rest_to_the_actors(tmp_path: Path) -> None:
    config = tiny("self_play.plies_per_cycle=160")
    network = fresh_network_of(config)
    own = SelfPlay(config, full_searches(config, network, CPU), CPU)
    fake = FakeCluster()
    play = ClusterPlay(fake.cluster, config, network, World.alone(), tmp_path, 0, own)
    calls: list[int] = []
    for cycle in range(4):
        calls.clear()
        games = play.play(160, lambda: calls.append(0))
        assert len(calls) == play.turns(160)
        assert play.moves >= 160
        assert play.games == play.statistics.games == sum(len(each.lengths) for each in games)
        if cycle:
            assert 0 < own.moves < play.moves
    state = play.state()
    assert state.keys() == own.state().keys()
    play.load_state(state)
    play.close()


def test_new_weights_are_a_new_version_and_the_same_are_not(tmp_path: Path) -> None:
    config = tiny()
    network = fresh_network_of(config)
    fake = FakeCluster()
    play = ClusterPlay(fake.cluster, config, network, World.alone(), tmp_path, 7)
    for version in (7, 7):
        play.play(40)
        assert fake.links[0].coordinator._version == version
    with torch.no_grad():
        next(network.parameters()).add_(1.0)
    play.play(40)
    assert fake.links[0].coordinator._version == 8
    play.close()


def test_a_stop_is_heard_while_no_games_come(tmp_path: Path) -> None:
    config, asked = tiny(), iter(range(1000))
    fake = FakeCluster(actors=0)
    play = ClusterPlay(fake.cluster, config, fresh_network_of(config), World.alone(), tmp_path, 0)
    assert play.play(40, stop=lambda: next(asked) > 5) == []
    assert play.moves == 0
    play.close()


def test_what_actors_send_has_all_that_the_replay_keeps() -> None:
    config = tiny("replay.reanalyse_share=0.5", "replay.policy_surprise_share=0.5")
    actor = SelfPlayActor()
    actor.begin(orders(config))
    weights = network_bytes(fresh_network_of(config))
    games = [unpacked_games(data, CPU) for _ in range(20) for data in actor.play(0, weights, 8).games]
    replay = Replay(config, CPU)
    for each in games:
        assert {"legal", "surprise"} <= tensors_of(each).keys()
        replay.add(each)
    assert replay.games == sum(len(each.lengths) for each in games) > 0
