"""Each reason to end a search, and which of them hold when."""

from __future__ import annotations

import numpy as np
import pytest
from support.fakes import ConfidentModel, Edge, HashModel, State, TreeModel

from muzero_engine.engine.control import Phase, Terms
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.stop_rules import (
    DepthLimit,
    HardTime,
    LineDepth,
    NodeLimit,
    RootFacts,
    Settled,
    SmartPruning,
    SoftTime,
    StopRule,
    Stuck,
    stop_rules,
)
from muzero_engine.engine.time_manager import TimePlan
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.model import Model
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.search import Search

SHARED = TimePlan(100.0, 300.0, exact=False)
OPEN = RootFacts(9, {})


def _searched(simulations: int, model: Model | None = None) -> Search:
    game = load_game("tictactoe")
    position = game.initial((3, 3))
    config = SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1)
    search = Search(model or HashModel(game.spec, (3, 3)), config)
    search.start(observation(position), position.legal_actions(), {})
    while search.simulations < simulations:
        search.step(simulations - search.simulations)
    return search


def _rules(
    limits: Limits, phase: Phase, root: RootFacts = OPEN, plan: TimePlan | None = None, factor: float = 1.0
) -> set[type[StopRule]]:
    terms = Terms(phase, limits, 0.0)
    chosen = stop_rules(terms, root, plan, nodes=limits.nodes, depth=LineDepth(), pruning_factor=factor)
    return {type(rule) for rule in chosen}


@pytest.mark.parametrize("phase", [Phase.PONDERING, Phase.ENDLESS])
def test_only_the_node_limit_holds_before_the_limits_count(phase: Phase) -> None:
    limits = Limits(nodes=7, depth=3, mate=1)
    assert _rules(limits, phase, RootFacts(1, {0: 1.0}), SHARED) == {NodeLimit}
    assert _rules(Limits(), phase, plan=SHARED) == set()


def test_the_rules_of_a_clock() -> None:
    assert _rules(Limits(), Phase.COUNTED, plan=SHARED) == {HardTime, SoftTime, SmartPruning}
    assert _rules(Limits(), Phase.COUNTED, plan=SHARED, factor=0.0) == {HardTime, SoftTime}


@pytest.mark.parametrize(
    ("root", "decided"),
    [
        (RootFacts(9, {}), False),
        (RootFacts(1, {}), True),
        (RootFacts(9, {3: 1.0}), True),
        (RootFacts(9, {3: 0.0, 4: -1.0}), False),
        (RootFacts(3, {3: -1.0, 4: -1.0}), True),
        (RootFacts(3, {3: 0.0, 4: -1.0}), False),
        (RootFacts(2, {3: 0.0, 4: -1.0}), True),
    ],
)
def test_a_clock_is_not_spent_on_a_choice_that_the_rules_make(root: RootFacts, decided: bool) -> None:
    assert (Settled in _rules(Limits(), Phase.COUNTED, root, SHARED)) == decided
    exact = TimePlan(100.0, 100.0, exact=True)
    assert _rules(Limits(), Phase.COUNTED, root, exact) == {HardTime, SoftTime}


def test_a_search_for_a_mate_ends_with_a_win_at_once_or_its_depth() -> None:
    assert Settled in _rules(Limits(mate=3), Phase.COUNTED, RootFacts(9, {3: 1.0}))
    assert _rules(Limits(mate=3), Phase.COUNTED, RootFacts(9, {3: 0.0})) == {DepthLimit, Stuck}


def test_a_depth_ends_at_once_where_every_move_ends_the_game() -> None:
    over = RootFacts(2, {3: 0.0, 4: -1.0})
    assert _rules(Limits(depth=3), Phase.COUNTED) == {DepthLimit, Stuck}
    assert _rules(Limits(depth=3), Phase.COUNTED, over) == {DepthLimit, Stuck, Settled}


def test_a_main_line_that_does_not_grow_is_stuck() -> None:
    search = _searched(1100)
    depth = LineDepth()
    depth.plies = search.line_length()
    depth.reached_after = 137
    assert Stuck(depth).ends(search, 0.0)
    depth.reached_after = 138
    assert not Stuck(depth).ends(search, 0.0)
    assert not Stuck(LineDepth()).ends(_searched(999), 0.0)


def test_nodes() -> None:
    search = _searched(20)
    assert not NodeLimit(21).ends(search, 0.0)
    assert NodeLimit(20).ends(search, 0.0)


def test_a_depth_once_reached_stays_reached() -> None:
    search = _searched(200)
    depth = LineDepth()
    reached = depth.update(search)
    assert reached == search.line_length() > 1
    depth.plies = reached + 5  # the main line was longer before another move took the lead
    assert DepthLimit(reached + 5, depth).ends(search, 0.0)
    assert not DepthLimit(reached + 6, depth).ends(search, 0.0)


def test_hard_time() -> None:
    search = _searched(1)
    assert not HardTime(300.0).ends(search, 299.9)
    assert HardTime(300.0).ends(search, 300.0)


def test_the_soft_bound_holds_where_the_best_move_has_the_highest_value() -> None:
    model = ConfidentModel(9, (3, 3), value=0.5, favourite=4)
    search = _searched(50, model)
    best, *others = search.root_moves()
    assert best.action == 4
    assert not any(3 * move.visits >= best.visits for move in others)
    assert not SoftTime(100.0).ends(search, 99.0)
    assert SoftTime(100.0).ends(search, 100.0)


def test_the_soft_bound_waits_for_a_better_move_that_was_searched_a_good_deal() -> None:
    """The network likes the first move and the search comes to like the second: while it overtakes, there is more to
    think about."""
    states = {"root": State((3.0, 0.0), 0.0), "end": State((0.0, 0.0), 0.0)}
    edges = {("root", 0): Edge("end", discount=0.0), ("root", 1): Edge("end", reward=0.4, discount=0.0)}
    answers = []
    for simulations in range(1, 200):
        search = Search(TreeModel(2, states, edges), SearchConfig(root_policy=RootPolicy.PUCT, batch_size=1))
        search.start(np.zeros((1, 1, 1), dtype=np.float32), np.arange(2), {})
        while search.simulations < simulations:
            search.step(simulations - search.simulations)
        best, other = search.root_moves()
        answers.append(SoftTime(100.0).ends(search, 100.0))
        assert answers[-1] == (other.q <= best.q or 3 * other.visits < best.visits)
    assert answers[0]
    assert not all(answers)
    assert answers[-1]


def test_smart_pruning_ends_when_nothing_can_catch_up() -> None:
    search = _searched(200)
    lead = search.visit_lead()
    assert 0 < lead < 200
    rule = SmartPruning(100.0, 1.0)
    catching_up = 100.0 * 200 / (200 + lead)  # then as many simulations are still to come as the lead is large
    assert not rule.ends(search, catching_up - 0.1)
    assert rule.ends(search, catching_up + 0.1)
    assert not SmartPruning(100.0, 0.1).ends(search, catching_up + 0.1)


def test_smart_pruning_says_nothing_early_nor_after_the_soft_bound() -> None:
    search = _searched(200)
    sure = SmartPruning(100.0, 1e9)
    assert not sure.ends(search, 9.9)
    assert sure.ends(search, 10.0)
    assert sure.ends(search, 99.9)
    assert not sure.ends(search, 100.0)
