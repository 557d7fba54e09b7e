"""The search against hand-built trees, a plain reference and golden visit counts."""

from __future__ import annotations

import dataclasses
import gc
import json
import weakref
from pathlib import Path

import numpy as np
import pytest
from support.fakes import ConfidentModel, Edge, HashModel, State, TreeModel
from support.golden import GOLDEN_FILE, golden_trees
from support.reference_search import search as reference_search

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.model import Model
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.search import RootChild, Search

ANY_OBSERVATION = np.zeros((1, 1, 1), dtype=np.float32)
BOTH = pytest.mark.parametrize("policy", list(RootPolicy))


def _run(
    model: Model,
    simulations: int,
    config: SearchConfig,
    *,
    obs: Floats = ANY_OBSERVATION,
    legal: Ints | None = None,
    ending: dict[int, float] | None = None,
) -> Search:
    search = Search(model, config)
    search.start(obs, np.arange(2) if legal is None else legal, ending or {})
    while search.simulations < simulations:
        search.step(simulations - search.simulations)
    return search


def _by_action(search: Search) -> dict[int, RootChild]:
    return {child.action: child for child in search.root_moves()}


# -- the sign of Q -----------------------------------------------------------------------------------------------------


def test_q_one_ply_deep_is_minus_the_childs_value() -> None:
    states = {"root": State((0.0, -9.0), 0.0), "a": State((0.0, 0.0), 0.6, draw=0.2)}
    search = _run(
        TreeModel(2, states, {("root", 0): Edge("a")}), 1, SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1)
    )
    child = _by_action(search)[0]
    assert child.q == pytest.approx(-0.6)
    assert child.draw == pytest.approx(0.2)
    assert search.value == pytest.approx((0.0 - 0.6) / 2)


def test_what_the_mover_may_expect_is_halfway_between_the_prior_and_the_best_move() -> None:
    """And not the mean of all simulations: halving gives its candidates as many each at first."""
    states = {"root": State((0.0,) * 4, 0.2, draw=0.3), "end": State((0.0,) * 4, 0.0)}
    edges = {("root", action): Edge("end", reward=-0.6, discount=0.0) for action in (1, 2, 3)}
    edges[("root", 0)] = Edge("end", reward=0.8, discount=0.0, draw=0.1)
    config = SearchConfig(batch_size=1, draw_value=0.5)
    network = _run(TreeModel(4, states, edges), 0, config, legal=np.arange(4))
    assert network.expectation() == pytest.approx((0.2 + 0.5 * 0.3, 0.2))
    search = _run(TreeModel(4, states, edges), 40, config, legal=np.arange(4))
    best, others = 0.8 + 0.5 * 0.1, -0.6
    value = (best + (best + 3 * others) / 4) / 2
    assert search.expectation() == pytest.approx((value, value - 0.5 * (0.1 + 0.1 / 4) / 2), abs=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        SearchConfig(batch_size=1, root_widening=5.0),
        SearchConfig(batch_size=1, policy_temperature=4.0),
        SearchConfig(batch_size=1, policy_temperature=0.5),
    ],
)
def test_what_the_mover_may_expect_does_not_depend_on_how_widely_it_is_searched(other: SearchConfig) -> None:
    states = {"root": State((2.0, 1.0, 0.0, -1.0), 0.0), "end": State((0.0,) * 4, 0.0)}
    edges = {("root", action): Edge("end", reward=0.4 - 0.3 * action, discount=0.0) for action in range(4)}
    found, usual = (
        _run(TreeModel(4, states, edges), 40, config, legal=np.arange(4)).expectation()
        for config in (other, SearchConfig(batch_size=1))
    )
    assert found == pytest.approx(usual, abs=0.01)


def test_moves_that_the_network_would_never_play_count_for_nothing_at_a_low_temperature() -> None:
    """Their priors are so small there that the network's policy cannot be had back from them."""
    states = {"root": State((40.0, *[0.0] * 15), 0.0), "end": State((0.0,) * 16, 0.0)}
    edges = {("root", action): Edge("end", reward=-0.8 if action else 0.8, discount=0.0) for action in range(16)}
    config = SearchConfig(batch_size=1, policy_temperature=0.1)
    search = _run(TreeModel(16, states, edges), 64, config, legal=np.arange(16))
    assert search.expectation()[0] == pytest.approx(0.8, abs=1e-3)


def test_q_two_plies_deep_turns_twice() -> None:
    """Root -> a -> b: what is good for the mover of b is good for the root's mover."""
    states = {"root": State((0.0, -30.0), 0.0), "a": State((0.0, -30.0), -0.2), "b": State((0.0, 0.0), 0.9)}
    edges = {("root", 0): Edge("a"), ("a", 0): Edge("b")}
    search = _run(TreeModel(2, states, edges), 2, SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1))
    assert _by_action(search)[0].q == pytest.approx((0.2 + 0.9) / 2)


def test_q_three_plies_deep_with_a_reward_and_a_likely_end() -> None:
    """r + (1 - p_end) * (-v) at each edge, by hand."""
    states = {
        "root": State((0.0, -30.0), 0.0),
        "a": State((0.0, -30.0), 0.1),
        "b": State((0.0, -30.0), 0.3),
        "c": State((0.0, 0.0), 0.5),
    }
    edges = {
        ("root", 0): Edge("a"),
        ("a", 0): Edge("b", reward=0.2, discount=-0.7, draw=0.1),
        ("b", 0): Edge("c"),
    }
    search = _run(TreeModel(2, states, edges), 3, SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1))
    # values seen by the mover of a: 0.1; 0.2 - 0.7 * 0.3; 0.2 - 0.7 * (-0.5)
    expected = -np.mean([0.1, 0.2 - 0.7 * 0.3, 0.2 + 0.7 * 0.5])
    assert _by_action(search)[0].q == pytest.approx(expected)


@BOTH
def test_a_reward_at_the_root_belongs_to_the_roots_mover(policy: RootPolicy) -> None:
    """Action 1 wins at once says the model; action 0 loses. The prior prefers action 0."""
    states = {"root": State((2.0, 0.0), 0.0), "end": State((0.0, 0.0), 0.0)}
    edges = {("root", 0): Edge("end", reward=-1.0, discount=0.0), ("root", 1): Edge("end", reward=1.0, discount=0.0)}
    search = _run(TreeModel(2, states, edges), 40, SearchConfig(root_policy=policy))
    best = search.root_moves()[0]
    assert best.action == 1
    assert best.q == pytest.approx(1.0)


@BOTH
def test_an_action_that_nothing_looked_at_is_worth_what_the_root_is(policy: RootPolicy) -> None:
    """Not what the search assumes of it to choose it late."""
    states = {"root": State((3.0, 0.0), 0.3, draw=0.25), "other": State((0.0, 0.0), 0.9, draw=0.1)}
    edges = {("root", 0): Edge("other"), ("root", 1): Edge("other")}
    search = _run(TreeModel(2, states, edges), 1, SearchConfig(root_policy=policy, fpu_reduction=0.7))
    seen, unseen = search.root_moves()
    assert (seen.action, seen.visits, unseen.visits) == (0, 1, 0)
    assert (seen.q, seen.draw) == pytest.approx((-0.9, 0.1))
    assert (unseen.q, unseen.draw) == pytest.approx((0.3, 0.25))


@BOTH
def test_the_opponent_chooses_its_best_reply(policy: RootPolicy) -> None:
    """Action 0 offers a win if the opponent errs, action 1 a small sure gain: two plies are enough to see it."""
    states = {
        "root": State((1.0, 0.0), 0.0),
        "trap": State((0.0, 0.0), -0.5),
        "quiet": State((0.0, 0.0), -0.2),
        "end": State((0.0, 0.0), 0.0),
    }
    edges = {
        ("root", 0): Edge("trap"),
        ("root", 1): Edge("quiet"),
        ("trap", 0): Edge("end", reward=-0.9, discount=0.0),
        ("trap", 1): Edge("end", reward=0.9, discount=0.0),
        ("quiet", 0): Edge("end", reward=-0.2, discount=0.0),
        ("quiet", 1): Edge("end", reward=-0.2, discount=0.0),
    }
    best = _run(TreeModel(2, states, edges), 200, SearchConfig(root_policy=policy)).root_moves()[0]
    assert best.action == 1


# -- against a plain reference -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("game", "simulations"), [("tictactoe", 300), ("chess", 300), ("go", 200), ("shogi", 200)])
def test_one_leaf_at_a_time_equals_the_plain_reference(game: str, simulations: int) -> None:
    spec = load_game(game).spec
    shape = spec.shapes[0]
    position = load_game(game).initial(shape)
    config = SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1)
    legal = position.legal_actions()
    ours = _run(HashModel(spec, shape), simulations, config, obs=observation(position), legal=legal)
    plain = reference_search(HashModel(spec, shape), observation(position), legal, simulations, config)
    visits = {action: len(node.returns) for action, node in plain.items()}
    assert {child.action: child.visits for child in ours.root_moves()} == visits
    for action, child in _by_action(ours).items():
        node = plain[action]
        if node.returns:
            assert child.q == pytest.approx(node.reward + node.discount * node.value, abs=1e-6)


def test_golden_trees() -> None:
    """Visit counts of both root policies on every game: only an intended change of the search may change them.

    `python -m support.golden` (in `tests/`) writes the file anew.
    """
    assert golden_trees() == json.loads(GOLDEN_FILE.read_text())


# -- batches -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def chess_root() -> tuple[HashModel, Floats, Ints]:
    spec = load_game("chess").spec
    position = load_game("chess").initial((8, 8))
    return HashModel(spec, (8, 8), channels=64), observation(position), position.legal_actions()


@BOTH
@pytest.mark.parametrize("batch", [1, 3, 8, 32])
def test_visits_add_up_and_budgets_are_exact(
    policy: RootPolicy, batch: int, chess_root: tuple[HashModel, Floats, Ints]
) -> None:
    model, obs, legal = chess_root
    config = SearchConfig(root_policy=policy, batch_size=batch)
    search = Search(model, config)
    search.start(obs, legal, {})
    total = 0
    for budget in (1, 2, 5, 100, 7):
        done = search.step(budget)
        assert 1 <= done <= budget
        total += done
    assert search.simulations == total == sum(child.visits for child in search.root_moves())
    assert model.evaluations == total


def test_a_root_that_reconsiders_looks_at_moves_that_the_prior_leaves_out(
    chess_root: tuple[HashModel, Floats, Ints],
) -> None:
    model, planes, legal = chess_root
    visited = []
    for reconsider in (False, True):
        search = Search(model, SearchConfig(considered_actions=4, reconsider=reconsider))
        search.start(planes, legal, {})
        while search.simulations < 300:
            search.step(300 - search.simulations)
        visited.append({move.action for move in search.root_moves() if move.visits})
    assert len(visited[0]) == 4
    assert visited[0] < visited[1]


def test_batches_are_full(chess_root: tuple[HashModel, Floats, Ints]) -> None:
    """In-flight visits keep the leaves of a batch apart: hardly a place in a batch stays empty."""
    model, obs, legal = chess_root
    _run(model, 2000, SearchConfig(batch_size=16), obs=obs, legal=legal)
    assert model.evaluations / model.calls > 14


def test_the_same_search_again_is_the_same(chess_root: tuple[HashModel, Floats, Ints]) -> None:
    model, obs, legal = chess_root
    config = SearchConfig(batch_size=8)
    search = Search(model, config)
    results = []
    for _ in range(2):
        search.start(obs, legal, {})
        while search.simulations < 500:
            search.step(500 - search.simulations)
        results.append(search.root_moves())
    assert results[0] == results[1]


# -- the rules at the root ---------------------------------------------------------------------------------------------


@BOTH
def test_a_win_by_the_rules_is_first_whatever_the_model_thinks(policy: RootPolicy) -> None:
    model = ConfidentModel(9, (3, 3), value=0.9, favourite=4)
    search = _run(model, 50, SearchConfig(root_policy=policy), legal=np.arange(9), ending={7: 1.0, 4: 0.0})
    assert search.root_moves()[0].action == 7


@BOTH
@pytest.mark.parametrize("ends", [0.0, -1.0])
def test_a_won_game_is_not_thrown_into_a_draw_or_a_loss(policy: RootPolicy, ends: float) -> None:
    """The model likes the move (prior near 1) and stands at +0.8; by the rules the move ends the game."""
    model = ConfidentModel(9, (3, 3), value=0.8, favourite=4)
    search = _run(model, 64, SearchConfig(root_policy=policy), legal=np.arange(9), ending={4: ends})
    best = search.root_moves()[0]
    assert best.action != 4
    assert best.q > 0.5
    assert _by_action(search)[4].q == ends


@BOTH
def test_a_move_that_ends_the_game_may_have_the_whole_prior(policy: RootPolicy) -> None:
    model = ConfidentModel(9, (3, 3), value=0.8, favourite=4)
    config = SearchConfig(root_policy=policy, policy_temperature=0.05)
    search = _run(model, 64, config, legal=np.arange(9), ending={4: -1.0})
    assert search.expectation() == pytest.approx((0.8, 0.8))
    assert search.root_moves()[0].action != 4


@BOTH
def test_a_lost_game_is_saved_by_a_draw(policy: RootPolicy) -> None:
    model = ConfidentModel(9, (3, 3), value=-0.8, favourite=0)
    search = _run(model, 64, SearchConfig(root_policy=policy), legal=np.arange(9), ending={4: 0.0})
    assert search.root_moves()[0].action == 4


@BOTH
def test_only_endings_need_no_model(policy: RootPolicy) -> None:
    model = HashModel(load_game("tictactoe").spec, (3, 3))
    search = _run(model, 10, SearchConfig(root_policy=policy), legal=np.array([2, 5]), ending={2: 0.0, 5: 0.0})
    assert model.evaluations == 0
    assert search.simulations == 10


@pytest.mark.parametrize(("draw_value", "expected"), [(0.5, 1), (-0.5, 0)])
def test_draw_value_turns_draws_into_gains_or_losses(draw_value: float, expected: int) -> None:
    """Action 0 is even without draws, action 1 always a draw."""
    states = {"root": State((0.0, 0.0), 0.0), "sharp": State((0.0, 0.0), 0.0), "flat": State((0.0, 0.0), 0.0, draw=1.0)}
    edges = {("root", 0): Edge("sharp"), ("root", 1): Edge("flat", discount=0.0, draw=1.0)}
    edges |= {("sharp", a): Edge("sharp") for a in (0, 1)}
    search = _run(TreeModel(2, states, edges), 60, SearchConfig(draw_value=draw_value))
    assert search.root_moves()[0].action == expected


# -- bounded memory ----------------------------------------------------------------------------------------------------


def test_dropped_latents_do_not_change_the_search(chess_root: tuple[HashModel, Floats, Ints]) -> None:
    """One MB holds 128 latents of 16 KB; those that are dropped are computed again, exactly."""
    model, obs, legal = chess_root
    roomy = _run(model, 3000, SearchConfig(), obs=obs, legal=legal)
    evaluations = model.evaluations
    tight = _run(model, 3000, SearchConfig(memory_mb=1), obs=obs, legal=legal)
    assert model.evaluations - evaluations > 3000
    assert tight.root_moves() == roomy.root_moves()


@BOTH
def test_a_full_tree_goes_on_searching_in_bounded_memory(policy: RootPolicy) -> None:
    spec = load_game("tictactoe").spec
    model = HashModel(spec, (3, 3))
    search = _run(model, 20_000, SearchConfig(root_policy=policy, memory_mb=1), legal=np.arange(9))
    assert 990 <= search.hashfull <= 1000
    assert search.simulations == 20_000 == sum(child.visits for child in search.root_moves())
    roomy = _run(model, 20_000, SearchConfig(root_policy=policy), legal=np.arange(9))
    assert search.root_moves()[0].q == pytest.approx(roomy.root_moves()[0].q, abs=0.02)


def test_bad_configurations_are_refused() -> None:
    for change in ({"batch_size": 0}, {"memory_mb": 0}, {"policy_temperature": 0.0}):
        with pytest.raises(ValueError, match=r"at least 1|positive"):
            dataclasses.replace(SearchConfig(), **change)


def test_the_golden_file_is_there() -> None:
    assert Path(GOLDEN_FILE).is_file()


@BOTH
def test_a_search_is_freed_without_the_garbage_collector(
    policy: RootPolicy, chess_root: tuple[HashModel, Floats, Ints]
) -> None:
    """Nothing in it refers back to it: its tree, its latents and its model go with the last reference."""
    _, obs, legal = chess_root
    model = HashModel(load_game("chess").spec, (8, 8))
    enabled = gc.isenabled()
    gc.disable()
    try:
        search = _run(model, 100, SearchConfig(root_policy=policy), obs=obs, legal=legal)
        search.root_moves()
        search.children(0)
        gone = weakref.ref(model)
        del search, model
        assert gone() is None
    finally:
        if enabled:
            gc.enable()


# -- values that are proven meanwhile ----------------------------------------------------------------------------------


@BOTH
def test_a_proven_action_gets_no_more_simulations(policy: RootPolicy) -> None:
    game = load_game("tictactoe")
    position = game.initial((3, 3))
    search = Search(HashModel(game.spec, (3, 3)), SearchConfig(root_policy=policy, batch_size=2))
    search.start(observation(position), position.legal_actions(), {})
    while search.simulations < 60:
        search.step(60 - search.simulations)
    best = search.root_moves()[0]
    search.prove(best.action, -1.0)
    search.prove(best.action, 1.0)  # known already
    while search.simulations < 200:
        search.step(200 - search.simulations)
    after = _by_action(search)
    assert (after[best.action].visits, after[best.action].q, after[best.action].ends) == (best.visits, -1.0, -1.0)
    assert search.root_moves()[-1].action == best.action
    assert sum(child.visits for child in after.values()) == 200
    visits = sorted((child.visits for child in after.values() if child.ends is None), reverse=True)
    assert search.visit_lead() == visits[0] - visits[1]
    search.prove(4 if best.action != 4 else 3, 1.0)
    assert search.root_moves()[0].ends == 1.0


@BOTH
def test_where_everything_is_proven_the_best_comes_first(policy: RootPolicy) -> None:
    game = load_game("tictactoe")
    search = Search(HashModel(game.spec, (3, 3)), SearchConfig(root_policy=policy))
    search.start(observation(game.initial((3, 3))), np.arange(9), {8: 0.0})
    search.step(8)
    for action in range(8):
        search.prove(action, -1.0)
    assert search.root_moves()[0].action == 8
    assert search.visit_lead() == 0
    assert search.step(4) > 0  # of what is known; whoever is asked to search on may
