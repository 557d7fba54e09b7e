"""The engine through its interface: nodes, seeds, strength, reports, its end."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from support.engine_client import PATIENCE, Client

from muzero_engine.engine.limits import Limits
from muzero_engine.games.registry import BUILT_IN, load_game


@pytest.mark.parametrize("game", BUILT_IN)
@pytest.mark.parametrize("nodes", [1, 7, 200])
def test_nodes_are_exact_and_reports_hold_together(game: str, nodes: int) -> None:
    client = Client(game)
    position = client.game.initial(client.shape)
    result = client.go(Limits(nodes=nodes), position)
    info = result.info
    assert client.engine.error is None
    assert info is client.infos[-1]
    assert info.nodes == nodes == sum(move.visits for move in info.moves)
    assert next(move.action for move in info.moves if move.visits) == result.action
    assert sorted(move.action for move in info.moves) == position.legal_actions().tolist()
    assert sum(move.prior for move in info.moves) == pytest.approx(1.0, abs=1e-5)
    assert 1 <= info.depth <= info.seldepth
    for move in info.moves:
        assert sum(move.wdl) == pytest.approx(1.0)
        assert min(move.wdl) >= -1e-9
        assert move.pv[0] == move.action
        replay = position.copy()
        for action in move.pv:
            assert replay.outcome() is None
            replay.push(action)  # raises if it is not legal
    if result.ponder is not None:
        assert result.ponder == info.moves[0].pv[1]


def test_the_same_seed_nodes_and_threads_give_the_same_move() -> None:
    results = [Client("chess", temperature=1.0, seed=7).go(Limits(nodes=300)) for _ in range(2)]
    assert results[0].action == results[1].action
    assert [m.visits for m in results[0].info.moves] == [m.visits for m in results[1].info.moves]


def test_the_collector_is_left_as_it_is() -> None:
    """It belongs to the process, in which there may be two engines and more than engines."""
    before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    during = []
    client = Client()
    client.engine.go(
        client.game.initial(client.shape),
        Limits(nodes=5),
        on_info=lambda _: during.append((gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())),
        on_done=client.results.append,
    )
    assert client.engine.wait(PATIENCE)
    assert set(during) == {before}
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


def test_close_delivers_what_is_owed() -> None:
    client = Client()
    client.start(Limits(infinite=True))
    client.engine.close()
    assert len(client.results) == 1


def test_ownership_is_passed_on() -> None:
    info = Client("go").go(Limits(nodes=4)).info
    assert info.ownership is not None
    assert info.ownership.shape == load_game("go").spec.shapes[0]
    assert np.abs(info.ownership).max() <= 1.0
