"""The batched search: against mctx, against the formulas of the engine's search, and where rows are odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import ENVIRONMENTS, tiny_environment_network, tiny_network
from support.table_model import TableModel, Tables, environment_tables, random_tables
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.games.registry import load_game
from muzero_engine.search import scoring
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.search.root import halving_schedule
from muzero_engine.training.search.tree import (
    SearchTree,
    SelectionSettings,
    TorchKernels,
    mixed_value,
    sigma,
)
from muzero_engine.training.types import SearchOutput

torch.set_num_threads(1)

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = {"mctx": 11, "mctx_rescaled": 7}  # by file


def _dense(output: SearchOutput, actions: int) -> Tensor:
    """float32[B, A] from the stored target."""
    padded = torch.zeros(len(output.action), actions + 1)
    padded.scatter_(1, torch.where(output.target_actions < 0, actions, output.target_actions), output.target_probs)
    return padded[:, :actions]


def _root_visits(tree: SearchTree, actions: int) -> Tensor:
    """int64[B, A]."""
    counts = torch.zeros(tree.batch, actions, dtype=torch.int64)
    for game in range(tree.batch):
        for slot in range(tree.width):
            child = int(tree.child[game, 0, slot])
            if child:
                counts[game, int(tree.action[game, 0, slot])] += int(tree.visits[game, child])
    return counts


class _Watched(TorchKernels):
    """Keeps the tree that it worked on."""

    tree: SearchTree

    def select(self, tree: SearchTree, simulation: int, settings: SelectionSettings) -> None:
        self.tree = tree
        super().select(tree, simulation, settings)


@pytest.mark.parametrize(("file", "index"), [(file, index) for file in CASES for index in range(CASES[file])])
def test_agrees_with_mctx(file: str, index: int) -> None:
    with np.load(GOLDEN / f"{file}.npz", allow_pickle=False) as arrays:
        golden: dict[str, Any] = {
            key.partition("/")[2]: arrays[key] for key in arrays.files if key.startswith(f"{index}/")
        }
    seed, states, actions, simulations, considered, depth, scale = golden["case"].tolist()
    kernels = _Watched()
    rescale = file == "mctx_rescaled"
    search = BatchedSearch(
        TableModel((environment_tables if rescale else random_tables)(seed, states, actions)),
        SearchSettings(
            simulations=simulations,
            considered=considered,
            children=actions,
            depth=depth,
            c_scale=scale / 1000,
            target_actions=actions,
        ),
        actions,
        rescale=rescale,
        kernels=kernels,
    )
    roots = torch.from_numpy(golden["roots"]).float().view(-1, 1, 1, 1)
    output = search.run(roots, torch.from_numpy(golden["legal"]), noise=torch.from_numpy(golden["noise"]))
    assert _root_visits(kernels.tree, actions).tolist() == golden["visits"].tolist()
    assert output.action.tolist() == golden["action"].tolist()
    torch.testing.assert_close(_dense(output, actions), torch.from_numpy(golden["policy"]), atol=1e-4, rtol=0)
    torch.testing.assert_close(kernels.tree.mean[:, 0], torch.from_numpy(golden["mean"]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("file", CASES)
def test_all_golden_cases_are_tested(file: str) -> None:
    with np.load(GOLDEN / f"{file}.npz", allow_pickle=False) as arrays:
        assert len([key for key in arrays.files if key.endswith("/case")]) == CASES[file]


@pytest.mark.parametrize(("factor", "shift"), [(1024.0, 0.0), (2.0**-10, 0.0), (1.0, 500.0)])
@pytest.mark.parametrize("considered", [4, 16])
def test_rescaled_search_knows_no_unit_of_returns(factor: float, shift: float, considered: int) -> None:
    """Where every return is `factor` times as large, or `shift` is added to it, the search is the same."""
    tables = environment_tables(3, 100, 9)._replace(reward=np.zeros((100, 9), dtype=np.float32))
    tables = tables._replace(discount=np.ones((100, 9), dtype=np.float32))
    other = tables._replace(value=np.float32(factor) * tables.value + np.float32(shift))
    search, scaled = (
        BatchedSearch(TableModel(each), SearchSettings(simulations=40, considered=considered), 9, rescale=True)
        for each in (tables, other)
    )
    legal, noise = torch.ones(16, 9, dtype=torch.bool), _gumbel(16, 9)
    one, two = (each.run(_roots(16), legal, noise=noise) for each in (search, scaled))
    assert one.action.tolist() == two.action.tolist()
    torch.testing.assert_close(one.target_probs, two.target_probs, atol=1e-3, rtol=0)
    torch.testing.assert_close(two.value, factor * one.value + shift, atol=0, rtol=1e-4)


def test_differences_below_the_least_range_are_not_blown_up() -> None:
    """A search of Q that differs by thousandths is, with a floor of half a step (1 around 0), that of plain Q."""
    tables = random_tables(4, 100, 9)
    small = tables._replace(
        value=tables.value * np.float32(0.001), reward=tables.reward * 0, discount=np.abs(tables.discount)
    )
    legal, noise = torch.ones(16, 9, dtype=torch.bool), _gumbel(16, 9)
    floored, plain = (
        BatchedSearch(TableModel(small), SearchSettings(simulations=30, min_range=0.5), 9, rescale=rescale).run(
            _roots(16), legal, noise=noise
        )
        for rescale in (True, False)
    )
    assert floored.action.tolist() == plain.action.tolist()
    torch.testing.assert_close(floored.target_probs, plain.target_probs, atol=1e-3, rtol=0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_formulas_are_those_of_the_engines_search(seed: int, actions: int) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=actions).astype(np.float32) * 3
    q = draw.uniform(-1, 1, actions).astype(np.float32)
    visits = draw.integers(0, 4, actions)
    value = float(np.float32(draw.uniform(-1, 1)))
    settings = SelectionSettings(99, 50.0, 0.3)
    rows = [torch.from_numpy(array)[None] for array in (logits, q, visits)]
    prior = scoring.softmax(logits)
    mixed = mixed_value(torch.tensor([value]), rows[0], rows[1], rows[2])
    assert float(mixed) == pytest.approx(scoring.mixed_value(value, prior, q.astype(float), visits), abs=1e-5)
    completed = torch.where(rows[2] > 0, rows[1], mixed[:, None])
    expected = scoring.completed_q(value, prior, q.astype(float), visits)
    np.testing.assert_allclose(completed[0].numpy(), expected, atol=1e-5)
    improved = (rows[0] + sigma(completed, rows[2], settings)).softmax(dim=1)
    reference = scoring.softmax(logits + scoring.sigma(expected, int(visits.max()), 50.0, 0.3))
    np.testing.assert_allclose(improved[0].numpy(), reference, atol=1e-4)


def test_schedule_of_sequential_halving() -> None:
    table = halving_schedule(4, 16)
    assert table[0] == table[1] == list(range(16))
    assert table[2] == [v for v in range(8) for _ in range(2)]
    assert table[4] == [0] * 4 + [1] * 4 + [2, 2, 3, 3, 4, 4, 5, 5]  # 16 / (2 * 4) rounds, then 16 / (2 * 2)


def _by_hand(reward: float, discount: float, leaf_value: float) -> TableModel:
    """Root 0 with two moves: move 0 leads to 1 by the given edge, move 1 to the quiet state 2; all later ones to 2."""
    zeros = np.zeros((3, 2), dtype=np.float32)
    rewards, discounts = zeros.copy(), zeros - 1
    rewards[0, 0], discounts[0, 0] = reward, discount
    following = np.array([[1, 2], [2, 2], [2, 2]])
    return TableModel(Tables(zeros, np.array([0, leaf_value, 0], dtype=np.float32), following, rewards, discounts))


@pytest.mark.parametrize(
    ("reward", "discount", "leaf_value", "good"),
    [
        (1.0, 0.0, 0.9, True),  # it wins at once; what the network says of the state behind it is nothing
        (-1.0, 0.0, -0.9, False),  # it loses at once
        (0.0, -1.0, -0.6, True),  # bad for the next mover: good for us
        (0.0, -1.0, 0.6, False),
    ],
)
def test_sign_of_q(reward: float, discount: float, leaf_value: float, good: bool) -> None:
    search = BatchedSearch(_by_hand(reward, discount, leaf_value), SearchSettings(simulations=2), 2)
    output = search.run(torch.zeros(1, 1, 1, 1), torch.ones(1, 2, dtype=torch.bool), noise=torch.zeros(1, 2))
    assert output.action.tolist() == [0 if good else 1]
    assert output.target_actions[0, :2].tolist() == ([0, 1] if good else [1, 0])
    expected = reward + discount * leaf_value
    assert float(output.value) == pytest.approx(max(expected, 0.0), abs=1e-3)


def test_a_loss_two_plies_on_is_seen_with_the_right_sign() -> None:
    """Move 0 looks fine, but the answer to it wins for the opponent; move 1 is quiet."""
    logits = np.zeros((4, 2), dtype=np.float32)
    following = np.array([[1, 2], [3, 3], [2, 2], [3, 3]])
    rewards, discounts = logits.copy(), logits - 1
    rewards[1] = 1.0  # from state 1 every move wins for its mover, our opponent
    discounts[1] = 0.0
    value = np.array([0, -0.5, 0, 0], dtype=np.float32)
    model = TableModel(Tables(logits, value, following, rewards, discounts))
    search = BatchedSearch(model, SearchSettings(simulations=12, c_visit=0.0, c_scale=0.1), 2)
    output = search.run(torch.zeros(1, 1, 1, 1), torch.ones(1, 2, dtype=torch.bool), noise=torch.zeros(1, 2))
    assert output.action.tolist() == [1]


def _tables(actions: int, *, seed: int = 5) -> TableModel:
    return TableModel(random_tables(seed, 300, actions))


def _roots(batch: int) -> Tensor:
    return torch.arange(batch).float().view(-1, 1, 1, 1)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_no_illegal_action_is_chosen_or_stored(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    actions, batch = 30, 12
    legal = torch.rand(batch, actions, generator=draw) < torch.linspace(0, 1, batch)[:, None]
    search = BatchedSearch(_tables(actions), SearchSettings(simulations=9, considered=6, target_actions=40), actions)
    output = search.run(_roots(batch), legal, generator=draw)
    some = legal.any(dim=1)
    assert bool(legal.gather(1, output.action[:, None])[some].all())
    target = _dense(output, actions)
    assert bool((target[~legal] == 0).all())
    torch.testing.assert_close(target.sum(dim=1), some.float())
    assert output.target_actions.shape == (batch, 40)
    assert bool(((output.target_actions < 0) == (output.target_probs == 0)).all())
    assert bool((output.target_probs.diff(dim=1) <= 0).all())
    for field in (output.value, output.target_probs, output.divergence):
        assert bool(field.isfinite().all())
    assert bool((output.divergence >= 0).all())


def test_temperature_of_the_root_prior() -> None:
    """It is the search of a network whose logits are divided at the root only; the divergence is from its own prior."""
    batch, actions = 12, 20
    tables = random_tables(9, 300, actions)
    following = np.maximum(tables.following, batch)  # nothing leads back to a root
    flatter = tables.logits.copy()
    flatter[:batch] /= 2.0
    noise = -torch.empty(batch, actions).exponential_(generator=torch.Generator().manual_seed(3)).log()
    legal = torch.ones(batch, actions, dtype=torch.bool)
    actual, expected = (
        BatchedSearch(
            TableModel(tables._replace(logits=logits, following=following)),
            SearchSettings(simulations=16, root_policy_temperature=temperature, target_actions=actions),
            actions,
        ).run(_roots(batch), legal, noise=noise)
        for logits, temperature in ((tables.logits, 2.0), (flatter, 1.0))
    )
    assert actual.action.tolist() == expected.action.tolist()
    torch.testing.assert_close(_dense(actual, actions), _dense(expected, actions))
    torch.testing.assert_close(actual.value, expected.value)
    target = _dense(actual, actions)
    prior = torch.from_numpy(tables.logits[:batch]).log_softmax(dim=1)
    divergence = torch.where(target > 0, target * (target.log() - prior), 0.0).sum(dim=1)
    torch.testing.assert_close(actual.divergence, divergence, atol=1e-4, rtol=1e-4)


def test_an_even_share_of_the_root_prior() -> None:
    """It is the search of a network that has it in its root's logits; the divergence is from its own prior."""
    batch, actions = 12, 20
    tables = random_tables(9, 300, actions)
    following = np.maximum(tables.following, batch)  # nothing leads back to a root
    sure = tables.logits.copy()
    sure[:batch, 0] += 40.0  # float32 has nothing left of the others
    mixed = sure.copy()
    prior = torch.from_numpy(sure[:batch]).double().softmax(dim=1)
    mixed[:batch] = (0.9 * prior + 0.1 / (actions - 2)).log().float().numpy()
    legal = torch.ones(batch, actions, dtype=torch.bool)
    legal[:, 5:7] = False
    actual, expected = (
        BatchedSearch(
            TableModel(tables._replace(logits=logits, following=following)),
            SearchSettings(simulations=16, even_prior_share=share, target_actions=actions),
            actions,
        ).run(_roots(batch), legal, generator=torch.Generator().manual_seed(3))
        for logits, share in ((sure, 0.1), (mixed, 0.0))
    )
    assert actual.action.tolist() == expected.action.tolist()
    torch.testing.assert_close(_dense(actual, actions), _dense(expected, actions))
    torch.testing.assert_close(actual.value, expected.value)
    assert len(set(actual.action.tolist())) > 1
    assert bool((_dense(actual, actions)[:, 5:7] == 0).all())
    assert bool((actual.divergence > expected.divergence).all())


def test_an_unlikely_action_is_drawn_by_one_through_its_prior() -> None:
    batch = 6_000
    logits = torch.tensor([2.0, 0.0, 1.0, -50.0]).expand(300, 4)
    tables = random_tables(9, 300, 4)._replace(logits=logits.numpy())
    legal = torch.tensor([True, True, True, False]).expand(batch, 4)
    search = BatchedSearch(TableModel(tables), SearchSettings(simulations=1, even_prior_share=0.5), 4)
    roots = _roots(1).expand(batch, *_roots(1).shape[1:])
    drawn = search.run(roots, legal, generator=torch.Generator().manual_seed(3)).unlikely.bincount(minlength=4)
    expected = torch.tensor([-2.0, 0.0, -1.0]).softmax(dim=0) * batch
    assert drawn[:3].tolist() == pytest.approx(expected.tolist(), rel=0.1)
    assert drawn[3] == 0


def test_one_legal_action() -> None:
    legal = torch.zeros(4, 7, dtype=torch.bool)
    legal[:, 3] = True
    output = BatchedSearch(_tables(7), SearchSettings(simulations=5), 7).run(_roots(4), legal)
    assert output.action.tolist() == [3] * 4
    assert output.target_actions[:, 0].tolist() == [3] * 4
    assert output.target_probs[:, 0].tolist() == [1.0] * 4
    assert output.divergence.tolist() == [0.0] * 4


def test_finished_rows_do_no_harm_to_others() -> None:
    actions = 9
    legal = torch.ones(6, actions, dtype=torch.bool)
    noise = _gumbel(6, actions)
    search = BatchedSearch(_tables(actions), SearchSettings(simulations=10), actions)
    alone = search.run(_roots(6), legal, noise=noise)
    legal[2] = False
    beside = search.run(_roots(6), legal, noise=noise)
    others = [0, 1, 3, 4, 5]
    for field in ("action", "value", "target_actions", "target_probs", "divergence"):
        assert torch.equal(getattr(alone, field)[others], getattr(beside, field)[others])
    assert (int(beside.action[2]), float(beside.divergence[2])) == (0, 0.0)
    assert float(beside.value[2]) == float(_tables(actions).value[2])
    assert beside.target_actions[2].tolist() == [-1] * 32
    assert beside.target_probs[2].tolist() == [0.0] * 32


def _gumbel(*shape: int, seed: int = 0) -> Tensor:
    return -torch.empty(shape).exponential_(generator=torch.Generator().manual_seed(seed)).log()


def test_fewer_children_drop_only_low_priors() -> None:
    """Actions past the 6 best have hardly any prior: leaving them out changes nothing."""
    tables = random_tables(3, 200, 20)
    best = np.sort(np.argsort(-tables.logits, axis=1)[:, :6], axis=1)
    logits = np.full_like(tables.logits, -60.0)
    np.put_along_axis(logits, best, np.take_along_axis(tables.logits, best, axis=1), axis=1)
    model = TableModel(tables._replace(logits=logits))
    legal, noise = torch.ones(16, 20, dtype=torch.bool), _gumbel(16, 20)
    few, many = _Watched(), _Watched()
    outputs = [
        BatchedSearch(model, SearchSettings(simulations=24, considered=5, children=k), 20, kernels=kernels).run(
            _roots(16), legal, noise=noise
        )
        for k, kernels in ((6, few), (20, many))
    ]
    assert few.tree.width == 6
    assert torch.equal(outputs[0].action, outputs[1].action)
    assert torch.equal(_root_visits(few.tree, 20), _root_visits(many.tree, 20))
    torch.testing.assert_close(outputs[0].target_probs, outputs[1].target_probs)
    for game in range(16):
        for node in range(1, 25):
            state_logits = few.tree.logit[game, node]
            assert bool((state_logits > -60).all())


@pytest.mark.parametrize("count", [1, 3, 8])
def test_top_takes_the_lower_index_of_equals_and_keeps_their_order(count: int) -> None:
    values = torch.tensor([[0.0, 2.0, 1.0, -0.0, 2.0, 1.0, 0.0, 1.0], [-torch.inf] * 7 + [0.0]])
    highest, indices = TorchKernels().top(values, count)
    expected = [sorted(sorted(range(8), key=lambda i: (-float(row[i]), i))[:count]) for row in values]
    assert indices.tolist() == expected
    assert torch.equal(highest, values.gather(1, indices))


def test_one_network_call_a_simulation() -> None:
    model = _tables(9)
    BatchedSearch(model, SearchSettings(simulations=13), 9).run(_roots(3), torch.ones(3, 9, dtype=torch.bool))
    assert model.calls == 13


def test_depth_bound() -> None:
    kernels = _Watched()
    search = BatchedSearch(_tables(3), SearchSettings(simulations=30, depth=2), 3, kernels=kernels)
    search.run(_roots(5), torch.ones(5, 3, dtype=torch.bool))
    tree = kernels.tree
    grandparents = tree.parent.gather(1, tree.parent.long())
    assert bool((grandparents == 0).all())
    assert tree.visits[:, 0].tolist() == [31] * 5


def test_repeats_and_depends_on_its_generator_alone() -> None:
    search = BatchedSearch(_tables(20), SearchSettings(simulations=8, considered=4), 20)
    legal = torch.ones(32, 20, dtype=torch.bool)
    runs: list[SearchOutput] = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed + len(runs))
        runs.append(search.run(_roots(32), legal, generator=torch.Generator().manual_seed(seed)))
    assert torch.equal(runs[0].action, runs[1].action)
    assert torch.equal(runs[0].target_probs, runs[1].target_probs)
    assert not torch.equal(runs[0].action, runs[2].action)


def test_batch_of_another_size_and_its_neighbours_change_nothing() -> None:
    search = BatchedSearch(_tables(9), SearchSettings(simulations=12), 9)
    legal, noise = torch.ones(8, 9, dtype=torch.bool), _gumbel(8, 9)
    together = search.run(_roots(8), legal, noise=noise)
    for game in range(8):
        one = slice(game, game + 1)
        single = search.run(_roots(8)[one], legal[one], noise=noise[one])
        assert torch.equal(single.action, together.action[one])
        torch.testing.assert_close(single.value, together.value[one])


def test_new_weights_are_played_with() -> None:
    game = load_game("tictactoe")
    first, second = tiny_network(game, seed=1), tiny_network(game, seed=2)
    planes = game.spec.layout.planes
    observation = (torch.rand(6, planes, 3, 3, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    legal, noise = torch.ones(6, 9, dtype=torch.bool), _gumbel(6, 9)
    settings = SearchSettings(simulations=8)
    search = BatchedSearch(first, settings, 9)
    before = search.run(observation, legal, noise=noise)
    search.update_weights(second)
    after = search.run(observation, legal, noise=noise)
    fresh = BatchedSearch(second, settings, 9).run(observation, legal, noise=noise)
    assert torch.equal(after.action, fresh.action)
    torch.testing.assert_close(after.value, fresh.value)
    assert not torch.allclose(before.value, after.value)


def test_folded_weights_answer_as_the_network_does() -> None:
    game = load_game("tictactoe")
    network = tiny_network(game, seed=3)
    observation = torch.ones(2, game.spec.layout.planes, 3, 3)
    search = BatchedSearch(network, SearchSettings(simulations=1), 9)
    with torch.no_grad():
        latent, logits, value = search.initial(observation)
        expected = network.initial_inference(observation)
    torch.testing.assert_close(latent, expected.latent, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(logits, expected.policy_logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(value, expected.value, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("spec", ENVIRONMENTS, ids=lambda spec: str(spec.id))
def test_environments_are_searched_with_rescaled_q(spec: EnvironmentSpec) -> None:
    """A network says by itself what its returns want; observations come as they are."""
    network = tiny_environment_network(spec)
    draw = torch.Generator().manual_seed(0)
    observation = torch.randint(0, 2, (6, *spec.shape), generator=draw).to(getattr(torch, spec.kind.dtype.name))
    legal, noise = torch.ones(6, spec.actions, dtype=torch.bool), _gumbel(6, spec.actions)
    ours, told, other = (
        BatchedSearch(network, SearchSettings(simulations=12, c_scale=0.1), spec.actions, rescale=rescale).run(
            observation, legal, noise=noise
        )
        for rescale in (None, True, False)
    )
    assert torch.equal(ours.target_probs, told.target_probs)
    assert torch.equal(ours.value, told.value)
    assert not torch.equal(ours.target_probs, other.target_probs)


def test_training_goes_on_in_the_network_and_not_in_the_copy() -> None:
    network = tiny_network(load_game("tictactoe"))
    network.train()
    search = BatchedSearch(network, SearchSettings(simulations=1), 9)
    before = search.run(torch.ones(1, 4, 3, 3), torch.ones(1, 9, dtype=torch.bool), noise=torch.zeros(1, 9))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    after = search.run(torch.ones(1, 4, 3, 3), torch.ones(1, 9, dtype=torch.bool), noise=torch.zeros(1, 9))
    assert torch.equal(before.value, after.value)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"simulations": 0}, "simulations"),
        ({"considered": 0}, "considered"),
        ({"children": 0}, "children"),
        ({"depth": -1}, "depth"),
        ({"min_range": 0.0}, "min_range"),
        ({"target_actions": 0}, "target_actions"),
    ],
)
def test_bad_settings_are_named(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        BatchedSearch(_tables(3), SearchSettings(**changed), 3)


def test_bad_arguments_are_named() -> None:
    search = BatchedSearch(_tables(3), SearchSettings(simulations=1), 3)
    with pytest.raises(ValueError, match="legal actions"):
        search.run(_roots(2), torch.ones(2, 4, dtype=torch.bool))
    with pytest.raises(TypeError, match="new weights"):
        search.update_weights(tiny_network(load_game("tictactoe")))
    other = BatchedSearch(tiny_network(load_game("tictactoe")), SearchSettings(simulations=1), 9)
    with pytest.raises(ValueError, match="same configuration"):
        other.update_weights(tiny_network(load_game("tictactoe"), channels=4))
