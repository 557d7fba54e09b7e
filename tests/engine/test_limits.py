"""When a search ends: limits, pondering, `stop`, and the searches that follow each other."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.engine_client import PATIENCE, Client, at
from support.fakes import HashModel

from muzero_engine.arrays import Floats, Ints
from muzero_engine.engine import control, thinking
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.registry import load_game
from muzero_engine.model import Model, RecurrentOutput
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search


class MatedModel(HashModel):
    """Sees the game end behind every move."""

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        out = super().recurrent_inference(latent, action)
        return replace(out, discount=np.zeros_like(out.discount), reward=np.ones_like(out.reward))


@pytest.mark.parametrize(
    "limits",
    [
        Limits(depth=30),
        Limits(mate=30),
        Limits(nodes=300),
        Limits(move_time_ms=30),
        Limits(clock=Clock(remaining_ms=300)),
        Limits(depth=30, mate=30),
        Limits(mate=1),
    ],
    ids=str,
)
@pytest.mark.parametrize("ends_everywhere", [False, True])
@pytest.mark.parametrize(
    "fen",
    [
        "7k/8/5K1Q/8/8/8/8/8 b - - 3 1",  # one move, and mate behind it
        "8/8/4k3/8/8/3K4/8/8 w - - 0 1",  # drawn, but there are moves: each is a draw at once
        "8/8/8/8/8/6k1/5q2/7K w - - 0 1",  # no move at all
        "k7/8/1K6/8/8/8/8/7R w - - 3 1",  # mate in one
        "7k/5Q2/8/8/8/8/8/K7 b - - 99 80",  # the next move ends the game
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    ],
)
def test_every_limit_ends_a_search(fen: str, ends_everywhere: bool, limits: Limits) -> None:
    spec = load_game("chess").spec
    model = MatedModel(spec, (8, 8)) if ends_everywhere else None
    client = Client("chess", model)
    client.go(limits, at("chess", fen))
    assert client.engine.error is None
    assert client.results[-1].info.nodes < 20_000


def test_a_depth_beyond_the_end_of_every_line_is_given_up() -> None:
    client = Client("chess", MatedModel(load_game("chess").spec, (8, 8)))
    assert client.go(Limits(depth=3)).info.depth == 1


def test_the_depth_that_is_told_does_not_go_past_the_end_of_the_game() -> None:
    position = at("tictactoe", "o../.x./.x.")  # six squares are empty
    client = Client()
    assert client.go(Limits(nodes=20_000), position).info.depth <= 6
    assert all(info.depth <= 6 for info in client.infos)


def test_depth_limit() -> None:
    result = Client("go").go(Limits(depth=3))
    assert result.info.depth >= 3
    assert result.info.nodes < 5000


@pytest.mark.parametrize(
    "limits",
    [
        Limits(move_time_ms=50),
        Limits(clock=Clock(remaining_ms=500)),
        Limits(clock=Clock(byoyomi_ms=60)),
        Limits(clock=Clock(remaining_ms=1, increment_ms=10)),
        Limits(clock=Clock(remaining_ms=0)),
        Limits(move_time_ms=0),
    ],
)
def test_time_ends_a_search(limits: Limits) -> None:
    result = Client("chess").go(limits)
    assert result.action is not None
    assert result.info.nodes >= 1


def test_infinite_waits_for_stop_even_at_a_node_limit() -> None:
    client = Client()
    client.start(Limits(infinite=True, nodes=50))
    assert client.informed.wait(PATIENCE)
    assert not client.engine.wait(0.05)
    assert client.results == []
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1
    assert client.results[0].info.nodes == 50


def test_ponder_holds_its_result_until_ponderhit() -> None:
    client = Client()
    client.start(Limits(ponder=True, nodes=20))
    assert client.informed.wait(PATIENCE)
    assert not client.engine.wait(0.05)
    client.engine.ponderhit()
    assert client.engine.wait(PATIENCE)
    assert client.results[0].info.nodes == 20


def test_ponder_then_a_clock() -> None:
    client = Client("chess")
    client.start(Limits(ponder=True, clock=Clock(remaining_ms=100_000)))
    assert not client.engine.wait(0.02)
    client.engine.ponderhit(Clock(byoyomi_ms=60))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_a_clock_with_ponderhit_ends_a_ponder_without_limits() -> None:
    client = Client()
    client.start(Limits(ponder=True))
    assert not client.engine.wait(0.02)
    client.engine.ponderhit(Clock(byoyomi_ms=30))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_stop_ends_pondering() -> None:
    client = Client()
    client.start(Limits(ponder=True))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 1


def test_a_new_go_ends_the_old_one_with_its_own_result() -> None:
    client = Client()
    client.start(Limits(infinite=True))
    client.start(Limits(nodes=3))
    assert client.engine.wait(PATIENCE)
    assert len(client.results) == 2


def test_reports_come_at_the_interval() -> None:
    client = Client()
    client.start(Limits(infinite=True), interval_ms=10.0)
    for _ in range(3):
        assert client.informed.wait(PATIENCE)
        client.informed.clear()
    client.engine.stop()
    assert client.engine.wait(PATIENCE)


def test_no_search_outlives_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches by nodes and by time take other batches, so that each needs a tree of its own; nothing but a reference
    count frees the one before."""
    made: list[weakref.ref[Search]] = []

    def make(model: Model, config: SearchConfig) -> Search:
        search = Search(model, config)
        made.append(weakref.ref(search))
        return search

    monkeypatch.setattr("muzero_engine.engine.engine.Search", make)
    enabled = gc.isenabled()
    gc.disable()
    try:
        game = load_game("chess")
        client = Client("chess")
        client.engine = Engine(lambda _: HashModel(game.spec, (8, 8)), tune_batch=lambda *_: 4)
        for root_search in ("puct", "gumbel") * 2:
            client.engine.configure(replace(client.engine.options, root_search=root_search))
            client.go(Limits(nodes=40))
            client.go(Limits(move_time_ms=5))
        assert len(made) == 8
        assert [search() is None for search in made] == [True] * 7 + [False]
        client.engine.close()
        assert made[-1]() is None
    finally:
        if enabled:
            gc.enable()


class SlowModel(HashModel):
    """Each leaf takes a millisecond of a clock of the test's own."""

    now = 0.0  # seconds

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        self.now += 1e-3 * len(action)
        return super().recurrent_inference(latent, action)


def test_the_last_batch_fits_into_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("chess")
    model = SlowModel(game.spec, game.spec.shapes[0])
    clock = SimpleNamespace(monotonic=lambda: model.now)
    for module in (control, thinking):
        monkeypatch.setattr(module, "time", clock)
    client = Client("chess", model, minibatch_size=32, move_overhead_ms=0)
    client.go(Limits(move_time_ms=107))  # three whole batches and a third of one
    assert 0.107 <= model.now <= 0.109
