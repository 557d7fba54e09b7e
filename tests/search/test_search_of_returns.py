"""The search where returns have any size and nobody moves but one, as in environments."""

from __future__ import annotations

import numpy as np
import pytest
from support.fakes import Edge, HashModel, ReturnsModel, State, TreeModel
from support.reference_search import search as reference_search

from muzero_engine.games.registry import load_game
from muzero_engine.model import Model
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.search import RootChild, Search

BOTH = pytest.mark.parametrize("policy", list(RootPolicy))
SPEC = load_game("tictactoe").spec
OBSERVATION = np.ones((SPEC.layout.planes, 3, 3), dtype=np.float32)


def _search(model: Model, simulations: int, config: SearchConfig, actions: int) -> Search:
    search = Search(model, config)
    search.start(OBSERVATION, np.arange(actions), {})
    while search.simulations < simulations:
        search.step(simulations - search.simulations)
    return search


def _config(policy: RootPolicy, batch_size: int = 1) -> SearchConfig:
    return SearchConfig(root_policy=policy, batch_size=batch_size, rescale=True, c_scale=0.1)


def _returns(size: float) -> ReturnsModel:
    return ReturnsModel(HashModel(SPEC, (3, 3)), size=size)


@pytest.mark.parametrize("size", [1.0, 100.0])
def test_one_leaf_at_a_time_equals_the_plain_reference(size: float) -> None:
    config = _config(RootPolicy.PUCT)
    search = _search(_returns(size), 300, config, 9)
    plain = reference_search(_returns(size), OBSERVATION, np.arange(9), 300, config)
    assert {child.action: child.visits for child in search.root_moves()} == {
        action: len(node.returns) for action, node in plain.items()
    }
    for child in search.root_moves():
        if (node := plain[child.action]).returns:
            assert child.q == pytest.approx(node.reward + node.discount * node.value, rel=1e-6)


@BOTH
@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("factor", [2.0**-10, 2.0**10])
def test_returns_have_no_unit(policy: RootPolicy, batch_size: int, factor: float) -> None:
    """The same tree grows where every return is `factor` times as large."""

    def moves(size: float) -> list[RootChild]:
        return _search(_returns(size), 200, _config(policy, batch_size), 9).root_moves()

    for ours, larger in zip(moves(1.0), moves(factor), strict=True):
        assert (ours.action, ours.visits) == (larger.action, larger.visits)
        assert larger.q == pytest.approx(factor * ours.q)
        assert larger.lcb == pytest.approx(factor * ours.lcb)


@BOTH
def test_what_comes_later_counts_with_its_discount(policy: RootPolicy) -> None:
    """Action 0 brings 40 at once and the end, action 1 nothing now and 50 two steps on; the prior prefers action 0."""
    states = {
        "root": State((1.0, 0.0), 30.0),
        "a": State((0.0, -20.0), 30.0),
        "b": State((0.0, -20.0), 30.0),
        "end": State((0.0, 0.0), 77.0),
    }
    edges = {
        ("root", 0): Edge("end", reward=40.0, discount=0.0),
        ("root", 1): Edge("a", discount=0.9),
        ("a", 0): Edge("b", discount=0.9),
        ("b", 0): Edge("end", reward=70.0, discount=0.0),
    }
    for edge in ("a", "b"):
        edges[edge, 1] = Edge("end", reward=0.0, discount=0.0)
    best, other = _search(TreeModel(2, states, edges), 1000, _config(policy), 2).root_moves()
    assert (best.action, other.action) == (1, 0)
    assert other.q == pytest.approx(40.0)  # what the network says of the state behind an end is nothing
    assert best.q == pytest.approx(0.9 * 0.9 * 70.0, abs=1.5)
    assert best.lcb < best.q
    assert best.draw == 0.0


def test_draws_are_of_games() -> None:
    with pytest.raises(ValueError, match="draw_value"):
        SearchConfig(rescale=True, draw_value=0.1)
